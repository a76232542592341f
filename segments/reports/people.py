"""Who is in a segment, whom staff put in or took out, who came and left, and the segments of one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.charts import Chart, Series
from core.clock import day_after, day_start, local_day
from core.keyset import KeysetPage, Order, keyset_page
from core.presentation import format_number
from customers.models import Customer, CustomerFacts
from customers.reports.customer_list import Scope, name_and_contact
from customers.words import clock_time, days_ago
from segments.models import Segment, SegmentChange, SegmentChoice, SegmentDay, SegmentMember

BY_CUSTOMER = Order(["customer_id"])  # the index of members by segment
NEWEST = Order(["at", "id"])
CHART_DAYS = 84


@dataclass(frozen=True, slots=True)
class Person:
    code: str
    name: str
    contact: str
    since: str
    last_order: str  # in words; empty: never bought
    spent: Decimal
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Choice:
    code: str
    name: str
    contact: str
    is_in: bool
    who: str
    when: str


@dataclass(frozen=True, slots=True)
class Change:
    code: str
    name: str
    is_entry: bool
    reason: str
    when: str


@dataclass(frozen=True, slots=True)
class Belonging:
    segment: Segment
    since: str  # a day in words, as it stands in a sentence


def people_page(segment: Segment, scope: Scope, *, cursor: str = "") -> KeysetPage[Person]:
    """One page, the newest customers first. Two queries."""
    members = SegmentMember.objects.filter(segment=segment).select_related("customer__facts")
    page = keyset_page(members, BY_CUSTOMER, descending=True, cursor=cursor)
    ids = [row.customer_id for row in page.rows]
    by_hand = set(segment.choices.filter(customer__in=ids, is_in=True).values_list("customer", flat=True))
    return page.with_rows([_person(row, scope, by_hand=row.customer_id in by_hand) for row in page.rows])


def choice_page(segment: Segment, scope: Scope, *, cursor: str = "") -> KeysetPage[Choice]:
    """Whom staff put in or took out. One query."""
    page = keyset_page(segment.choices.select_related("customer"), BY_CUSTOMER, descending=True, cursor=cursor)
    return page.with_rows([_choice(row, scope) for row in page.rows])


def changes_of(
    segment: Segment, *, way: str = "", reason: str = "", day: date | None = None, zone: ZoneInfo
) -> QuerySet[SegmentChange]:
    """Who came (`way` "in") and left ("out"), for a reason, on a day of the programme."""
    found = SegmentChange.objects.filter(segment=segment)
    if way in ("in", "out"):
        found = found.filter(is_entry=way == "in")
    if reason in SegmentChange.Reason.values:
        found = found.filter(reason=reason)
    if day is not None:
        found = found.filter(at__gte=day_start(day, zone), at__lt=day_start(day_after(day), zone))
    return found


def change_page(changes: QuerySet[SegmentChange], scope: Scope, *, cursor: str = "") -> KeysetPage[Change]:
    """The newest first. One query."""
    page = keyset_page(changes.select_related("customer"), NEWEST, descending=True, cursor=cursor)
    return page.with_rows(
        [
            Change(
                code=_code(row.customer),
                name=name_and_contact(row.customer, scope.country)[0],
                is_entry=row.is_entry,
                reason=str(row.get_reason_display()),
                when=_moment(row.at, scope),
            )
            for row in page.rows
        ]
    )


def movement_chart(segment: Segment, *, now: datetime, zone: ZoneInfo) -> Chart | None:
    """Who came and left on each of the last days; None before anybody did. One query."""
    today = local_day(now, zone)
    first = today - timedelta(days=CHART_DAYS - 1)
    known = {row.day: row for row in SegmentDay.objects.filter(segment=segment, day__gte=first, day__lte=today)}
    if not any(row.entered or row.left for row in known.values()):
        return None
    start = min(known)
    days = [start + timedelta(days=number) for number in range((today - start).days + 1)]
    entered = [known[day].entered if day in known else 0 for day in days]
    left = [known[day].left if day in known else 0 for day in days]
    finding = _("%(entered)s came and %(left)s left since %(day)s.") % {
        "entered": format_number(sum(entered)),
        "left": format_number(sum(left)),
        "day": date_format(start, "j F"),
    }
    return Chart(
        id="movement",
        title=_("Who came and left"),
        finding=finding,
        labels=[date_format(day, "j M") for day in days],
        series=[
            Series(_("Came"), entered, shape="bar", tone="1", stacked=True),
            Series(_("Left"), [-number for number in left], shape="bar", tone="2", stacked=True),
        ],
        axis_title=_("Day"),
    )


def segments_of(customer: Customer, *, now: datetime, zone: ZoneInfo) -> Sequence[Belonging]:
    """The living segments that somebody is in, the newest first. One query."""
    members = (
        SegmentMember.objects.filter(customer=customer, segment__archived_at__isnull=True)
        .select_related("segment")
        .order_by("-since", "segment__name")
    )
    return [Belonging(one.segment, _since(one.since, now=now, zone=zone)) for one in members]


def _since(at: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    day, today = local_day(at, zone), local_day(now, zone)
    if day == today:
        return _("today")
    return date_format(day, "j M" if day.year == today.year else "j M Y")


def _person(row: SegmentMember, scope: Scope, *, by_hand: bool) -> Person:
    name, contact = name_and_contact(row.customer, scope.country)
    facts = getattr(row.customer, "facts", None) or CustomerFacts(customer=row.customer)
    return Person(
        code=_code(row.customer),
        name=name,
        contact=contact,
        since=_moment(row.since, scope),
        last_order=days_ago(facts.last_order_at, now=scope.now, zone=scope.zone) if facts.last_order_at else "",
        spent=facts.total_spent,
        by_hand=by_hand,
    )


def _choice(row: SegmentChoice, scope: Scope) -> Choice:
    name, contact = name_and_contact(row.customer, scope.country)
    return Choice(_code(row.customer), name, contact, row.is_in, row.actor_label, _moment(row.at, scope))


def _code(customer: Customer) -> str:
    """Of somebody who has a page."""
    return customer.code if customer.state in (Customer.State.ACTIVE, Customer.State.ARCHIVED) else ""


def _moment(at: datetime, scope: Scope) -> str:
    day = days_ago(at, now=scope.now, zone=scope.zone)
    return _("%(day)s, %(time)s") % {"day": day, "time": clock_time(at, scope.zone)}
