"""Products as a list, and one product: what it sells, to whom, day by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.actor import Actor
from core.charts import Chart, Series
from core.clock import Period, local_day
from core.keyset import Count, KeysetPage, count_up_to_cap, keyset_page
from core.keyset import Order as ListOrder
from core.presentation import format_money, format_number
from customers.models import Order, OrderLine, Product, ProductDay, ProductSales, StockLevel
from customers.reports.customer_list import Scope
from customers.reports.orders import OrderRow, order_row

PRODUCT_SORTS: Mapping[str, ListOrder] = {
    "title": ListOrder(["title", "id"]),
    "sku": ListOrder(["sku", "id"]),
    "sold": ListOrder(["sold", "id"]),
    "revenue": ListOrder(["revenue", "id"]),
}
DEFAULT_PRODUCT_SORT = "-revenue"
MOST_CHOICES = 200
LATEST_ORDERS = 8


@dataclass(frozen=True, slots=True)
class ProductFilters:
    """`state`: "" what is offered, "archived" or "all"; `kind`: "" goods, and everything when searched."""

    text: str = ""
    category: str = ""
    vendor: str = ""
    kind: str = ""
    state: str = ""
    stock: str = ""  # low, out (none left at a place) or untracked, of the places that the actor sees

    @property
    def is_narrowed(self) -> bool:
        return self != ProductFilters()


@dataclass(frozen=True, slots=True)
class ProductRow:
    code: str
    sku: str
    title: str
    category: str
    vendor: str
    price: Decimal | None
    is_archived: bool
    sold: Decimal  # in the last ProductSales.DAYS days, less what came back
    revenue: Decimal


def product_page(
    scope: Scope, filters: ProductFilters, *, sort: str, descending: bool, cursor: str = ""
) -> tuple[KeysetPage[ProductRow], Count]:
    """One page of products with what they sold in the last ProductSales.DAYS days: two queries.

    Postage and fees, which would stand above all goods, are there when they are searched.
    """
    found = filtered(filters, scope.actor)
    page = keyset_page(with_sales(found, scope), PRODUCT_SORTS[sort], descending=descending, cursor=cursor)
    return page.with_rows([_row(product) for product in page.rows]), count_up_to_cap(found)


def filtered(filters: ProductFilters, actor: Actor) -> QuerySet[Product]:
    found: QuerySet[Product] = Product.objects.all()
    if filters.state != "all":
        found = found.filter(archived_at__isnull=filters.state != "archived")
    if filters.kind or not filters.text:
        found = found.filter(kind=filters.kind or Product.Kind.GOODS)
    if filters.category:
        found = found.filter(category=filters.category)
    if filters.vendor:
        found = found.filter(vendor=filters.vendor)
    if filters.stock:
        found = _stocked(found, filters.stock, actor)
    if filters.text:
        words = Q()
        for word in filters.text.split():
            words &= Q(title__icontains=word)
        exact = Q(sku__iexact=filters.text) | Q(category__iexact=filters.text) | Q(barcode=filters.text)
        found = found.filter(words | exact)
    return found


def _stocked(found: QuerySet[Product], stock: str, actor: Actor) -> QuerySet[Product]:
    levels = StockLevel.objects.visible_to(actor).shown()
    if stock == "untracked":
        return found.exclude(Exists(levels.filter(product=OuterRef("pk"))))
    few = levels.low() if stock == "low" else levels.filter(quantity__lte=0)
    return found.filter(pk__in=few.values("product_id"))


def with_sales(found: QuerySet[Product], scope: Scope) -> QuerySet[Any]:
    """With `sold` and `revenue` of the last days: of the actor's business, or of all."""
    business_id = scope.actor.business_id
    shop = Q(sales__business_id=business_id) if business_id else Q(sales__business__isnull=True)
    return found.annotate(own=FilteredRelation("sales", condition=shop)).annotate(
        sold=Coalesce(F("own__quantity"), Decimal(0)), revenue=Coalesce(F("own__revenue"), Decimal(0))
    )


def _row(product: Any) -> ProductRow:
    return ProductRow(
        code=product.code,
        sku=product.sku,
        title=str(product),
        category=product.category,
        vendor=product.vendor,
        price=product.price,
        is_archived=product.archived_at is not None,
        sold=product.sold,
        revenue=product.revenue,
    )


