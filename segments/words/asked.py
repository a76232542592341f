"""Readers of conditions that are not about sales: names, places, figures, days, what is known, who can be reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from segments.fields.base import Field
from segments.operators import Kind
from segments.rules import Dates
from segments.words import synonyms
from segments.words.context import ARTICLES, ASKS_FOR, BE, HAVE, Context, Found, asked, compared, on_days, to_figure
from segments.words.numbers import Comparison, comparison_at
from segments.words.text import Phrases, Text
from segments.words.times import MONTHS, Time
from segments.words.tree import Part, either, every, negated

_HEADS = frozenset(
    "customer people person member shopper buyer client folk guest patron holder visitor individual user one contact"
    " subscriber punter consumer purchaser".split()
)
_LINKS = frozenset({"or", "and", ",", "nor", "/", "&"})
_IN_PLACES = Phrases(
    {
        True: [
            "in", "from", "living in", "live in", "lives in", "lived in", "based in", "located in", "resident in",
            "who live in", "residing in", "situated in", "who are in", "country is", "whose country is", "country",
            "coming from", "come from", "comes from", "out of", "around", "near", "within", "town is", "city is",
            "region is", "living around", "of", "state is", "reside in", "resides in", "over in", "across",
        ],
        False: ["outside", "outside of", "not from", "not in", "living outside", "live outside", "based outside",
                "living outside of", "live outside of"],
    }
)  # fmt: skip
_ONLY_PLACES = Phrases(
    {True: ["living in", "live in", "lives in", "based in", "located in", "resident in", "residing in", "reside in"]}
)
_NOT_PLACES = frozenset(
    "tier category shop store branch segment archetype group programme level department list range section section"
    " band card club team bakery cafe".split()
)
_UP = Phrases({True: ["or higher", "or above", "or better", "and above", "and higher", "and up", "or up", "upward",
                      "upwards", "and better", "+", "or more", "plus", "at least"],
               False: ["or lower", "or below", "and below", "and lower", "or worse", "and under", "or less"]})  # fmt: skip
_UP_BEFORE = Phrases({("up", True): ["at least"], ("up", False): ["above", "higher than", "better than", "over", "beyond"],
                      ("down", True): ["at most", "up to"], ("down", False): ["below", "lower than", "under"]})  # fmt: skip
_TIER_WORDS = frozenset({"tier", "level", "status", "member", "tiers"})
_UNKNOWN = Phrases(
    {True: ["we do not know", "we don't know", "is unknown", "unknown", "is missing", "is not known", "missing", "is empty",
            "we do not have", "is not on file", "not on file", "not known", "are unknown", "is blank", "we have not got",
            "we are missing", "we lack", "is not set", "has not been given", "is not given"],
     False: ["we know", "is known", "we have", "is on file", "on file", "known", "is given", "is set", "we have got"]}
)  # fmt: skip
_CHANNEL_WORDS: Mapping[str, frozenset[str]] = {
    "texts": frozenset({"text", "texted", "texting", "sm"}),
    "emails": frozenset({"email", "emailed", "emailing", "mail", "mailed", "mailing", "newsletter", "mailout"}),
}
_MAY = frozenset("can could may able allowed permitted reachable contactable might".split())
_REACHED = frozenset(
    "reach reached contact contacted message messaged get receive send sent write written be we to by via through with"
    " on offer offers marketing you i a an the our them promotional promotion news from us for in touch still legally"
    " actually really".split()
)
_AGREED = Phrases(
    {
        True: [
            "agreed to", "opted in to", "opted into", "opted in for", "consented to", "signed up for", "subscribed to",
            "said yes to", "accept", "subscribe to", "agree to", "opted in", "given consent to", "given consent for",
            "gave consent to", "gave consent for", "signed up to", "subscribed", "want", "consented", "allow", "get our",
            "receive our", "receive", "consent to", "given permission for", "want to get", "want to receive", "okayed",
            "happy to get", "happy to receive", "agreed to receive", "agreed to get", "on",
        ],
        False: ["opted out of", "unsubscribed from", "opted out from", "withdrew consent for", "refused", "opted out",
                "unsubscribed", "said no to", "do not want", "declined"],
    }
)  # fmt: skip
_BETWEEN_AGREED = frozenset(
    "our the marketing promotional offer by from via of to for message any receive get newsy news".split()
)


@dataclass(frozen=True, slots=True)
class FigureFrame:
    """“more than 500 points … or fewer than 10”"""

    field: str
    is_share: bool

    def again(self, context: Context, at: int) -> Found | None:
        one = comparison_at(context.text, at)
        if one is None or one.is_bare or one.is_times or one.is_percent != self.is_share:
            return None
        words = range(at, one.end)
        return Found(compared(context, words, self.field, one), one.end, frame=self, may_go_on=True)

    def within(self, context: Context, times: Sequence[Time], words: frozenset[int]) -> Found | None:
        return None


@dataclass(frozen=True, slots=True)
class DayFrame:
    """“first ordered in March … or in May”"""

    field: str

    def again(self, context: Context, at: int) -> Found | None:
        return _day(context, self.field, at, at)

    def within(self, context: Context, times: Sequence[Time], words: frozenset[int]) -> Found | None:
        return None


@dataclass(frozen=True, slots=True)
class ReachFrame:
    """“can be texted … but not e-mailed”"""

    kind: str

    def again(self, context: Context, at: int) -> Found | None:
        end = context.text.skip(at, ("by", "via", "be", "to", "offer"))
        for field, words in _CHANNEL_WORDS.items():
            if context.text.word(end) in words:
                part = asked(context, range(at, end + 1), f"{field}{self.kind}", "is", True)
                return Found(part, end + 1, frame=self)
        return None

    def within(self, context: Context, times: Sequence[Time], words: frozenset[int]) -> Found | None:
        return None


# -- names ------------------------------------------------------------------------------------------------------------


def tier_at(context: Context, at: int) -> Found | None:
    """“Gold”, “Gold and Silver members”, “the Gold tier”, “Bronze or higher”, “above Silver”, “at least Gold”"""
    text, named = context.text, context.vocabulary.named.get("tiers")
    if named is None:
        return None
    prefix = _UP_BEFORE.at(text, at)
    start = prefix[1] if prefix else at
    start = text.skip(start, ("in", "on", "of", "the", "a", "an", "hold", "reached", "level"))
    start = text.skip(start, ("tier", "is", "level", ":", "status"))
    found = named.at(text, start)
    if found is None:
        return None
    order = [code for code, _name in context.vocabulary.of("tiers")]
    codes, end = [found[0]], found[1]
    suffix_at = text.skip(end, _TIER_WORDS | _HEADS)
    suffix = _UP.at(text, end) or (_UP.at(text, suffix_at) if suffix_at > end else None)
    place = order.index(codes[0])
    is_head = False
    if prefix or suffix:
        is_up = prefix[0][0] == "up" if prefix else bool(suffix and suffix[0])
        is_included = prefix[0][1] if prefix else True
        codes = order[place + (not is_included) :] if is_up else order[: place + is_included]
        end = suffix[1] if suffix else end
        if not codes:
            return None
    else:
        codes, end = _more_names(context, named, codes, end, _TIER_WORDS)
    if not _is_meant(context, start, end, "tiers"):
        return None
    after = text.skip(end, ("tier", "level", "status"))
    if text.word(after) in _HEADS and not (text.word(after) == "member" and text.word(after + 1) in ("of", "since")):
        is_head, after = True, after + 1
    notes = _case_note(context, start, found[1], "tier", found[0], "tiers") if after == found[1] else []
    part = asked(context, range(at, after), "tier", "is_one_of", codes)
    return Found(part, after, notes=notes, is_head=is_head)


def _is_meant(context: Context, start: int, end: int, kind: str) -> bool:
    """A name that is an everyday word is one with a capital letter or beside the word for its kind only."""
    text = context.text
    around = {text.word(start - 1), text.word(end), text.word(start - 2)}
    is_capital = any(token.is_capital for token in text.tokens[start:end])
    return is_capital or bool(around & (_TIER_WORDS | _HEADS | {"archetype", "tag", "tagged"})) or end - start > 1


def _more_names(
    context: Context, named: Phrases[str], codes: list[str], end: int, kind_words: Iterable[str]
) -> tuple[list[str], int]:
    text = context.text
    while True:
        after = text.skip(end, kind_words)
        if text.word(after) not in _LINKS:
            return codes, end
        link = after + 1
        if text.word(after) == "," and text.word(link) in ("or", "and"):
            link += 1
        link = text.skip(link, ("the", "in", "from", "of", "a"))
        following = named.at(text, link)
        if following is None:
            return codes, end
        codes.append(following[0])
        end = following[1]


def _case_note(context: Context, start: int, end: int, kind: str, code: str, choices: str) -> list[str]:
    typed = context.text.slice(start, end)
    name = dict(context.vocabulary.of(choices)).get(code, "")
    return [f"“{typed}” read as the {kind} {name}."] if typed != name else []


def archetype_at(context: Context, at: int) -> Found | None:
    """“Best regulars”, “the archetype New faces”"""
    return _name_at(context, at, "archetypes", "archetype", ("archetype", "group"))


def _name_at(context: Context, at: int, choices: str, field: str, kind_words: tuple[str, ...]) -> Found | None:
    text, named = context.text, context.vocabulary.named.get(choices)
    if named is None or not context.knows(field):
        return None
    start = text.skip(at, ("in", "of", "the", "from", "are", "is", "a", "an", "belong", "to", "belonging"))
    start = text.skip(start, (*kind_words, ":", "is", '"', "“", "called", "named", "of"))
    found = named.at(text, start)
    if found is None or not _is_meant(context, start, found[1], choices):
        return None
    codes, end = _more_names(context, named, [found[0]], found[1], kind_words)
    end = text.skip(end, ('"', "”", *kind_words))
    part = asked(context, range(at, end), field, "is_one_of", codes)
    notes = _case_note(context, start, found[1], field.replace("_", " "), found[0], choices)
    return Found(part, end, notes=notes)


def tag_at(context: Context, at: int) -> Found | None:
    text, named = context.text, context.vocabulary.named.get("tags")
    if named is None or not context.knows("tags"):
        return None
    word = Phrases({True: synonyms.CHOICES["tags"]}).at(text, text.skip(at, ("a", "the", "with")))
    start = text.skip(word[1], ("a", "the", '"', "“", ":", "with", "as")) if word else at
    found = named.at(text, start)
    if found is None or not (word or _is_meant(context, start, found[1], "tags")):
        return None
    codes, end, is_all = [found[0]], found[1], False
    while text.word(end) in ("or", "and", ","):
        following = named.at(text, text.skip(end + 1, ("or", "and", "the", "tag")))
        if following is None:
            break
        is_all = is_all or text.word(end) == "and"
        codes.append(following[0])
        end = following[1]
    end = text.skip(end, ('"', "”", "tag"))
    return Found(asked(context, range(at, end), "tags", "has_all_of" if is_all else "has_one_of", codes), end)


def rfm_at(context: Context, at: int) -> Found | None:
    """RFM groups by their names, where no everyday word is meant."""
    text, named = context.text, context.vocabulary.named.get("rfm_groups")
    if named is None:
        return None
    word = Phrases({True: ["RFM group", "RFM segment", "RFM"]}).at(text, text.skip(at, ("in", "the", "of")))
    start = text.skip(word[1], ("is", ":", "the")) if word else at
    found = named.at(text, start)
    if found is None:
        return None
    if not word and found[0] not in ("champions", "prospects", "almost_lost", "previously_loyal", "needs_attention"):
        return None
    codes, end = _more_names(context, named, [found[0]], found[1], ())
    name = dict(context.vocabulary.of("rfm_groups"))[found[0]]
    notes = [] if word else [f"“{text.slice(start, found[1])}” read as the RFM group {name}."]
    return Found(asked(context, range(at, end), "rfm_group", "is_one_of", codes), end, notes=notes)


def segment_at(context: Context, at: int) -> Found | None:
    text = context.text
    start = text.skip(at, ("in", "of", "the", "from", "a", "are", "member"))
    if text.word(start) != "segment" or start == at:
        named = context.vocabulary.named.get("segments")
        found = named.at(text, start) if named and start > at and context.knows("in_segment") else None
        if found and text.word(found[1]) == "segment":
            return Found(asked(context, range(at, found[1] + 1), "in_segment", "is_one_of", [found[0]]), found[1] + 1)
        return None
    return _name_at(context, at, "segments", "in_segment", ("segment",))


# -- places -----------------------------------------------------------------------------------------------------------


def place_at(context: Context, at: int) -> Found | None:
    """“in Germany, France or Spain”, “from Texas”, “outside the UK”, “German customers”, “UK customers”"""
    text = context.text
    prep = _IN_PLACES.at(text, at)
    start = (
        text.skip(prep[1], ("the", "either", "town", "city", "state", "of", "county", "both", "country"))
        if prep
        else at
    )
    if prep is None and text.word(start) == "the":
        start += 1
    first = _place(context, start, has_word=prep is not None)
    if first is None:
        return _unknown_place(context, at, prep)
    fields, end, is_adjective = first
    if prep is None and not is_adjective and not _is_bare_place(context, start, end):
        return None
    if is_adjective and text.word(end) not in _HEADS and text.word(at - 1) not in BE | {"not", "or", "and", "non"}:
        return None
    found = [fields]
    while text.word(end) in _LINKS:
        link = end + 1
        if text.word(end) == "," and text.word(link) in ("or", "and", "nor"):
            link += 1
        link = text.skip(link, ("the", "in", "from"))
        following = _place(context, link, has_word=True)
        if following is None or following[2] != is_adjective:
            break
        if following[1] < len(text) and text.word(following[1]) in _NOT_PLACES:
            break
        found.append(following[0])
        end = following[1]
    if text.word(end) in _NOT_PLACES:
        return None
    part = _lives_in(context, range(at, end), found)
    if prep and prep[0] is False:
        part = negated(part, context.vocabulary.fields)
    return Found(part, end)


_Place = Mapping[str, tuple[str, ...]]  # by field, what it may be there


def _place(context: Context, at: int, *, has_word: bool) -> tuple[_Place, int, bool] | None:
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
    if end - at > 1:
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
    if text.word(end) in _HEADS:
        return True
    is_capital = text.tokens[at].is_capital
    return is_capital and text.word(at - 1) in {
        "or",
        "and",
        ",",
        "not",
        "nor",
        "neither",
        "either",
        "is",
        "are",
        "except",
        "excluding",
        "",
    }


def _lives_in(context: Context, words: range, places: Sequence[_Place]) -> Part:
    """One condition for all the countries, one for each region and town."""
    countries = [code for place in places if set(place) == {"country"} for code in place["country"]]
    parts: list[Part] = []
    if countries:
        parts.append(asked(context, words, "country", "is_one_of", list(dict.fromkeys(countries))))
    for place in places:
        if set(place) == {"country"}:
            continue
        for field, names in place.items():
            if field == "country":
                parts.append(asked(context, words, field, "is_one_of", list(names)))
            else:
                parts.append(asked(context, words, field, "is", names[0]))
    found = either(parts)
    assert found is not None
    return found


def _unknown_place(context: Context, at: int, prep: tuple[bool, int] | None) -> Found | None:
    """A name behind “in”, with capital letters, that nothing is known by: a town or region where nobody lives."""
    text = context.text
    if prep is None or text.word(at) in ("of", "around", "near", "within", "out", "across"):
        return None
    start = prep[1]
    end = start
    while end < len(text) and text.tokens[end].raw[0].isalpha() and text.tokens[end].is_capital and end - start < 3:
        end += 1
    if end == start and _ONLY_PLACES.at(text, at) and start < len(text) and text.tokens[start].raw[0].isalpha():
        end = start + 1
    before = text.word(at - 1)
    is_of_people = before in _HEADS | {
        "who",
        "people",
        "everyone",
        "everybody",
        "anyone",
        "",
        "that",
        "not",
        "live",
        "living",
        "and",
        "or",
    }
    if end == start or not (is_of_people or _ONLY_PLACES.at(text, at)):
        return None
    if text.word(start) in MONTHS or text.word(start) in ("the", "our", "my", "a", "an", "your"):
        return None
    if text.word(end) and text.word(end) not in (
        "who",
        "that",
        "with",
        "and",
        "or",
        "but",
        ",",
        ".",
        "?",
        "!",
        "having",
        "whose",
        "without",
        "except",
    ):
        return None
    name = text.slice(start, end)
    words = range(at, end)
    part = either(asked(context, words, field, "is", name) for field in ("region", "city"))
    if part is None:
        return None
    if prep[0] is False:
        part = negated(part, context.vocabulary.fields)
    return Found(part, end, notes=[f"“{name}” read as a town or region; nobody there is known."])


# -- figures ----------------------------------------------------------------------------------------------------------


def figures_at(context: Context, at: int) -> Found | None:
    """“more than 500 points”, “points: over 500”, “LTV over $500”, “churn risk above 60 %”, “no stamps”"""
    found = [one for read in (_figure_behind, _figure_before, _any_at_all, _expected) if (one := read(context, at))]
    return max(found, key=lambda one: one.end, default=None)


@cache
def _figure_phrases(keys: tuple[tuple[str, str], ...]) -> Phrases[str]:
    return Phrases([(phrase, key) for phrase, key in keys])


def _phrases_of(
    context: Context, table: Mapping[str, Sequence[str]], kinds: Iterable[Kind], *, skip: Iterable[str] = ()
) -> Phrases[str]:
    """The phrases of a table for fields that there are, and the labels of fields that no table knows."""
    pairs = []
    for key, field in context.vocabulary.fields.items():
        if field.kind not in kinds or key in skip:
            continue
        pairs += [(phrase, key) for phrase in table.get(key, _labels_of(key, field))]
    return _figure_phrases(tuple(pairs))


_KNOWN_ELSEWHERE = frozenset(
    "orders spent average_order items orders_with lot texts emails texts_agreed emails_agreed country city region".split()
)


def _labels_of(key: str, field: Field) -> Sequence[str]:
    if key in _KNOWN_ELSEWHERE or any(key in table for table in (synonyms.FIGURES, synonyms.DAYS, synonyms.TEXTS)):
        return ()
    label = str(field.label)
    return (label, label.replace("_", " ")) if len(label) > 2 else ()


_NUMBERS = (Kind.NUMBER, Kind.MONEY, Kind.SHARE)


def _figures(context: Context) -> Phrases[str]:
    return _phrases_of(context, synonyms.FIGURES, _NUMBERS, skip=_KNOWN_ELSEWHERE)


def _figure_behind(context: Context, at: int) -> Found | None:
    text, phrases = context.text, _figures(context)
    ends: dict[int, str] = {}

    def unit_at(text: Text, place: int) -> int | None:
        start = text.skip(place, ("of", "a", "their", "more", "in", "the"))
        start = start if text.word(place) != "more" else place
        one = phrases.at(text, start)
        if one is None:
            return None
        ends[one[1]] = one[0]
        return one[1]

    one = comparison_at(text, at, unit_at)
    if one is None or not one.has_unit or one.is_times:
        return None
    return _figure_found(context, range(at, one.end), list(ends.values())[-1], one)


def _figure_before(context: Context, at: int) -> Found | None:
    text = context.text
    noun = _figures(context).at(text, text.skip(at, ("a", "an", "the")))
    if noun is None:
        return None
    start = to_figure(text, noun[1], ("worth", "stand", "with", "score", "to", "value"))
    one = comparison_at(text, start)
    if one is None or one.is_times:
        return None
    return _figure_found(context, range(at, one.end), noun[0], one)


def _figure_found(context: Context, words: range, key: str, one: Comparison) -> Found | None:
    field = context.vocabulary.fields[key]
    if one.is_percent and field.kind is not Kind.SHARE:
        return None
    if one.is_money and field.kind is not Kind.MONEY:
        return None
    if field.kind is Kind.SHARE:
        if one.value > 100 or (one.high or 0) > 100:
            return None
        if not one.is_percent and one.value < 1 and one.value > 0:
            one = replace(one, value=one.value * 100, high=one.high and one.high * 100)
    end = words.stop
    text = context.text
    where, end = _card(context, key, end)
    if field.kind is Kind.NUMBER and field.source.takes_window:
        times, after, is_all = context.time_list(end)
        if times:
            found = [
                compared(context, range(words.start, after), key, one, window=time.for_counts, where=where)
                for time in times
            ]
            part = (every if is_all else either)(found)
            assert part is not None
            return Found(part, after, may_go_on=True)
    end = (
        text.skip(end, ("left", "now", "currently", "still", "available", "today"))
        if key in ("points", "card_stamps")
        else end
    )
    words = range(words.start, end)
    frame = FigureFrame(key, field.kind is Kind.SHARE)
    return Found(compared(context, words, key, one, where=where), end, frame=frame, may_go_on=True)


def _card(context: Context, key: str, at: int) -> tuple[list, int]:  # type: ignore[type-arg]
    """“on their coffee card”"""
    from segments.rules import Filter

    if key not in ("card_stamps", "stamps", "full_cards"):
        return [], at
    text = context.text
    start = text.skip(at, ("on", "of", "the", "their", "a", "our", "one", "any", "in", "card:"))
    named = context.vocabulary.named.get("stamp_cards")
    if named and (one := named.at(text, start)):
        several = len(context.vocabulary.of("stamp_cards")) > 1
        return ([Filter("card", "is_one_of", [one[0]])] if several else []), one[1]
    if text.word(start) in ("card", "stampcard") or (text.word(start), text.word(start + 1)) in (
        ("stamp", "card"),
        ("loyalty", "card"),
    ):
        return [], start + (1 if text.word(start) in ("card", "stampcard") else 2)
    return [], at


def _any_at_all(context: Context, at: int) -> Found | None:
    """“with points”, “no stamps”: of what counts from nothing"""
    text = context.text
    if text.word(at - 1) not in ASKS_FOR | {"a", "filled", "completed"}:
        return None
    start = text.skip(at, ("any", "a"))
    noun = _figures(context).at(text, start)
    if noun is None or noun[0] not in (
        "points",
        "card_stamps",
        "stamps",
        "full_cards",
        "rewards_claimed",
        "points_earned",
    ):
        return None
    where, end = _card(context, noun[0], noun[1])
    end = text.skip(end, ("at", "all", "left", "yet")) if text.word(end) in ("at", "left", "yet") else end
    return Found(asked(context, range(at, end), noun[0], "more", 0, None, where), end, may_go_on=True)


_EXPECTED = Phrases({True: synonyms.EXPECTED_SPEND})


def _expected(context: Context, at: int) -> Found | None:
    """“expected to spend over £200 in the next 6 months”"""
    text = context.text
    verb = _EXPECTED.at(text, at)
    one = comparison_at(text, verb[1]) if verb else None
    if one is None or one.is_percent or one.is_times:
        return None
    end = one.end
    months = 12
    if time := context.times.at(text, end, is_ahead=True):
        window = time.window
        count = getattr(window, "count", 0) * {"month": 1, "year": 12}.get(getattr(window, "unit", ""), 0)
        if type(window).__name__ != "Next" or count not in (3, 6, 12):
            return None
        months, end = count, time.end
    return Found(compared(context, range(at, end), f"value_{months}", one), end, may_go_on=True)


_FILLED = Phrases({True: ["filled", "completed", "filled up", "finished"]})
_CARD_NOUNS = Phrases(
    {True: ["stamp card", "card", "stampcard", "coffee card", "loyalty card", "stamp cards", "cards"]}
)


def filled_at(context: Context, at: int) -> Found | None:
    """“filled a card”, “completed at least two stamp cards”"""
    text = context.text
    verb = _FILLED.at(text, at)
    if verb is None or not context.knows("full_cards"):
        return None
    one = comparison_at(text, verb[1], lambda text, place: (card := _CARD_NOUNS.at(text, place)) and card[1])
    if one is not None and one.has_unit:
        return Found(compared(context, range(at, one.end), "full_cards", one), one.end, may_go_on=True)
    start = text.skip(verb[1], ARTICLES | {"whole"})
    named = context.vocabulary.named.get("stamp_cards")
    card = (named.at(text, start) if named else None) or _CARD_NOUNS.at(text, start)
    if card is None:
        return None
    end = card[1]
    times = comparison_at(text, end, lambda text, place: place + 1 if text.word(place) == "time" else None)
    if times and (times.has_unit or times.is_times):
        return Found(compared(context, range(at, times.end), "full_cards", times), times.end, may_go_on=True)
    return Found(asked(context, range(at, end), "full_cards", "at_least", 1), end, may_go_on=True)


_RISK = Phrases({True: synonyms.FIGURES["churn"]})
_BANDS = Phrases(synonyms.BANDS)


def churn_band_at(context: Context, at: int) -> Found | None:
    """“high churn risk”, “churn risk is high or medium”, “at high risk of leaving”, “at risk of churning”"""
    text = context.text
    start = text.skip(at, ("a", "at", "the", "with"))
    bands, end = _band_list(text, start)
    if bands:
        noun = _RISK.at(text, text.skip(end, ("of",)))
        if noun is None or _says_number(text, noun[1]):
            return None
        return _band_found(context, at, noun[1], bands)
    noun = _RISK.at(text, start)
    if noun is None:
        return None
    after = text.skip(noun[1], BE | {":", "of", "band"})
    bands, end = _band_list(text, after)
    if bands:
        return _band_found(context, at, end, bands)
    if text.word(at) == "at" or text.word(start).startswith("likely"):
        if _says_number(text, noun[1]):
            return None
        found = _band_found(context, at, noun[1], ["high"])
        return replace(found, notes=[f"“{text.slice(at, noun[1])}” read as a high churn risk."])
    return None


def _says_number(text: Text, at: int) -> bool:
    return comparison_at(text, to_figure(text, at)) is not None


def _band_list(text: Text, at: int) -> tuple[list[str], int]:
    bands: list[str] = []
    end = at
    while one := _BANDS.at(text, end):
        bands.append(one[0])
        at = one[1]
        end = text.skip(at, ("or", "and", "to", ",", "/"))
        if end == at:
            break
    if len(bands) == 2 and set(bands) == {"low", "high"} and text.word(at - 2) == "to":
        bands = ["low", "medium", "high"]
    return bands, at


def _band_found(context: Context, at: int, end: int, bands: list[str]) -> Found:
    end = end + 1 if context.text.word(end) == "band" else end
    return Found(asked(context, range(at, end), "churn_band", "is_one_of", bands), end, may_go_on=False)


# -- days -------------------------------------------------------------------------------------------------------------

_BEHIND_DAYS = BE | {"been", "placed", "made", "took", "place", "happened", "dated", "date", "day", "fall", "falling", "back",
                     "a", "with", "us", "from", "order", "purchase", "to", ":", "celebrated", "it", "coming", "up", "only",
                     "anything", "something"}  # fmt: skip


def days_at(context: Context, at: int) -> Found | None:
    """“first order in the last 90 days”, “last ordered more than a fortnight ago”, “birthday next month”"""
    text = context.text
    phrases = _phrases_of(context, synonyms.DAYS, (Kind.DAY, Kind.ANNIVERSARY))
    start = text.skip(at, ("a", "an", "the", "their"))
    noun = phrases.at(text, start)
    if noun is None:
        return None
    after = noun[1]
    found = _day(context, noun[0], at, after)
    if found is None:
        skipped = text.skip(after, _BEHIND_DAYS)
        found = _day(context, noun[0], at, skipped) if skipped > after else None
    if found is None:
        return None
    said = " ".join(text.word(place) for place in range(start, noun[1]))
    if noun[0] == "member_since" and said in synonyms.JOINED_ONLY:
        found = replace(
            found, notes=[*found.notes, f"“{text.slice(start, noun[1])}” read as joining the points programme."]
        )
    return found


def _day(context: Context, key: str, first: int, at: int) -> Found | None:
    is_birthday = context.vocabulary.fields[key].kind is Kind.ANNIVERSARY
    times, end, is_all = context.time_list(at, is_ahead=is_birthday or key == "next_purchase")
    if not times:
        return None
    if is_birthday:
        times = [_every_year(time) for time in times]
        if any(
            isinstance(time.window, Dates)
            and (
                time.window.first is None
                or time.window.last is None
                or (time.window.last - time.window.first).days > 366
            )
            for time in times
        ):
            return None
    if key == "next_purchase":
        times = [replace(time, window=time.window) for time in times]
    times = [_for_long(time, context, key) for time in times]
    part = on_days(context, range(first, end), key, times, is_all=is_all and not is_birthday)
    return Found(part, end, frame=DayFrame(key), may_go_on=not is_birthday) if part else None


def _for_long(time: Time, context: Context, key: str) -> Time:
    """“been a customer for over a year”: since before the day a year ago"""
    from segments.rules import Last, Over

    if isinstance(time.window, Last) and time.is_long:
        return replace(time, window=Over(time.window.count, time.window.unit), is_long=False)
    return time


def _every_year(time: Time) -> Time:
    """Months of a leap year: 29 February is in February then, and not in March."""
    window = time.window
    if not time.is_named_month or not isinstance(window, Dates) or window.first is None or window.last is None:
        return time
    last_year = 2024 + (window.last.year - window.first.year)
    last = window.last.replace(day=28).replace(year=last_year)
    last = last.replace(day=29) if (last.month, last_year) == (2, 2024) else last.replace(day=window.last.day)
    return replace(time, window=Dates(date(2024, window.first.month, window.first.day), last))


_NEW = frozenset({"new", "brand"})
_FIRST_TIME = Phrases({True: ["first time", "first timer", "first timers", "newly acquired", "newcomer", "newcomers"]})


def new_at(context: Context, at: int) -> Found | None:
    """“new customers”, “first-time buyers in the last 30 days”, “are new this month”, “customers since March”"""
    from segments.rules import Calendar

    text = context.text
    start = at + 1 if text.word(at) == "brand" and text.word(at + 1) == "new" else at
    word = _FIRST_TIME.at(text, start) or ((True, start + 1) if text.word(start) == "new" else None)
    if word is None:
        return _since(context, at)
    end, is_head = word[1], False
    if text.word(end) in _HEADS or text.word(start) == "newcomer":
        end, is_head = end + (text.word(end) in _HEADS), True
    elif text.word(at - 1) not in BE | {"and", "or", "not"}:
        return None
    after = (
        text.skip(end, ("from", "who", "joined", "acquired", "to", "us"))
        if text.word(end) in ("acquired", "to")
        else end
    )
    times, stop, is_all = context.time_list(after)
    notes: list[str] = []
    if not times:
        times, stop = [Time(Calendar("month"), end)], end
        notes = [f"“{text.slice(at, end)}” read as: first order this month."]
    part = on_days(context, range(at, stop), "first_order", times, is_all=is_all)
    return Found(part, stop, frame=DayFrame("first_order"), notes=notes, is_head=is_head, may_go_on=False)


def _since(context: Context, at: int) -> Found | None:
    """“customers since 2024”, “customers for more than two years”, “members since March”"""
    text = context.text
    if text.word(at) not in _HEADS or text.word(at) == "one":
        return None
    start = text.skip(at + 1, ("of", "ours"))
    if text.word(start) not in ("since", "for"):
        return None
    key = "member_since" if text.word(at) == "member" else "first_order"
    found = _day(context, key, at, start)
    if found is None or text.word(start) == "since":
        return found and replace(found, is_head=True, may_go_on=False)
    times, end, _all = context.time_list(start)
    window = times[0].window
    from segments.rules import Last

    if len(times) > 1 or not isinstance(window, Last):
        return None
    return replace(
        _lasting(context, key, range(at, end), window, is_long=times[0].is_long), is_head=True, may_go_on=False
    )


def _lasting(context: Context, key: str, words: range, window, *, is_long: bool) -> Found:  # type: ignore[no-untyped-def]
    from segments.rules import Over

    if is_long:
        return Found(asked(context, words, key, "within", None, Over(window.count, window.unit)), words.stop)
    part = every([asked(context, words, key, "exists"), asked(context, words, key, "not_within", None, window)])
    return Found(part, words.stop)


_REPEAT = Phrases({2: ["repeat", "returning", "repeating", "multi order"],
                   1: ["one time", "one off", "single order", "once only", "one order"]})  # fmt: skip


def repeat_at(context: Context, at: int) -> Found | None:
    """“repeat customers”, “one-time buyers”"""
    text = context.text
    word = _REPEAT.at(text, at)
    if word is None or text.word(word[1]) not in _HEADS | {"order"}:
        return None
    op = "at_least" if word[0] == 2 else "is"
    return Found(asked(context, range(at, word[1]), "orders", op, word[0]), word[1])


_LAPSED = Phrases({True: ["lapsed", "dormant", "inactive", "sleeping"]})
_STOPPED = Phrases(
    {
        "before": [
            "used to order", "used to buy", "used to come", "used to visit", "used to shop", "used to come in",
            "used to purchase", "have been customers", "once ordered", "once bought", "used to be customers",
            "used to be a customer", "used to spend",
        ],
        "stopped": [
            "stopped ordering", "stopped buying", "stopped coming", "stopped visiting", "stopped shopping",
            "no longer order", "no longer buy", "no longer come", "no longer visit", "stopped purchasing",
            "stopped coming in", "gone quiet", "not returned", "stayed away", "staying away", "been away", "gone silent",
            "been gone", "been absent", "been missing", "not been heard from", "been inactive", "been quiet",
            "disappeared", "vanished", "drifted off", "been dormant",
        ],
    }
)  # fmt: skip


def lapsed_at(context: Context, at: int) -> Found | None:
    """“lapsed” beside a time without orders; “used to order”; “stopped ordering 3 months ago”"""
    text = context.text
    if word := _LAPSED.at(text, at):
        return Found(asked(context, range(at, word[1]), "orders", "at_least", 1), word[1], needs_quiet=True)
    verb = _STOPPED.at(text, at)
    if verb is None:
        return None
    kind, end = verb
    before = asked(context, range(at, end), "orders", "at_least", 1)
    if kind == "before":
        end = (
            text.skip(end, ("from", "us", "with", "here", "in", "regularly"))
            if text.word(end) in ("from", "with", "here", "in")
            else end
        )
        return Found(asked(context, range(at, end), "orders", "at_least", 1), end)
    end = text.skip(end, ("from", "us", "with", "here")) if text.word(end + 1) == "us" else end
    times = context.times.at(text, end)
    if times is None:
        return Found(before, end, needs_quiet=True)
    window = times.window
    if (
        times.is_long
        or type(window).__name__ == "Over"
        or (type(window).__name__ == "Dates" and getattr(window, "first", None) is None)
    ):
        from segments.rules import Over

        over = Over(window.count, window.unit) if times.is_long else window
        return Found(asked(context, range(at, times.end), "last_order", "within", None, over), times.end)
    if times.end and (type(window).__name__ not in ("Last", "Dates", "Calendar")):
        return None
    words = range(at, times.end)
    quiet = asked(context, words, "orders", "is", 0, window)
    return Found(every([asked(context, words, "orders", "at_least", 1), quiet]), times.end)


# -- what is known, and who can be reached ----------------------------------------------------------------------------


def known_at(context: Context, at: int) -> Found | None:
    """“an email address” behind “with” or “without”; “whose birthday we don't know”; “birthday is unknown”"""
    text = context.text
    phrases = _phrases_of(context, synonyms.KNOWN, (Kind.TEXT, Kind.CHOICE, Kind.DAY, Kind.ANNIVERSARY, Kind.CHOICES))
    missing = Phrases({True: ["unknown", "missing", "no known", "no", "unset"]}).at(text, at)
    if text.word(at) in ("unknown", "missing") and missing and (noun := phrases.at(text, missing[1])):
        if _is_own_end(text, noun[1]) and _can_be_missing(context, noun[0]):
            return Found(asked(context, range(at, noun[1]), noun[0], "missing"), noun[1])
    start = text.skip(at, ARTICLES | {"known", "valid", "given", "us"})
    noun = phrases.at(text, start)
    if noun is None or not _can_be_missing(context, noun[0]):
        return None
    if said := _UNKNOWN.at(text, text.skip(noun[1], ("that", "which"))):
        return Found(asked(context, range(at, said[1]), noun[0], "missing" if said[0] else "exists"), said[1])
    if not _asked_for(text, at):
        return None
    if not _is_own_end(text, noun[1]):
        return None
    end = (
        text.skip(noun[1], ("at", "all", "yet", "on", "file", "record"))
        if text.word(noun[1]) in ("at", "on", "yet")
        else noun[1]
    )
    return Found(asked(context, range(at, end), noun[0], "exists"), end)


