"""Names that the programme has given: tiers, archetypes, tags, segments, RFM groups, choices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from segments.fields.base import Field
from segments.operators import Kind
from segments.rules import Last
from segments.words import notes, synonyms
from segments.words.context import BE, HEADS, Context, Found, Frame, asked
from segments.words.goods import is_sold
from segments.words.items import EVERYBODY, JOINTS, SMALL, STOPS
from segments.words.items import Kind as Joint
from segments.words.notes import Note
from segments.words.points import MONTHS
from segments.words.sales_words import CHANNELS
from segments.words.text import QUOTES, Phrases, Text, each, link_at, list_at, one_of
from segments.words.tree import every

_UP = Phrases(
    {
        True: [
            "or higher", "or above", "or better", "and above", "and higher", "and up", "or up", "upward",
            "and better", "+", "or more", "plus", "at least",
        ],
        False: ["or lower", "or below", "and below", "and lower", "or worse", "and under", "or less"],
    }
)  # fmt: skip
_EDGES = Phrases(
    {
        -1: ["top tier", "highest tier", "top level", "highest level", "best tier", "top status", "highest status"],
        0: ["bottom tier", "lowest tier", "bottom level", "lowest level", "lowest status"],
    }
)
_UP_BEFORE: Phrases[tuple[str, bool]] = Phrases(
    [
        ("at least", ("up", True)),
        *((phrase, ("up", False)) for phrase in ("above", "higher than", "better than", "over", "beyond")),
        *((phrase, ("down", True)) for phrase in ("at most", "up to")),
        *((phrase, ("down", False)) for phrase in ("below", "lower than", "under")),
    ]
)
_TIER_WORDS = each("tier level status member")
_TAG_WORDS = one_of(*synonyms.CHOICES["tags"])
_RFM_WORDS = one_of("RFM group", "RFM segment", "RFM")


def _up_behind(text: Text, at: int) -> tuple[bool, int] | None:
    """“Gold or higher”, “Gold+”, “Gold plus members”; not “Gold + ordered twice”."""
    found = _UP.at(text, at)
    if found is None or text.word(at) not in ("+", "plus"):
        return found
    is_joint = text.word(at) == "+" and text.stands_alone(at)
    return None if is_joint or text.word(found[1]) not in _TIER_WORDS | HEADS | _BEHIND_PLUS else found


_BEHIND_PLUS = frozenset({"", ",", ".", "?", "who", "that", "in", "with", "and", "or"})


def tier_at(context: Context, at: int) -> Found | None:
    """“Gold”, “Gold and Silver members”, “the Gold tier”, “Bronze or higher”, “above Silver”, “at least Gold”"""
    text, named = context.text, context.vocabulary.named.get("tiers")
    if named is None:
        return None
    prefix = _UP_BEFORE.at(text, at)
    start = prefix[1] if prefix else at
    start = start + 2 if text.word(start) == "belong" and text.word(start + 1) == "to" else start
    start = text.skip(start, ("in", "on", "of", "the", "a", "an", "hold", "reached", "level"))
    has_word = text.word(start) in ("tier", "level", "status")
    start = text.skip(start, ("tier", "is", "level", ":", "status"))
    is_turned = has_word and text.word(start) == "not"
    found = named.at(text, start + is_turned)
    order = [code for code, _name in context.vocabulary.of("tiers")]
    if found is None:
        edge = _EDGES.at(text, start) if text.word(start - 1) not in ("second", "third", "next") else None
        return _tier_of_edge(context, at, edge[1], order[edge[0]]) if edge else None
    codes, end = [found[0]], found[1]
    suffix_at = text.skip(end, _TIER_WORDS | HEADS)
    suffix = _up_behind(text, end) or (_up_behind(text, suffix_at) if suffix_at > end else None)
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
        codes, end, _joined_by = _name_list(text, named, found, _TIER_WORDS)
    if not _is_meant(context, start, end, _TIER_WORDS):
        return None
    after = text.skip(end, ("tier", "level", "status"))
    if text.word(after) in HEADS and not (text.word(after) == "member" and text.word(after + 1) in ("of", "since")):
        is_head, after = True, after + 1
    said = (
        _said(context, start + is_turned, found[1], found[0], "tiers")
        if after in (found[1], found[1] + is_head)
        else []
    )
    part = asked(range(at, after), "tier", "is_none_of" if is_turned else "is_one_of", codes)
    return Found(part, after, notes=said, is_head=is_head)


def _tier_of_edge(context: Context, at: int, end: int, code: str) -> Found:
    """“the top tier”"""
    after = context.text.skip(end, HEADS)
    said = notes.named("tiers", context.text.slice(end - 2, end), dict(context.vocabulary.of("tiers"))[code])
    return Found(asked(range(at, after), "tier", "is_one_of", [code]), after, notes=[said], is_head=after > end)


_EVERYDAY = each(
    "online lapsed birthday newsletter regular friend loyal new fan guest basic standard premium plus star hero"
    " champion legend insider starter welcome family club partner local member active casual newcomer first second"
    " third one two three top best"
)
_KINDS = each("tier level status archetype tag tagged segment category")


def _is_meant(context: Context, start: int, end: int, own: Iterable[str]) -> bool:
    """A name that is an everyday word is one with a capital letter or beside the word for its kind only, one that is a
    word of the grammar only there; beside the word for another kind it is none: “segment Gold”.
    """
    text, word = context.text, context.text.word(start)
    if {text.word(start - 1), text.word(end)} & _KINDS.difference(own):
        return False
    around = {text.word(start - 1), text.word(end), text.word(start - 2)}
    if around & _KINDS or end - start > 1:
        return True
    if word in HEADS | SMALL | EVERYBODY | MONTHS.keys() or JOINTS.at(text, start):
        return False
    is_said = bool(around & HEADS) or _is_said_of_them(text, start)
    return text.tokens[start].is_capital or (word not in _EVERYDAY and is_said)


def _is_said_of_them(text: Text, at: int) -> bool:
    """“who are not gold”"""
    before = at - 1
    while text.word(before) in BE | {"not"}:
        before -= 1
    return before < at - 1 and text.word(before) in ("who", "they")


def _name_list(
    text: Text, named: Phrases[str], first: tuple[str, int], between: Iterable[str] = ()
) -> tuple[list[str], int, str]:
    small = ("the", "in", "from", "of", "a", *between)
    return list_at(text, first, lambda place: named.at(text, text.skip(place, small)), between=between)


def _said(context: Context, start: int, end: int, code: str, choices: str) -> list[str]:
    """Where a name is typed another way than it is written, or is an everyday word as well."""
    typed = context.text.slice(start, end)
    name = dict(context.vocabulary.of(choices)).get(code, "")
    words = context.text.words[start:end]
    is_everyday = words[0] in _EVERYDAY and (len(words) == 1 or words[-1] in HEADS)
    return [notes.named(choices, typed, name)] if typed != name or is_everyday else []


_BECAME = one_of(
    "became", "become", "reached", "moved up to", "upgraded to", "promoted to", "got to", "turned", "made it to",
    "moved to", "moved down to", "dropped to", "been in", "been", "moved into", "turned into", "slipped into",
    "dropped into", "fell into", "went into", "changed to", "changed into",
)  # fmt: skip
_BECOMING = {"tiers": ("tier", _TIER_WORDS), "archetypes": ("archetype", each("archetype group"))}


def became_at(context: Context, at: int) -> Found | None:
    """“reached Gold this year”, “moved into New faces last month”: who is in it, and came into it then"""
    verb = _BECAME.at(context.text, at)
    found = (_became(context, kind, at, verb[1]) for kind in _BECOMING) if verb else ()
    return next((one for one in found if one is not None), None)


def _became(context: Context, kind: str, at: int, behind: int) -> Found | None:
    text, named = context.text, context.vocabulary.named.get(kind)
    field, own = _BECOMING[kind]
    start = text.skip(behind, ("a", "the", *own))
    found = named.at(text, start) if named else None
    if (
        named is None
        or found is None
        or not context.knows(f"{field}_since")
        or not _is_meant(context, start, found[1], own)
    ):
        return None
    codes, behind, _joined_by = _name_list(text, named, found, own)
    behind = text.skip(behind, own)
    times, end, _is_all = context.time_list(behind)
    if len(times) != 1:
        return None
    words, window = range(at, end), times[0].window
    is_for_long = isinstance(window, Last) and text.word(behind) == "for"
    since = asked(words, f"{field}_since", "not_within" if is_for_long else "within", None, window)
    return Found(every([asked(words, field, "is_one_of", codes), since]), end)


def language_at(context: Context, at: int) -> Found | None:
    """“German-speaking”, “speakers of German”, “German speakers”"""
    text, named = context.text, context.vocabulary.named.get("languages")
    start = text.skip(at, ("speaker", "of")) if text.word(at) == "speaker" else at
    found = named.at(text, start) if named and context.knows("language") else None
    if named is None or found is None:
        return None
    codes, end, _joined_by = _name_list(text, named, found, ("speaking",))
    if start == at and text.word(end) not in ("speaking", "speaker"):
        return None
    end += start == at
    is_people = text.word(end - 1) == "speaker" or start > at
    return Found(asked(range(at, end), "language", "is_one_of", codes), end, is_head=is_people)


def archetype_at(context: Context, at: int) -> Found | None:
    """“Best regulars”, “the archetype New faces”"""
    return _name_at(context, at, "archetypes", "archetype", ("archetype", "group"))


_WAS = one_of(
    "used to be", "used to belong to", "were once", "was once", "once were", "once was", "moved from", "formerly",
    "previously", "were formerly", "were previously", "had been", "former", "ex",
)  # fmt: skip
_BEFORE_NOW = one_of("before", "previously", "once", "formerly", "in the past", "earlier", "at one time", "before that")


@dataclass(frozen=True, slots=True)
class WasFrame(Frame):
    """“used to be Best regulars … but aren't now”"""

    codes: Sequence[str]

    def again(self, context: Context, at: int) -> Found | None:
        now = _NOW.at(context.text, at)
        if now is None or context.text.word(at - 1) != "not" or context.is_named(now[1]):
            return None
        return Found(asked(range(at, now[1]), "archetype", "is_one_of", self.codes), now[1])


