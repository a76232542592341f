"""Stock over the API: places, levels and movements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import JsonResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body, read_query
from core.errors import DomainError, InvalidInput, NotFound
from core.keyset import Order as ListOrder
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from customers.actions import stock as actions
from customers.actions.stock import StockLine
from customers.api_customers import programme_of
from customers.api_fields import QuantityField
from customers.models import Product, StockLevel, StockLocation, StockMovement
from workspace.api_auth import ApiView
from workspace.api_once import HEADER, KEY_PARAMETER, once
from workspace.models import Business

TAG = "Stock"
# What a person sends; sales and what comes back of them move by themselves.
KINDS = ("received", "counted", "corrected", "moved")


class StockKeyRequired(DomainError):
    code = "idempotency_key_required"
    status = 400
    message = _("Send an Idempotency-Key, so that a repeated call moves nothing twice.")


class StockLocationOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    business_id = serializers.CharField(source="business.code")
    name = serializers.CharField()
    is_default = serializers.BooleanField(help_text="Sales of the business leave it.")
    is_archived = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    def get_is_archived(self, location: StockLocation) -> bool:
        return location.archived_at is not None


class StockLocationInput(StrictSerializer):
    business_id = serializers.CharField(max_length=16)
    name = CleanCharField(max_length=80)


class StockLocationChange(StrictSerializer):
    name = CleanCharField(max_length=80, required=False)
    is_default = serializers.BooleanField(required=False, help_text="True: sales leave it from now on.")


class StockLevelOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    product_id = serializers.CharField(source="product.code")
    sku = serializers.CharField(source="product.sku")
    location_id = serializers.CharField(source="location.code")
    quantity = QuantityField(help_text="Below zero: more was sold than anybody wrote down.")
    low_at = QuantityField(allow_null=True)
    lead_days = serializers.IntegerField(help_text="From an order to the shelf.")
    target_days = serializers.IntegerField(help_text="A delivery should last so long.")
    counted_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class StockLevelInput(StrictSerializer):
    low_at = serializers.DecimalField(
        max_digits=11, decimal_places=3, min_value=0, required=False, allow_null=True, help_text="Null: nobody is told."
    )
    lead_days = serializers.IntegerField(min_value=0, max_value=365, required=False)
    target_days = serializers.IntegerField(min_value=1, max_value=365, required=False)


class StockLevelFilter(StrictSerializer):
    location_id = serializers.CharField(max_length=16, required=False)
    product_id = serializers.CharField(max_length=16, required=False)
    sku = serializers.CharField(max_length=64, required=False)
    is_low = serializers.BooleanField(required=False, allow_null=True, default=None)
    updated_after = serializers.DateTimeField(required=False)


class StockMovementOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    product_id = serializers.CharField(source="product.code")
    location_id = serializers.CharField(source="location.code")
    kind = serializers.ChoiceField(choices=StockMovement.Kind.choices)
    quantity = QuantityField(help_text="Signed; of a count, the difference that it found.")
    reason = serializers.CharField()
    reference = serializers.CharField()
    at = serializers.DateTimeField()


class StockLineInput(StrictSerializer):
    """The product by `product_id` or `sku`."""

    product_id = serializers.CharField(max_length=16, required=False)
    sku = serializers.CharField(max_length=64, required=False)
    quantity = serializers.DecimalField(max_digits=11, decimal_places=3)


class StockMovementInput(StrictSerializer):
    """`received` and `moved` take quantities above 0, `counted` what is there, `corrected` so many more or less."""

    kind = serializers.ChoiceField(choices=KINDS)
    location_id = serializers.CharField(max_length=16)
    to_location_id = serializers.CharField(max_length=16, required=False, help_text="Of a move.")
    lines = serializers.ListField(child=StockLineInput(), max_length=actions.MAX_LINES)
    reason = CleanCharField(max_length=120, required=False, allow_blank=True)
    reference = CleanCharField(max_length=120, required=False, allow_blank=True, help_text="Of a delivery.")


class StockMovedOutput(serializers.Serializer[Any]):
    movements = serializers.IntegerField()
    low = serializers.IntegerField(help_text="How many levels fell to their mark.")


class StockMovementFilter(StrictSerializer):
    location_id = serializers.CharField(max_length=16, required=False)
    product_id = serializers.CharField(max_length=16, required=False)
    kind = serializers.ChoiceField(choices=StockMovement.Kind.choices, required=False)
    at_after = serializers.DateTimeField(required=False)
    at_before = serializers.DateTimeField(required=False)


_LOCATION_ORDERS: Mapping[str, ListOrder] = {"created": ListOrder(["created_at", "id"])}
_LEVEL_ORDERS: Mapping[str, ListOrder] = {"quantity": ListOrder(["quantity", "id"]), "id": ListOrder(["id"])}
_MOVEMENT_ORDERS: Mapping[str, ListOrder] = {"recorded": ListOrder(["id"])}


def _location(view: ApiView, code: str) -> StockLocation:
    location = StockLocation.objects.visible_to(view.actor).select_related("business").filter(code=code).first()
    if location is None:
        raise NotFound()
    return location


class StockLocationsView(ApiView):
    """Places where stock lies; a caller limited to one business sees that one's."""

    required = {"GET": Perm.ORDERS_VIEW, "POST": Perm.STOCK_EDIT}

    @extend_schema(
        operation_id="stock_locations_list",
        tags=[TAG],
        parameters=page_parameters(*_LOCATION_ORDERS, default="created"),
        responses={200: page_of(StockLocationOutput)},
    )
    def get(self, request: Request) -> Response:
        found = StockLocation.objects.visible_to(self.actor).select_related("business")
        page = cursor_page(request, found, orders=_LOCATION_ORDERS, default="created")
        return page_response(page, StockLocationOutput)

    @extend_schema(
        operation_id="stock_locations_create",
        tags=[TAG],
        request=StockLocationInput,
        responses={201: StockLocationOutput},
    )
    def post(self, request: Request) -> Response:
        """Add a place; the first one of a business is what its sales leave."""
        given = read_body(request, StockLocationInput)
        business = Business.objects.visible_to(self.actor).filter(code=given["business_id"]).first()
        if business is None:
            raise NotFound()
        made = actions.create_location(
            business_id=business.pk, name=given["name"], actor=self.actor, now=timezone.now()
        )
        return Response(StockLocationOutput(made).data, status=201)