def _asked_for(text: Text, at: int) -> bool:
    before = text.word(at - 1)
    return before in ASKS_FOR | {
        "given",
        "gave",
        "left",
        "tell",
        "told",
        "nor",
        "or",
        "lack",
        "lacking",
        "hold",
        "holding",
    }


def _can_be_missing(context: Context, key: str) -> bool:
    return "missing" in context.vocabulary.fields[key].operators


def _is_own_end(text: Text, at: int) -> bool:
    """Nothing follows that would say which one."""
    return text.word(at) in ("", "and", "or", "but", ",", ".", "?", "!", "who", "that", "with", "whose", "at", "on", "nor",
                             "yet", ";", "except", "in", "since", "having", "&", "have", "has", "ordered", "bought", "spent")  # fmt: skip


def texts_at(context: Context, at: int) -> Found | None:
    """“first name is Anna”, “e-mail ends in .edu”, “postcode starts with LS1”, “called Anna”"""
    text = context.text
    called = Phrases({"first_name": ["called", "named"]}).at(text, at)
    phrases = _phrases_of(context, synonyms.TEXTS, (Kind.TEXT,))
    noun = called or phrases.at(text, text.skip(at, ("the", "a", "an", "with", "whose")))
    if noun is None:
        return None
    link = _TEXT_OPS.at(text, noun[1]) or (("is", noun[1]) if called else None)
    if link is None:
        return None
    op, start = link
    words = _open_words(context, start)
    if words is None:
        return None
    return Found(asked(context, range(at, words[1]), noun[0], op, words[0]), words[1], may_go_on=True)


