"""What is known of somebody, what they said yes to, and by what they can be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from segments.rules import Window
from segments.words.context import ARTICLES, ASKS_FOR, BE, Context, Found, Frame, asked, compared, plain
from segments.words.numbers import ONCE, number_at
from segments.words.places_sold import times_at
from segments.words.text import Phrases, Text, each, list_at, one_of, quoted_at
from segments.words.tree import either, every, joined, negated

_UNKNOWN = Phrases(
    {True: [
        "we do not know", "is unknown", "unknown", "is missing", "is not known", "missing", "is empty",
        "we do not have", "is not on file", "not on file", "not known", "are unknown", "is blank", "we have not got",
        "we are missing", "we lack", "is not set", "has not been given", "is not given",
    ],
     False: ["we know", "is known", "we have", "is on file", "on file", "known", "is given", "is set", "we have got"]}
)  # fmt: skip
_CHANNEL_WORDS: Mapping[str, frozenset[str]] = {
    "texts": each("text texted texting sm"),
    "emails": each("email emailed emailing mail mailed mailing newsletter mailout"),
}
_MAY = each("can could may able allowed permitted reachable contactable might")
_REACHED = each(
    "reach reached contact contacted message messaged get receive send sent write written be we to by via through with"
    " on offer marketing you i a an the our them promotional promotion news from us for in touch still legally"
    " actually really at all any way even"
)
_AGREED = Phrases(
    {
        True: [
            "agreed to", "opted in to", "opted into", "opted in for", "consented to", "signed up for",
            "subscribed to", "said yes to", "accept", "subscribe to", "agree to", "opted in", "given consent to",
            "given consent for", "gave consent to", "gave consent for", "signed up to", "subscribed", "want",
            "consented", "allow", "get our", "receive our", "receive", "consent to", "given permission for",
            "want to get", "want to receive", "okayed", "consent for", "permission for", "permission to",
            "opt in for", "opt in to", "happy to get", "happy to receive", "agreed to receive", "agreed to get", "on",
            "consent by", "marketing consent by", "marketing consent for", "consent for marketing by",
            "agreed to marketing by", "opted in by",
        ],
        False: [
            "opted out of", "unsubscribed from", "opted out from", "withdrew consent for", "refused", "opted out",
            "unsubscribed", "said no to", "do not want", "declined",
        ],
    }
)  # fmt: skip
_BETWEEN_AGREED = each("our the marketing promotional offer by from via of to for message any receive get newsy news")


@dataclass(frozen=True, slots=True)
class KnownFrame(Frame):
    """“no phone number … but an e-mail address”"""

    def again(self, context: Context, at: int) -> Found | None:
        text = context.text
        noun = context.vocabulary.known.at(text, text.skip(at, ARTICLES))
        if noun is None or not _can_be_missing(context, noun[0]) or not _is_own_end(text, noun[1]):
            return None
        return Found(asked(range(at, noun[1]), noun[0], "exists"), noun[1], frame=self)


@dataclass(frozen=True, slots=True)
class ReachFrame(Frame):
    """“can be texted … but not e-mailed”"""

    kind: str

    def again(self, context: Context, at: int) -> Found | None:
        end = context.text.skip(at, ("by", "via", "be", "to", "offer"))
        for field, words in _CHANNEL_WORDS.items():
            if context.text.word(end) in words:
                part = asked(range(at, end + 1), f"{field}{self.kind}", "is", True)
                return Found(part, end + 1, frame=self)
        return None


def known_at(context: Context, at: int) -> Found | None:
    """“an email address” behind “with” or “without”; “whose birthday we don't know”; “birthday is unknown”"""
    text = context.text
    phrases = context.vocabulary.known
    missing = _MISSING.at(text, at)
    if text.word(at) in ("unknown", "missing") and missing:
        noun = phrases.at(text, text.skip(missing[1], ARTICLES))
        if noun and _can_be_missing(context, noun[0]):
            keys, end, joined_by = list_at(text, noun, lambda place: phrases.at(text, text.skip(place, ARTICLES)))
            parts = [asked(range(at, end), key, "missing") for key in keys if _can_be_missing(context, key)]
            part = (either if joined_by == "or" else every)(parts)
            return Found(part, end) if _is_own_end(text, end) else None
    start = text.skip(at, ARTICLES | {"known", "valid", "given", "us"})
    lead = _LED_TO.at(text, at)
    start = text.skip(lead[1], ARTICLES) if lead else start
    noun = phrases.at(text, start)
    if noun is None or not _can_be_missing(context, noun[0]):
        return None
    if said := _UNKNOWN.at(text, text.skip(noun[1], ("that", "which"))):
        return Found(asked(range(at, said[1]), noun[0], "missing" if said[0] else "exists"), said[1])
    if (lead is None and text.word(at - 1) not in _BEFORE_KNOWN) or not _is_own_end(text, noun[1]):
        return None
    end = noun[1]
    if text.word(end) in ("at", "on", "yet"):
        end = text.skip(end, ("at", "all", "yet", "on", "file", "record"))
    return Found(asked(range(at, end), noun[0], "exists"), end, frame=KnownFrame())


