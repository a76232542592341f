"""From a database's value to the text that the import core judges, as a file would hold it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from customers.databases.marks import NO_DATE
from customers.imports.fields import BY_NAME
from customers.imports.values import CellProblem, parse_moment

MAX_TEXT = 10_000  # characters; every field of ours is shorter
MILLISECONDS_FROM = 100_000_000_000  # as seconds, the year 5138
_UNREADABLE = re.compile("[\0\ud800-\udfff]")
_PLACES = {
    "quantity": Decimal("0.001"),
    "price": Decimal("0.0001"),
    "amount": Decimal("0.0001"),
    "total": Decimal("0.0001"),
}
Cell = Callable[[object], str]


def cell_of(field: str, *, zone: ZoneInfo, statuses: Mapping[str, str], is_given_back: bool = False) -> Cell:
    """How values of `field` become text. `zone` is of times without one; `is_given_back`: totals are below zero."""
    convert = BY_NAME[field].convert
    if convert == "moment":
        return lambda value: moment_text(value, zone)
    if convert == "day":
        return day_text
    if places := _PLACES.get(convert):
        return lambda value: number_text(value, places, is_negated=is_given_back and convert == "total")
    if convert == "status":
        return lambda value: statuses.get(text := plain_text(value), text)
    return plain_text


def plain_text(value: object) -> str:
    """Nothing for NULL; bytes that are no text as hexadecimal digits; whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, (bytes, bytearray, memoryview)):
        raw = bytes(value)
        try:
            value = raw.decode()
        except UnicodeDecodeError:
            value = raw.hex()
    elif isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    return _UNREADABLE.sub("", str(value)[:MAX_TEXT])


def number_text(value: object, places: Decimal, *, is_negated: bool = False) -> str:
    """Rounded to what an amount may have: others keep six digits behind the point, or binary fractions."""
    text = plain_text(value)
    try:
        number = Decimal(text.strip())
        exact = number if number == number.to_integral_value() else number.quantize(places)
    except (InvalidOperation, ValueError):
        return text  # the import core says what is wrong with it
    return f"{-abs(exact) if is_negated else exact:f}"


def moment_text(value: object, zone: ZoneInfo) -> str:
    """ISO 8601 with a zone; numbers are seconds or milliseconds since 1970; MySQL's zero date is nothing."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return _since_1970(float(value))
    text = value.isoformat() if isinstance(value, (datetime, date)) else plain_text(value).strip()
    if not text or text.startswith(NO_DATE):
        return ""
    try:
        moment = parse_moment(text, "ymd")
    except CellProblem:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat()


def day_text(value: object) -> str:
    text = value.isoformat() if isinstance(value, (datetime, date)) else plain_text(value).strip()
    return "" if text.startswith(NO_DATE) else text


def _since_1970(number: float) -> str:
    try:
        return datetime.fromtimestamp(number / 1000 if abs(number) >= MILLISECONDS_FROM else number, UTC).isoformat()
    except (OverflowError, OSError, ValueError):
        return str(number)
