"""Payouts to affiliates over the API: made, read with their lines, marked paid, cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import JsonResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from core.tenancy import active_programme
from customers.api_fields import AmountField
from loyalty.access_affiliates import get_affiliate, get_payout
from loyalty.actions.affiliate_payouts import cancel_payout, make_payout, mark_paid
from loyalty.models import AffiliateLine, AffiliatePayout
from workspace.api_auth import ApiView
from workspace.api_once import KEY_PARAMETER, once

TAG = "Affiliates"


@extend_schema_serializer(component_name="AffiliatePayout")
class PayoutOutput(serializers.Serializer[Any]):
    """A statement; its lines and its amount never change."""

    id = serializers.CharField(source="code")
    number = serializers.IntegerField(help_text="Counts in the programme, without gaps.")
    affiliate_id = serializers.CharField(source="affiliate.code")
    state = serializers.ChoiceField(choices=AffiliatePayout.State.choices)
    amount = AmountField()
    currency = serializers.CharField()
    line_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    paid_on = serializers.DateField(allow_null=True)
    reference = serializers.CharField()


@extend_schema_serializer(component_name="AffiliateCommission")
class CommissionOutput(serializers.Serializer[Any]):
    """`amount` is below zero where it was taken back. Of a month's most (`cap`) there is no order."""

    kind = serializers.ChoiceField(choices=AffiliateLine.Kind.choices)
    amount = AmountField()
    order_id = serializers.CharField(source="sale.order.code", default=None, allow_null=True)
    business_id = serializers.CharField(source="business.code", default=None, allow_null=True)
    month = serializers.DateField()
    at = serializers.DateTimeField()
    payable_at = serializers.DateTimeField()


class PayoutsView(ApiView):
    """What one affiliate was paid or is to be paid, newest first."""

    required = {"GET": Perm.POINTS_VIEW, "POST": Perm.PROGRAMME_EDIT}

    @extend_schema(
        operation_id="affiliates_payouts_list",
        tags=[TAG],
        parameters=page_parameters("created", default="-created"),
        responses={200: page_of(PayoutOutput)},
    )
    def get(self, request: Request, affiliate_id: str) -> Response:
        self.actor.check_sees_all()
        found = AffiliatePayout.objects.filter(affiliate=get_affiliate(affiliate_id)).select_related("affiliate")
        page = cursor_page(request, found, orders={"created": Order(["id"])}, default="-created")
        return page_response(page, PayoutOutput, currency=active_programme().currency)

    @extend_schema(
        operation_id="affiliates_payouts_create",
        summary="Make a payout",
        description="Takes up every commission that can be paid now, less what was taken back.",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=None,
        responses={201: PayoutOutput},
    )
    def post(self, request: Request, affiliate_id: str) -> JsonResponse:
        def act() -> dict[str, Any]:
            return _output(make_payout(affiliate=affiliate_id, actor=self.actor, now=timezone.now()))

        return once(request, self.caller, f"affiliates.payouts.{affiliate_id}", {}, act, status=201)


class PayoutView(ApiView):
    """One statement."""

    required = {"GET": Perm.POINTS_VIEW}

    @extend_schema(operation_id="affiliates_payouts_read", tags=[TAG], responses={200: PayoutOutput})
    def get(self, request: Request, affiliate_id: str, payout_id: str) -> Response:
        self.actor.check_sees_all()
        return Response(_output(get_payout(payout_id, affiliate=affiliate_id)))


class PayoutLinesView(ApiView):
    """The commissions that a statement is of."""

    required = {"GET": Perm.POINTS_VIEW}

    @extend_schema(
        operation_id="affiliates_payouts_lines",
        tags=[TAG],
        parameters=page_parameters("created", default="created"),
        responses={200: page_of(CommissionOutput)},
    )
    def get(self, request: Request, affiliate_id: str, payout_id: str) -> Response:
        self.actor.check_sees_all()
        payout = get_payout(payout_id, affiliate=affiliate_id)
        found = AffiliateLine.objects.filter(payout=payout).select_related("sale__order", "business")
        page = cursor_page(request, found, orders={"created": Order(["id"])}, default="created")
        return page_response(page, CommissionOutput, currency=payout.currency)


class PayPayoutInput(StrictSerializer):
    paid_on = serializers.DateField(required=False, help_text="Left out: today.")
    reference = CleanCharField(max_length=120, required=False, allow_blank=True)


class PayPayoutView(ApiView):
    """It was paid."""

    required = {"POST": Perm.PROGRAMME_EDIT}

    @extend_schema(
        operation_id="affiliates_payouts_pay",
        summary="Mark a payout as paid",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=PayPayoutInput,
        responses={200: PayoutOutput},
    )
    def post(self, request: Request, affiliate_id: str, payout_id: str) -> JsonResponse:
        given = read_body(request, PayPayoutInput)

        def act() -> AffiliatePayout:
            return mark_paid(code=payout_id, **given, actor=self.actor, now=timezone.now())

        return _decide(self, request, affiliate_id, payout_id, act)


class CancelPayoutView(ApiView):
    """It will not be paid: its lines are free for another one."""

    required = {"POST": Perm.PROGRAMME_EDIT}

    @extend_schema(
        operation_id="affiliates_payouts_cancel",
        summary="Cancel a payout",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=None,
        responses={200: PayoutOutput},
    )
    def post(self, request: Request, affiliate_id: str, payout_id: str) -> JsonResponse:
        def act() -> AffiliatePayout:
            return cancel_payout(code=payout_id, actor=self.actor, now=timezone.now())

        return _decide(self, request, affiliate_id, payout_id, act)


def _decide(
    view: ApiView, request: Request, affiliate_id: str, payout_id: str, act: Callable[[], AffiliatePayout]
) -> JsonResponse:
    get_payout(payout_id, affiliate=affiliate_id)
    meaning = [request.path, request.data]
    return once(request, view.caller, "affiliates.payouts.decide", meaning, lambda: _output(act()), status=200)


def _output(payout: AffiliatePayout) -> dict[str, Any]:
    found: dict[str, Any] = PayoutOutput(payout, context={"currency": payout.currency}).data
    return found
