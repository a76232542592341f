"""Affiliates as their pages, files and statements show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.actor import Actor
from core.charts import Chart, Series
from core.clock import local_day
from core.keyset import KeysetPage, Order, keyset_page
from core.money import quantise
from core.phones import display_phone
from core.presentation import format_money, format_number
from loyalty.models import Affiliate, AffiliateCustomer, AffiliateLine, AffiliatePayout
from loyalty.querysets import AffiliateLineQuerySet
from loyalty.reports_affiliates import Days
from programs.models import Programme
from screens.csv_files import Cell
from screens.reports_movements import say_when
from screens.reports_portal_affiliates import statement_number

REVIEWED_AT_ONCE = 50
STATEMENT_LINES = 2000  # on paper and on the page; the file has all
NEWEST = Order(("pk",))
TONES = {
    "active": "success", "paused": "warning", "ended": "",
    "open": "warning", "paid": "success", "cancelled": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody who is to be looked at."""

    code: str
    affiliate: str
    affiliate_code: str
    name: str
    customer_code: str
    flags: list[str]
    when: str


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of commission. `order_code` is empty for a month's most."""

    day: str
    text: str
    order: str
    sale: str
    business: str
    amount: str
    is_taken: bool
    state: str


@dataclass(frozen=True, slots=True)
class PayoutRow:
    code: str
    number: str
    day: str
    amount: str
    state: str
    label: str
    tone: str
    note: str
    affiliate: str
    affiliate_code: str


def chart_of(days: Days) -> Chart:
    clicks, sales = sum(days.clicks), sum(days.sales)
    said = ngettext("%(clicks)s click", "%(clicks)s clicks", clicks) % {"clicks": format_number(clicks)}
    sold = ngettext("%(sales)s sale", "%(sales)s sales", sales) % {"sales": format_number(sales)}
    return Chart(
        id="affiliate-days",
        title=_("Clicks and sales"),
        finding=_("%(clicks)s and %(sales)s in %(days)d days.")
        % {"clicks": said, "sales": sold, "days": days.period.days},
        labels=[date_format(day, "j M") for day in days.days],
        series=[
            Series(_("Clicks"), days.clicks, tone="1", shape="area"),
            Series(_("Sales"), days.sales, tone="3", shape="bar", panel=1),
        ],
        axis_title=_("Day"),
    )


def review_rows(
    *, actor: Actor, programme: Programme, now: datetime, affiliate: Affiliate | None = None
) -> list[PersonRow]:
    """Who is to be looked at, the oldest first. One query."""
    found = AffiliateCustomer.objects.filter(state=AffiliateCustomer.State.REVIEW)
    if affiliate is not None:
        found = found.filter(affiliate=affiliate)
    if actor.business_id is not None:
        found = found.filter(business_id=actor.business_id)
    rows = []
    for one in found.select_related("affiliate", "customer").order_by("created_at", "pk")[:REVIEWED_AT_ONCE]:
        assert one.customer is not None
        rows.append(
            PersonRow(
                code=one.code,
                affiliate=one.affiliate.name,
                affiliate_code=one.affiliate.code,
                name=one.customer.name or display_phone(one.customer.phone, programme.country) or _("No name yet"),
                customer_code=one.customer.code,
                flags=[str(AffiliateCustomer.Flag(flag).label) for flag in one.flags],
                when=say_when(one.created_at, zone=programme.zone, now=now),
            )
        )
    return rows


def line_page(
    affiliate: Affiliate, *, actor: Actor, programme: Programme, cursor: str, size: int, now: datetime
) -> KeysetPage[LineRow]:
    """Newest first, in one query."""
    found = _with_names(AffiliateLine.objects.visible_to(actor).filter(affiliate=affiliate))
    page = keyset_page(found, NEWEST, descending=True, cursor=cursor, size=size)
    return page.with_rows([_line(one, programme, now) for one in page.rows])


def payout_lines(payout: AffiliatePayout, *, programme: Programme, now: datetime) -> list[LineRow]:
    """Those of a statement, oldest first, at most STATEMENT_LINES. One query."""
    found = _with_names(AffiliateLine.objects.filter(payout=payout)).order_by("pk")[:STATEMENT_LINES]
    return [_line(one, programme, now) for one in found]


