"""Where somebody lives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from segments.words import notes
from segments.words.context import ARTICLES, BE, HEADS, Context, Found, asked
from segments.words.items import JOINTS, SMALL
from segments.words.points import MONTHS
from segments.words.text import Phrases, Text, each, link_at, list_at, one_of
from segments.words.tree import Part, either, every, negated

_IN_PLACES = Phrases(
    {
        "in": [
            "in", "from", "living in", "live in", "lived in", "based in", "located in", "resident in", "who live in",
            "residing in", "situated in", "who are in", "country is", "whose country is", "country", "coming from",
            "come from", "out of", "town is", "city is", "region is", "of", "state is", "reside in", "over in",
            "across",
        ],
        "near": ["around", "near", "living around", "living near", "live near", "live around", "near to"],
        "outside": [
            "outside", "outside of", "not from", "not in", "living outside", "live outside", "based outside",
            "living outside of", "live outside of", "anywhere but", "anywhere except", "everywhere but",
            "everywhere except", "anywhere other than", "not living in", "not based in", "in any country but",
            "in any country except", "country is not", "in any country other than", "somewhere other than",
            "not live in",
        ],
    }
)  # fmt: skip
_ONLY_PLACES = one_of("living in", "live in", "based in", "located in", "resident in", "residing in", "reside in")
_NO_NAMES = (
    ARTICLES
    | MONTHS.keys()
    | each("europe eu asia africa oceania scandinavia benelux americas nordic north south east west eea apac")
)
_NOT_PLACES = each(
    "tier category shop store branch segment archetype group programme level department list range section band card"
    " club team bakery cafe"
)
_BEFORE_PLACE = each("or and , not nor neither either is are except excluding") | {""}
_BEFORE_UNKNOWN = HEADS | each("who everyone everybody anyone that not live living and or") | {""}
_BEHIND_UNKNOWN = each("who that with and or but , . ? ! having whose without except") | {""}


def place_at(context: Context, at: int) -> Found | None:
    """“in Germany, France or Spain”, “from Texas”, “outside the UK”, “German customers”, “UK customers”"""
    text = context.text
    prep = _IN_PLACES.at(text, at)
    start = (
        text.skip(prep[1], ("the", ":", "=", "either", "town", "city", "state", "of", "county", "both", "country"))
        if prep
        else at
    )
    if prep is None and text.word(start) == "the":
        start += 1
    first = _place(context, start) or (_unknown_place(context, at, prep) if prep else None)
    if first is None:
        return None
    fields, end, is_adjective = first
    if prep is None and not is_adjective and not _is_bare_place(context, start, end):
        return None

    def more_at(place: int) -> tuple[_Place, int] | None:
        start = text.skip(place, ("the", "in", "from"))
        one = _place(context, start) or (_unknown_between(context, start, more_at) if prep else None)
        if one is None or text.word(one[1]) in _NOT_PLACES:
            return None
        if text.word(one[1]) in HEADS:  # “UK and German customers”, not “in Germany and UK customers”
            return None if prep else one[:2]
        return one[:2] if one[2] == is_adjective else None

    found, end, joined_by = list_at(text, (fields, end), more_at)
    is_noun = is_adjective and text.tokens[end - 1].raw.casefold().endswith("s")  # “Germans”
    is_of_people = is_noun or text.word(end) in HEADS or text.word(at - 1) in BE | {"not", "or", "and", "non"}
    if text.word(end) in _NOT_PLACES or (is_adjective and not is_of_people):
        return None
    if len(found) == 2 and not joined_by and "country" not in found[0]:  # “Leeds, England”
        part = every(_lives_in(context, range(at, end), [one]) for one in found)
    else:
        part = _lives_in(context, range(at, end), found)
    assert part is not None
    if prep and prep[0] == "outside":
        part = negated(part, context.vocabulary.fields)
    said = [notes.near(text.slice(at, end))] if prep and prep[0] == "near" else []
    said += [notes.unknown_place(name) for one in found for name in one.get("unknown", ())]
    return Found(part, end, notes=said)


_Place = Mapping[str, tuple[str, ...]]  # by field, or “unknown”, what it may be there


def is_place(context: Context, at: int) -> bool:
    """Whether a town, region or country has the name there."""
    return _place(context, at) is not None


def _place(context: Context, at: int) -> tuple[_Place, int, bool] | None:
    """Which fields name it, the place after it, and whether it is an adjective."""
    text, vocabulary = context.text, context.vocabulary
    found: dict[str, tuple[str, ...]] = {}
    longest = at
    for field, table in (("country", vocabulary.countries), ("region", vocabulary.areas), ("city", vocabulary.towns)):
        one = table.at(text, at)
        if one is None or one[1] < longest or not _is_name_there(text, at, one[1]):
            continue
        if one[1] > longest:
            found, longest = {}, one[1]
        found[field] = one[0] if isinstance(one[0], tuple) else (text.slice(at, one[1]),)
    if found:
        lived = [field for field in found if _is_lived_in(context, field, found[field])]
        if len(found) > 1 and lived:
            found = {field: found[field] for field in lived}
        return found, longest, False
    if adjective := vocabulary.demonyms.at(text, at):
        country = vocabulary.countries.at(Text(adjective[0]), 0)
        return ({"country": country[0]}, adjective[1], True) if country else None
    return None


def _is_name_there(text: Text, at: int, end: int) -> bool:
    """“us”, “may” and “turkey” are words of other meanings."""
    token = text.tokens[at]
    if end - at > 1 or (token.raw == "us" and text.word(end) in HEADS):
        return True
    if token.raw.casefold() in ("us", "reading", "bath", "may", "march", "turkey", "cork", "deal", "nice"):
        return token.is_capital and (token.raw != "Us") if token.raw.casefold() != "us" else token.raw == "US"
    return True


def _is_lived_in(context: Context, field: str, names: tuple[str, ...]) -> bool:
    vocabulary = context.vocabulary
    known = {
        "country": [code for code, _name in vocabulary.of("countries")],
        "region": list(vocabulary.regions),
        "city": list(vocabulary.cities),
    }[field]
    lowered = {name.casefold() for name in known}
    return any(name.casefold() in lowered for name in names)


def _is_bare_place(context: Context, at: int, end: int) -> bool:
    """Without “in”: before people, behind a link, or with a capital letter."""
    text = context.text
    if text.word(end) in HEADS:
        return True
    if text.word(at) in SMALL or JOINTS.at(text, at):
        return False
    is_written_so = text.tokens[at].is_capital or (at == 0 and text.word(at) not in _GOODS_TOO)
    return is_written_so and text.word(at - 1) in _BEFORE_PLACE


_GOODS_TOO = frozenset({"china", "turkey"})


def _lives_in(context: Context, words: range, places: Sequence[_Place]) -> Part:
    """One condition for all the countries, one for each region and town."""
    countries = [code for place in places if set(place) == {"country"} for code in place["country"]]
    parts: list[Part] = []
    if countries:
        parts.append(asked(words, "country", "is_one_of", list(dict.fromkeys(countries))))
    for place in places:
        if set(place) == {"country"}:
            continue
        for field, names in place.items():
            if field == "country":
                parts.append(asked(words, field, "is_one_of", list(names)))
            else:
                fields = ("region", "city") if field == "unknown" else (field,)
                parts += [asked(words, one, "is", names[0]) for one in fields]
    found = either(parts)
    assert found is not None
    return found


def _unknown_place(context: Context, at: int, prep: tuple[str, int]) -> tuple[_Place, int, bool] | None:
    """A name behind “in”, with capital letters, that nothing is known by: a town or region where nobody lives."""
    text, start = context.text, prep[1]
    if text.word(at) in ("of", "around", "near", "out", "across"):
        return None
    is_only = _ONLY_PLACES.at(text, at) is not None
    return _unknown(context, start, is_any=is_only) if is_only or text.word(at - 1) in _BEFORE_UNKNOWN else None


def _unknown(context: Context, at: int, *, is_any: bool = False) -> tuple[_Place, int, bool] | None:
    text = context.text
    end = at
    while end < len(text) and text.tokens[end].raw[0].isalpha() and text.tokens[end].is_capital and end - at < 3:
        end += 1
    if end == at and is_any and at < len(text) and text.tokens[at].raw[0].isalpha():
        end = at + 1
    if end == at or text.word(at) in _NO_NAMES or text.word(end) not in _BEHIND_UNKNOWN or context.is_named(at):
        return None
    return {"unknown": (text.slice(at, end),)}, end, False


def _unknown_between(
    context: Context, at: int, more_at: Callable[[int], tuple[_Place, int] | None]
) -> tuple[_Place, int, bool] | None:
    """The Atlantis of “in Norway, Atlantis or Finland”"""
    found = _unknown(context, at) if context.text.word(at) not in HEADS else None
    link = link_at(context.text, found[1]) if found else None
    return found if link and more_at(link[1]) else None