_TEXT_OPS = Phrases(
    {
        "is": ["is", "=", ":", "equals", "are", "of"],
        "is_not": ["is not", "are not"],
        "contains": ["contains", "contain", "containing", "includes", "has", "like", "is like", "with"],
        "starts_with": ["starts with", "start with", "begins with", "begin with", "starting with", "beginning with"],
        "ends_with": ["ends with", "ends in", "end in", "end with", "ending in", "ending with", "is at", "at", "ending"],
    }
)  # fmt: skip
_TEXT_STOPS = frozenset(
    {"and", "or", "but", ",", "who", "that", "with", "without", "whose", "?", "!", ";", "except", "nor"}
)


def _open_words(context: Context, at: int) -> tuple[str, int] | None:
    text = context.text
    if text.word(at) in ('"', "“"):
        end = at + 1
        while end < len(text) and text.word(end) not in ('"', "”"):
            end += 1
        return (text.slice(at + 1, end), min(end + 1, len(text))) if end > at + 1 else None
    end = at
    while end < len(text) and text.word(end) not in _TEXT_STOPS and end - at < 6:
        if text.word(end) == "." and (end + 1 >= len(text) or text.tokens[end + 1].start > text.tokens[end].end):
            break
        end += 1
    return (text.slice(at, end), end) if end > at else None


