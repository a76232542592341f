"""What a sale would give, before anything is written: by the ledger's own SQL, explained line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec
from django.db import connection
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.actor import Actor
from core.clock import local_day
from core.presentation import format_points
from core.tenancy import active_programme
from loyalty import ledger, rules
from loyalty.balances import balance_of, settings_now
from loyalty.earning import Terms
from loyalty.errors import UnknownBusiness
from loyalty.explain import ExplainedLine, lines_of
from loyalty.models import EarningRate, EarningRule
from loyalty.operations import AddPoints, Item, SaleLine
from workspace.models import Business

PreviewLine = ExplainedLine
_TERMS = """
SELECT loyalty_terms(
    %s::bigint, %s::bigint, NULL, %s::numeric, %s::numeric, %s::text, customers_categorised(%s::text::jsonb),
    %s::timestamptz, %s::timestamptz, %s::text
)::text
"""
_decode_terms = msgspec.json.Decoder(Terms).decode


@dataclass(frozen=True, slots=True)
class SalePreview:
    """What a sale would give. `balance_after` counts debt; None without a customer. Nothing was written.

    `points` is what the sale earns: the sum of the lines of its kinds. `welcome` comes with it for somebody who joins
    by it. `pending` of the points can be spent from `available_at` on, and are not in `balance_after`.
    """

    points: int
    lines: Sequence[ExplainedLine]
    balance_after: int | None
    welcome: int = 0
    pending: int = 0
    available_at: datetime | None = None


def preview_sale(
    *,
    business: int | str,
    amount: Decimal,
    now: datetime,
    customer_id: int | None = None,
    actor: Actor | None = None,
    lines: Sequence[SaleLine] = (),
    placed_at: datetime | None = None,
) -> SalePreview:
    """What a sale of `amount` at a business (id or code) would give, and why. Five to eight queries.

    `lines` and `placed_at` as in `add_points`. Without a customer it is somebody's first sale.

    Raises InvalidInput (amount, lines, time) and UnknownBusiness (not there, closed, or not the actor's).
    """
    sale = AddPoints(
        business=business, amount=amount, customer_id=customer_id or 0, lines=lines, placed_at=placed_at, key="preview"
    )
    item = sale.item(ledger.setting(now))
    named = Q(pk=business) if isinstance(business, int) else Q(code=business)
    shops = Business.objects.active().select_related("earning_rate")
    shop = (shops.visible_to(actor) if actor else shops).filter(named).first()
    if shop is None:
        raise UnknownBusiness()
    programme = active_programme()
    explained = lines_of(_terms_of(shop, item, customer_id, now, programme.time_zone), programme.currency)
    points = sum(line.points for line in explained)
    pending_days = settings_now().pending_days
    available_at = rules.available_at(now, pending_days, programme.zone) if pending_days and points else None
    balance = balance_of(customer_id, now=now) if customer_id is not None else None
    welcome = [] if balance and balance.is_member else _welcome_lines(now)
    paid = min(balance.debt, points) if balance and available_at is None else 0
    shown = [*explained, *welcome]
    if paid:
        text = _("%s points repay what was taken back before") % format_points(paid)
        shown.append(ExplainedLine(text, -paid, "debt"))
    if available_at is not None:
        shown.append(ExplainedLine(_waiting_text(points, available_at), 0, "pending"))
    joined = sum(line.points for line in welcome)
    after = None if balance is None else balance.points + joined + (0 if available_at else points - paid)
    return SalePreview(points, shown, after, joined, points if available_at else 0, available_at)


def _terms_of(shop: Business, item: Item, customer_id: int | None, now: datetime, zone: str) -> Terms:
    """What the ledger would write down with the sale."""
    rate = getattr(shop, "earning_rate", None) or EarningRate(business=shop)
    lines = msgspec.json.encode(item.get("lines", [])).decode()
    amount, placed_at = str(item["amount"]), str(item.get("placed_at", now.isoformat()))
    with connection.cursor() as cursor:
        cursor.execute(
            _TERMS,
            [shop.pk, customer_id, amount, rate.points_per_unit, rate.rounding, lines, placed_at, now, zone],
        )
        return _decode_terms(cursor.fetchone()[0])


def _welcome_lines(now: datetime) -> list[ExplainedLine]:
    """What the programme gives to who joins today: one bonus by each rule."""
    today = local_day(now, active_programme().zone)
    found = EarningRule.objects.filter(
        Q(starts_on__isnull=True) | Q(starts_on__lte=today),
        Q(ends_on__isnull=True) | Q(ends_on__gte=today),
        trigger=EarningRule.Trigger.JOIN,
        is_active=True,
    )
    return [
        ExplainedLine(_("%(name)s: for joining") % {"name": rule.name}, rule.points or 0, "welcome", rule.code)
        for rule in found
    ]


def _waiting_text(points: int, available_at: datetime) -> str:
    text = ngettext(
        "%(points)s point can be spent from %(day)s on", "%(points)s points can be spent from %(day)s on", points
    )
    day = date_format(local_day(available_at, active_programme().zone), _("j F Y"))
    return text % {"points": format_points(points), "day": day}
