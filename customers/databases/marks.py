"""How far a section has been read: the highest value of its cursor, from which the next reading goes back a little.

Rows with the same value are all read again, and so are those that were not committed yet when others after them
were: the next reading begins `overlap` before the mark. Reading a row twice changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from customers.databases.errors import SourceProblem

Mark = str | int | float
OVERLAP_SECONDS = 600  # of times: how long a transaction of the other system may take
OVERLAP_NUMBERS = 1_000  # of numbers
CLOCK_CHANGE = timedelta(hours=1)  # a wall clock without a zone is put back in autumn
NO_DATE = "0000-00-00"


def mark_of(value: object) -> Mark | None:
    """A cursor's value as it is kept; None for no value. Raises SourceProblem when it is neither time nor number."""
    if value is None or (isinstance(value, str) and (not value.strip() or value.startswith(NO_DATE))):
        return None
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value.strip("-") == "infinity" or value.endswith(" BC"):
            return None
        if _moment(value) is not None:
            return value
    raise SourceProblem(_("The cursor must be a time or a number, not “%(value)s”.") % {"value": str(value)[:40]})


def higher(one: Mark | None, other: Mark | None) -> Mark | None:
    if one is None or other is None:
        return other if one is None else one
    if isinstance(one, str) and isinstance(other, str):
        return other if _comparable(other) > _comparable(one) else one
    if isinstance(one, str) or isinstance(other, str):
        raise SourceProblem(_("The cursor is a time in some rows and a number in others."))
    return max(one, other)


def lower(one: Mark, other: Mark) -> Mark:
    return other if higher(one, other) == one else one


def capped(mark: Mark, *, now: datetime, zone: ZoneInfo) -> Mark:
    """A mark in the future, of one row with a wrong clock, would hide all rows until then."""
    if not isinstance(mark, str):
        return mark
    moment = _moment(mark)
    assert moment is not None
    latest = now if moment.tzinfo else now.astimezone(zone).replace(tzinfo=None)
    return _in_the_manner_of(mark, latest) if moment > latest else mark


def beginning(mark: Mark, overlap: int | None) -> Mark:
    """Where the next reading begins."""
    if not isinstance(mark, str):
        return mark - (OVERLAP_NUMBERS if overlap is None else overlap)
    moment = _moment(mark)
    assert moment is not None
    back = timedelta(seconds=OVERLAP_SECONDS if overlap is None else overlap)
    return _in_the_manner_of(mark, moment - back - (timedelta() if moment.tzinfo else CLOCK_CHANGE))


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _comparable(text: str) -> datetime:
    moment = _moment(text)
    assert moment is not None
    offset = moment.utcoffset()
    return moment.replace(tzinfo=None) - (offset or timedelta())


def _in_the_manner_of(text: str, moment: datetime) -> str:
    """As the database wrote its own: SQLite compares times as texts. Whole seconds, so that none is left out."""
    own = _moment(text)
    assert own is not None
    if moment.tzinfo and own.tzinfo:
        moment = moment.astimezone(own.tzinfo)
    if len(text) == len("2026-01-01"):
        return moment.date().isoformat()
    plain = moment.replace(microsecond=0).isoformat(sep="T" if "T" in text else " ")
    return plain.removesuffix("+00:00") if text.endswith("Z") else plain
