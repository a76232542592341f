"""A business's card: its name, its earning rate, its own recent transactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.utils.translation import ngettext

from core.actor import Actor
from core.presentation import format_money, format_number, noun_count
from loyalty.models import EarningRate, Transaction
from programs.models import Programme
from screens.forms_till import PhoneAmountForm
from screens.reports_movements import Movement, movement, with_names
from workspace.models import Business

ON_CARD = 4


@dataclass(frozen=True, slots=True)
class BusinessCard:
    """`rate` is in words; `form` is empty where the actor may not add points."""

    business: Business
    rate: str
    form: PhoneAmountForm | None
    recent: Sequence[Movement]


def business_cards(
    *, actor: Actor, programme: Programme, can_add: bool, now: datetime, recent: int = ON_CARD
) -> list[BusinessCard]:
    """A card for each open business that the actor may see. Two queries for any number of businesses."""
    shops = Business.objects.active().visible_to(actor).select_related("earning_rate").order_by("name")
    return _cards(list(shops), programme=programme, can_add=can_add, now=now, recent=recent)


def business_card(
    *, business: Business, programme: Programme, can_add: bool, now: datetime, recent: int = ON_CARD
) -> BusinessCard:
    (card,) = _cards([business], programme=programme, can_add=can_add, now=now, recent=recent)
    return card


def _cards(
    shops: list[Business], *, programme: Programme, can_add: bool, now: datetime, recent: int
) -> list[BusinessCard]:
    newest: dict[int, list[Movement]] = {shop.pk: [] for shop in shops}
    for row in _newest([shop.pk for shop in shops], recent):
        shown = movement(row, currency=programme.currency, zone=programme.zone, now=now)
        newest[row.business_id].append(shown)  # type: ignore[index]
    return [
        BusinessCard(
            business=shop,
            rate=rate_text(rate_of(shop), programme.currency),
            form=_add_form(shop, programme) if can_add else None,
            recent=newest[shop.pk],
        )
        for shop in shops
    ]


def _newest(business_ids: list[int], recent: int) -> Sequence[Transaction]:
    """The newest few of each business: each is a short walk down an index, however long the history is."""
    if len(business_ids) == 1:
        rows = Transaction.objects.done().filter(business_id=business_ids[0])
        return list(with_names(rows).order_by("-pk")[:recent])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT newest.id FROM unnest(%s::bigint[]) AS shop (id) CROSS JOIN LATERAL ("
            " SELECT t.id FROM loyalty_transaction t WHERE t.business_id = shop.id AND t.status = 'done'"
            " ORDER BY t.id DESC LIMIT %s::int) AS newest",
            [business_ids, recent],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(with_names(Transaction.objects.filter(pk__in=ids)).order_by("-pk"))


def rate_of(business: Business) -> EarningRate:
    """The business's rate, or the one that holds where none was ever set."""
    return getattr(business, "earning_rate", None) or EarningRate(business=business)


def rate_text(rate: EarningRate, currency: str) -> str:
    """5 points for each £1."""
    number = rate.points_per_unit.normalize()
    exponent = number.as_tuple().exponent
    decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    unit = format_money(Decimal(1), currency, whole=True)
    text = ngettext(
        "%(points)s point for each %(unit)s", "%(points)s points for each %(unit)s", noun_count(rate.points_per_unit)
    )
    return text % {"points": format_number(number, decimals), "unit": unit}


def _add_form(business: Business, programme: Programme) -> PhoneAmountForm:
    return PhoneAmountForm(
        country=programme.country, currency=programme.currency, auto_id=f"{business.code}_%s", data=None
    )
