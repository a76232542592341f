"""Measure → Analytics → Products and Bought together."""

from __future__ import annotations

from decimal import Decimal

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from core.charts import Chart, Series
from core.errors import NotFound
from core.keyset import with_query
from core.money import quantise
from core.page import page
from core.permissions import Perm, requires
from core.presentation import format_money
from core.requests import StaffRequest
from customers.models import Product
from customers.reports.product_figures import (
    By,
    PairRow,
    ProductFigures,
    SortBy,
    TopProducts,
    bought_together,
    pairs_counted_at,
    product_by_day,
    product_figures,
    top_products,
)
from customers.reports.sales import every_day
from screens.analytics_range import Range, asked_range, range_context
from screens.csv_files import Cell, csv_file
from screens.reports_analytics import part_label, part_start
from screens.views_analytics import file_name

SHOWN, IN_FILE = 25, 200
PAIRS_SHOWN, PAIRS_OF_PRODUCT = 50, 10
BYS: tuple[By, ...] = ("product", "category", "vendor")
SORTS: tuple[SortBy, ...] = ("revenue", "units", "orders")


@require_safe
@requires(Perm.ANALYTICS_VIEW)
def products(request: StaffRequest) -> HttpResponse:
    context = range_context(request, "analytics:products")
    chosen: Range = context["chosen"]
    by, sort = _asked(request)
    found = top_products(chosen.period, chosen.compare, business_id=chosen.business_id, by=by, sort=sort, limit=SHOWN)
    labels = {"product": _("Products"), "category": _("Categories"), "vendor": _("Vendors")}
    sorts = {"revenue": _("Revenue"), "units": _("Units"), "orders": _("Orders")}
    context |= {
        "found": found,
        "by": by,
        "sort": sort,
        "head": {"product": _("Product"), "category": _("Category"), "vendor": _("Vendor")}[by],
        "bys": [{"label": labels[one], "url": with_query(request.GET, by=one), "current": one == by} for one in BYS],
        "sorts": [
            {"label": sorts[one], "url": with_query(request.GET, sort=one), "current": one == sort} for one in SORTS
        ],
        "kept": [("by", by), ("sort", sort)],
        "finding": _finding(found, request.programme.currency),
    }
    return page(request, "screens/analytics/products.html", context)


@require_safe
@requires(Perm.ANALYTICS_VIEW)
def products_file(request: StaffRequest) -> HttpResponse:
    chosen = asked_range(request, timezone.now())
    by, sort = _asked(request)
    found = top_products(chosen.period, chosen.compare, business_id=chosen.business_id, by=by, sort=sort, limit=IN_FILE)
    currency = request.programme.currency
    head = [
        _("Stock code"), _("Name"), _("Revenue"), _("Refunds"), _("Units"), _("Units back"), _("Orders"), _("Buyers"),
        _("Revenue compared with"), _("Currency"),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            row.product.sku if row.product else "", str(row.product or row.key), quantise(row.figures.net, currency),
            quantise(row.figures.refunds, currency), row.figures.net_units.normalize(),
            row.figures.refunded_units.normalize(), row.figures.orders, row.buyers,
            quantise(row.before.net, currency) if row.before else None, currency,
        ]
        for row in found.rows
    ]  # fmt: skip
    return csv_file(file_name(request, f"top-{by}", chosen), head, rows)


@require_safe
@requires(Perm.ANALYTICS_VIEW)
def product(request: StaffRequest, code: str) -> HttpResponse:
    found = Product.objects.filter(code=code).first()
    if found is None:
        raise NotFound
    context = range_context(request, "analytics:products")
    chosen: Range = context["chosen"]
    only = chosen.business_id
    figures = product_figures(found, chosen.period, business_id=only)
    before = product_figures(found, chosen.compare, business_id=only) if chosen.compare else None
    context |= {
        "product": found,
        "figures": figures,
        "before": before,
        "chart": _product_chart(found, chosen, request.programme.currency),
        "pairs": bought_together(business_id=only, product=found, limit=PAIRS_OF_PRODUCT),
        "orders_url": chosen.orders_url(product=found.code),
        "catalogue_url": reverse("customers:product", args=[found.code]),
    }
    return page(request, "screens/analytics/product.html", context)


