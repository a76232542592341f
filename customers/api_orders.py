"""Orders, read only: `loyalty.api_orders` adds the acts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, Q
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import StrictSerializer, cursor_page, page_response, read_query
from core.errors import NotFound
from core.keyset import Order as ListOrder
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from customers.api_customers import programme_of
from customers.api_fields import AmountField, QuantityField
from customers.models import Order, OrderLine
from customers.querysets import OrderQuerySet
from workspace.api_auth import ApiView


class OrderOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    business_id = serializers.CharField(source="business.code")
    customer_id = serializers.CharField(
        source="customer.code", default=None, allow_null=True, help_text="Null: unknown."
    )
    source = serializers.CharField()  # type: ignore[assignment]
    reference = serializers.CharField(help_text="The shop's own number, unique in the business.")
    number = serializers.CharField()
    channel = serializers.CharField()
    status = serializers.ChoiceField(choices=Order.Status.choices)
    fulfilment_status = serializers.CharField()
    placed_at = serializers.DateTimeField()
    total = AmountField()
    refunded_total = AmountField()
    discount = AmountField()
    tax = AmountField()
    shipping = AmountField()


class OrderLineOutput(serializers.Serializer[Any]):
    position = serializers.IntegerField(help_text="Names the line in a refund.")
    product_id = serializers.CharField(source="product.code", default=None, allow_null=True)
    sku = serializers.CharField(source="product.sku", default=None, allow_null=True)
    title = serializers.CharField()
    quantity = QuantityField()
    unit_price = AmountField()
    discount = AmountField()
    total = AmountField()


class OrderWithLinesOutput(OrderOutput):
    lines = OrderLineOutput(many=True)


class OrderFilter(StrictSerializer):
    business_id = serializers.CharField(max_length=16, required=False)
    customer_id = serializers.CharField(max_length=16, required=False)
    reference = serializers.CharField(max_length=120, required=False)
    status = serializers.ChoiceField(choices=Order.Status.choices, required=False)
    channel = serializers.CharField(max_length=20, required=False)
    fulfilment_status = serializers.CharField(max_length=20, required=False)
    product_id = serializers.CharField(max_length=16, required=False)
    total_min = serializers.DecimalField(max_digits=19, decimal_places=4, required=False)
    total_max = serializers.DecimalField(max_digits=19, decimal_places=4, required=False)
    search = serializers.CharField(max_length=120, required=False)
    placed_after = serializers.DateTimeField(required=False)
    placed_before = serializers.DateTimeField(required=False)


_ORDER_LOOKUPS: Mapping[str, str] = {
    "business_id": "business__code",
    "customer_id": "customer__code",
    "reference": "reference",
    "status": "status",
    "channel": "channel",
    "fulfilment_status": "fulfilment_status",
    "total_min": "total__gte",
    "total_max": "total__lte",
    "placed_after": "placed_at__gte",
    "placed_before": "placed_at__lt",
}
_ORDER_ORDERS: Mapping[str, ListOrder] = {
    "placed": ListOrder(["placed_at", "id"]),
    "total": ListOrder(["total", "id"]),
}


def _orders(view: ApiView) -> OrderQuerySet:
    return Order.objects.visible_to(view.actor).select_related("business", "customer")


class OrdersView(ApiView):
    """Orders, newest first; a caller limited to one business sees that one's."""

    required = {"GET": Perm.ORDERS_VIEW}

    @extend_schema(
        operation_id="orders_list",
        tags=["Orders and products"],
        parameters=[
            OpenApiParameter("business_id", str),
            OpenApiParameter("customer_id", str),
            OpenApiParameter("reference", str),
            OpenApiParameter("status", str, enum=Order.Status.values),
            OpenApiParameter("channel", str),
            OpenApiParameter("fulfilment_status", str),
            OpenApiParameter("product_id", str, description="Orders with a line of this product."),
            OpenApiParameter("total_min", Decimal),
            OpenApiParameter("total_max", Decimal),
            OpenApiParameter("search", str, description="The beginning of a reference or number."),
            OpenApiParameter("placed_after", datetime),
            OpenApiParameter("placed_before", datetime),
            *page_parameters(*_ORDER_ORDERS, default="-placed"),
        ],
        responses={200: page_of(OrderOutput)},
    )
    def get(self, request: Request) -> Response:
        given = read_query(request, OrderFilter)
        queryset = _orders(self).filter(
            **{_ORDER_LOOKUPS[name]: given[name] for name in _ORDER_LOOKUPS if name in given}
        )
        if "product_id" in given:
            queryset = queryset.having_product(given["product_id"])
        if "search" in given:
            text = given["search"]
            queryset = queryset.filter(Q(reference__startswith=text) | Q(number__startswith=text))
        page = cursor_page(request, queryset, orders=_ORDER_ORDERS, default="-placed")
        return page_response(page, OrderOutput, currency=programme_of(self).currency)


class OrderView(ApiView):
    """One order with its lines."""

    required = {"GET": Perm.ORDERS_VIEW}

    @extend_schema(operation_id="orders_read", tags=["Orders and products"], responses={200: OrderWithLinesOutput})
    def get(self, request: Request, order_id: str) -> Response:
        return Response(order_output(self, order_id))


def order_output(view: ApiView, code: str) -> dict[str, Any]:
    """One order with its lines, as the caller may see it. Raises NotFound."""
    lines = Prefetch("lines", queryset=OrderLine.objects.select_related("product").order_by("position"))
    order = _orders(view).prefetch_related(lines).filter(code=code).first()
    if order is None:
        raise NotFound()
    return dict(OrderWithLinesOutput(order, context={"currency": programme_of(view).currency}).data)
