"""Points as people read them: balances, histories, previews, figures of a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from django.db.models import Q, Sum
from django.db.models.functions import TruncDate
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from core.actor import Actor
from core.clock import Period
from core.money import check_amount
from core.presentation import format_money, format_number, format_points, noun_count
from core.tenancy import active_programme
from loyalty import rules
from loyalty.balances import balance_of as balance_of
from loyalty.balances import settings_now as settings_now
from loyalty.errors import UnknownBusiness
from loyalty.ledger import Posting
from loyalty.models import EarningRate, HoldAllocation, Lot, Transaction
from loyalty.querysets import TransactionQuerySet
from workspace.models import Business


def find_transactions(
    *,
    visible_to: Actor | None,
    customer_id: int | None = None,
    business_id: int | None = None,
    kind: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
) -> TransactionQuerySet:
    """What happened, for lists and histories: `start` is part of the time, `end` is not. None and "" mean any.

    `visible_to` leaves out other businesses' transactions for people who are limited to one; a customer's own page
    passes None.
    """
    found: TransactionQuerySet = Transaction.objects.done()
    if visible_to is not None:
        found = found.visible_to(visible_to)
    wanted = {
        "account_id": customer_id,
        "business_id": business_id,
        "kind": kind or None,
        "at__gte": start,
        "at__lt": end,
    }
    return found.filter(**{lookup: value for lookup, value in wanted.items() if value is not None})


# -- before anything is written ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """One step of how points come about, in words, with the points it adds."""

    text: str
    points: int


@dataclass(frozen=True, slots=True)
class SalePreview:
    """What a sale would give. `balance_after` counts debt; None without a customer. Nothing was written."""

    points: int
    lines: Sequence[PreviewLine]
    balance_after: int | None


def preview_sale(
    *, business: int | str, amount: Decimal, now: datetime, customer_id: int | None = None, actor: Actor | None = None
) -> SalePreview:
    """What a sale of `amount` at a business (id or code) would give, and why. Two to four queries.

    Raises InvalidInput (amount) and UnknownBusiness (not there, closed, or not the actor's).
    """
    currency = active_programme().currency
    check_amount(amount, currency, field="amount_spent")
    if isinstance(business, str) and "\0" in business:  # PostgreSQL takes no NUL, not even in a question
        raise UnknownBusiness()
    named = Q(pk=business) if isinstance(business, int) else Q(code=business)
    shops = Business.objects.active().select_related("earning_rate")
    shop = (shops.visible_to(actor) if actor else shops).filter(named).first()
    if shop is None:
        raise UnknownBusiness()
    rate = getattr(shop, "earning_rate", None) or EarningRate(business=shop)
    points = rules.points_for(amount, rate.points_per_unit, rate.rounding)
    lines = [PreviewLine(earning_text(amount, rate.points_per_unit, rate.rounding, currency), points)]
    if customer_id is None:
        return SalePreview(points, lines, None)
    balance = balance_of(customer_id, now=now)
    paid = min(balance.debt, points)
    if paid:
        lines.append(PreviewLine(_("%s points repay what was taken back before") % format_points(paid), -paid))
    return SalePreview(points, lines, balance.points + points - paid)


def earning_text(amount: Decimal, rate: Decimal, rounding: str, currency: str) -> str:
    """How a sale's points come about, in the active language: "£12.40 × 1.5 = 18.6 points, rounded down"."""
    return _earning_text(amount, rate, rounding, currency, get_language() or "en")


@lru_cache(maxsize=2048)
def _earning_text(amount: Decimal, rate: Decimal, rounding: str, currency: str, language: str) -> str:
    """`language` is the active one: numbers and words follow it. 40 µs each without the memory."""
    exact = amount * rate
    text = ngettext(
        "%(amount)s × %(rate)s = %(exact)s point", "%(amount)s × %(rate)s = %(exact)s points", noun_count(exact)
    ) % {
        "amount": format_money(amount, currency),
        "rate": format_number(rate.normalize(), _decimals(rate)),
        "exact": format_number(exact.normalize(), _decimals(exact)),
    }
    if exact == exact.to_integral_value():
        return text
    how = {"down": _("rounded down"), "nearest": _("rounded to the nearest"), "up": _("rounded up")}[rounding]
    return f"{text}, {how}"


def explanation_of(posting: Posting) -> str:
    """How the points of an earn came about, from the posting alone; empty for other kinds."""
    if posting.amount is None or posting.rate is None or posting.rounding is None:
        return ""
    return earning_text(posting.amount, posting.rate, posting.rounding, active_programme().currency)


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


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
    gives = Q(kind="earn") | Q(kind="adjust", points__gt=0) | Q(kind="reverse", reverses__points__gte=0)
    takes = Q(kind="redeem") | Q(kind="adjust", points__lt=0) | Q(kind="reverse", reverses__points__lt=0)
    sums = found.aggregate(
        issued=Sum("points", filter=gives, default=0),
        redeemed=-Sum("points", filter=takes, default=0),
        expired=-Sum("points", filter=Q(kind="expire"), default=0),
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
