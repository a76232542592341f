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
from loyalty.errors import UnknownBusiness
from loyalty.ledger import Posting
from loyalty.models import Account, EarningRate, HoldAllocation, Lot, LoyaltySettings, Transaction
from loyalty.querysets import TransactionQuerySet
from workspace.models import Business


def settings_now() -> LoyaltySettings:
    """The programme's settings, or the defaults where nothing was ever set. One query."""
    return LoyaltySettings.objects.filter(pk=1).first() or LoyaltySettings()


# -- one member -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Balance:
    """`points` can be spent now (not those that expired untouched); `worth` is their money value. `held` is set aside.

    `expiring_points` is what `expires_next_at` takes unless it is spent before.
    """

    is_member: bool
    points: int
    held: int
    debt: int
    lifetime_points: int
    worth: Decimal
    joined_at: datetime | None
    expires_next_at: datetime | None
    expiring_points: int


def balance_of(customer_id: int, *, now: datetime) -> Balance:
    """A customer's points at `now`; zeros for somebody who is not a member. Two to four queries."""
    account = Account.objects.filter(pk=customer_id).first()
    value = settings_now().point_value
    if account is None:
        return Balance(False, 0, 0, 0, 0, Decimal(0), None, None, 0)
    points, held, debt, next_at, expiring = account.available, account.held, account.debt, None, 0
    if account.expires_next_at is not None:
        found = Lot.objects.filter(account_id=customer_id, remaining__gt=0, expires_at__isnull=False)
        lots: list[tuple[datetime, int]] = list(
            found.values_list("expires_at", "remaining").order_by("expires_at")  # type: ignore[arg-type]
        )
        points -= sum(remaining for moment, remaining in lots if moment <= now)
        ahead = [(moment, remaining) for moment, remaining in lots if moment > now]
        if ahead:
            next_at = ahead[0][0]
            expiring = sum(remaining for moment, remaining in ahead if moment == next_at)
    if held:
        # What the next touch gives back, in its order.
        overdue = HoldAllocation.objects.filter(hold__account_id=customer_id, hold__expires_at__lte=now)
        for part, lot_expires_at in overdue.order_by("hold__expires_at", "hold_id", "-pk").values_list(
            "points", "lot__expires_at"
        ):
            repaid = min(debt, part)
            held, debt = held - part, debt - repaid
            if lot_expires_at is None or lot_expires_at > now:
                points += part - repaid
    return Balance(
        is_member=True,
        points=points,
        held=held,
        debt=debt,
        lifetime_points=account.lifetime,
        worth=rules.worth(points, value),
        joined_at=account.joined_at,
        expires_next_at=next_at,
        expiring_points=expiring,
    )


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
