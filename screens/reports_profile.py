"""What the profile of one customer shows. People limited to one business see its orders and events only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Model
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.charts import Chart, Series
from core.clock import day_start, local_day
from core.figures import Delta, make_delta
from core.presentation import format_money, format_number, format_signed
from customers.consent import consents_of
from customers.models import ConsentRecord, Customer, CustomerFacts, CustomerScores, Event, Note, Order, Refund
from customers.reports.customer_list import Scope
from customers.reports.timeline import Source, TimelinePage, timeline
from customers.rfm_groups import RFM_GROUPS, RfmGroup
from customers.words import clock_time, day_heading, days_ago
from loyalty.models import Transaction
from messaging.models import InboundMessage, OutboundMessage
from messaging.reports_reach import texts_stopped_at
from screens.reports_scores import worth_of
from screens.words import CONSENT_SOURCES, CONSENTS, consent_words, happened
from workspace.models import Business

WINDOW_DAYS = 90
MONTHS = 12
MAX_TITLES = 2
MAX_EXCERPT = 120  # characters of a message
MAX_STATEMENTS = 100  # of consent
HOURS = 2  # of one row of the map of visits
HABIT = 5  # visits that show one; with fewer in WINDOW_DAYS the map looks at a year
HEATS = 5

# When somebody buys: weekday (Monday is 1), hours, orders of a year, and those of the last WINDOW_DAYS days.
VISITS = """
    SELECT extract(isodow FROM local)::int, extract(hour FROM local)::int / %(hours)s, count(*),
           count(*) FILTER (WHERE placed_at >= %(recent)s)
    FROM (
        SELECT placed_at, placed_at AT TIME ZONE %(zone)s AS local FROM customers_order
        WHERE customer_id = %(customer)s AND status <> 'cancelled' AND placed_at >= %(since)s AND {of_business}
    ) AS visit GROUP BY 1, 2
"""
# Sums of everything, of the last WINDOW_DAYS days and of the days before.
VALUE = """
    SELECT count(*), coalesce(sum(total), 0), min(placed_at), max(placed_at),
           count(*) FILTER (WHERE placed_at >= %(recent)s),
           coalesce(sum(total) FILTER (WHERE placed_at >= %(recent)s), 0),
           count(*) FILTER (WHERE placed_at >= %(before)s AND placed_at < %(recent)s),
           coalesce(sum(total) FILTER (WHERE placed_at >= %(before)s AND placed_at < %(recent)s), 0)
    FROM customers_order WHERE customer_id = %(customer)s AND status <> 'cancelled' AND {of_business}
"""
MONTHLY = """
    SELECT month, sum(amount) FROM (
        SELECT date_trunc('month', placed_at AT TIME ZONE %(zone)s)::date AS month, total AS amount
        FROM customers_order AS sale
        WHERE customer_id = %(customer)s AND status <> 'cancelled' AND placed_at >= %(since)s AND {of_business}
        UNION ALL
        SELECT date_trunc('month', refunded_at AT TIME ZONE %(zone)s)::date, -sale.total
        FROM customers_refund AS sale LEFT JOIN customers_order AS origin ON origin.id = sale.order_id
        WHERE sale.customer_id = %(customer)s AND origin.status IS DISTINCT FROM 'cancelled'
          AND refunded_at >= %(since)s AND sale.{of_business}
    ) AS part GROUP BY month
"""
REFUNDED = """
    SELECT coalesce(sum(refund.total), 0) FROM customers_refund AS refund
    LEFT JOIN customers_order AS sale ON sale.id = refund.order_id
    WHERE refund.customer_id = %(customer)s AND sale.status IS DISTINCT FROM 'cancelled' AND refund.{of_business}
"""


@dataclass(frozen=True, slots=True)
class Value:
    label: str
    value: str
    note: str = ""
    change: Delta | None = None


@dataclass(frozen=True, slots=True)
class Score:
    label: str
    score: int
    words: str


@dataclass(frozen=True, slots=True)
class RfmCard:
    group: RfmGroup
    since: str
    scores: Sequence[Score]


@dataclass(frozen=True, slots=True)
class VisitCell:
    day: str
    visits: int
    heat: int  # 0 to HEATS


@dataclass(frozen=True, slots=True)
class VisitRow:
    hours: str  # 8–10
    cells: Sequence[VisitCell]


@dataclass(frozen=True, slots=True)
class VisitMap:
    """Orders by weekday and hours; no rows: too few to show a habit."""

    days: Sequence[tuple[str, str]]  # short and whole name
    rows: Sequence[VisitRow]
    window: str
    finding: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of consent with its proof."""

    label: str
    is_granted: bool
    at: datetime
    source: str
    text: str  # the words that the person saw