def payout_rows(payouts: Iterable[AffiliatePayout], programme: Programme) -> list[PayoutRow]:
    return [payout_row(one, programme) for one in payouts]


def payout_row(one: AffiliatePayout, programme: Programme) -> PayoutRow:
    note = ""
    if one.paid_on is not None:
        note = _("Paid on %(day)s") % {"day": date_format(one.paid_on, "j F Y")}
        note = f"{note} · {one.reference}" if one.reference else note
    return PayoutRow(
        code=one.code,
        number=statement_number(one),
        day=date_format(local_day(one.created_at, programme.zone), "j F Y"),
        amount=format_money(one.amount, one.currency),
        state=one.state,
        label=one.get_state_display(),
        tone=TONES[one.state],
        note=note,
        affiliate=one.affiliate.name,
        affiliate_code=one.affiliate.code,
    )


# -- files ------------------------------------------------------------------------------------------------------------


def line_cells(
    lines: Iterator[AffiliateLine], *, zone: ZoneInfo, currency: str
) -> tuple[list[str], Iterator[list[Cell]]]:
    """Lines as a file has them, with names loaded by `with_names`."""
    head = [
        _("Day"), _("What"), _("Order"), _("Sale"), _("Business"), _("Commission"), _("Currency"),
        _("Can be paid from"), _("Payout"),
    ]  # fmt: skip

    def rows() -> Iterator[list[Cell]]:
        for one in lines:
            order = one.sale.order if one.sale else None
            yield [
                local_day(one.at, zone),
                str(one.get_kind_display()),
                (order.number or order.code) if order else "",
                quantise(order.total, currency) if order else None,
                one.business.name if one.business else "",
                quantise(one.amount, currency),
                currency,
                local_day(one.payable_at, zone),
                statement_number(one.payout) if one.payout else "",
            ]

    return head, rows()


def payout_cells(payouts: Sequence[AffiliatePayout], *, zone: ZoneInfo) -> tuple[list[str], list[list[Cell]]]:
    head = [
        _("Payout"), _("Affiliate"), _("Code"), _("Made"), _("Amount"), _("Currency"), _("State"), _("Paid on"),
        _("Reference"),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            statement_number(one),
            one.affiliate.name,
            one.affiliate.link_code,
            local_day(one.created_at, zone),
            quantise(one.amount, one.currency),
            one.currency,
            str(one.get_state_display()),
            one.paid_on,
            one.reference,
        ]
        for one in payouts
    ]
    return head, rows


def with_names(affiliate: Affiliate, actor: Actor) -> Iterator[AffiliateLine]:
    """Every line of an affiliate that the reader may see, oldest first, without all of them in memory."""
    found = _with_names(AffiliateLine.objects.visible_to(actor).filter(affiliate=affiliate))
    return found.order_by("pk").iterator(chunk_size=1000)


def lines_of(payout: AffiliatePayout) -> Iterator[AffiliateLine]:
    return _with_names(AffiliateLine.objects.filter(payout=payout)).order_by("pk").iterator(chunk_size=1000)


def _with_names(found: AffiliateLineQuerySet) -> AffiliateLineQuerySet:
    return found.select_related("sale__order", "business", "payout")


def _line(one: AffiliateLine, programme: Programme, now: datetime) -> LineRow:
    order = one.sale.order if one.sale else None
    if one.payout is not None:
        state = _("In %(number)s") % {"number": statement_number(one.payout)}
    elif one.payable_at > now:
        day: date = local_day(one.payable_at, programme.zone)
        state = _("Can be paid from %(day)s") % {"day": date_format(day, "j F")}
    else:
        state = _("Can be paid")
    return LineRow(
        day=date_format(local_day(one.at, programme.zone), "j M Y"),
        text=str(one.get_kind_display()),
        order=(order.number or order.code) if order else "",
        sale=format_money(order.total, programme.currency) if order else "",
        business=one.business.name if one.business else "",
        amount=format_money(one.amount, programme.currency),
        is_taken=one.amount < Decimal(0),
        state=state,
    )