_NOW = one_of("now", "any more", "anymore", "any longer", "today", "currently", "at the moment", "right now")


def archetype_was_at(context: Context, at: int) -> Found | None:
    """“used to be Best regulars”, “were New faces before”; what tier somebody had is not known."""
    text = context.text
    lead = _WAS.at(text, at)
    start = lead[1] if lead else at
    rfm = context.vocabulary.named.get("rfm_groups")
    if (lead is None and text.word(at) not in ("were", "was", "been")) or (rfm and rfm.at(text, at)):
        return None  # “previously loyal” is such a group
    start = text.skip(start, (*BE, "in", "the", "a", "an", "archetype", "group", "of"))
    found = next((one for kind in _GROUPS if (one := _listed(context, kind, start))), None)
    if found is None:
        return None
    kind, codes, end = found
    end = text.skip(end, _TIER_WORDS | HEADS) if kind == "tiers" else end
    if lead is None:
        behind = _BEFORE_NOW.at(text, end)
        if behind is None:
            return None
        end = behind[1]
        if time := context.times.at(text, end - 1):  # “were Best regulars before June”
            return Found(None, time.end)
    link = link_at(text, end)
    if link and context.is_named(link[1]):  # “used to be New faces or Gold”
        return Found(None, text.skip(link[1] + 1, _TIER_WORDS | HEADS), may_go_on=True)
    if kind != "archetypes" or not context.knows("archetype_before"):
        return Found(None, end)
    part = asked(range(at, end), "archetype_before", "is_one_of", codes)
    return Found(part, end, frame=WasFrame(codes))


