"""When stock runs out, over the API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Coalesce
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import StrictSerializer, cursor_page, page_response, read_query
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from customers.api_customers import programme_of
from customers.api_fields import QuantityField
from customers.models import StockForecast, StockLevel
from workspace.api_auth import ApiView

FAR = 10_000  # days: after every forecast


class PredictionOutput(serializers.Serializer[Any]):
    """Of one product at one place. The range holds 8 times in 10; null: not within a year of `computed_on`."""

    level_id = serializers.CharField(source="code")
    product_id = serializers.CharField(source="product.code")
    sku = serializers.CharField(source="product.sku")
    location_id = serializers.CharField(source="location.code")
    quantity = QuantityField()
    model = serializers.ChoiceField(choices=StockForecast.Model.choices, source="forecast.model")
    weekly_demand = QuantityField(source="forecast.weekly_demand")
    days_of_cover = serializers.IntegerField(source="forecast.days_left", allow_null=True)
    runs_out_on = serializers.SerializerMethodField()
    runs_out_from = serializers.SerializerMethodField()
    runs_out_to = serializers.SerializerMethodField()
    order_point = QuantityField(source="forecast.order_point", help_text="Order at this quantity.")
    order_quantity = QuantityField(source="forecast.order_quantity", help_text="To order now; 0: not yet.")
    computed_on = serializers.DateField(source="forecast.computed_on")

    @extend_schema_field({"type": ["string", "null"], "format": "date"})
    def get_runs_out_on(self, level: StockLevel) -> str | None:
        return _day(level.forecast, level.forecast.days_left)

    @extend_schema_field({"type": ["string", "null"], "format": "date"})
    def get_runs_out_from(self, level: StockLevel) -> str | None:
        return _day(level.forecast, level.forecast.days_left_low)

    @extend_schema_field({"type": ["string", "null"], "format": "date"})
    def get_runs_out_to(self, level: StockLevel) -> str | None:
        return _day(level.forecast, level.forecast.days_left_high)


def _day(forecast: StockForecast, days: int | None) -> str | None:
    return None if days is None else (forecast.computed_on + timedelta(days=days)).isoformat()


class PredictionFilter(StrictSerializer):
    location_id = serializers.CharField(max_length=16, required=False)
    product_id = serializers.CharField(max_length=16, required=False)
    to_order = serializers.BooleanField(required=False, allow_null=True, default=None)


_ORDERS: Mapping[str, Order] = {"days_of_cover": Order([Coalesce(F("forecast__days_left"), Value(FAR)), "id"])}


class PredictionsView(ApiView):
    """When stock runs out and what to order, what runs out first first; reckoned each night."""

    required = {"GET": Perm.ORDERS_VIEW}

    @extend_schema(
        operation_id="inventory_predictions",
        tags=["Stock"],
        parameters=[
            OpenApiParameter("location_id", str),
            OpenApiParameter("product_id", str),
            OpenApiParameter("to_order", bool, description="True: only what is to be ordered now."),
            *page_parameters(*_ORDERS, default="days_of_cover"),
        ],
        responses={200: page_of(PredictionOutput)},
    )
    def get(self, request: Request) -> Response:
        given = read_query(request, PredictionFilter)
        found = StockLevel.objects.visible_to(self.actor).shown().filter(forecast__isnull=False)
        if "location_id" in given:
            found = found.filter(location__code=given["location_id"])
        if "product_id" in given:
            found = found.filter(product__code=given["product_id"])
        if given["to_order"] is not None:
            ordered = {"forecast__order_quantity__gt": 0}
            found = found.filter(**ordered) if given["to_order"] else found.exclude(**ordered)
        listed = found.select_related("product", "location", "forecast")
        page = cursor_page(request, listed, orders=_ORDERS, default="days_of_cover")
        return page_response(page, PredictionOutput, currency=programme_of(self).currency)
