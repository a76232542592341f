"""Orders over the API: the lists of `customers`, and the acts that move points with them."""

from __future__ import annotations

from typing import Any

from django.http import JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, read_body
from core.errors import InvalidInput
from core.permissions import Perm
from customers import api_orders
from customers.actions.orders import AMOUNTS, TEXTS, OrderDetails, change_order
from customers.api_customers import find_customer
from customers.api_orders import OrderWithLinesOutput, order_output
from loyalty.actions.orders import cancel_sale, place_order
from loyalty.errors import IdempotencyKeyRequired
from loyalty.operations import MAX_LINES, SaleLine
from workspace.api_auth import ApiView
from workspace.api_once import HEADER, KEY_PARAMETER, once

TAG = "Orders and products"


class OrderLineInput(StrictSerializer):
    """`amount` is what was paid for the whole line. A stock code that is new becomes a product."""

    amount = serializers.DecimalField(max_digits=19, decimal_places=4)
    quantity = serializers.DecimalField(max_digits=12, decimal_places=3, required=False)
    title = CleanCharField(max_length=200, required=False, allow_blank=True)
    sku = CleanCharField(max_length=64, required=False, allow_blank=True)
    category = CleanCharField(max_length=120, required=False, allow_blank=True)


class OrderDetailsInput(StrictSerializer):
    number = CleanCharField(max_length=60, required=False, allow_blank=True, help_text="As people are shown it.")
    channel = CleanCharField(max_length=20, required=False, help_text="Such as `store` or `online`.")
    fulfilment_status = CleanCharField(max_length=20, required=False, allow_blank=True)


class OrderInput(OrderDetailsInput):
    """A sale. The customer by `customer_id` or `customer_phone_number`; neither is an anonymous sale."""

    business_id = serializers.CharField(max_length=16)
    reference = CleanCharField(max_length=120, required=False, help_text="The shop's own number: the same is the same.")
    total = serializers.DecimalField(max_digits=19, decimal_places=4)
    customer_id = serializers.CharField(max_length=16, required=False)
    customer_phone_number = serializers.CharField(max_length=40, required=False)
    placed_at = serializers.DateTimeField(required=False)
    lines = serializers.ListField(child=OrderLineInput(), required=False, max_length=MAX_LINES)
    earns_points = serializers.BooleanField(default=True, help_text="False records the sale without points.")
    discount = serializers.DecimalField(max_digits=19, decimal_places=4, min_value=0, required=False)
    tax = serializers.DecimalField(max_digits=19, decimal_places=4, min_value=0, required=False)
    shipping = serializers.DecimalField(max_digits=19, decimal_places=4, min_value=0, required=False)


class PlacedOrderOutput(OrderWithLinesOutput):
    points_earned = serializers.IntegerField(allow_null=True, help_text="Null: the sale earns none.")


class OrdersView(api_orders.OrdersView):
    """Orders, newest first; a caller limited to one business sees that one's."""

    required = {"GET": Perm.ORDERS_VIEW, "POST": Perm.ORDERS_EDIT}

    @extend_schema(
        operation_id="orders_create",
        summary="Record a sale",
        description=(
            "The till's own sale function: with a customer it earns points (which needs `points:write`), unless"
            " `earns_points` is false. Send an Idempotency-Key or a `reference`: the same reference at the same"
            " business is the same order, whoever sends it."
        ),
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=OrderInput,
        responses={201: PlacedOrderOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        given = read_body(request, OrderInput)
        key = request.headers.get(HEADER, "").strip()
        if not given.get("reference") and not key:
            raise IdempotencyKeyRequired()
        if given.get("customer_id") and given.get("customer_phone_number"):
            raise InvalidInput(_("Name the customer in one way."), field="customer_id")
        names_customer = bool(given.get("customer_id") or given.get("customer_phone_number"))
        if given["earns_points"] and names_customer:
            self.caller.require(Perm.POINTS_WRITE)
        return once(request, self.caller, "orders.create", request.data, lambda: self._place(given, key), status=201)

    def _place(self, given: dict[str, Any], key: str) -> dict[str, Any]:
        person = find_customer(self, given["customer_id"]) if given.get("customer_id") else None
        details: OrderDetails = {name: given[name] for name in (*TEXTS, *AMOUNTS) if name in given}  # type: ignore[assignment]
        placed = place_order(
            business=given["business_id"],
            total=given["total"],
            reference=given.get("reference", ""),
            key=f"order:{key}" if key else "",
            owner=self.caller.owner,
            phone=given.get("customer_phone_number", ""),
            customer_id=person.pk if person else None,
            lines=[SaleLine(**line) for line in given.get("lines", [])],
            placed_at=given.get("placed_at"),
            earns=given["earns_points"],
            details=details,
            actor=self.actor,
            now=timezone.now(),
        )
        return {**order_output(self, placed.order.code), "points_earned": placed.points}


class OrderView(api_orders.OrderView):
    """One order with its lines."""

    required = {"GET": Perm.ORDERS_VIEW, "PATCH": Perm.ORDERS_EDIT}

    @extend_schema(
        operation_id="orders_change", tags=[TAG], request=OrderDetailsInput, responses={200: OrderWithLinesOutput}
    )
    def patch(self, request: Request, order_id: str) -> Response:
        """Change its number, channel or fulfilment. What was sold, to whom, when and for how much never changes."""
        details = read_body(request, OrderDetailsInput, partial=True)
        change_order(code=order_id, details=details, actor=self.actor)  # type: ignore[arg-type]
        return Response(order_output(self, order_id))


class CancelInput(StrictSerializer):
    reason = CleanCharField(max_length=120, required=False, allow_blank=True)


class OrderCancelView(ApiView):
    """The sale never happened."""

    required = {"POST": Perm.POINTS_REVERSE}

    @extend_schema(operation_id="orders_cancel", tags=[TAG], request=CancelInput, responses={200: OrderWithLinesOutput})
    def post(self, request: Request, order_id: str) -> Response:
        """Cancel the order and take back what is left of its points. Safe to repeat."""
        reason = read_body(request, CancelInput).get("reason", "")
        cancel_sale(code=order_id, reason=reason, source="api", actor=self.actor, now=timezone.now())
        return Response(order_output(self, order_id))