def _listed(context: Context, kind: str, at: int) -> tuple[str, list[str], int] | None:
    named = context.vocabulary.named.get(kind)
    first = named.at(context.text, at) if named else None
    if named is None or first is None:
        return None
    codes, end, _joined_by = _name_list(context.text, named, first, _TIER_WORDS if kind == "tiers" else ())
    return kind, codes, end


_GROUPS = ("archetypes", "tiers", "tags", "segments")


def _name_at(context: Context, at: int, choices: str, field: str, kind_words: tuple[str, ...]) -> Found | None:
    text, named = context.text, context.vocabulary.named.get(choices)
    if named is None or not context.knows(field):
        return None
    start = text.skip(at, ("in", "of", "the", "from", "are", "is", "a", "an", "belong", "to", "belonging"))
    start = text.skip(start, (*kind_words, ":", "is", '"', "“", "called", "named", "of"))
    found = named.at(text, start)
    if found is None or not _is_meant(context, start, found[1], kind_words):
        return None
    codes, end, joined_by = _name_list(text, named, found, kind_words)
    end = text.skip(end, ('"', "”", *kind_words))
    part = asked(range(at, end), field, _op(context.vocabulary.fields[field], joined_by), codes)
    return Found(part, end, notes=_said(context, start, found[1], found[0], choices))