@dataclass(frozen=True, slots=True)
class ConsentLine:
    label: str
    is_granted: bool
    text: str


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    icon: str
    tone: str
    title: str
    detail: str
    amount: str
    points: str
    time: str
    href_code: str  # of the order to open


@dataclass(frozen=True, slots=True)
class TimelineDay:
    heading: str  # empty: the day of the page before goes on
    entries: Sequence[TimelineEntry]


@dataclass(frozen=True, slots=True)
class History:
    days: Sequence[TimelineDay]
    earlier: str


def value_strip(customer: Customer, scope: Scope, currency: str, scores: CustomerScores | None) -> list[Value]:
    """Spent, orders, per order and what is expected of the next year (or the last visit), against the days before
    where that says something. Two queries."""
    recent, before = scope.days_ago(WINDOW_DAYS - 1), scope.days_ago(2 * WINDOW_DAYS - 1)
    values = {"customer": customer.pk, "business": scope.actor.business_id, "recent": recent, "before": before}
    with connection.cursor() as cursor:
        cursor.execute(VALUE.format(of_business=_of_business(scope)), values)
        orders, total, first_at, last_at, new_orders, new_total, old_orders, old_total = cursor.fetchone()
        cursor.execute(REFUNDED.format(of_business=_of_business(scope)), values)
        spent = total - cursor.fetchone()[0]
    each = total / orders if orders else None
    each_now = new_total / new_orders if new_orders else None
    each_before = old_total / old_orders if old_orders else None
    window = _("%(days)s days") % {"days": WINDOW_DAYS}
    since = date_format(first_at.astimezone(scope.zone), "F Y") if first_at else ""
    return [
        Value(
            _("Spent so far"),
            format_money(spent, currency),
            _("since %(month)s") % {"month": since} if since else _("nothing yet"),
        ),
        Value(
            _("Orders, %(window)s") % {"window": window},
            format_number(new_orders),
            _("from %(before)s, %(all)s in all") % {"before": format_number(old_orders), "all": format_number(orders)},
            make_delta(new_orders, old_orders, unit="number") if orders else None,
        ),
        Value(
            _("Per order, %(window)s") % {"window": window} if each_now else _("Per order"),
            format_money(each_now or each, currency) if each else "–",
            _("from %(value)s") % {"value": format_money(each_before, currency)} if each_now and each_before else "",
            make_delta(each_now, each_before) if each_now and each_before else None,
        ),
        _next_year(scores, currency)
        if scores
        else Value(
            _("Last order"),
            days_ago(last_at, now=scope.now, zone=scope.zone) if last_at else _("Never"),
            date_format(last_at.astimezone(scope.zone), "j F Y") if last_at else "",
        ),
    ]


def _next_year(scores: CustomerScores, currency: str) -> Value:
    worth = worth_of(scores, currency)
    return Value(
        _("Next 12 months"), worth.value, _("likely %(low)s to %(high)s") % {"low": worth.low, "high": worth.high}
    )


def spend_chart(customer: Customer, scope: Scope, currency: str) -> Chart:
    """Net spend of each of the last MONTHS months. One query."""
    today = local_day(scope.now, scope.zone)
    months = [_month_before(today, number) for number in reversed(range(MONTHS))]
    values = {
        "customer": customer.pk,
        "business": scope.actor.business_id,
        "zone": str(scope.zone),
        "since": day_start(months[0], scope.zone),
    }
    with connection.cursor() as cursor:
        cursor.execute(MONTHLY.format(of_business=_of_business(scope)), values)
        spent = dict(cursor.fetchall())
    amounts = [spent.get(month, Decimal(0)) for month in months]
    best = max(range(MONTHS), key=amounts.__getitem__)
    finding = _("Nothing bought in the last twelve months.")
    if amounts[best] > 0:
        finding = _("Most in %(month)s: %(amount)s. Refunds count in the month they were made.") % {
            "month": date_format(months[best], "F Y"),
            "amount": format_money(amounts[best], currency),
        }
    return Chart(
        id="profile-spend",
        title=_("Spend per month"),
        finding=finding,
        labels=[date_format(month, "M") for month in months],
        series=[Series(_("Spent"), amounts, tone="1", shape="bar", unit="money")],
        currency=currency,
        axis_title=_("Month"),
    )