def choices_at(context: Context, at: int) -> Found | None:
    """“language is German”, “favourite shop is Quayside”, own choices: “milk is oat”, “size large or small”"""
    text = context.text
    phrases = _phrases_of(context, synonyms.CHOICES, (Kind.CHOICE, Kind.CHOICES), skip=("country",))
    noun = phrases.at(text, text.skip(at, ("the", "a", "an", "with")))
    if noun is None:
        return None
    field = context.vocabulary.fields[noun[0]]
    named = context.vocabulary.named.get(field.choices)
    if named is None:
        return None
    start = text.skip(noun[1], BE | {":", "of", "=", "the", "either", '"', "“", "a", "in"})
    is_turned = text.word(start) == "not"
    start += is_turned
    found = (context.vocabulary.shops if field.choices == "businesses" else named).at(text, start)
    if found is None:
        return None
    codes, end = _more_names(context, named, [found[0]], found[1], ())
    ops = ("has_none_of", "has_one_of") if field.kind is Kind.CHOICES else ("is_none_of", "is_one_of")
    return Found(asked(context, range(at, end), noun[0], ops[not is_turned], codes), end)


def yes_no_at(context: Context, at: int) -> Found | None:
    """“members”, “in the loyalty programme”, and the programme's own yes or no by their label"""
    text = context.text
    skip = ("texts", "emails", "texts_agreed", "emails_agreed")
    phrases = _phrases_of(context, synonyms.YES_NO, (Kind.YES_NO,), skip=skip)
    start = text.skip(at, ("a", "an", "the"))
    noun = phrases.at(text, start)
    if noun is None:
        return None
    end = noun[1]
    if noun[0] == "member" and text.word(end) == "of" and _name_follows(context, end + 1):
        return None
    value, after = True, text.skip(end, BE | {":", "="})
    if text.word(after) in ("yes", "true", "no", "false") and after > end:
        value, end = text.word(after) in ("yes", "true"), after + 1
    is_head = noun[0] == "member" and text.word(end - 1) in ("member", "holder", "cardholder", "collector")
    return Found(asked(context, range(at, end), noun[0], "is", value), end, is_head=is_head)


