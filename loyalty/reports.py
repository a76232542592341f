"""Points as people read them: balances, histories, figures of a period; and the doors to previews and explanations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, Sum
from django.db.models.functions import TruncDate

from core.actor import Actor
from core.clock import Period
from loyalty import rules
from loyalty.balances import balance_of, settings_now
from loyalty.explain import earning_text, explanation_of
from loyalty.models import HoldAllocation, Lot, Transaction
from loyalty.preview import PreviewLine, SalePreview, preview_sale
from loyalty.querysets import TransactionQuerySet

__all__ = [
    "LoyaltyFigures",
    "PreviewLine",
    "SalePreview",
    "balance_of",
    "earning_text",
    "explanation_of",
    "find_transactions",
    "loyalty_figures",
    "points_by_day",
    "preview_sale",
    "settings_now",
]


def find_transactions(
    *,
    visible_to: Actor | None,
    customer_id: int | None = None,
    business_id: int | None = None,
    kind: str = "",
    flow: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
) -> TransactionQuerySet:
    """What happened, for lists and histories: `start` is part of the time, `end` is not. None and "" mean any.

    `flow` is what a report counts: issued, taken, redeemed or expired. `visible_to` leaves out other businesses'
    transactions for people who are limited to one; a customer's own page passes None.
    """
    found: TransactionQuerySet = Transaction.objects.done()
    if visible_to is not None:
        found = found.visible_to(visible_to)
    if flow:
        found = found.of_flow(flow)
    wanted = {
        "account_id": customer_id,
        "business_id": business_id,
        "kind": kind or None,
        "at__gte": start,
        "at__lt": end,
    }
    return found.filter(**{lookup: value for lookup, value in wanted.items() if value is not None})


# -- figures ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LoyaltyFigures:
    """Points of a period and what is owed now. `issued` and `redeemed` are net of what was reversed in the period;
    both are not negative numbers in the ordinary case. `liability` is `outstanding` at the point value.
    """

    issued: int
    redeemed: int
    expired: int
    outstanding: int
    liability: Decimal


# What counts as issued, redeemed and expired, with what undoes it. A transfer is none of them.
_GIVES = (
    Q(kind__in=["earn", "bonus", "referral"])
    | Q(kind="adjust", points__gt=0)
    | Q(kind="reverse", reverses__kind__in=["earn", "bonus", "referral"])
    | Q(kind="reverse", reverses__kind="adjust", reverses__points__gt=0)
    | Q(kind="reverse", reverses__kind="reverse", reverses__points__lt=0)
)
_TAKES = (
    Q(kind="redeem")
    | Q(kind="adjust", points__lt=0)
    | Q(kind="reverse", reverses__kind="redeem")
    | Q(kind="reverse", reverses__kind="adjust", reverses__points__lt=0)
    | Q(kind="reverse", reverses__kind="reverse", reverses__points__gt=0)
)
_EXPIRES = Q(kind="expire") | Q(kind="reverse", reverses__kind="expire")


def loyalty_figures(period: Period, *, actor: Actor | None = None) -> LoyaltyFigures:
    """Figures of `period` over what `actor` may see (None: everything). Outstanding points are those whose issuer the
    actor may see, those set aside for claims among them. Four queries.
    """
    found = Transaction.objects.done().within(period)
    lots = Lot.objects.filter(remaining__gt=0)
    held = HoldAllocation.objects.all()
    if actor is not None:
        found = found.visible_to(actor)
        if actor.business_id is not None:
            lots = lots.filter(issuer_id=actor.business_id)
            held = held.filter(lot__issuer_id=actor.business_id)
    sums = found.aggregate(
        issued=Sum("points", filter=_GIVES, default=0),
        redeemed=-Sum("points", filter=_TAKES, default=0),
        expired=-Sum("points", filter=_EXPIRES, default=0),
    )
    outstanding = int(lots.aggregate(total=Sum("remaining", default=0))["total"])
    outstanding += int(held.aggregate(total=Sum("points", default=0))["total"])
    return LoyaltyFigures(
        issued=int(sums["issued"]),
        redeemed=int(sums["redeemed"]),
        expired=int(sums["expired"]),
        outstanding=outstanding,
        liability=rules.worth(outstanding, settings_now().point_value),
    )


def points_by_day(period: Period, *, actor: Actor | None = None) -> dict[str, tuple[int, int]]:
    """For charts: local day (ISO) → (points earned, points redeemed as a positive number). One query."""
    found = Transaction.objects.done().within(period).filter(kind__in=["earn", "redeem"])
    if actor is not None:
        found = found.visible_to(actor)
    rows = (
        found.annotate(day=TruncDate("at", tzinfo=period.zone))
        .values("day")
        .annotate(
            earned=Sum("points", filter=Q(kind="earn"), default=0),
            redeemed=-Sum("points", filter=Q(kind="redeem"), default=0),
        )
    )
    return {row["day"].isoformat(): (int(row["earned"]), int(row["redeemed"])) for row in rows}
