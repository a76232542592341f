"""What a value can be asked, and how that is said in SQL: true of who it holds for, false or NULL of everybody else.

`Kind` says what a field holds, which operators it has and how a value of a tree is read. Parameters are all that comes
from a tree; expressions come from the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from segments.rules import MAX_CHOICES, Value

MAX_TEXT = 500
MAX_NUMBER = Decimal(10) ** 15
Param = Callable[[object], str]  # binds a value, gives its placeholder


class Kind(StrEnum):
    TEXT = "text"
    CHOICE = "choice"  # one of the programme's own, by code
    CHOICES = "choices"  # any number of them
    NUMBER = "number"
    MONEY = "money"  # of the programme's currency
    SHARE = "share"  # said in percent, kept as 0 to 1
    DAY = "day"  # of the programme's zone
    ANNIVERSARY = "anniversary"  # the day and month count, not the year
    YES_NO = "yes_no"


class BadValue(ValueError):
    """A value that the kind or operator cannot take; the message says what it takes."""


NUMBERS = ("is", "is_not", "more", "at_least", "less", "at_most", "between")
KNOWN = ("exists", "missing")
# Of what can be counted: how it goes on. `stopped`: none in so many days, though there was before (within the window).
# `restarted`: again within the window, after so many days without, though there was before them.
PATTERNS = ("first_time", "stopped", "restarted")
MAX_QUIET = 3_650  # days
OPERATORS: Mapping[Kind, Sequence[str]] = {
    Kind.TEXT: ("is", "is_not", "contains", "does_not_contain", "starts_with", "ends_with", *KNOWN),
    Kind.CHOICE: ("is_one_of", "is_none_of", *KNOWN),
    Kind.CHOICES: ("has_one_of", "has_all_of", "has_none_of"),
    Kind.NUMBER: (*NUMBERS, *KNOWN),
    Kind.MONEY: (*NUMBERS, *KNOWN),
    Kind.SHARE: (*NUMBERS, *KNOWN),
    Kind.DAY: ("within", "not_within", *KNOWN),
    Kind.ANNIVERSARY: ("within", "not_within", *KNOWN),
    Kind.YES_NO: ("is",),
}
WITHOUT_VALUE = frozenset({"exists", "missing", "within", "not_within", "first_time"})
OF_MISSING = frozenset({"is_not", "does_not_contain", "is_none_of", "missing"})  # hold where there is nothing
WITH_WINDOW = frozenset({"within", "not_within"})
NEEDS_WINDOW = WITH_WINDOW | {"first_time", "restarted"}
_SIGNS: Mapping[str, str] = {"more": ">", "at_least": ">=", "less": "<", "at_most": "<="}
_PATTERNS: Mapping[str, str] = {
    "contains": "%{}%",
    "does_not_contain": "%{}%",
    "starts_with": "{}%",
    "ends_with": "%{}",
}


def value_of(kind: Kind, op: str, value: Value) -> Any:
    """The value that is bound: a text, a list of texts, a number or a pair, True or False, None. Raises BadValue."""
    if op in WITHOUT_VALUE:
        if value is not None:
            raise BadValue("This takes no value.")
        return None
    if op in PATTERNS:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_QUIET:
            raise BadValue(f"This takes a number of days from 1 to {MAX_QUIET}.")
        return value
    if kind in (Kind.CHOICE, Kind.CHOICES):
        return _several(value)
    if kind is Kind.TEXT:
        return _text(value)
    if kind is Kind.YES_NO:
        if not isinstance(value, bool):
            raise BadValue("This is true or false.")
        return value
    if op == "between":
        if not isinstance(value, list) or len(value) != 2:
            raise BadValue("This takes two numbers.")
        low, high = (_number(kind, one) for one in value)
        if low > high:
            raise BadValue("The first number is above the second.")
        return low, high
    return _number(kind, value)


def compared(expression: str, kind: Kind, op: str, value: Any, param: Param) -> str:
    """SQL of whether a number, text, choice or yes/no is so. A text of nothing counts as missing."""
    if op == "exists":
        return f"{expression} IS NOT NULL"
    if op == "missing":
        return f"{expression} IS NULL"
    if kind is Kind.CHOICE:
        found = f"{expression} = ANY({param(value)}::text[])"
        return found if op == "is_one_of" else turned(found)
    if kind is Kind.YES_NO:
        return expression if value else turned(expression)
    if kind is Kind.TEXT:
        return _text_sql(expression, op, value, param)
    cast = "float8" if kind is Kind.SHARE else "numeric"
    if op == "between":
        return f"{expression} BETWEEN {param(value[0])}::{cast} AND {param(value[1])}::{cast}"
    if op in _SIGNS:
        return f"{expression} {_SIGNS[op]} {param(value)}::{cast}"
    same = f"{expression} = {param(value)}::{cast}"
    return same if op == "is" else turned(same)


def turned(asked: str) -> str:
    """SQL that is true of everybody else: of whom `asked` is false, and of whom it is NULL."""
    return f"NOT ({asked})" if asked.endswith(" IS NOT NULL") else f"({asked}) IS NOT TRUE"


def holds(op: str, value: Any, number: Decimal) -> bool:
    """Whether a number is so, as `compared` says it."""
    match op:
        case "is":
            return bool(number == value)
        case "is_not":
            return bool(number != value)
        case "more":
            return bool(number > value)
        case "at_least":
            return bool(number >= value)
        case "less":
            return bool(number < value)
        case "at_most":
            return bool(number <= value)
    return bool(value[0] <= number <= value[1])


def within(expression: str, first: str | None, end: str | None, *, is_inside: bool) -> str:
    """SQL of whether a time or day lies from `first` on and before `end`, placeholders; None: open there."""
    parts = [f"{expression} {sign} {edge}" for sign, edge in ((">=", first), ("<", end)) if edge]
    inside = f"({' AND '.join(parts)})"
    return inside if is_inside else turned(inside)


def _text_sql(expression: str, op: str, value: str, param: Param) -> str:
    if op in ("is", "is_not"):
        same = f"lower({expression}) = lower({param(value)})"
        return same if op == "is" else turned(same)
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    pattern = param(_PATTERNS[op].format(escaped))
    like = f"{expression} ILIKE {pattern}"
    return turned(like) if op == "does_not_contain" else like


def _number(kind: Kind, value: object) -> Decimal | float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadValue("This takes a number.")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise BadValue("This takes a number.") from error
    if not number.is_finite() or abs(number) > MAX_NUMBER:
        raise BadValue("This takes a number.")
    if kind is Kind.SHARE:
        if not 0 <= number <= 100:
            raise BadValue("This takes a percentage from 0 to 100.")
        return float(number / 100)
    return number


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadValue("This takes some words.")
    text = value.strip()
    if len(text) > MAX_TEXT or "\x00" in text or any(0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        raise BadValue(f"This takes up to {MAX_TEXT} characters.")
    return text


def _several(value: object) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_CHOICES:
        raise BadValue(f"This takes one to {MAX_CHOICES} values.")
    return sorted({_text(one) for one in value})


def day_of(value: object) -> date:
    """A day as trees write it. Raises BadValue."""
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise BadValue("This takes a day such as 2026-11-22.") from error
