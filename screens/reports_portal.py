"""What the points page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.clock import local_day
from core.keyset import KeysetPage
from customers.models import Customer
from intelligence.actions.product_settings import products_are_shown
from intelligence.engine.next_products import Why
from intelligence.reports_products import Suggestion, likely_products
from loyalty.models import Transaction
from loyalty.reports import balance_of
from loyalty.standing import Standing, amount_text, standing_of
from programs.models import Programme
from screens.reports_movements import Movement, movement_page

DIRECTIONS: Mapping[str, dict[str, int]] = {"in": {"points__gt": 0}, "out": {"points__lt": 0}}
PRODUCTS = 3  # suggested
WARN_DAYS = 60  # how far ahead expiring points are mentioned


@dataclass(frozen=True, slots=True)
class Expiring:
    """`day` is the last day, in the programme's zone, on which the points can be spent."""

    points: int
    day: date


@dataclass(frozen=True, slots=True)
class PointsSummary:
    """`worth` is in the programme's currency; 0 where a point has no value.

    `held` and `pending` points are apart from `balance`. `pending` ones can be spent later, the first of them on
    `pending_from`, a day in the programme's zone.
    """

    balance: int
    held: int
    pending: int
    pending_from: date | None
    worth: Decimal
    expiring: Expiring | None
    recent: Sequence[Movement]
    has_more: bool


def points_summary(*, customer: Customer, programme: Programme, now: datetime, recent: int) -> PointsSummary:
    """Balance, what it is worth, what runs out next, the last transactions. Three or four queries."""
    balance = balance_of(customer.pk, now=now)
    rows = history_page(customer=customer, programme=programme, cursor="", size=recent, now=now)
    expiring = None
    if balance.expires_next_at is not None and balance.expires_next_at <= now + timedelta(days=WARN_DAYS):
        last_moment = balance.expires_next_at.astimezone(programme.zone) - timedelta(microseconds=1)
        expiring = Expiring(balance.expiring_points, last_moment.date())
    pending_from = balance.available_next_at
    return PointsSummary(
        balance=balance.points,
        held=balance.held,
        pending=balance.pending,
        pending_from=local_day(pending_from, programme.zone) if pending_from else None,
        worth=balance.worth,
        expiring=expiring,
        recent=rows.rows,
        has_more=bool(rows.next_cursor),
    )


def history_page(
    *, customer: Customer, programme: Programme, cursor: str, size: int, now: datetime, direction: str = ""
) -> KeysetPage[Movement]:
    """One page of what moved this customer's points, newest first; `direction` is in, out, or both."""
    mine = Transaction.objects.done().told_to_members().filter(account_id=customer.pk, **DIRECTIONS.get(direction, {}))
    return movement_page(mine, cursor=cursor, size=size, currency=programme.currency, zone=programme.zone, now=now)


@dataclass(frozen=True, slots=True)
class TierCard:
    """A member's tier in words that speak to them: how far it is, how long they keep it and what that takes."""

    standing: Standing
    so_far: str
    wanted: str
    keep: str


def tier_card(*, customer: Customer, now: datetime) -> TierCard | None:
    """None where the programme has no tiers."""
    standing = standing_of(customer.pk, now=now)
    if standing is None:
        return None
    wanted = amount_text(standing.next_tier.threshold, standing.basis) if standing.next_tier else ""
    return TierCard(standing, _so_far(standing), wanted, _keep(standing))


def _so_far(standing: Standing) -> str:
    facts = {"amount": standing.collected_text, "months": standing.window_months}
    if standing.window_months is None:
        return _("%(amount)s so far") % facts
    text = ngettext("%(amount)s in the last month", "%(amount)s in the last %(months)s months", standing.window_months)
    return text % facts


def _keep(standing: Standing) -> str:
    """How long the tier is theirs, and what keeps it for longer. Empty without a tier, and where it is for good."""
    if standing.tier is None or standing.kept_until is None or standing.ends_on is None:
        return ""
    day = standing.ends_on if standing.is_in_grace else standing.kept_until
    facts = {
        "tier": standing.tier.name,
        "day": date_format(day, _("j F Y")),
        "amount": standing.to_keep_text,
    }
    if standing.is_in_grace:
        return _("%(tier)s ends on %(day)s. %(amount)s more by then, and you keep it.") % facts
    if standing.to_keep:
        return _("%(tier)s is yours until %(day)s. %(amount)s more by then, and you keep it for longer.") % facts
    return _("%(tier)s is yours until %(day)s, and you have done enough to keep it after that.") % facts


@dataclass(frozen=True, slots=True)
class SuggestedProduct:
    title: str
    price: Decimal | None
    why: str


def products_for(customer: Customer, *, zone: ZoneInfo, now: datetime) -> list[SuggestedProduct]:
    """What they may want next, unless the shop hides it. Who is alike is not looked at: nobody reads how they are
    sorted."""
    if not products_are_shown():
        return []
    found = likely_products(customer.pk, business_id=None, zone=zone, now=now, most=PRODUCTS, by_kind=False)
    return [SuggestedProduct(str(one.product), one.product.price, _why(one)) for one in found]


def _why(one: Suggestion) -> str:
    if one.why is Why.GOES_WITH and one.partner is not None:
        return _("Often bought with %(product)s") % {"product": one.partner}
    if one.why is Why.BOUGHT_OFTEN:
        return _("You buy this often")
    if one.why is Why.BOUGHT_BEFORE:
        return _("You bought this before")
    return _("Many are buying this")