class StockLocationView(ApiView):
    """One place."""

    required = {"PATCH": Perm.STOCK_EDIT, "DELETE": Perm.STOCK_EDIT}

    @extend_schema(
        operation_id="stock_locations_change",
        tags=[TAG],
        request=StockLocationChange,
        responses={200: StockLocationOutput},
    )
    def patch(self, request: Request, location_id: str) -> Response:
        """Rename it, or make it the one that sales leave."""
        given = read_body(request, StockLocationChange, partial=True)
        changed = actions.change_location(code=location_id, actor=self.actor, **given)
        return Response(StockLocationOutput(changed).data)

    @extend_schema(operation_id="stock_locations_archive", tags=[TAG], responses={204: None})
    def delete(self, request: Request, location_id: str) -> Response:
        """Archive it; its movements stay. Not the default one."""
        actions.archive_location(code=location_id, actor=self.actor, now=timezone.now())
        return Response(status=204)


class StockLevelsView(ApiView):
    """How much of each product is at each place."""

    required = {"GET": Perm.ORDERS_VIEW}

    @extend_schema(
        operation_id="stock_levels_list",
        tags=[TAG],
        parameters=[
            *(OpenApiParameter(name, str) for name in ("location_id", "product_id", "sku")),
            OpenApiParameter("is_low", bool),
            OpenApiParameter("updated_after", datetime),
            *page_parameters(*_LEVEL_ORDERS, default="id"),
        ],
        responses={200: page_of(StockLevelOutput)},
    )
    def get(self, request: Request) -> Response:
        given = read_query(request, StockLevelFilter)
        found = StockLevel.objects.visible_to(self.actor).shown().select_related("product", "location")
        is_low = given.pop("is_low")
        lookups = {
            "location_id": "location__code",
            "product_id": "product__code",
            "sku": "product__sku",
            "updated_after": "updated_at__gte",
        }
        found = found.filter(**{lookups[name]: value for name, value in given.items()})
        if is_low is not None:
            found = found.low() if is_low else found.exclude(pk__in=StockLevel.objects.low().values("pk"))
        page = cursor_page(request, found, orders=_LEVEL_ORDERS, default="id")
        return page_response(page, StockLevelOutput, currency=programme_of(self).currency)