def tag_at(context: Context, at: int) -> Found | None:
    text, named = context.text, context.vocabulary.named.get("tags")
    if named is None or not context.knows("tags"):
        return None
    word = _TAG_WORDS.at(text, text.skip(at, ("a", "the", "with")))
    start = text.skip(word[1], ("a", "the", '"', "“", ":", "with", "as")) if word else at
    found = named.at(text, start)
    if found is None or not (word or _is_meant(context, start, found[1], ())):
        return None
    codes, end, joined_by = _name_list(text, named, found, ("tag",))
    end = text.skip(end, ('"', "”", "tag"))
    said = [] if word else _said(context, start, found[1], found[0], "tags")
    op = _op(context.vocabulary.fields["tags"], "or" if _is_left_out(text, at) else joined_by)
    is_plural = text.tokens[end - 1].raw.casefold() != text.word(end - 1)  # “VIPs” are people
    return Found(asked(range(at, end), "tags", op, codes), end, notes=said, is_head=is_plural and not word)


# What is called so is nothing else.
_OWN_RFM = frozenset({"champions", "prospects", "promising", "almost_lost", "previously_loyal", "needs_attention"})


def rfm_at(context: Context, at: int) -> Found | None:
    """RFM groups by their names, where no everyday word is meant: “Champions”, “At risk and Almost lost customers”"""
    text, named = context.text, context.vocabulary.named.get("rfm_groups")
    if named is None:
        return None
    word = _RFM_WORDS.at(text, text.skip(at, ("in", "the", "of")))
    start = text.skip(word[1], ("is", ":", "the")) if word else at
    found = named.at(text, start)
    if found is None:
        return None
    codes, end, _joined_by = _name_list(text, named, found)
    is_written = start > 0 and found[1] - start > 1 and text.tokens[start].is_capital
    if not word and not is_written and _OWN_RFM.isdisjoint(codes):
        return None
    if codes == ["promising"] and not text.tokens[start].is_capital and text.word(end) not in HEADS:
        return None  # “promising to come back”
    names = dict(context.vocabulary.of("rfm_groups"))
    said = [] if word else [notes.named("rfm_groups", text.slice(start, end), ", ".join(names[code] for code in codes))]
    return Found(asked(range(at, end), "rfm_group", "is_one_of", codes), end, notes=said)


