"""What the programme decides about points, and adjustments that wait for a second person."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from django.http import JsonResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body, read_query
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from customers.api_customers import find_customer
from loyalty.actions.approvals import approve_adjustment, ask_for_adjustment, decline_adjustment
from loyalty.actions.settings import PointSettings, change_point_settings
from loyalty.api_acts import TAG
from loyalty.balances import settings_now
from loyalty.errors import IdempotencyKeyRequired
from loyalty.models import AdjustmentRequest, LoyaltySettings
from loyalty.operations import MAX_REASON_LENGTH
from loyalty.rules import MAX_POINTS
from workspace.api_auth import ApiView
from workspace.api_once import HEADER, KEY_PARAMETER, once

# -- settings ---------------------------------------------------------------------------------------------------------


class PointSettingsOutput(serializers.Serializer[Any]):
    point_value = serializers.DecimalField(max_digits=12, decimal_places=6, help_text="Of one point, in money.")
    pending_days = serializers.IntegerField(help_text="Points of a sale can be spent this many days after it.")
    expiry_policy = serializers.ChoiceField(choices=LoyaltySettings.Expiry.choices)
    expiry_months = serializers.IntegerField(allow_null=True, help_text="With the policy `months`, null is never.")
    expiry_day = serializers.CharField(help_text="MM-DD, with the policy `date`.")
    reinstated_days = serializers.IntegerField(help_text="How long points that come back live at least.")
    warning_days = serializers.IntegerField(help_text="How long before points run out their member is told. 0: not.")
    approval_above = serializers.IntegerField(
        allow_null=True, help_text="Adjustments of more points need a second person. Null: none does."
    )


class PointSettingsChange(StrictSerializer):
    point_value = serializers.DecimalField(max_digits=12, decimal_places=6, required=False)
    pending_days = serializers.IntegerField(required=False)
    expiry_policy = serializers.ChoiceField(choices=LoyaltySettings.Expiry.choices, required=False)
    expiry_months = serializers.IntegerField(required=False, allow_null=True)
    expiry_day = serializers.CharField(max_length=5, required=False, allow_blank=True)
    reinstated_days = serializers.IntegerField(required=False)
    warning_days = serializers.IntegerField(required=False)
    approval_above = serializers.IntegerField(required=False, allow_null=True)


class PointSettingsView(ApiView):
    """What points are worth, when they can be spent and when they run out."""

    required = {"GET": Perm.PROGRAMME_VIEW, "PATCH": Perm.PROGRAMME_EDIT}

    @extend_schema(operation_id="point_settings_read", tags=[TAG], responses={200: PointSettingsOutput})
    def get(self, request: Request) -> Response:
        return Response(PointSettingsOutput(settings_now()).data)

    @extend_schema(
        operation_id="point_settings_change",
        description="Points that have a date keep it; those without run out a full period after the change.",
        tags=[TAG],
        request=PointSettingsChange,
        responses={200: PointSettingsOutput},
    )
    def patch(self, request: Request) -> Response:
        self.actor.check_sees_all()
        now = settings_now()
        kept = {name: getattr(now, name) for name in asdict(PointSettings(point_value=now.point_value))}
        changes = read_body(request, PointSettingsChange, partial=True)
        changed = change_point_settings(
            settings=PointSettings(**{**kept, **changes}), actor=self.actor, now=timezone.now()
        )
        return Response(PointSettingsOutput(changed).data)


# -- adjustments that wait --------------------------------------------------------------------------------------------


class AdjustmentRequestOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    customer_id = serializers.CharField(source="customer.code")
    business_id = serializers.CharField(source="business.code", default=None, allow_null=True)
    points = serializers.IntegerField()
    reason = serializers.CharField()
    state = serializers.ChoiceField(choices=AdjustmentRequest.State.choices)
    asked_by = serializers.CharField(source="asked_by_label")
    asked_at = serializers.DateTimeField()
    decided_by = serializers.CharField(source="decided_by_label")
    decided_at = serializers.DateTimeField(allow_null=True)
    transaction_id = serializers.CharField(source="transaction.code", default=None, allow_null=True)


class AdjustmentRequestInput(StrictSerializer):
    customer_id = serializers.CharField(max_length=16)
    points = serializers.IntegerField(min_value=-MAX_POINTS, max_value=MAX_POINTS, help_text="Below 0 takes.")
    reason = CleanCharField(max_length=MAX_REASON_LENGTH)


class StateFilter(StrictSerializer):
    state = serializers.ChoiceField(choices=AdjustmentRequest.State.choices, required=False)


def _requests(view: ApiView) -> QuerySet[AdjustmentRequest]:
    found = AdjustmentRequest.objects.select_related("customer", "business", "transaction")
    limited_to = view.actor.business_id
    return found if limited_to is None else found.filter(business_id=limited_to)


class AdjustmentRequestsView(ApiView):
    """Points by hand above the limit of one person."""

    required = {"GET": Perm.POINTS_ADJUST, "POST": Perm.POINTS_ADJUST}

    @extend_schema(
        operation_id="adjustment_requests_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter("state", str, enum=AdjustmentRequest.State.values),
            *page_parameters("asked", default="-asked"),
        ],
        responses={200: page_of(AdjustmentRequestOutput)},
    )
    def get(self, request: Request) -> Response:
        found = _requests(self).filter(**read_query(request, StateFilter))
        page = cursor_page(request, found, orders={"asked": Order(["id"])}, default="-asked")
        return page_response(page, AdjustmentRequestOutput)

    @extend_schema(
        operation_id="adjustment_requests_create",
        summary="Ask a second person for points by hand",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=AdjustmentRequestInput,
        responses={201: AdjustmentRequestOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        given = read_body(request, AdjustmentRequestInput)
        key = request.headers.get(HEADER, "").strip()
        if not key:
            raise IdempotencyKeyRequired()

        def act() -> dict[str, Any]:
            asked = ask_for_adjustment(
                customer_id=find_customer(self, given["customer_id"]).pk,
                points=given["points"],
                reason=given["reason"],
                business=self.actor.business_id,
                key=key,
                actor=self.actor,
                now=timezone.now(),
            )
            output: dict[str, Any] = AdjustmentRequestOutput(asked).data
            return output

        return once(request, self.caller, "adjustment-requests.create", request.data, act, status=201)


class ApproveAdjustmentView(ApiView):
    """A second person's yes."""

    required = {"POST": Perm.POINTS_ADJUST}

    @extend_schema(
        operation_id="adjustment_requests_approve",
        summary="Approve what somebody else asked for",
        tags=[TAG],
        request=None,
        responses={200: AdjustmentRequestOutput},
    )
    def post(self, request: Request, request_id: str) -> Response:
        approve_adjustment(code=request_id, actor=self.actor, now=timezone.now())
        return Response(AdjustmentRequestOutput(_requests(self).get(code=request_id)).data)


class DeclineAdjustmentView(ApiView):
    """A second person's no."""

    required = {"POST": Perm.POINTS_ADJUST}

    @extend_schema(
        operation_id="adjustment_requests_decline",
        summary="Decline what somebody else asked for",
        tags=[TAG],
        request=None,
        responses={200: AdjustmentRequestOutput},
    )
    def post(self, request: Request, request_id: str) -> Response:
        decline_adjustment(code=request_id, actor=self.actor, now=timezone.now())
        return Response(AdjustmentRequestOutput(_requests(self).get(code=request_id)).data)
