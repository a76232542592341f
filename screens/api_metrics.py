"""Figures over the API: the same reports as the analytics pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import StrictSerializer, read_query
from core.clock import Period
from core.errors import InvalidInput, NotFound
from core.permissions import Perm
from customers.api_customers import customers_of, programme_of
from customers.api_fields import AmountField, AverageField, QuantityField
from customers.models import Product
from customers.reports.cohorts import cohort_table
from customers.reports.customer_figures import customer_figures
from customers.reports.product_figures import (
    bought_together,
    buyers_of,
    pairs_counted_at,
    product_figures,
    top_products,
)
from customers.reports.sales_split import sales_by_hour
from intelligence.api import RfmOutput
from intelligence.reports import rfm_overview
from screens.analytics_range import (
    COMPARISONS,
    DEFAULT_DAYS,
    FIRST_YEAR,
    LAST_YEAR,
    MAX_DAYS,
    Range,
    compared,
    newest_day,
)
from screens.reports_analytics import SalesTotals, overview
from workspace.api_auth import ApiView
from workspace.models import Business

TAG = "Metrics"
MOST_MONTHS = 36
DAYS = [
    OpenApiParameter("from", date, description="The first day, in the programme's time zone. 29 days before `to`."),
    OpenApiParameter("to", date, description="The last day. Today."),
]
BUSINESS = OpenApiParameter("business", str, description="The id of one business; none: all that the caller may see.")
COMPARE = OpenApiParameter(
    "compare", str, enum=sorted(COMPARISONS), description="`before`: as many days before. `year`: a year before."
)
PARAMETERS = [*DAYS, BUSINESS, COMPARE]


class MetricsFilter(StrictSerializer):
    business = serializers.CharField(max_length=16, required=False)
    compare = serializers.ChoiceField(choices=sorted(COMPARISONS), default="before")

    def get_fields(self) -> dict[str, Any]:
        # `from` is no name in Python
        days = {"from": serializers.DateField(required=False), "to": serializers.DateField(required=False)}
        return {**super().get_fields(), **days}


class TopProductsFilter(MetricsFilter):
    by = serializers.ChoiceField(choices=["product", "category", "vendor"], default="product")
    sort = serializers.ChoiceField(choices=["revenue", "units", "orders"], default="revenue")
    n = serializers.IntegerField(min_value=1, max_value=200, default=25)


class CohortsFilter(StrictSerializer):
    business = serializers.CharField(max_length=16, required=False)
    months = serializers.IntegerField(min_value=1, max_value=MOST_MONTHS, default=12)


class BusinessFilter(StrictSerializer):
    business = serializers.CharField(max_length=16, required=False)


class PairsFilter(BusinessFilter):
    product = serializers.CharField(max_length=16, required=False)
    n = serializers.IntegerField(min_value=1, max_value=200, default=50)


class FiguresOutput(serializers.Serializer[Any]):
    revenue = AmountField(source="sold.revenue", help_text="Before refunds.")
    refunds = AmountField(source="sold.refunds", help_text="Given back in these days.")
    net = AmountField(source="sold.net")
    orders = serializers.IntegerField(source="sold.orders")
    units = QuantityField(source="sold.units")
    average_order = AverageField(source="average", allow_null=True, help_text="Before refunds.")
    buyers = serializers.IntegerField(source="people.buyers", help_text="Different people.")
    new_buyers = serializers.IntegerField(source="people.new")
    returning_buyers = serializers.IntegerField(source="people.returning")
    repeat_rate = serializers.FloatField(source="people.repeat_rate", allow_null=True, help_text="Percent.")
    points_issued = serializers.SerializerMethodField()
    points_spent = serializers.SerializerMethodField()

    def get_points_issued(self, totals: SalesTotals) -> int:
        return totals.points[0]

    def get_points_spent(self, totals: SalesTotals) -> int:
        return totals.points[1]


class MetricsHeadOutput(serializers.Serializer[Any]):
    compared_from = serializers.DateField(allow_null=True)
    compared_to = serializers.DateField(allow_null=True)
    business_id = serializers.CharField(allow_null=True, help_text="The one that it is about; null: all.")
    currency = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.DateField(), "to": serializers.DateField(), **super().get_fields()}


class SalesPartOutput(serializers.Serializer[Any]):
    first = serializers.DateField()
    last = serializers.DateField()
    orders = serializers.IntegerField(source="sold.orders")
    revenue = AmountField(source="sold.revenue")
    refunds = AmountField(source="sold.refunds")
    net = AmountField(source="sold.net")
    new_buyers = serializers.IntegerField(source="new")
    returning_buyers = serializers.IntegerField(source="returning")


class DashboardOutput(MetricsHeadOutput):
    figures = FiguresOutput()
    before = FiguresOutput(allow_null=True)
    by = serializers.ChoiceField(choices=["day", "week", "month"], help_text="What a part is.")
    parts = SalesPartOutput(many=True)


class ProductFiguresOutput(serializers.Serializer[Any]):
    revenue = AmountField()
    refunds = AmountField()
    net = AmountField()
    units = QuantityField()
    refunded_units = QuantityField()
    orders = serializers.IntegerField()
    refund_rate = serializers.FloatField(allow_null=True, help_text="Percent of the units.")


class TopProductOutput(serializers.Serializer[Any]):
    product_id = serializers.CharField(source="product.code", default=None, allow_null=True)
    sku = serializers.CharField(source="product.sku", default=None, allow_null=True)
    name = serializers.SerializerMethodField()
    figures = ProductFiguresOutput()
    before = ProductFiguresOutput(allow_null=True)
    buyers = serializers.IntegerField(allow_null=True, help_text="Null: too many orders to count, or no product.")

    def get_name(self, row: Any) -> str:
        return str(row.product or row.key)


class TopProductsOutput(MetricsHeadOutput):
    net = AmountField(help_text="What all goods came to, also those not listed.")
    rows = TopProductOutput(many=True)


class ProductMetricsOutput(MetricsHeadOutput):
    product_id = serializers.CharField()
    figures = ProductFiguresOutput()
    before = ProductFiguresOutput(allow_null=True)
    buyers = serializers.IntegerField(allow_null=True)


class HourOutput(serializers.Serializer[Any]):
    weekday = serializers.IntegerField(help_text="1 is Monday.")
    hour = serializers.IntegerField()
    orders = serializers.IntegerField()
    revenue = AmountField()
    refunds = AmountField()
    net = AmountField()


class HoursOutput(MetricsHeadOutput):
    time_zone = serializers.CharField()
    hours = HourOutput(many=True)


class CohortMonthOutput(serializers.Serializer[Any]):
    month = serializers.DateField()
    customers = serializers.IntegerField()
    orders = serializers.IntegerField()
    net = AmountField(source="revenue")


class CohortOutput(serializers.Serializer[Any]):
    month = serializers.DateField(help_text="Of the first order.")
    size = serializers.IntegerField()
    months = CohortMonthOutput(source="cells", many=True)


class CohortsOutput(serializers.Serializer[Any]):
    counted_at = serializers.DateTimeField(allow_null=True)
    cohorts = CohortOutput(many=True)


class PairOutput(serializers.Serializer[Any]):
    product_id = serializers.CharField(source="product.code")
    other_id = serializers.CharField(source="other.code")
    product = serializers.CharField()
    other = serializers.CharField()
    together = serializers.IntegerField(help_text="Orders with both.")
    support = serializers.FloatField(help_text="Percent of all orders.")
    confidence = serializers.FloatField(help_text="Percent of the orders with `product`.")
    lift = serializers.FloatField(help_text="Times as often as by chance.")


class PairsOutput(serializers.Serializer[Any]):
    counted_at = serializers.DateTimeField(allow_null=True)
    pairs = PairOutput(many=True)


class CustomerMetricsOutput(serializers.Serializer[Any]):
    customer_id = serializers.CharField()
    orders = serializers.IntegerField()
    spent = AmountField(help_text="After refunds.")
    average_order = AverageField(allow_null=True, help_text="Before refunds.")
    first_order_at = serializers.DateTimeField(allow_null=True)
    last_order_at = serializers.DateTimeField(allow_null=True)
    days_between = serializers.FloatField(allow_null=True, help_text="Median days from one purchase to the next.")
    orders_in_period = serializers.IntegerField()
    net_in_period = AmountField()
    orders_before = serializers.IntegerField(allow_null=True)
    net_before = AmountField(allow_null=True)


@dataclass(frozen=True, slots=True)
class Asked:
    chosen: Range
    currency: str
    code: str | None

    @property
    def head(self) -> dict[str, Any]:
        compare = self.chosen.compare
        return {
            "from": self.chosen.period.first_day,
            "to": self.chosen.period.last_day,
            "compared_from": compare.first_day if compare else None,
            "compared_to": compare.last_day if compare else None,
            "business_id": self.code,
            "currency": self.currency,
        }


def asked_by(view: ApiView, given: Mapping[str, Any]) -> Asked:
    """What the caller asks for. Raises InvalidInput for days the wrong way round or too many, NotFound for a business
    that the caller may not see."""
    programme = programme_of(view)
    today = newest_day(programme, timezone.now())
    last = given.get("to") or max(today, given.get("from") or today)
    first = given.get("from") or last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last:
        raise InvalidInput(_("The first day is after the last."), field="from")
    if (last - first).days >= MAX_DAYS:
        raise InvalidInput(_("Ask for at most three years at once."), field="from")
    if first.year < FIRST_YEAR or last.year > LAST_YEAR:
        raise InvalidInput(_("There are no sales of these days."), field="from")
    period = Period(first, last, programme.zone)
    business = _business(view, given)
    comparison = given.get("compare", "before")
    chosen = Range(period, compared(period, comparison), comparison, None, business, view.caller.business_id)
    return Asked(chosen, programme.currency, business.code if business else None)


def _business(view: ApiView, given: Mapping[str, Any]) -> Business | None:
    """The one asked for, or the one that the caller is limited to."""
    found = Business.objects.visible_to(view.actor)
    if "business" in given:
        business = found.filter(code=given["business"]).first()
        if business is None:
            raise NotFound
        return business
    return found.get(pk=view.caller.business_id) if view.caller.business_id else None


class DashboardView(ApiView):
    """What was sold in a period, to how many, with the period compared."""

    required = {"GET": Perm.ANALYTICS_VIEW}

    @extend_schema(
        operation_id="metrics_dashboard", tags=[TAG], parameters=PARAMETERS, responses={200: DashboardOutput}
    )
    def get(self, request: Request) -> Response:
        asked = asked_by(self, read_query(request, MetricsFilter))
        found = overview(asked.chosen, actor=self.actor, now=timezone.now())
        answer = {
            **asked.head, "figures": found.totals, "before": found.before, "by": asked.chosen.grain,
            "parts": found.parts,
        }  # fmt: skip
        return Response(DashboardOutput(answer, context={"currency": asked.currency}).data)


class TopProductsView(ApiView):
    """What sold best: products, categories or vendors."""

    required = {"GET": Perm.ANALYTICS_VIEW}

    @extend_schema(
        operation_id="metrics_top_products",
        tags=[TAG],
        parameters=[
            *PARAMETERS,
            OpenApiParameter("by", str, enum=["product", "category", "vendor"]),
            OpenApiParameter("sort", str, enum=["revenue", "units", "orders"]),
            OpenApiParameter("n", int, description="How many, 25 if not given, 200 at most."),
        ],
        responses={200: TopProductsOutput},
    )
    def get(self, request: Request) -> Response:
        given = read_query(request, TopProductsFilter)
        asked = asked_by(self, given)
        chosen = asked.chosen
        found = top_products(
            chosen.period,
            chosen.compare,
            business_id=chosen.business_id,
            by=given["by"],
            sort=given["sort"],
            limit=given["n"],
        )
        answer = {**asked.head, "net": found.net, "rows": found.rows}
        return Response(TopProductsOutput(answer, context={"currency": asked.currency}).data)


class ProductMetricsView(ApiView):
    """What one product sold."""

    required = {"GET": Perm.ANALYTICS_VIEW}

    @extend_schema(
        operation_id="metrics_product", tags=[TAG], parameters=PARAMETERS, responses={200: ProductMetricsOutput}
    )
    def get(self, request: Request, product_id: str) -> Response:
        asked = asked_by(self, read_query(request, MetricsFilter))
        product = Product.objects.filter(code=product_id).first()
        if product is None:
            raise NotFound
        chosen, only = asked.chosen, asked.chosen.business_id
        answer = {
            **asked.head,
            "product_id": product.code,
            "figures": product_figures(product, chosen.period, business_id=only),
            "before": product_figures(product, chosen.compare, business_id=only) if chosen.compare else None,
            "buyers": buyers_of([product.pk], chosen.period, business_id=only).get(product.pk),
        }
        return Response(ProductMetricsOutput(answer, context={"currency": asked.currency}).data)


class CustomerMetricsView(ApiView):
    """What one customer bought."""

    required = {"GET": Perm.CUSTOMERS_VIEW}

    @extend_schema(
        operation_id="metrics_customer", tags=[TAG], parameters=PARAMETERS, responses={200: CustomerMetricsOutput}
    )
    def get(self, request: Request, customer_id: str) -> Response:
        asked = asked_by(self, read_query(request, MetricsFilter))
        customer = customers_of(self).filter(code=customer_id).first()
        if customer is None:
            raise NotFound
        chosen = asked.chosen
        figures = customer_figures(customer.pk, chosen.period, chosen.compare, business_id=chosen.business_id)
        context = {"currency": asked.currency}
        return Response(CustomerMetricsOutput({"customer_id": customer.code, **figures}, context=context).data)


class HoursView(ApiView):
    """What was sold by weekday and hour of the programme's zone, where anything was."""

    required = {"GET": Perm.ANALYTICS_VIEW}

    @extend_schema(operation_id="metrics_hours", tags=[TAG], parameters=PARAMETERS, responses={200: HoursOutput})
    def get(self, request: Request) -> Response:
        asked = asked_by(self, read_query(request, MetricsFilter))
        found = sales_by_hour(asked.chosen.period, business_id=asked.chosen.business_id)
        hours = [
            {
                "weekday": weekday, "hour": hour, "orders": sold.orders, "revenue": sold.revenue,
                "refunds": sold.refunds, "net": sold.net,
            }
            for (weekday, hour), sold in sorted(found.items())
        ]  # fmt: skip
        answer = {**asked.head, "time_zone": asked.chosen.period.zone.key, "hours": hours}
        return Response(HoursOutput(answer, context={"currency": asked.currency}).data)


