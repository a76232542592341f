"""What stands beside the rows while a segment is built: who matches now, and how that moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection
from django.utils import timezone
from django.utils.formats import date_format

from core.clock import local_day
from core.presentation import format_number
from core.requests import StaffRequest
from customers.models import Customer
from customers.words import clock_time
from segments.compiler import counts
from segments.fields.base import Field
from segments.form import Judged
from segments.models import Segment
from segments.reports.overview import sizes
from segments.rules import conditions
from segments.statement import Moment


@dataclass(frozen=True, slots=True)
class Channel:
    label: str
    people: int
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Panel:
    """`total` None: it could not be counted; `is_slow` says that it only takes longer."""

    total: int | None = None
    share: str = ""  # of everybody
    at: str = ""
    is_slow: bool = False
    channels: Sequence[Channel] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    growth: Sequence[tuple[str, int]] = ()

    @property
    def is_counted(self) -> bool:
        return self.total is not None

    @property
    def spark(self) -> list[int]:
        return [people for _day, people in self.growth]


def panel_of(judged: Judged, fields: Mapping[str, Field], request: StaffRequest, segment: Segment | None) -> Panel:
    if judged.rules is None:
        return Panel()
    now, zone = timezone.now(), request.programme.zone
    query = counts(judged.rules, fields, Moment(now, zone))
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        total, *each = cursor.fetchone()
    paths = [path for path, _one in conditions(judged.rules)]
    daily = sizes(segment, today=local_day(now, zone)) if segment else []
    growth = [(date_format(day, "j M"), people) for day, people in daily[::-1][::7][::-1]]
    everybody = Customer.objects.active().count()
    share = f"{format_number(100 * total / everybody if everybody else 0, 1)}%"
    return Panel(total, share, at=clock_time(now, zone), counts=dict(zip(paths, each, strict=True)), growth=growth)
