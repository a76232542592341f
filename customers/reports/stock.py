"""Stock as lists: levels with their forecast, and movements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.actor import Actor
from core.keyset import Count, KeysetPage, count_up_to_cap, keyset_page
from core.keyset import Order as ListOrder
from core.presentation import format_number
from customers.models import Product, StockForecast, StockLevel, StockMovement
from customers.querysets import StockLevelQuerySet
from customers.reports.customer_list import Scope
from customers.words import clock_time, days_ago

FAR = 10_000  # days: after every forecast
PLENTY = Decimal(10) ** 10  # above every mark
LEVEL_SORTS: Mapping[str, ListOrder] = {
    "low": ListOrder(
        [Coalesce(F("quantity") - F("low_at"), Value(PLENTY), output_field=DecimalField(max_digits=14)), "id"]
    ),
    "left": ListOrder([Coalesce(F("forecast__days_left"), Value(FAR)), "id"]),
    "title": ListOrder(["product__title", "id"]),
    "quantity": ListOrder(["quantity", "id"]),
}
DEFAULT_LEVEL_SORT = "low"
MOVEMENTS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class StockFilters:
    """`state`: low, out (none or less) or order (the forecast says to order now)."""

    text: str = ""
    location_id: int | None = None
    state: str = ""
    product: str = ""  # public id

    @property
    def is_narrowed(self) -> bool:
        return self != StockFilters()


@dataclass(frozen=True, slots=True)
class LevelRow:
    level: StockLevel
    title: str
    sku: str
    product_code: str
    location: str
    quantity: Decimal
    is_low: bool
    is_out: bool
    lasts: str  # until when it lasts, in words; empty: nobody knows
    between: str  # the same as a range that holds 8 times in 10
    order: Decimal  # how many to order now; 0: none


def levels(actor: Actor, filters: StockFilters) -> StockLevelQuerySet:
    found = StockLevel.objects.visible_to(actor).shown()
    if filters.location_id is not None:
        found = found.filter(location_id=filters.location_id)
    if filters.product:
        found = found.filter(product__code=filters.product)
    if filters.state == "low":
        found = found.low()
    elif filters.state == "out":
        found = found.filter(quantity__lte=0)
    elif filters.state == "order":
        found = found.filter(forecast__order_quantity__gt=0)
    if filters.text:
        words = Q()
        for word in filters.text.split():
            words &= Q(product__title__icontains=word)
        found = found.filter(words | Q(product__sku__iexact=filters.text) | Q(product__barcode=filters.text))
    return found


def level_page(
    scope: Scope, filters: StockFilters, *, sort: str, descending: bool, cursor: str = ""
) -> tuple[KeysetPage[LevelRow], Count]:
    """One page of levels and how many there are: two queries."""
    found = levels(scope.actor, filters)
    listed = found.select_related("product", "location", "forecast")
    page = keyset_page(listed, LEVEL_SORTS[sort], descending=descending, cursor=cursor)
    return page.with_rows([level_row(level) for level in page.rows]), count_up_to_cap(found)


def level_row(level: StockLevel) -> LevelRow:
    """`product`, `location` and `forecast` must be loaded."""
    forecast: StockForecast | None = getattr(level, "forecast", None)
    return LevelRow(
        level=level,
        title=str(level.product),
        sku=level.product.sku,
        product_code=level.product.code,
        location=level.location.name,
        quantity=level.quantity.normalize(),
        is_low=level.low_at is not None and level.quantity <= level.low_at,
        is_out=level.quantity <= 0,
        lasts=_lasts(forecast, level),
        between=_between(forecast, level),
        order=forecast.order_quantity.normalize() if forecast else Decimal(0),
    )


def _lasts(forecast: StockForecast | None, level: StockLevel) -> str:
    if forecast is None or forecast.model == StockForecast.Model.NONE or level.quantity <= 0:
        return ""
    if forecast.days_left is None:
        return _("more than a year")
    days = ngettext("%(days)s day", "%(days)s days", forecast.days_left) % {"days": format_number(forecast.days_left)}
    return f"{days}, {_day(forecast.computed_on, forecast.days_left)}"


def _between(forecast: StockForecast | None, level: StockLevel) -> str:
    if forecast is None or forecast.days_left_low is None or level.quantity <= 0:
        return ""
    first = _day(forecast.computed_on, forecast.days_left_low)
    if forecast.days_left_high is None:
        return _("not before %(day)s") % {"day": first}
    return _("%(first)s to %(last)s") % {"first": first, "last": _day(forecast.computed_on, forecast.days_left_high)}


def _day(start: date, days: int) -> str:
    return date_format(start + timedelta(days=days), "j M")


def low_products(actor: Actor, *, most: int) -> int:
    """How many products run low, up to `most`; from an index of only those. Low at two places is low once."""
    found = levels(actor, StockFilters(state="low")).order_by()
    return found.values("product_id").distinct()[:most].count()


def levels_of(product: Product, actor: Actor) -> list[LevelRow]:
    """At every place that the actor sees: few."""
    found = StockLevel.objects.visible_to(actor).filter(product=product, location__archived_at__isnull=True)
    listed = found.select_related("product", "location", "forecast").order_by("location__business", "location__name")
    return [level_row(level) for level in listed[:100]]


# -- movements --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MovementFilters:
    location_id: int | None = None
    kind: str = ""
    product: str = ""  # public id

    @property
    def is_narrowed(self) -> bool:
        return self != MovementFilters()


@dataclass(frozen=True, slots=True)
class MovementRow:
    when: str
    kind: str
    title: str
    product_code: str
    location: str
    quantity: Decimal
    why: str  # reason and reference
    who: str


def movements(actor: Actor, filters: MovementFilters) -> QuerySet[StockMovement]:
    found: QuerySet[Any] = StockMovement.objects.visible_to(actor)
    if filters.location_id is not None:
        found = found.filter(location_id=filters.location_id)
    if filters.kind:
        found = found.filter(kind=filters.kind)
    if filters.product:
        found = found.filter(product__code=filters.product)
    return found


def movement_page(scope: Scope, filters: MovementFilters, *, cursor: str = "") -> tuple[KeysetPage[MovementRow], Count]:
    """One page of movements, newest first, and how many there are: two queries."""
    found = movements(scope.actor, filters)
    page = keyset_page(found.select_related("product", "location"), ListOrder(["id"]), descending=True, cursor=cursor)
    return page.with_rows([_movement_row(one, scope) for one in page.rows]), count_up_to_cap(found)


def latest_movements(product: Product, scope: Scope) -> Sequence[MovementRow]:
    found = StockMovement.objects.visible_to(scope.actor).filter(product=product)
    listed = found.select_related("product", "location").order_by("-id")[:MOVEMENTS_SHOWN]
    return [_movement_row(one, scope) for one in listed]


def _movement_row(movement: StockMovement, scope: Scope) -> MovementRow:
    at = movement.at
    return MovementRow(
        when=f"{days_ago(at, now=scope.now, zone=scope.zone)}, {clock_time(at, scope.zone)}",
        kind=movement.get_kind_display(),
        title=str(movement.product),
        product_code=movement.product.code,
        location=movement.location.name,
        quantity=movement.quantity.normalize(),
        why=" · ".join(filter(None, (movement.reason, movement.reference))),
        who=movement.actor_label,
    )