_LED_TO = one_of("know", "belong to", "belonging to", "been given", "been told")
_BEFORE_KNOWN = ASKS_FOR | each("given gave left tell told and or lack lacking hold holding in us")


def _can_be_missing(context: Context, key: str) -> bool:
    return "missing" in context.vocabulary.fields[key].operators


_BEHIND_KNOWN = each(
    "as plus along together while and or but who that with whose at on nor yet except in since having & have has"
    " ordered bought spent no not without nor neither never nothing , . ? ! ; /"
) | {""}


def _is_own_end(text: Text, at: int) -> bool:
    """Nothing follows that would say which one."""
    return text.word(at) in _BEHIND_KNOWN


def texts_at(context: Context, at: int) -> Found | None:
    """“first name is Anna”, “e-mail ends in .edu”, “postcode starts with LS1”, “called Anna”"""
    text = context.text
    called = _CALLED.at(text, at)
    phrases = context.vocabulary.texts
    noun = called or phrases.at(text, text.skip(at, ("the", "a", "an", "with", "whose")))
    if noun is None:
        return None
    link = _TEXT_OPS.at(text, noun[1])
    if _UNKNOWN.at(text, noun[1]):
        return None
    if link is None and (called or _looks_like_name(text, noun[1])):
        link = ("starts_with" if noun[0] == "postcode" else "is", noun[1])
    if link is None:
        return None
    op, start = link
    words = _open_words(context, start)
    if words is None:
        return None
    keys = ("first_name", "last_name") if called else (noun[0],)
    names, end = _names(context, words) if keys[0].endswith("_name") else ([words[0]], words[1])
    parts = [either(asked(range(at, end), key, op, name) for key in keys) for name in names]
    return Found(joined(parts, is_all=op == "is_not"), end, may_go_on=True)


def _names(context: Context, first: tuple[str, int]) -> tuple[list[str], int]:
    """“Anna or Maria”"""
    text = context.text

    def name_at(place: int) -> tuple[str, int] | None:
        if quoted := quoted_at(text, place):
            return quoted
        is_name = place < len(text) and text.tokens[place].is_capital and not context.is_named(place)
        is_one = is_name and (text.word(place + 1) in _TEXT_STOPS or not text.word(place + 1))
        return (text.slice(place, place + 1), place + 1) if is_one else None

    names, end, _joined_by = list_at(text, first, name_at)
    return names, end


def _looks_like_name(text: Text, at: int) -> bool:
    """“last name Smith”, “postcode LS1”"""
    return at < len(text) and text.tokens[at].is_capital


_CALLED = Phrases({"first_name": ["called", "named"]})
_MISSING = one_of("unknown", "missing", "no known", "no", "unset")
_TEXT_OPS = Phrases(
    {
        "is": ["is", "=", ":", "equals", "are", "of"],
        "is_not": ["is not", "are not"],
        "contains": ["contains", "containing", "includes", "has", "like", "is like", "with"],
        "starts_with": ["starts with", "begins with", "starting with", "beginning with"],
        "ends_with": ["ends with", "ends in", "ending in", "ending with", "is at", "at", "ending"],
    }
)  # fmt: skip
_TEXT_STOPS = each("and or but , who that with without whose ? ! ; except nor")


def _open_words(context: Context, at: int) -> tuple[str, int] | None:
    text = context.text
    if quoted := quoted_at(text, at):
        return quoted
    end = at
    while end < len(text) and text.word(end) not in _TEXT_STOPS and end - at < 6:
        if text.word(end) == "." and (end + 1 >= len(text) or text.tokens[end + 1].start > text.tokens[end].end):
            break
        end += 1
    return (text.slice(at, end), end) if end > at else None