def choices_of(field: str) -> list[str]:
    """Categories or vendors that products have, in order; for a filter. One query."""
    known = Product.objects.exclude(**{field: ""}).order_by(field)
    return list(known.values_list(field, flat=True).distinct()[:MOST_CHOICES])


@dataclass(frozen=True, slots=True)
class ProductDetail:
    """Figures of the last ProductSales.DAYS days, of the actor's business or of all, and the newest orders with it."""

    product: Product
    sold: Decimal
    revenue: Decimal
    buyers: int
    margin: Decimal | None  # share of the price that is not cost, in percent
    chart: Chart
    orders: Sequence[OrderRow]


def product_detail(product: Product, scope: Scope, currency: str) -> ProductDetail:
    """Three queries: figures from roll-ups, buyers and orders over this product's own lines."""
    today = local_day(scope.now, scope.zone)
    period = Period(today - timedelta(days=ProductSales.DAYS - 1), today, scope.zone)
    by_day = _sales_by_day(product, period, scope.actor.business_id)
    sold = sum((quantity for quantity, _revenue in by_day.values()), Decimal(0))
    revenue = sum((amount for _quantity, amount in by_day.values()), Decimal(0))
    return ProductDetail(
        product=product,
        sold=sold,
        revenue=revenue,
        buyers=_buyers(product, period, scope),
        margin=_margin(product),
        chart=_chart(by_day, period, sold, revenue, currency),
        orders=_latest_orders(product, scope),
    )


def _sales_by_day(product: Product, period: Period, business_id: int | None) -> dict[date, tuple[Decimal, Decimal]]:
    """From roll-ups, which are seconds behind. Given back counts on the day of the refund."""
    found = ProductDay.objects.filter(product=product, day__gte=period.first_day, day__lte=period.last_day)
    if business_id is not None:
        found = found.filter(business_id=business_id)
    sold, net = Sum(F("units") - F("refunded_units")), Sum(F("revenue") - F("refunds"))
    rows = found.order_by().values("day").annotate(sold=sold, net=net)
    return {day: (units, amount) for day, units, amount in rows.values_list("day", "sold", "net")}


def _buyers(product: Product, period: Period, scope: Scope) -> int:
    """People who are known and bought it in the period."""
    orders = Order.objects.visible_to(scope.actor).filter(
        lines__product=product, placed_at__gte=period.start, placed_at__lt=period.end, customer__isnull=False
    )
    return orders.exclude(status=Order.Status.CANCELLED).values("customer_id").distinct().count()


def _latest_orders(product: Product, scope: Scope) -> list[OrderRow]:
    having = OrderLine.objects.filter(product=product).values("order_id")
    found = Order.objects.visible_to(scope.actor).filter(pk__in=having).select_related("customer", "business")
    return [order_row(order, scope) for order in found.order_by("-placed_at", "-pk")[:LATEST_ORDERS]]


def _margin(product: Product) -> Decimal | None:
    if not product.price or product.cost is None:
        return None
    return Decimal(100 * (product.price - product.cost) / product.price)


def _chart(
    by_day: Mapping[date, tuple[Decimal, Decimal]], period: Period, sold: Decimal, revenue: Decimal, currency: str
) -> Chart:
    days = [period.first_day + timedelta(days=number) for number in range(ProductSales.DAYS)]
    nothing = (Decimal(0), Decimal(0))
    best = max(by_day, key=lambda day: by_day[day][0], default=None)
    finding = _("Nothing was sold in these days.")
    if best is not None and sold > 0:
        finding = _("%(sold)s sold for %(revenue)s. The best day was %(day)s with %(most)s.") % {
            "sold": format_number(sold),
            "revenue": format_money(revenue, currency),
            "day": date_format(best, "j F"),
            "most": format_number(by_day[best][0]),
        }
    return Chart(
        id="product-sales",
        title=_("Sold each day"),
        finding=finding,
        labels=[date_format(day, "j M") for day in days],
        series=[Series(label=_("Pieces"), values=[by_day.get(day, nothing)[0] for day in days], shape="bar")],
        currency=currency,
        axis_title=_("Day"),
    )