def _name_follows(context: Context, at: int) -> bool:
    text = context.text
    start = text.skip(at, ("the", "our", "archetype", "segment", "tier"))
    tables = (context.vocabulary.named.get(kind) for kind in ("archetypes", "tiers", "segments"))
    return any(table is not None and table.at(text, start) for table in tables) or text.word(start - 1) in (
        "archetype",
        "segment",
    )


def reach_at(context: Context, at: int) -> Found | None:
    """“we can text”, “can be e-mailed”, “reachable by text or e-mail”, “agreed to e-mails”, “opted out of texts”"""
    text = context.text
    if text.word(at) in _MAY:
        end, is_turned = at + 1, False
        while text.word(end) in _REACHED or text.word(end) in ("not", "be") or text.word(end) in _MAY:
            is_turned = is_turned or text.word(end) == "not"
            end += 1
        return _channels(context, at, end, "", is_turned=is_turned)
    said = _AGREED.at(text, at)
    if said is None:
        return None
    end = text.skip(said[1], _BETWEEN_AGREED)
    found = _channels(context, at, end, "_agreed", is_turned=not said[0])
    if (
        text.word(at) in ("on", "want", "receive", "refused", "allow")
        and found
        and text.word(found.end) not in ("", "and", "or", "but", ",", ".", "offer", "from", "list")
    ):
        return None
    return found


