"""At what time of the day: “before 9am”, “after 3 in the afternoon”, “between 12 and 2pm”. Whole hours."""

from __future__ import annotations

from dataclasses import replace

from segments.words.context import Context
from segments.words.sold import Manner, Sales
from segments.words.text import Phrases, Text

_HALVES = Phrases(
    {
        "am": ["am", "a.m.", "in the morning"],
        "pm": ["pm", "p.m.", "in the afternoon", "in the evening", "at night"],
    }
)
_NAMED = {"noon": 12, "midday": 12}
_LAST = 23


def at_hours(context: Context, at: int, frame: Sales, _manner: Manner) -> tuple[Sales, int]:
    found = None if frame.hours else _hours_at(context.text, at)
    return (replace(frame, hours=found[0]), found[1]) if found else (frame, at)


def _hours_at(text: Text, at: int) -> tuple[tuple[int, int], int] | None:
    """The first and the last hour, and the place behind them; without “am”, “pm” or “noon” it may be anything."""
    word = text.word(at)
    if word in ("before", "after"):
        hour = _hour(text, at + 1)
        if hour is None:
            return None
        first, last = (0, hour[0] - 1) if word == "before" else (hour[0], _LAST)
        return ((first, last), hour[1]) if first <= last else None
    if word not in ("between", "from"):
        return None
    place = at + 1
    opening = _hour(text, place) or (None if (bare := text.number(place)) is None else (int(bare), place + 1))
    joined = opening is not None and text.word(opening[1]) in ("and", "to", "-")
    until = _hour(text, opening[1] + 1) if opening and joined else None
    if opening is None or until is None:
        return None
    first = opening[0]
    if _hour(text, place) is None and first + 12 < until[0]:  # “between 1 and 3pm”
        first += 12
    return ((first, until[0] - 1), until[1]) if first < until[0] else None


def _hour(text: Text, at: int) -> tuple[int, int] | None:
    if (named := _NAMED.get(text.word(at))) is not None:
        return named, at + 1
    figure, half = text.number(at), _HALVES.at(text, at + 1)
    if figure is None or half is None or figure != int(figure) or not 1 <= figure <= 12:
        return None
    return int(figure) % 12 + 12 * (half[0] == "pm"), half[1]
