"""What time alone does to a segment: when it may change next, and who is to be judged again then.

A window of days moves at midnight of the programme's zone, one of minutes and hours at any moment. Nothing is kept for
each customer: whoever an edge of a window passed between two moments is found by the index of what the window is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.db import connection

from core.clock import day_after, day_start
from segments.fields.base import Field
from segments.operators import PATTERNS
from segments.rules import CLOCK, Condition, Dates, Last, Next, Over, Rules, conditions, is_of_clock
from segments.statement import JUST_AFTER, Moment, Query


def passed(rules: Rules, fields: Mapping[str, Field], before: Moment, after: Moment) -> Iterator[Query]:
    """Customers whom time alone may have brought in or out between two moments, and some others."""
    for _path, one in conditions(rules):
        field = fields[one.field]
        yield from field.source.passed(one, field.kind, before, after)


def next_change(rules: Rules, fields: Mapping[str, Field], moment: Moment) -> datetime | None:
    """The first moment after `moment` at which time alone may change who is in it; None: never.

    One query for each window of minutes or hours. It holds for what is there now: ask again when there is more.
    """
    found = set()
    for _path, one in conditions(rules):
        if one.window is not None and is_of_clock(one.window):
            found |= set(_passes(one, fields[one.field], moment))
        elif _moves_daily(one):
            found.add(day_start(day_after(moment.today), moment.zone))
    return min(found, default=None)


def _moves_daily(one: Condition) -> bool:
    is_relative = one.window is not None and not isinstance(one.window, Dates)
    return is_relative or (one.op in PATTERNS and one.op != "first_time")


def _passes(one: Condition, field: Field, moment: Moment) -> Iterator[datetime]:
    """When each edge of the window passes the next of what it is about."""
    for late in _lags(one):
        query = field.source.soonest(Moment(moment.now - late, moment.zone))
        with connection.cursor() as cursor:
            cursor.execute(query.sql, query.params)
            (at,) = cursor.fetchone()
        if at is not None:
            yield at + late + JUST_AFTER  # a window has both its ends


def _lags(one: Condition) -> Iterator[timedelta]:
    """How long after a moment each edge of the window passes it; before it where that is negative."""
    match one.window:
        case Last(count, unit):
            yield count * CLOCK[unit]
            yield -JUST_AFTER  # it ends with now
        case Over(count, unit):
            yield count * CLOCK[unit]
        case Next(count, unit):
            yield timedelta(0)
            yield -count * CLOCK[unit]
