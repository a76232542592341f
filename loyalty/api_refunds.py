"""Refunds over the API: what was given back for an order, and the points that go with it."""

from __future__ import annotations

from typing import Any

from django.http import JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from core.api import StrictSerializer, read_body
from core.errors import InvalidInput
from core.permissions import Perm
from core.tenancy import active_programme
from customers import api_refunds
from customers.actions.refunds import ReturnedLine
from customers.api_fields import AmountField
from loyalty.actions.refunds import Refunded, refund_order
from loyalty.errors import IdempotencyKeyRequired
from workspace.api_auth import ApiView
from workspace.api_once import HEADER, KEY_PARAMETER, once


class ReturnedLineInput(StrictSerializer):
    position = serializers.IntegerField(min_value=0, help_text="The line's position in its order.")
    quantity = serializers.DecimalField(
        max_digits=12, decimal_places=3, required=False, help_text="Without it and an amount: what is left of the line."
    )
    amount = serializers.DecimalField(
        max_digits=19, decimal_places=4, required=False, help_text="Without it: what the quantity cost."
    )


class RefundInput(StrictSerializer):
    """The order by `order_id`, or by `business_id` and `order_ref`. One of `lines`, an `amount` or `everything`."""

    order_id = serializers.CharField(max_length=16, required=False)
    business_id = serializers.CharField(max_length=16, required=False)
    order_ref = serializers.CharField(max_length=120, required=False)
    lines = serializers.ListField(child=ReturnedLineInput(), required=False, max_length=200)
    amount = serializers.DecimalField(max_digits=19, decimal_places=4, required=False)
    everything = serializers.BooleanField(default=False, help_text="All that is left of the order.")
    refund_ref = serializers.CharField(
        max_length=120, required=False, help_text="The shop's own number of the refund: the same again is the same one."
    )
    reason = serializers.CharField(max_length=120, required=False)


class RefundOutput(serializers.Serializer[Any]):
    """`points` went with the refund (0 or below); `balance` and `debt` are right after it, null if none went."""

    id = serializers.CharField(source="refund.code")
    order_id = serializers.CharField(source="order.code")
    order_status = serializers.CharField(source="order.status")
    reference = serializers.CharField(source="refund.reference")
    total = AmountField(source="refund.total")
    points = serializers.IntegerField(source="posting.points", default=0)
    transaction_id = serializers.CharField(source="posting.transaction", default=None, allow_null=True)
    balance = serializers.IntegerField(source="posting.balance", default=None, allow_null=True)
    debt = serializers.IntegerField(source="posting.debt", default=None, allow_null=True)


class RefundView(ApiView):
    """What was given back for an order."""

    required = {"POST": Perm.POINTS_REVERSE}

    @extend_schema(
        operation_id="transactions_refund",
        summary="Refund an order: lines, an amount or everything",
        description=(
            "Records the refund and takes back exactly what the refunded part earned, under the rules of the sale's "
            "day. Send an Idempotency-Key or `refund_ref`."
        ),
        tags=["points"],
        parameters=[KEY_PARAMETER],
        request=RefundInput,
        responses={201: RefundOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        return _refund(self, request)


class RefundsView(api_refunds.RefundsView):
    """What was given back, newest first; a caller limited to one business sees that one's."""

    required = {"GET": Perm.ORDERS_VIEW, "POST": Perm.POINTS_REVERSE}

    @extend_schema(
        operation_id="refunds_create",
        summary="Refund an order: lines, an amount or everything",
        description="The same act as `POST transactions/refund`, with the points of what is given back.",
        tags=["Orders and products"],
        parameters=[KEY_PARAMETER],
        request=RefundInput,
        responses={201: RefundOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        return _refund(self, request)


def _refund(view: ApiView, request: Request) -> JsonResponse:
    given = read_body(request, RefundInput)
    if not given.get("refund_ref") and not request.headers.get(HEADER, "").strip():
        raise IdempotencyKeyRequired()
    if not given.get("order_id") and not (given.get("business_id") and given.get("order_ref")):
        raise InvalidInput(_("Name the order."), field="order_id")

    def act() -> dict[str, Any]:
        return _output(
            refund_order(
                order=given.get("order_id", ""),
                business=given.get("business_id", ""),
                order_reference=given.get("order_ref", ""),
                lines=[ReturnedLine(**line) for line in given.get("lines", [])],
                amount=given.get("amount"),
                everything=given["everything"],
                reference=given.get("refund_ref", ""),
                reason=given.get("reason", ""),
                actor=view.actor,
                now=timezone.now(),
            )
        )

    return once(request, view.caller, "transactions.refund", request.data, act, status=201)


def _output(refunded: Refunded) -> dict[str, Any]:
    output: dict[str, Any] = RefundOutput(refunded, context={"currency": active_programme().currency}).data
    return output