@require_safe
@requires(Perm.ANALYTICS_VIEW)
def pairs(request: StaffRequest) -> HttpResponse:
    context = range_context(request, "analytics:pairs", has_period=False)
    chosen: Range = context["chosen"]
    found = bought_together(business_id=chosen.business_id, limit=PAIRS_SHOWN)
    context |= {"pairs": found, "counted_at": pairs_counted_at(), "finding": _pair_finding(found)}
    return page(request, "screens/analytics/pairs.html", context)


@require_safe
@requires(Perm.ANALYTICS_VIEW)
def pairs_file(request: StaffRequest) -> HttpResponse:
    chosen = asked_range(request, timezone.now())
    head = [
        _("Product"), _("Bought with"), _("Orders with both"), _("Support in percent"), _("Confidence in percent"),
        _("Lift"),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            str(row.product), str(row.other), row.together, round(row.support, 4), round(row.confidence, 4),
            round(row.lift, 4),
        ]
        for row in bought_together(business_id=chosen.business_id, limit=IN_FILE)
    ]  # fmt: skip
    return csv_file(f"bought-together-{request.programme.slug}", head, rows)


def _asked(request: StaffRequest) -> tuple[By, SortBy]:
    by, sort = request.GET.get("by", ""), request.GET.get("sort", "")
    return by if by in BYS else "product", sort if sort in SORTS else "revenue"


def _finding(found: TopProducts, currency: str) -> str:
    """How much of the revenue few of them bring."""
    if not found.rows or found.net <= 0:
        return ""
    few = found.rows[:5]
    share = float(sum((row.figures.net for row in few), Decimal(0)) / found.net * 100)
    return _("The first %(count)s bring %(share)s%% of %(net)s that goods came to.") % {
        "count": len(few),
        "share": f"{share:.0f}",
        "net": format_money(found.net, currency),
    }


def _pair_finding(found: list[PairRow]) -> str:
    if not found:
        return ""
    best = found[0]
    return _(
        "Who buys %(product)s has %(other)s on %(share)s%% of those orders, %(lift)s times as often as by chance."
    ) % {
        "product": best.product,
        "other": best.other,
        "share": f"{best.confidence:.0f}",
        "lift": f"{best.lift:.1f}",
    }


def _product_chart(found: Product, chosen: Range, currency: str) -> Chart:
    by_day = product_by_day(found, chosen.period, business_id=chosen.business_id)
    parts: dict[object, list[ProductFigures]] = {}
    labels = []
    for day in every_day(chosen.period):
        start = part_start(chosen.grain, day, chosen.period)
        if start not in parts:
            parts[start] = []
            labels.append(part_label(chosen.grain, start))
        if day in by_day:
            parts[start].append(by_day[day])
    revenue = [sum((day.net for day in days), Decimal(0)) for days in parts.values()]
    units = [sum((day.net_units for day in days), Decimal(0)) for days in parts.values()]
    best = max(range(len(revenue)), key=revenue.__getitem__)
    finding = _("Nothing was sold of it in these days.")
    if any(revenue):
        finding = ngettext(
            "The most was %(best)s, %(label)s; %(days)s day had a sale or a refund.",
            "The most was %(best)s, %(label)s; %(days)s days had a sale or a refund.",
            len(by_day),
        ) % {"best": format_money(revenue[best], currency), "label": labels[best], "days": len(by_day)}
    return Chart(
        id="product-revenue",
        title=_("Revenue and units"),
        finding=finding,
        labels=labels,
        series=[
            Series(_("Revenue"), revenue, shape="area", unit="money"),
            Series(_("Units"), units, tone="3", shape="bar", panel=1),
        ],
        currency=currency,
        axis_title={"day": _("Day"), "week": _("Week"), "month": _("Month")}[chosen.grain],
    )