class StockLevelView(ApiView):
    """When a product is low at a place, and how it is ordered."""

    required = {"PATCH": Perm.STOCK_EDIT}

    @extend_schema(
        operation_id="stock_levels_change", tags=[TAG], request=StockLevelInput, responses={200: StockLevelOutput}
    )
    def patch(self, request: Request, level_id: str) -> Response:
        """Change what is given. The quantity changes by movements only."""
        given = read_body(request, StockLevelInput, partial=True)
        level = StockLevel.objects.visible_to(self.actor).filter(code=level_id).first()
        if level is None:
            raise NotFound()
        known = {name: getattr(level, name) for name in ("low_at", "lead_days", "target_days")}
        changed = actions.change_level(code=level_id, actor=self.actor, **{**known, **given})
        return Response(StockLevelOutput(changed, context={"currency": programme_of(self).currency}).data)


class StockMovementsView(ApiView):
    """Everything that came, went or was counted, newest first."""

    required = {"GET": Perm.ORDERS_VIEW, "POST": Perm.STOCK_EDIT}

    @extend_schema(
        operation_id="stock_movements_list",
        tags=[TAG],
        parameters=[
            *(OpenApiParameter(name, str) for name in ("location_id", "product_id")),
            OpenApiParameter("kind", str, enum=StockMovement.Kind.values),
            *(OpenApiParameter(name, datetime) for name in ("at_after", "at_before")),
            *page_parameters(*_MOVEMENT_ORDERS, default="-recorded"),
        ],
        responses={200: page_of(StockMovementOutput)},
    )
    def get(self, request: Request) -> Response:
        given = read_query(request, StockMovementFilter)
        lookups = {
            "location_id": "location__code",
            "product_id": "product__code",
            "kind": "kind",
            "at_after": "at__gte",
            "at_before": "at__lt",
        }
        found = StockMovement.objects.visible_to(self.actor).select_related("product", "location")
        found = found.filter(**{lookups[name]: value for name, value in given.items()})
        page = cursor_page(request, found, orders=_MOVEMENT_ORDERS, default="-recorded")
        return page_response(page, StockMovementOutput, currency=programme_of(self).currency)

    @extend_schema(
        operation_id="stock_movements_create",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=StockMovementInput,
        responses={201: StockMovedOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        """Record a delivery, a count, a move or a correction; all of its lines or none. Needs an Idempotency-Key."""
        given = read_body(request, StockMovementInput)
        if not request.headers.get(HEADER, "").strip():
            raise StockKeyRequired()
        return once(request, self.caller, "stock.movements", request.data, lambda: self._move(given), status=201)

    def _move(self, given: Mapping[str, Any]) -> dict[str, Any]:
        said: dict[str, Any] = {
            "location": _location(self, given["location_id"]),
            "lines": _lines(given["lines"]),
            "actor": self.actor,
            "now": timezone.now(),
            "reason": given.get("reason", ""),
        }
        kind = given["kind"]
        if kind == "received":
            written = actions.receive_stock(reference=given.get("reference", ""), **said)
        elif kind == "counted":
            written = actions.count_stock(**said)
        elif kind == "corrected":
            written = actions.correct_stock(**said)
        else:
            if not given.get("to_location_id"):
                raise InvalidInput(_("Say where to."), field="to_location_id")
            written = actions.move_stock(to=_location(self, given["to_location_id"]), **said)
        return {"movements": written.movements, "low": written.low}


def _lines(given: list[dict[str, Any]]) -> list[StockLine]:
    """The lines with their products, found in one query. Raises InvalidInput for one that is not there."""
    codes = [line["product_id"] for line in given if "product_id" in line]
    skus = [line["sku"] for line in given if "sku" in line]
    found = (
        Product.objects.filter(code__in=codes)
        .union(Product.objects.filter(sku__in=skus))
        .values_list("pk", "code", "sku")
    )
    by_code = {code: pk for pk, code, _sku in found}
    by_sku = {sku: pk for pk, _code, sku in found}
    lines = []
    for number, line in enumerate(given):
        pk = by_code.get(line["product_id"]) if "product_id" in line else by_sku.get(line.get("sku", ""))
        if pk is None:
            raise InvalidInput(_("There is no such product."), field=f"lines.{number}")
        lines.append(StockLine(pk, line["quantity"]))
    return lines
