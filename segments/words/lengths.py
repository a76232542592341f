"""Lengths of time: “90 days”, “more than a fortnight”, “a year and a half”."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from segments.rules import MOST, Unit
from segments.words.numbers import BEFORE, Comparison, comparison_at, number_at
from segments.words.text import Phrases, Text, one_of

UNITS: Mapping[str, tuple[int, Unit]] = {
    "minute": (1, "minute"), "hour": (1, "hour"), "day": (1, "day"), "week": (1, "week"), "month": (1, "month"),
    "year": (1, "year"), "fortnight": (2, "week"), "quarter": (3, "month"), "decade": (10, "year"),
    "twelvemonth": (1, "year"), "night": (1, "day"),
}  # fmt: skip
AGO = one_of("ago", "back", "earlier", "old")
ORDERS = Phrases({"more": ["longer than", "earlier than", "older than"], "less": ["newer than", "more recent than"]})


@dataclass(frozen=True, slots=True)
class Length:
    """So many units, as they are compared: “more than two weeks” are more than 2 of 1 week, a fortnight 1 of 2."""

    one: Comparison
    step: int
    unit: Unit
    end: int

    @property
    def count(self) -> int:
        """Of the unit; 0 where a tree cannot have it."""
        figures = [one for one in (self.one.value, self.one.high) if one is not None]
        if any(one != int(one) or not 1 <= one * self.step <= MOST[self.unit] for one in figures):
            return 0
        return int(self.one.value) * self.step


def _length_unit_at(text: Text, at: int) -> int | None:
    return at + 1 if text.word(at) in UNITS else None


def compared_length(text: Text, at: int) -> Length | None:
    """“more than a fortnight”, “between 30 and 90 days”, “a year and a half”"""
    one = comparison_at(text, at, _length_unit_at)
    if one is None and (order := ORDERS.at(text, at)):
        inner = compared_length(text, order[1])
        return inner and replace(inner, one=replace(inner.one, op=order[0]))
    if one is None or not one.has_unit:
        one = _one_unit(text, at)
    if one is None or one.is_money or one.is_percent:
        return None
    last = one.end - 1
    while text.word(last) not in UNITS:
        last -= 1
    step, unit = UNITS[text.word(last)]
    if "half" in (text.word(last - 1), text.word(last - 2)) and unit == "year" and one.value == 6:
        unit = "month"
    half = and_a_half(text, one.end)
    if half and unit == "year":
        return Length(replace(one, value=one.value * 12 + 6), 1, "month", one.end + half)
    return Length(one, step, unit, one.end)


def plain_length(text: Text, at: int) -> tuple[int, tuple[int, Unit], int] | None:
    """“90 days”, “half a year”, “two and a half years”: how many, of which unit, and the place after it"""
    number = number_at(text, at)
    if number is None:
        half = text.skip(at + 1, ("a", "an"))
        return (6, (1, "month"), half + 1) if text.word(at) == "half" and text.word(half) == "year" else None
    if half := and_a_half(text, number.end):  # “two and a half years”
        is_years = number.value == int(number.value) and text.word(number.end + half) == "year"
        return (int(number.value) * 12 + 6, (1, "month"), number.end + half + 1) if is_years else None
    unit = UNITS.get(text.word(number.end))
    if unit is None or number.value != int(number.value) or number.is_money or number.is_percent:
        return None
    count, end = int(number.value), number.end + 1
    half = and_a_half(text, end) if unit[1] == "year" else 0  # “a year and a half”
    return (count * 12 + 6, (1, "month"), end + half) if half else (count * unit[0], unit, end)


def _one_unit(text: Text, at: int) -> Comparison | None:
    """“a year”, “more than a month”, “half a year”"""
    op, start = BEFORE.at(text, at) or ("is", at)
    half = text.skip(start + 1, ("a", "an"))
    if text.word(start) == "half" and text.word(half) == "year":
        return Comparison(op, Decimal(6), half + 1, has_unit=True)
    if text.word(start) not in ("a", "an") or text.word(start + 1) not in UNITS:
        return None
    return Comparison(op, Decimal(1), start + 2, has_unit=True)


def and_a_half(text: Text, at: int) -> int:
    return 3 if [text.word(at + place) for place in range(3)] == ["and", "a", "half"] else 0


def late_suffix(text: Text, at: int) -> tuple[str, int] | None:
    """“90 days ago or more”"""
    if text.word(at) == "or" and text.word(at + 1) in ("more", "longer", "earlier"):
        return "at_least", at + 2
    if text.word(at) == "or" and text.word(at + 1) in ("less", "later"):
        return "at_most", at + 2
    return None