_BROUGHT_IN = one_of(
    "came from an import", "come from an import", "came in by import", "came through an import", "from an import",
    "came by import", "came with an import", "were imported", "was imported", "are imported", "came from imports",
)  # fmt: skip
_SAMPLE = one_of("random", "random sample of", "randomly chosen", "randomly selected", "random selection of")


def lot_at(context: Context, at: int) -> Found | None:
    """“a random 10 percent of …”; and “came from an import”"""
    text = context.text
    if (found := _BROUGHT_IN.at(text, at)) and context.knows("source"):
        return Found(asked(range(at, found[1]), "source", "starts_with", "import"), found[1], may_go_on=True)
    start = text.skip(at, ("a", "an", "the"))
    word = _SAMPLE.at(text, start)
    share = number_at(text, word[1] if word else start)
    if share is None or not share.is_percent or not 0 < share.value <= 100 or not context.knows("lot"):
        return None
    end = share.end
    if word is None:
        if text.word(end) != "random":
            return None
        end = text.skip(end, ("random", "sample", "selection"))
    return Found(asked(range(at, end), "lot", "less", plain(share.value)), end)


def yes_no_at(context: Context, at: int) -> Found | None:
    """“members”, “in the loyalty programme”, and the programme's own yes or no by their label"""
    text = context.text
    phrases = context.vocabulary.yes_or_no
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
    return Found(asked(range(at, end), noun[0], "is", value), end, is_head=is_head)


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
        while text.word(end) in _REACHED | _MAY | {"not", "neither"}:
            is_turned = is_turned or text.word(end) in ("not", "neither")
            end += 1
        found = _channels(context, at, end, "", is_said=True)
        if found is None or found.part is None or not is_turned:
            return found
        return replace(found, part=negated(found.part, context.vocabulary.fields))
    for field, words in _CHANNEL_WORDS.items():
        if text.word(at) in words and text.word(at + 1) in ("consent", "permission"):
            return Found(asked(range(at, at + 2), f"{field}_agreed", "is", True), at + 2, frame=ReachFrame("_agreed"))
    said = _AGREED.at(text, at)
    if said is None:
        return None
    end = text.skip(said[1], _BETWEEN_AGREED)
    found = _channels(context, at, end, "_agreed", is_said=said[0])
    if (
        text.word(at) in ("on", "want", "receive", "refused", "allow")
        and found
        and text.word(found.end) not in ("", "and", "or", "but", ",", ".", "offer", "from", "list")
    ):
        return None
    return found


def _channels(context: Context, first: int, at: int, kind: str, *, is_said: bool) -> Found | None:
    text = context.text

    def channel_at(place: int) -> tuple[str, int] | None:
        start = text.skip(place, _BEFORE_CHANNEL)
        field = next((field for field, words in _CHANNEL_WORDS.items() if text.word(start) in words), None)
        return (field, text.skip(start + 1, _BEHIND_CHANNEL)) if field else None

    channel = channel_at(at)
    if channel is None:
        return None
    fields, end, joined_by = list_at(text, channel, channel_at)
    parts = [asked(range(first, end), f"{field}{kind}", "is", is_said) for field in fields]
    return Found(joined(parts, is_all=joined_by == "and"), end, frame=ReachFrame(kind))


_BEFORE_CHANNEL = each("by via our the a either both marketing through")
_BEHIND_CHANNEL = each("message offer from marketing list us newsletter them to")


def events_at(context: Context, at: int) -> Found | None:
    """What others sent, by its name: “app_opened at least twice in the last 30 days”"""
    text = context.text
    noun = context.vocabulary.events.at(text, text.skip(at, ('"', "“", "did", "the", "event")))
    if noun is None:
        return None
    end = text.skip(noun[1], ('"', "”"))
    one = times_at(text, end)
    times, end, is_all = context.time_list(one.end if one else end)
    windows: list[Window | None] = [time.for_counts for time in times] or [None]
    parts = [compared(range(at, end), noun[0], one or ONCE, window=window) for window in windows]
    part = joined(parts, is_all=is_all)
    return Found(part, end, may_go_on=True) if part else None
