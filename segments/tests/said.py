"""A vocabulary without a database, and trees in short, for tests of the grammar."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from segments.fields.registry import FIELDS
from segments.rules import All, Any, Calendar, Condition, Dates, Everyone, Node, Not, Rules, Window
from segments.statement import Moment
from segments.words.reading import Reading, read_sentence
from segments.words.vocabulary import Vocabulary

MOMENT = Moment(datetime(2026, 11, 22, 10, 0, tzinfo=UTC), ZoneInfo("Europe/London"))  # a Sunday
SOLD = ("Lunch bag red", "Teapot", "Cake stand", "Ethiopia Guji, 250 g", "Green tea", "Soap", "Lantern", "Candle")
VOCABULARY = Vocabulary(
    FIELDS,
    {
        "businesses": [("quay", "Quayside Coffee"), ("lane", "Mill Lane Bakery"), ("pine", "Pine Street Roasters")],
        "tiers": [("bronze", "Bronze"), ("silver", "Silver"), ("gold", "Gold"), ("mate", "Harbour Mate")],
        "archetypes": [("best", "Best regulars"), ("new", "New faces"), ("away", "Drifted away")],
        "tags": [("vip", "VIP"), ("press", "Press")],
        "categories": [("Tea", "Tea"), ("Kitchen", "Kitchen")],
        "vendors": [("Bodum", "Bodum")],
        "channels": [("store", "In the shop"), ("online", "online")],
        "countries": [
            ("United Kingdom", "United Kingdom"),
            ("Germany", "Germany"),
            ("France", "France"),
            ("USA", "USA"),
        ],
        "stamp_cards": [("card", "Coffee card")],
        "rfm_groups": [("champions", "Champions"), ("loyal", "Loyal")],
        "weekdays": [("1", "Monday"), ("2", "Tuesday"), ("6", "Saturday"), ("7", "Sunday")],
        "languages": [("de", "German"), ("en", "English")],
        "churn_bands": [("low", "Low risk"), ("high", "High risk")],
    },
    programme="Wrenfield Gifts",
    cities=("Leeds", "New Leeds"),
    sells=lambda words: any(words.casefold() in title.casefold() for title in SOLD),
)


def reading_of(sentence: str) -> Reading:
    return read_sentence(sentence, VOCABULARY, MOMENT)


def said(sentence: str, vocabulary: Vocabulary = VOCABULARY) -> str:
    """What is understood of it, in short, with what is not in braces."""
    reading = read_sentence(sentence, vocabulary, MOMENT)
    if reading.refusal is not None:
        return f"refused: {reading.refusal.code}"
    left = [f"{{{words}}}" for words in reading.not_understood]
    return " ".join([brief(reading.rules) if reading.rules else "nothing", *left])


def brief(rules: Rules) -> str:
    match = rules.match
    if isinstance(match, All) and len(match.of) == 1:
        match = match.of[0]
    out = "".join(f" − {_brief(node)}" for node in rules.leave_out)
    return (
        _brief(match).removeprefix("(").removesuffix(")") + out if isinstance(match, All | Any) else _brief(match) + out
    )


def _brief(node: Node) -> str:
    match node:
        case Everyone():
            return "everyone"
        case Not(of):
            return f"not {_brief(of)}"
        case All(of):
            return f"({' & '.join(map(_brief, of))})"
        case Any(of):
            return f"({' | '.join(map(_brief, of))})"
    return _condition(node)


def _condition(one: Condition) -> str:
    parts = [one.field, _SIGNS.get(one.op, one.op), _value(one.value)]
    parts += [f"[{where.property} {_SIGNS.get(where.op, where.op)} {_value(where.value)}]" for where in one.where]
    parts += [_window(one.window)] if one.window else []
    return " ".join(part for part in parts if part)


_SIGNS = {
    "at_least": ">=", "more": ">", "less": "<", "at_most": "<=", "is": "=", "is_not": "≠", "is_one_of": "in",
    "is_none_of": "not in", "contains": "~", "within": "in",
}  # fmt: skip


def _value(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


def _window(window: Window) -> str:
    match window:
        case Dates(first, last):
            return f"{first or ''}..{last or ''}"
        case Calendar(unit, offset):
            return f"{unit}{offset:+}"
    kind = msgspec.to_builtins(window)["type"]
    return f"{kind} {window.count} {window.unit}"
