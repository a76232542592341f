"""Referrals over the API: what they give, who brings whom, and completing one by hand."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import StrictSerializer, cursor_page, page_response, read_body, read_query
from core.errors import InvalidInput
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from core.tenancy import active_programme
from customers.api_customers import find_customer
from customers.api_fields import AmountField
from loyalty.actions import referrals
from loyalty.actions.referral_settings import ReferralValues, change_referral_settings, referral_settings, values_now
from loyalty.api_acts import count_number
from loyalty.errors import UnknownMember
from loyalty.models import Account, Referral
from workspace.api_auth import ApiView
from workspace.api_once import KEY_PARAMETER, once

TAG = "Referrals"


class ReferralSettingsOutput(serializers.Serializer[Any]):
    is_active = serializers.BooleanField()
    referrer_points = serializers.IntegerField(help_text="For the member who brings somebody.")
    friend_points = serializers.IntegerField(help_text="For who is brought.")
    min_spend = AmountField(help_text="The first purchase of at least so much completes a referral.")
    days = serializers.IntegerField(help_text="How long it waits for that.")
    monthly_limit = serializers.IntegerField(allow_null=True, help_text="Of one member; more give nothing.")
    weekly_review = serializers.IntegerField(help_text="Of one member; from so many on a person looks first.")


class ReferralSettingsChange(StrictSerializer):
    is_active = serializers.BooleanField(required=False)
    referrer_points = serializers.IntegerField(required=False)
    friend_points = serializers.IntegerField(required=False)
    min_spend = serializers.DecimalField(max_digits=19, decimal_places=4, required=False)
    days = serializers.IntegerField(required=False)
    monthly_limit = serializers.IntegerField(required=False, allow_null=True)
    weekly_review = serializers.IntegerField(required=False)


class ReferralSettingsView(ApiView):
    """What the programme gives for referrals. Those that were claimed keep what was promised."""

    required = {"GET": Perm.PROGRAMME_VIEW, "PATCH": Perm.PROGRAMME_EDIT}

    @extend_schema(operation_id="referral_settings_read", tags=[TAG], responses={200: ReferralSettingsOutput})
    def get(self, request: Request) -> Response:
        return Response(_settings_output())

    @extend_schema(
        operation_id="referral_settings_change",
        tags=[TAG],
        request=ReferralSettingsChange,
        responses={200: ReferralSettingsOutput},
    )
    def patch(self, request: Request) -> Response:
        self.actor.check_sees_all()
        now = values_now()
        changes = read_body(request, ReferralSettingsChange, partial=True)
        values = ReferralValues(**{**asdict(now), **changes})
        change_referral_settings(values=values, actor=self.actor)
        return Response(_settings_output())


def _settings_output() -> dict[str, Any]:
    found: dict[str, Any] = ReferralSettingsOutput(
        referral_settings(), context={"currency": active_programme().currency}
    ).data
    return found


@extend_schema_serializer(component_name="Referral")
class ReferralOutput(serializers.Serializer[Any]):
    """`friend_id` is known once they are a customer. `flags` say why a person looks first, `reason` why it ended."""

    id = serializers.CharField(source="code")
    state = serializers.ChoiceField(choices=Referral.State.choices)
    reason = serializers.ChoiceField(choices=[*Referral.Reason.choices, ("", "")])
    flags = serializers.ListField(child=serializers.ChoiceField(choices=Referral.Flag.choices))
    channel = serializers.ChoiceField(choices=Referral.Channel.choices)
    referrer_id = serializers.CharField(source="referrer.customer.code")
    friend_id = serializers.CharField(source="friend.code", default=None, allow_null=True)
    business_id = serializers.CharField(source="business.code", default=None, allow_null=True)
    order_id = serializers.CharField(source="order.code", default=None, allow_null=True)
    referrer_points = serializers.IntegerField()
    friend_points = serializers.IntegerField()
    referrer_transaction_id = serializers.CharField(source="referrer_transaction")
    friend_transaction_id = serializers.CharField(source="friend_transaction")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class ReferralFilter(StrictSerializer):
    state = serializers.ChoiceField(choices=Referral.State.choices, required=False)
    referrer_id = serializers.CharField(max_length=16, required=False)


class ReferralsView(ApiView):
    """Who brings whom, newest first. A caller limited to one business sees what was claimed or bought there."""

    required = {"GET": Perm.POINTS_VIEW}

    @extend_schema(
        operation_id="referrals_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter("state", str, enum=Referral.State.values),
            OpenApiParameter("referrer_id", str),
            *page_parameters("created", default="-created"),
        ],
        responses={200: page_of(ReferralOutput)},
    )
    def get(self, request: Request) -> Response:
        wanted = read_query(request, ReferralFilter)
        found = Referral.objects.visible_to(self.actor).select_related(
            "referrer__customer", "friend", "business", "order"
        )
        if "state" in wanted:
            found = found.filter(state=wanted["state"])
        if "referrer_id" in wanted:
            found = found.filter(referrer__customer__code=wanted["referrer_id"])
        page = cursor_page(request, found, orders={"created": Order(["id"])}, default="-created")
        return page_response(page, ReferralOutput)


class TrackReferralInput(StrictSerializer):
    """The member by `referrer_phone_number` or `referral_code`."""

    new_customer_phone_number = serializers.CharField(max_length=40)
    referrer_phone_number = serializers.CharField(max_length=40, required=False)
    referral_code = serializers.CharField(max_length=16, required=False)
    business_id = serializers.CharField(max_length=16, required=False)


class TrackReferralView(ApiView):
    """A member brings somebody."""

    required = {"POST": Perm.POINTS_WRITE}

    @extend_schema(
        operation_id="referrals_track",
        summary="Note that a member brings somebody",
        description="The same claim again is the same referral. Their first purchase completes it.",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=TrackReferralInput,
        responses={201: ReferralOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        given = read_body(request, TrackReferralInput)
        code, phone = given.get("referral_code", ""), given.get("referrer_phone_number", "")
        if bool(code) == bool(phone):
            raise InvalidInput(_("Name the member by a code or by a number."), field="referral_code")
        for _number in range(2 if phone else 1):
            count_number(self.caller)

        def act() -> dict[str, Any]:
            referral = referrals.track_referral(
                referrer=referrals.referrer_of(code=code, phone=phone),
                friend_phone=given["new_customer_phone_number"],
                business=given.get("business_id", ""),
                channel=Referral.Channel.API,
                actor=self.actor,
                now=timezone.now(),
            )
            return _output(referral)

        return once(request, self.caller, "referrals.track", request.data, act, status=201)


class CompleteReferralInput(StrictSerializer):
    """The referral by `referral_id` or by `new_customer_phone_number`."""

    referral_id = serializers.CharField(max_length=16, required=False)
    new_customer_phone_number = serializers.CharField(max_length=40, required=False)
    points_to_award_referrer = serializers.IntegerField(
        min_value=0, required=False, help_text="Instead of those that were promised."
    )


class CompleteReferralView(ApiView):
    """A person's yes to a referral, whatever was bought."""

    required = {"POST": Perm.POINTS_ADJUST}

    @extend_schema(
        operation_id="referrals_complete",
        summary="Complete a referral by hand",
        description="Both get their points now. Completed twice, they move once.",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=CompleteReferralInput,
        responses={201: ReferralOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        given = read_body(request, CompleteReferralInput)
        code, phone = given.get("referral_id", ""), given.get("new_customer_phone_number", "")
        if bool(code) == bool(phone):
            raise InvalidInput(_("Name the referral by its id or by the number."), field="referral_id")

        def act() -> dict[str, Any]:
            wanted = code or referrals.open_referral_of(friend_phone=phone, actor=self.actor).code
            done = referrals.complete_by_hand(
                code=wanted,
                points=given.get("points_to_award_referrer"),
                actor=self.actor,
                now=timezone.now(),
            )
            return _output(done)

        return once(request, self.caller, "referrals.complete", request.data, act, status=201)


class CancelReferralView(ApiView):
    """A person's no."""

    required = {"POST": Perm.POINTS_ADJUST}

    @extend_schema(
        operation_id="referrals_cancel",
        summary="Give no points for a referral",
        tags=[TAG],
        request=None,
        responses={200: ReferralOutput},
    )
    def post(self, request: Request, referral_id: str) -> Response:
        return Response(_output(referrals.cancel_referral(code=referral_id, actor=self.actor, now=timezone.now())))


class ReferralCodeOutput(serializers.Serializer[Any]):
    referral_code = serializers.CharField()
    link = serializers.URLField(help_text="What the member sends to a friend.")


class ReferralCodeView(ApiView):
    """A member's own code."""

    required = {"GET": Perm.CUSTOMERS_VIEW}

    @extend_schema(operation_id="customers_referral_code", tags=[TAG], responses={200: ReferralCodeOutput})
    def get(self, request: Request, customer_id: str) -> Response:
        customer = find_customer(self, customer_id)
        if not Account.objects.filter(pk=customer.pk).exists():
            raise UnknownMember()
        code = referrals.code_of(customer.pk)
        return Response({"referral_code": code, "link": referrals.link_of(code)})


def _output(referral: Referral) -> dict[str, Any]:
    found: dict[str, Any] = ReferralOutput(referral).data
    return found
