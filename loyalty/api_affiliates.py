"""Affiliates over the API: who they are and what they get, who comes through them, what each month brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.http import JsonResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, CursorPage, StrictSerializer, cursor_page, page_response, read_body, read_query
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from core.tenancy import active_programme
from customers.api_fields import AmountField
from loyalty.access_affiliates import get_affiliate
from loyalty.actions import affiliates as actions
from loyalty.actions.affiliate_customers import note_number
from loyalty.actions.affiliates import AffiliateValues
from loyalty.api_acts import count_number
from loyalty.models import Affiliate, AffiliateCustomer
from loyalty.models.affiliates import Rule
from loyalty.reports_affiliates import Money, money_by_affiliate, months_of
from workspace.api_auth import ApiView
from workspace.api_once import KEY_PARAMETER, once

TAG = "Affiliates"


@extend_schema_serializer(component_name="Affiliate")
class AffiliateOutput(serializers.Serializer[Any]):
    """`on_hold`, `payable` and `in_payouts` together are `balance`: what is owed. A caller limited to one business sees
    what its sales made of them."""

    id = serializers.CharField(source="code")
    name = serializers.CharField()
    email = serializers.CharField()
    phone_number = serializers.CharField(source="phone", help_text="E.164, or empty.")
    website = serializers.CharField()
    affiliate_code = serializers.CharField(source="link_code")
    link = serializers.URLField()
    state = serializers.ChoiceField(choices=Affiliate.State.choices)
    rule = serializers.ChoiceField(choices=Rule.choices)
    percent = serializers.DecimalField(max_digits=5, decimal_places=2)
    amount = AmountField(help_text="For a sale or a new customer.")
    min_spend = AmountField(help_text="What is left of a sale is at least this, or it earns nothing.")
    orders_limit = serializers.IntegerField(allow_null=True, help_text="Sales of one customer that earn.")
    months_limit = serializers.IntegerField(allow_null=True, help_text="For how long a customer's sales earn.")
    order_cap = AmountField(allow_null=True)
    month_cap = AmountField(allow_null=True)
    window_days = serializers.IntegerField(help_text="From opening the link to coming.")
    hold_days = serializers.IntegerField(help_text="From a sale until it can be paid out.")
    on_hold = AmountField()
    payable = AmountField()
    in_payouts = AmountField()
    paid = AmountField()
    balance = AmountField()
    created_at = serializers.DateTimeField()

    def to_representation(self, instance: Affiliate) -> dict[str, Any]:
        money: Mapping[int, Money] = self.context["money"]
        found = money.get(instance.pk, Money())
        for name in ("on_hold", "payable", "in_payouts", "paid", "balance"):
            setattr(instance, name, getattr(found, name))
        instance.link = actions.tracked_link(instance)  # type: ignore[attr-defined]
        shown: dict[str, Any] = super().to_representation(instance)
        return shown


class AffiliateInput(StrictSerializer):
    """What staff decide. A change holds for sales from then on."""

    name = CleanCharField(max_length=120)
    email = serializers.CharField(max_length=254, required=False, allow_blank=True)
    phone_number = serializers.CharField(max_length=40, required=False, allow_blank=True)
    website = serializers.CharField(max_length=200, required=False, allow_blank=True)
    affiliate_code = serializers.CharField(max_length=24, required=False, help_text="Left out, one is made.")
    state = serializers.ChoiceField(choices=Affiliate.State.choices, required=False)
    rule = serializers.ChoiceField(choices=Rule.choices, required=False)
    percent = serializers.DecimalField(max_digits=5, decimal_places=2, required=False)
    amount = serializers.DecimalField(max_digits=19, decimal_places=4, required=False)
    min_spend = serializers.DecimalField(max_digits=19, decimal_places=4, required=False)
    orders_limit = serializers.IntegerField(required=False, allow_null=True)
    months_limit = serializers.IntegerField(required=False, allow_null=True)
    order_cap = serializers.DecimalField(max_digits=19, decimal_places=4, required=False, allow_null=True)
    month_cap = serializers.DecimalField(max_digits=19, decimal_places=4, required=False, allow_null=True)
    window_days = serializers.IntegerField(required=False)
    hold_days = serializers.IntegerField(required=False)


class AffiliateFilter(StrictSerializer):
    state = serializers.ChoiceField(choices=Affiliate.State.choices, required=False)


class AffiliatesView(ApiView):
    """Referral partners, by name."""

    required = {"GET": Perm.POINTS_VIEW, "POST": Perm.PROGRAMME_EDIT}

    @extend_schema(
        operation_id="affiliates_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter("state", str, enum=Affiliate.State.values),
            *page_parameters("name", "created", default="name"),
        ],
        responses={200: page_of(AffiliateOutput)},
    )
    def get(self, request: Request) -> Response:
        found = Affiliate.objects.filter(**read_query(request, AffiliateFilter))
        orders = {"name": Order(["name", "id"]), "created": Order(["id"])}
        page: CursorPage = cursor_page(request, found, orders=orders, default="name")
        money = money_by_affiliate([one.pk for one in page.items], actor=self.actor, now=timezone.now())
        return page_response(page, AffiliateOutput, money=money, currency=active_programme().currency)

    @extend_schema(
        operation_id="affiliates_create",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=AffiliateInput,
        responses={201: AffiliateOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        given = _fields(read_body(request, AffiliateInput))
        state = given.pop("state", Affiliate.State.ACTIVE)

        def act() -> dict[str, Any]:
            made = actions.create_affiliate(values=AffiliateValues(**given), actor=self.actor)
            return _output(self, actions.switch_affiliate(code=made.code, state=state, actor=self.actor))

        return once(request, self.caller, "affiliates.create", request.data, act, status=201)


class AffiliateView(ApiView):
    """One partner."""

    required = {"GET": Perm.POINTS_VIEW, "PATCH": Perm.PROGRAMME_EDIT, "DELETE": Perm.PROGRAMME_EDIT}

    @extend_schema(operation_id="affiliates_read", tags=[TAG], responses={200: AffiliateOutput})
    def get(self, request: Request, affiliate_id: str) -> Response:
        return Response(_output(self, get_affiliate(affiliate_id)))

    @extend_schema(
        operation_id="affiliates_change", tags=[TAG], request=AffiliateInput, responses={200: AffiliateOutput}
    )
    def patch(self, request: Request, affiliate_id: str) -> Response:
        self.actor.check_sees_all()
        now = asdict(actions.values_of(get_affiliate(affiliate_id)))
        changes = _fields(read_body(request, AffiliateInput, partial=True))
        state = changes.pop("state", None)
        values = AffiliateValues(**{**now, **changes})
        changed = actions.change_affiliate(code=affiliate_id, values=values, actor=self.actor)
        if state is not None:
            changed = actions.switch_affiliate(code=affiliate_id, state=state, actor=self.actor)
        return Response(_output(self, changed))

    @extend_schema(
        operation_id="affiliates_end",
        summary="End an affiliate",
        description="No sale earns any more; what was earned stays, and can be paid out.",
        tags=[TAG],
        responses={204: None},
    )
    def delete(self, request: Request, affiliate_id: str) -> Response:
        actions.switch_affiliate(code=affiliate_id, state=Affiliate.State.ENDED, actor=self.actor)
        return Response(status=204)


@extend_schema_serializer(component_name="AffiliateMonth")
class AffiliateMonthOutput(serializers.Serializer[Any]):
    """By the day that something was booked; `balance` is what was owed at the end of the month."""

    month = serializers.DateField()
    clicks = serializers.IntegerField()
    customers = serializers.IntegerField(help_text="Who came.")
    first_purchases = serializers.IntegerField()
    sales = serializers.IntegerField()
    earned = AmountField()
    taken = AmountField(help_text="Below zero.")
    paid = AmountField()
    balance = AmountField()


class AffiliateMonthsOutput(serializers.Serializer[Any]):
    months = AffiliateMonthOutput(many=True)


class AffiliateMonthsView(ApiView):
    """What each month brought, newest first, up to 24."""

    required = {"GET": Perm.POINTS_VIEW}

    @extend_schema(operation_id="affiliates_months", tags=[TAG], responses={200: AffiliateMonthsOutput})
    def get(self, request: Request, affiliate_id: str) -> Response:
        programme = active_programme()
        affiliate = get_affiliate(affiliate_id)
        rows = months_of(affiliate, actor=self.actor, zone=programme.zone, now=timezone.now())
        shown = AffiliateMonthOutput(rows, many=True, context={"currency": programme.currency})
        return Response({"months": shown.data})


@extend_schema_serializer(component_name="AffiliateCustomer")
class AffiliateCustomerOutput(serializers.Serializer[Any]):
    """`customer_id` is known once they are a customer. `flags` say why a person looks first."""

    id = serializers.CharField(source="code")
    affiliate_id = serializers.CharField(source="affiliate.code")
    customer_id = serializers.CharField(source="customer.code", default=None, allow_null=True)
    state = serializers.ChoiceField(choices=AffiliateCustomer.State.choices)
    flags = serializers.ListField(child=serializers.ChoiceField(choices=AffiliateCustomer.Flag.choices))
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)


class TrackAffiliateInput(StrictSerializer):
    affiliate_code = serializers.CharField(max_length=24)
    new_customer_phone_number = serializers.CharField(max_length=40)
    business_id = serializers.CharField(max_length=16, required=False)


class TrackAffiliateView(ApiView):
    """Somebody comes through an affiliate."""

    required = {"POST": Perm.POINTS_WRITE}

    @extend_schema(
        operation_id="affiliates_track",
        summary="Note that somebody comes through an affiliate",
        description="The same again is the same. Their sales from now on earn the affiliate what its rule says.",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=TrackAffiliateInput,
        responses={201: AffiliateCustomerOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        given = read_body(request, TrackAffiliateInput)
        count_number(self.caller)

        def act() -> dict[str, Any]:
            came = note_number(
                link_code=given["affiliate_code"],
                phone=given["new_customer_phone_number"],
                business=given.get("business_id", ""),
                channel=AffiliateCustomer.Channel.API,
                actor=self.actor,
                now=timezone.now(),
            )
            found: dict[str, Any] = AffiliateCustomerOutput(came).data
            return found

        return once(request, self.caller, "affiliates.track", request.data, act, status=201)


def _fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the API calls otherwise."""
    names = {"phone_number": "phone", "affiliate_code": "link_code"}
    return {names.get(name, name): value for name, value in given.items()}


def _output(view: ApiView, affiliate: Affiliate) -> dict[str, Any]:
    money = money_by_affiliate([affiliate.pk], actor=view.actor, now=timezone.now())
    context = {"money": money, "currency": active_programme().currency}
    found: dict[str, Any] = AffiliateOutput(affiliate, context=context).data
    return found