def _month_before(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


def _of_business(scope: Scope) -> str:
    return "business_id = %(business)s" if scope.actor.business_id is not None else "customer_id = %(customer)s"


def rfm_card(facts: CustomerFacts | None, scope: Scope) -> RfmCard | None:
    """The group and scores in words; None before the first scoring."""
    group = RFM_GROUPS.get(facts.rfm_group) if facts else None
    if facts is None or group is None:
        return None
    recency = (
        _("Longer ago than nearly everybody"), _("Longer ago than most"), _("In the middle"),
        _("More recently than most"), _("More recently than nearly everybody"),
    )  # fmt: skip
    frequency = (
        _("Rarer than nearly everybody"), _("Rarer than most"), _("In the middle"), _("More often than most"),
        _("More often than nearly everybody"),
    )  # fmt: skip
    monetary = (
        _("Less than nearly everybody"), _("Less than most"), _("In the middle"), _("More than most"),
        _("More than nearly everybody"),
    )  # fmt: skip
    given = (
        (pgettext("RFM", "How recently"), facts.rfm_recency, recency),
        (pgettext("RFM", "How often"), facts.rfm_frequency, frequency),
        (pgettext("RFM", "How much"), facts.rfm_monetary, monetary),
    )
    since = days_ago(facts.rfm_at, now=scope.now, zone=scope.zone) if facts.rfm_at else ""
    return RfmCard(group, since, [Score(label, score, words[score - 1]) for label, score, words in given if score])


def visit_map(customer: Customer, scope: Scope) -> VisitMap:
    """When they come, by weekday and hours of the programme's zone. One query."""
    values = {
        "customer": customer.pk,
        "business": scope.actor.business_id,
        "zone": str(scope.zone),
        "hours": HOURS,
        "recent": scope.days_ago(WINDOW_DAYS - 1),
        "since": scope.days_ago(364),
    }
    with connection.cursor() as cursor:
        cursor.execute(VISITS.format(of_business=_of_business(scope)), values)
        found = cursor.fetchall()
    is_recent = sum(recent for *_place, recent in found) >= HABIT
    visits = {(day, block): recent if is_recent else year for day, block, year, recent in found}
    visits = {place: number for place, number in visits.items() if number}
    window = _("%(days)s days") % {"days": WINDOW_DAYS} if is_recent else _("12 months")
    days = [(str(WEEKDAYS_ABBR[number]), str(WEEKDAYS[number])) for number in range(7)]
    total = sum(visits.values())
    if total < HABIT:
        return VisitMap(days, (), window, _("Too few visits to show a habit."))
    blocks = [block for _day, block in visits]
    most = max(visits.values())
    rows = [
        VisitRow(
            _hours(block),
            [
                VisitCell(days[day - 1][1], number := visits.get((day, block), 0), -(-HEATS * number // most))
                for day in range(1, 8)
            ],
        )
        for block in range(min(blocks), max(blocks) + 1)
    ]
    day, block = min(visits, key=lambda place: (-visits[place], place))
    finding = _("Most often on %(day)s, %(hours)s: %(visits)s of %(total)s visits.") % {
        "day": days[day - 1][1],
        "hours": _hours(block),
        "visits": format_number(visits[day, block]),
        "total": format_number(total),
    }
    return VisitMap(days, rows, window, finding)


def _hours(block: int) -> str:
    return f"{block * HOURS}–{(block + 1) * HOURS}"


def consent_history(customer: Customer, scope: Scope) -> list[Statement]:
    """Every statement with its proof, newest first, also those made before a merge; MAX_STATEMENTS at most."""
    people = [customer.pk, *Customer.objects.parts_of(customer).values_list("pk", flat=True)]
    found = ConsentRecord.objects.filter(customer__in=people).order_by("-at", "-pk")[:MAX_STATEMENTS]
    return [
        Statement(
            label=consent_words(record.channel, record.purpose),
            is_granted=record.is_granted,
            at=record.at.astimezone(scope.zone),
            source=str(CONSENT_SOURCES.get(record.source, record.source)),
            text=str(record.proof.get("text", "")),
        )
        for record in found
    ]


def consent_lines(customer: Customer, scope: Scope) -> list[ConsentLine]:
    """A line for each channel and purpose: yes or no, since when; before them that texts were stopped. Two queries."""
    newest = consents_of(customer.pk)
    lines = []
    stopped_at = texts_stopped_at(customer.pk)
    if stopped_at is not None:
        day = date_format(stopped_at.astimezone(scope.zone), "j M Y")
        lines.append(ConsentLine(str(_("All texts, by STOP")), is_granted=False, text=_("No, %(day)s") % {"day": day}))
    for asked, label in CONSENTS.items():
        record = newest.get(asked)
        text = _("Never asked")
        if record is not None:
            day = date_format(record.at.astimezone(scope.zone), "j M Y")
            text = (_("Yes, %(day)s") if record.is_granted else _("No, %(day)s")) % {"day": day}
        lines.append(ConsentLine(str(label), bool(record and record.is_granted), text))
    return lines


def history(customer: Customer, scope: Scope, currency: str, cursor: str = "", kind: str = "") -> History:
    """One page of the timeline, by day; `kind` is one of its KINDS or all. Nine queries at most."""
    page = timeline(customer.pk, actor=scope.actor, cursor=cursor, kind=kind, more=_messages(scope))
    points = _points_of_orders(page)
    businesses = dict(Business.objects.values_list("pk", "name"))
    days: list[tuple[date, str, list[TimelineEntry]]] = []
    shown = local_day(page.after, scope.zone) if page.after else None
    for at, row in page.entries:
        entry = _entry(row, at, page, points, businesses, scope, currency)
        if entry is None:
            continue
        day = local_day(at, scope.zone)
        if not days or days[-1][0] != day:
            heading = "" if not days and day == shown else day_heading(at, now=scope.now, zone=scope.zone)
            days.append((day, heading, []))
        days[-1][2].append(entry)
    return History([TimelineDay(heading, entries) for _day, heading, entries in days], page.earlier)


def _messages(scope: Scope) -> Sequence[Source]:
    """What was sent and written. It belongs to no business: people limited to one see none of it."""
    if scope.actor.business_id is not None:
        return ()
    sent = OutboundMessage.objects.exclude(purpose=OutboundMessage.Purpose.ONE_TIME_CODE)
    return Source("messages", "created_at", sent), Source("messages", "received_at", InboundMessage.objects.all())


def _message_entry(row: OutboundMessage | InboundMessage, time: str) -> TimelineEntry:
    if isinstance(row, InboundMessage):
        text = Truncator(row.body).chars(MAX_EXCERPT) if row.body else _("The text is not kept any more.")
        return TimelineEntry("message-square-text", "text-accent-ink", _("Wrote a text"), text, "", "", time, "")
    icon = "mail" if row.channel == OutboundMessage.Channel.EMAIL else "send"
    excerpt = Truncator(row.subject or row.body).chars(MAX_EXCERPT)
    title = f"{row.get_channel_display()}: {row.get_purpose_display()}"
    detail = " · ".join(part for part in (str(row.get_state_display()), excerpt) if part)
    return TimelineEntry(icon, "text-muted", title, detail, "", "", time, "")


def _points_of_orders(page: TimelinePage) -> dict[int, int]:
    orders = [row.pk for _at, row in page.entries if isinstance(row, Order)]
    earned = Transaction.objects.done().filter(order__in=orders, kind=Transaction.Kind.EARN)
    return dict(earned.values_list("order_id", "points"))


def _entry(
    row: Model,
    at: datetime,
    page: TimelinePage,
    points: dict[int, int],
    businesses: dict[int, str],
    scope: Scope,
    currency: str,
) -> TimelineEntry | None:
    time = clock_time(at, scope.zone)
    if isinstance(row, Order):
        earned = points.get(row.pk)
        return TimelineEntry(
            icon="shopping-bag",
            tone="text-success" if row.status == Order.Status.PAID else "text-muted",
            title=_titles(page.titles.get(row.pk, ())) or _("Bought"),
            detail=" · ".join(part for part in (row.business.name, _order_words(row)) if part),
            amount=format_money(row.total, currency),
            points=format_signed(earned) if earned else "",
            time=time,
            href_code=row.code,
        )
    if isinstance(row, Refund):
        detail = [row.business.name, row.reason]
        return TimelineEntry(
            icon="undo-2",
            tone="text-danger",
            title=_("Got money back"),
            detail=" · ".join(part for part in detail if part),
            amount=format_money(-row.total, currency),
            points="",
            time=time,
            href_code=row.order.code if row.order else "",
        )
    if isinstance(row, Note):
        return TimelineEntry("pencil", "text-muted", row.text, row.author_label, "", "", time, "")
    if isinstance(row, OutboundMessage | InboundMessage):
        return _message_entry(row, time)
    assert isinstance(row, Event)
    moment = happened([row], businesses=businesses, currency=currency)
    if moment is None:
        return None
    title, _dot, place = moment.what.partition(" · ")
    return TimelineEntry(moment.icon, moment.tone, title, place, "", moment.amount, time, "")


def _order_words(order: Order) -> str:
    number = order.number or ""
    if order.status == Order.Status.PAID:
        return number
    return " · ".join(part for part in (number, str(order.get_status_display())) if part)


def _titles(titles: Sequence[str]) -> str:
    shown = ", ".join(titles[:MAX_TITLES])
    more = len(titles) - MAX_TITLES
    return _("%(titles)s and %(more)s more") % {"titles": shown, "more": more} if more > 0 else shown