def _channels(context: Context, first: int, at: int, kind: str, *, is_turned: bool) -> Found | None:
    text, fields, end, is_all = context.text, [], at, False
    while True:
        start = text.skip(end, ("by", "via", "our", "the", "a", "either", "both", "marketing", "through"))
        field = next((field for field, words in _CHANNEL_WORDS.items() if text.word(start) in words), None)
        if field is None:
            break
        fields.append(field)
        end = text.skip(start + 1, ("message", "offer", "from", "marketing", "list", "us", "newsletter", "them", "to"))
        if text.word(end) not in ("or", "and", "nor", "/"):
            break
        is_all = is_all or text.word(end) == "and"
        end += 1
    if not fields:
        return None
    if text.word(end - 1) in ("or", "and", "nor", "/"):
        end -= 1
    words = range(first, end)
    parts = [asked(context, words, f"{field}{kind}", "is", True) for field in fields]
    part = (every if is_all else either)(parts)
    assert part is not None
    if is_turned:
        part = negated(part, context.vocabulary.fields)
    return Found(part, end, frame=ReachFrame(kind))


def _events(context: Context) -> Phrases[str]:
    pairs = []
    for key in context.vocabulary.fields:
        if key.startswith("event:"):
            name = key.removeprefix("event:")
            pairs += [(name, key), (name.replace("_", " ").replace(".", " "), key)]
    return _figure_phrases(tuple(pairs))


def events_at(context: Context, at: int) -> Found | None:
    """What others sent, by its name: “app_opened at least twice in the last 30 days”"""
    text = context.text
    noun = _events(context).at(text, text.skip(at, ('"', "“", "did", "the", "event")))
    if noun is None:
        return None
    end = text.skip(noun[1], ('"', "”"))
    one = comparison_at(text, end, lambda text, place: place + 1 if text.word(place) == "time" else None)
    end = one.end if one and (one.has_unit or one.is_times) else end
    times, end, is_all = context.time_list(end)
    if one is not None and not (one.has_unit or one.is_times):
        one = None
    parts = [
        compared(context, range(at, end), noun[0], one, window=window)
        if one
        else asked(context, range(at, end), noun[0], "at_least", 1, window)
        for window in ([time.for_counts for time in times] or [None])
    ]
    part = (every if is_all else either)(parts)
    return Found(part, end, may_go_on=True) if part else None


READERS = (
    tier_at, archetype_at, segment_at, tag_at, place_at, figures_at, filled_at, churn_band_at, days_at, new_at,
    repeat_at, lapsed_at, known_at, texts_at, choices_at, yes_no_at, reach_at, events_at, rfm_at,
)  # fmt: skip
_ = HAVE