class CohortsView(ApiView):
    """People by the month of their first order, and what they did in each month after."""

    required = {"GET": Perm.ANALYTICS_VIEW}

    @extend_schema(
        operation_id="metrics_cohorts",
        tags=[TAG],
        parameters=[BUSINESS, OpenApiParameter("months", int, description="How many, 12 if not given.")],
        responses={200: CohortsOutput},
    )
    def get(self, request: Request) -> Response:
        given = read_query(request, CohortsFilter)
        asked = asked_by(self, {key: value for key, value in given.items() if key == "business"})
        today = asked.chosen.period.last_day
        index = today.year * 12 + today.month - given["months"]
        first = date(index // 12, index % 12 + 1, 1)
        table = cohort_table(first, today, business_id=asked.chosen.business_id)
        return Response(CohortsOutput(table, context={"currency": asked.currency}).data)


class RfmMetricsView(ApiView):
    """The RFM groups with their figures."""

    required = {"GET": Perm.INTELLIGENCE_VIEW}

    @extend_schema(operation_id="metrics_rfm", tags=[TAG], parameters=[BUSINESS], responses={200: RfmOutput})
    def get(self, request: Request) -> Response:
        asked = asked_by(self, read_query(request, BusinessFilter))
        found = rfm_overview(business_id=asked.chosen.business_id, now=timezone.now())
        nothing: dict[str, Any] = {"finished_at": None, "customers": 0, "groups": []}
        return Response(RfmOutput(found or nothing, context={"currency": asked.currency}).data)


class BoughtTogetherView(ApiView):
    """Which products are on one order, in the last year."""

    required = {"GET": Perm.ANALYTICS_VIEW}

    @extend_schema(
        operation_id="metrics_bought_together",
        tags=[TAG],
        parameters=[
            BUSINESS,
            OpenApiParameter("product", str, description="The id of a product: its pairs only."),
            OpenApiParameter("n", int, description="How many, 50 if not given, 200 at most."),
        ],
        responses={200: PairsOutput},
    )
    def get(self, request: Request) -> Response:
        given = read_query(request, PairsFilter)
        asked = asked_by(self, {key: value for key, value in given.items() if key == "business"})
        product = Product.objects.filter(code=given["product"]).first() if "product" in given else None
        if product is None and "product" in given:
            raise NotFound
        found = bought_together(business_id=asked.chosen.business_id, product=product, limit=given["n"])
        return Response(PairsOutput({"counted_at": pairs_counted_at(), "pairs": found}).data)
