"""What the programme's pages show: each business's rate with an example, what a point is worth, all transactions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.actor import Actor
from core.keyset import Count, KeysetPage, count_up_to_cap
from core.presentation import format_money, format_points
from loyalty.models import AdjustmentRequest, Transaction
from loyalty.querysets import TransactionQuerySet
from loyalty.reports import settings_now
from loyalty.rules import MAX_RATE, points_for
from programs.models import Programme
from screens.forms_programme import RateForm
from screens.reports_businesses import rate_of, rate_text
from screens.reports_movements import Movement, movement_page, say_when
from workspace.models import Business

EXAMPLE = Decimal("12.40")
APPROVALS = 50


@dataclass(frozen=True, slots=True)
class Earning:
    business: Business
    rate: str
    example: str
    form: RateForm


@dataclass(frozen=True, slots=True)
class TransactionRow:
    movement: Movement
    can_reverse: bool
    warning: str


@dataclass(frozen=True, slots=True)
class TransactionRows:
    page: KeysetPage[TransactionRow]
    total: Count


def earning_of_businesses(*, actor: Actor, currency: str, forms: Mapping[str, RateForm]) -> list[Earning]:
    """A row for each open business that the actor may see; `forms` holds those that were refused, by code."""
    shops = Business.objects.active().visible_to(actor).select_related("earning_rate").order_by("name")
    rows = []
    for shop in shops:
        rate = rate_of(shop)
        initial = {"points_per_unit": f"{rate.points_per_unit.normalize():f}", "rounding": rate.rounding}
        rows.append(
            Earning(
                business=shop,
                rate=rate_text(rate, currency),
                example=rate_example(rate.points_per_unit, rate.rounding, currency),
                form=forms.get(shop.code) or RateForm(initial=initial, auto_id=f"{shop.code}_%s"),
            )
        )
    return rows


def rate_example(points_per_unit: Decimal, rounding: str, currency: str) -> str:
    """£12.40 gives 62 points. Empty for a rate that nobody may set."""
    if points_per_unit > MAX_RATE:
        return ""
    points = points_for(EXAMPLE, points_per_unit, rounding)
    amount = format_money(EXAMPLE, currency)
    text = ngettext("%(amount)s gives %(points)s point", "%(amount)s gives %(points)s points", points)
    return text % {"amount": amount, "points": format_points(points)}


def point_settings(currency: str) -> str:
    """100 points are worth £1.00."""
    worth = settings_now().point_value * 100
    return _("100 points are worth %(worth)s") % {"worth": format_money(worth, currency)}


def point_settings_initial() -> dict[str, object]:
    now = settings_now()
    names = ("pending_days", "expiry_policy", "expiry_months", "expiry_day", "warning_days", "approval_above")
    return {
        "point_value": f"{Decimal(now.point_value).normalize():f}",
        **{name: getattr(now, name) for name in names},
    }


def transaction_rows(
    found: TransactionQuerySet, *, programme: Programme, cursor: str, size: int, now: datetime
) -> TransactionRows:
    """One page of the list with what reversing each row would do, and how many there are. Two queries."""
    movements = movement_page(
        found, cursor=cursor, size=size, currency=programme.currency, zone=programme.zone, now=now
    )
    return TransactionRows(movements.with_rows([_row(one) for one in movements.rows]), count_up_to_cap(found))


def _row(movement: Movement) -> TransactionRow:
    standing = (Transaction.Kind.HOLD, Transaction.Kind.VOID, Transaction.Kind.MATURE)
    can_reverse = movement.kind not in standing and not movement.is_reversed and not movement.stands
    points = abs(movement.points)
    if movement.points >= 0:
        warning = ngettext(
            "%(points)s point leaves the balance of %(name)s. What is spent already is owed.",
            "%(points)s points leave the balance of %(name)s. What is spent already is owed.",
            points,
        )
    else:
        warning = ngettext(
            "%(points)s point comes back to %(name)s.", "%(points)s points come back to %(name)s.", points
        )
    facts = {"points": format_points(points), "name": movement.customer}
    return TransactionRow(movement, can_reverse, warning % facts)


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """`is_own`: the reader asked for it, so somebody else decides."""

    request: AdjustmentRequest
    customer: str
    asked_when: str
    decided_when: str
    is_waiting: bool
    is_own: bool


def approval_rows(*, actor: Actor, zone: ZoneInfo, now: datetime) -> list[ApprovalRow]:
    """What waits first, then what was decided lately; at most APPROVALS of each kind. Two queries."""
    found = AdjustmentRequest.objects.select_related("customer", "business").order_by("-pk")
    if actor.business_id is not None:
        found = found.filter(business_id=actor.business_id)
    waiting = found.filter(state=AdjustmentRequest.State.WAITING)[:APPROVALS]
    decided = found.exclude(state=AdjustmentRequest.State.WAITING)[:APPROVALS]
    return [
        ApprovalRow(
            request=request,
            customer=request.customer.name or _("No name yet"),
            asked_when=say_when(request.asked_at, zone=zone, now=now),
            decided_when=say_when(request.decided_at, zone=zone, now=now) if request.decided_at else "",
            is_waiting=request.state == AdjustmentRequest.State.WAITING,
            is_own=request.asked_by == actor.reference,
        )
        for request in (*waiting, *decided)
    ]