def segment_at(context: Context, at: int) -> Found | None:
    """“in the segment Big spenders”, “the Big spenders or the Candles abroad segment”"""
    text = context.text
    start = text.skip(at, _INTO_SEGMENTS)
    if text.word(start) == "segment":
        return _name_at(context, at, "segments", "in_segment", ("segment",)) if start > at else None
    found = _segments(context, at, start, lambda _first, _end: True)
    if found is None or text.word(found.end) != "segment":
        return None
    return replace(found, end=found.end + 1, notes=(), is_head=False)


def segment_by_name(context: Context, at: int) -> Found | None:
    """“in Big spenders”, “except Slipping away”: where nothing else stands there, written with a capital letter or of
    several words behind one that leads to it.
    """
    text = context.text
    start = text.skip(at, _INTO_SEGMENTS)
    is_led = not _LEADS_INTO.isdisjoint(text.words[max(at - 1, 0) : start])

    def is_meant(first: int, end: int) -> bool:
        if is_sold(context, first, end) or context.vocabulary.shops.at(text, first):
            return False
        is_written = text.tokens[first].is_capital and not text.source.isupper()
        if first == 0 or text.word(first - 1) in STOPS:
            return is_written and end - first > 1 and not (JOINTS.at(text, first) or text.word(first) in HEADS | SMALL)
        return is_written or (is_led and end - first > 1)

    return _segments(context, at, start, is_meant)


_INTO_SEGMENTS = (
    "in", "of", "the", "from", "a", "our", "are", "is", "member", "belong", "to", "belonging", "inside", "part",
    *QUOTES,
)  # fmt: skip
_LEADS_INTO = each(
    "in from inside member belong belonging part except excluding exclude without minus out ignoring unless skip"
)


def _segments(context: Context, at: int, start: int, is_meant: Callable[[int, int], bool]) -> Found | None:
    text, named = context.text, context.vocabulary.named.get("segments")
    if named is None or not context.knows("in_segment"):
        return None

    def segment(place: int) -> tuple[str, int] | None:
        first = text.skip(place, _INTO_SEGMENTS)
        found = named.at(text, first)
        if found is None or not is_meant(first, found[1]):
            return None
        return found[0], text.skip(found[1], QUOTES)

    first = segment(start)
    if first is None:
        return None
    codes, end, joined_by = list_at(text, first, segment, between=("segment",))
    names = dict(context.vocabulary.of("segments"))
    said: list[Note] = [notes.named("segments", text.slice(start, end), ", ".join(names[code] for code in codes))]
    if joined_by == "and" and (start == at or _is_left_out(text, at)):
        said, joined_by = [*said, notes.TWO_GROUPS], "or"
    op = _op(context.vocabulary.fields["in_segment"], joined_by)
    is_plural = text.tokens[end - 1].raw.casefold() != text.word(end - 1)  # “Big spenders” are people
    return Found(asked(range(at, end), "in_segment", op, codes), end, notes=said, is_head=is_plural and start == at)


def choices_at(context: Context, at: int) -> Found | None:
    """“language is German”, “favourite shop is Quayside”, own choices: “milk is oat”, “size large or small”"""
    text = context.text
    phrases = context.vocabulary.chosen
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
    if found is None and field.choices == "channels":
        found = CHANNELS.at(text, start)
    if found is None:
        return None
    codes, end, joined_by = _name_list(text, named, found)
    op = _op(field, joined_by, is_turned=is_turned)
    return Found(asked(range(at, end), noun[0], op, codes), end)


def _is_left_out(text: Text, at: int) -> bool:
    """“except VIPs and Press”: both of them"""
    found = (JOINTS.at(text, start) for start in range(max(at - 4, 0), at))
    return any(one is not None and one == (Joint.EXCEPT, at) for one in found)


def _op(field: Field, joined_by: str, *, is_turned: bool = False) -> str:
    """Of what somebody has several of, “and” asks for all."""
    if field.kind is not Kind.CHOICES:
        return "is_none_of" if is_turned else "is_one_of"
    if is_turned:
        return "has_none_of"
    return "has_all_of" if joined_by == "and" else "has_one_of"
