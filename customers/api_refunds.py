"""Refunds over the API, read only: `loyalty.api_refunds` adds the act."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet
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
from customers.models import Refund, RefundLine
from workspace.api_auth import ApiView

TAG = "Orders and products"


class RefundRecordOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    business_id = serializers.CharField(source="business.code")
    order_id = serializers.CharField(
        source="order.code", default=None, allow_null=True, help_text="Null: the source names no order."
    )
    customer_id = serializers.CharField(source="customer.code", default=None, allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment]
    reference = serializers.CharField()
    refunded_at = serializers.DateTimeField()
    total = AmountField(help_text="What the customer got back.")
    reason = serializers.CharField()


class RefundLineOutput(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    order_position = serializers.IntegerField(source="order_line.position", default=None, allow_null=True)
    product_id = serializers.CharField(source="product.code", default=None, allow_null=True)
    title = serializers.CharField()
    quantity = QuantityField()
    total = AmountField()


class RefundWithLinesOutput(RefundRecordOutput):
    lines = RefundLineOutput(many=True)


class RefundFilter(StrictSerializer):
    business_id = serializers.CharField(max_length=16, required=False)
    order_id = serializers.CharField(max_length=16, required=False)
    customer_id = serializers.CharField(max_length=16, required=False)
    reference = serializers.CharField(max_length=120, required=False)
    refunded_after = serializers.DateTimeField(required=False)
    refunded_before = serializers.DateTimeField(required=False)


_LOOKUPS: Mapping[str, str] = {
    "business_id": "business__code",
    "order_id": "order__code",
    "customer_id": "customer__code",
    "reference": "reference",
    "refunded_after": "refunded_at__gte",
    "refunded_before": "refunded_at__lt",
}
_ORDERS: Mapping[str, ListOrder] = {"refunded": ListOrder(["refunded_at", "id"])}


def _refunds(view: ApiView) -> QuerySet[Refund]:
    return Refund.objects.visible_to(view.actor).select_related("business", "customer", "order")


class RefundsView(ApiView):
    """What was given back, newest first; a caller limited to one business sees that one's."""

    required = {"GET": Perm.ORDERS_VIEW}

    @extend_schema(
        operation_id="refunds_list",
        tags=[TAG],
        parameters=[
            *(OpenApiParameter(name, str) for name in ("business_id", "order_id", "customer_id", "reference")),
            *(OpenApiParameter(name, datetime) for name in ("refunded_after", "refunded_before")),
            *page_parameters(*_ORDERS, default="-refunded"),
        ],
        responses={200: page_of(RefundRecordOutput)},
    )
    def get(self, request: Request) -> Response:
        given = read_query(request, RefundFilter)
        found = _refunds(self).filter(**{_LOOKUPS[name]: given[name] for name in _LOOKUPS if name in given})
        page = cursor_page(request, found, orders=_ORDERS, default="-refunded")
        return page_response(page, RefundRecordOutput, currency=programme_of(self).currency)


class RefundView(ApiView):
    """One refund with its lines."""

    required = {"GET": Perm.ORDERS_VIEW}

    @extend_schema(operation_id="refunds_read", tags=[TAG], responses={200: RefundWithLinesOutput})
    def get(self, request: Request, refund_id: str) -> Response:
        lines = RefundLine.objects.select_related("product", "order_line").order_by("position")
        refund = _refunds(self).prefetch_related(Prefetch("lines", queryset=lines)).filter(code=refund_id).first()
        if refund is None:
            raise NotFound()
        return Response(RefundWithLinesOutput(refund, context={"currency": programme_of(self).currency}).data)
