"""Tiers over the API: the ladder, what counts towards it, and where one member stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body
from core.errors import InvalidInput
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from customers.api_customers import find_customer
from customers.api_fields import QuantityField
from loyalty.access_tiers import get_tier
from loyalty.actions import tiers
from loyalty.api_acts import TAG
from loyalty.balances import settings_now
from loyalty.models import LoyaltySettings, Tier, TierChange
from loyalty.standing import TierStep, standing_of, tier_history
from workspace.api_auth import ApiView

HISTORY = 50


# -- tiers ------------------------------------------------------------------------------------------------------------


class TierChangeInput(StrictSerializer):
    name = CleanCharField(max_length=40, help_text="Members read it.")
    threshold = serializers.DecimalField(
        max_digits=19,
        decimal_places=4,
        help_text="What it asks for, in what `tier-settings` counts: points, money or visits.",
    )
    factor = serializers.DecimalField(
        max_digits=5, decimal_places=2, required=False, help_text="Times the points of a sale, 1 to 100."
    )
    benefits = CleanCharField(
        max_length=200, required=False, allow_blank=True, help_text="What else members get, in your words."
    )
    is_active = serializers.BooleanField(required=False, help_text="False ends it, true uses it again.")


class TierOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    name = serializers.CharField()
    rank = serializers.IntegerField(help_text="The higher the better; it follows from `threshold`.")
    threshold = QuantityField()
    factor = serializers.DecimalField(max_digits=5, decimal_places=2)
    benefits = serializers.CharField()
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class TiersView(ApiView):
    """The steps that members reach."""

    required = {"GET": Perm.PROGRAMME_VIEW, "POST": Perm.PROGRAMME_EDIT}

    @extend_schema(
        operation_id="tiers_list",
        tags=[TAG],
        parameters=page_parameters("rank", default="rank"),
        responses={200: page_of(TierOutput)},
    )
    def get(self, request: Request) -> Response:
        """From the lowest to the highest; ended ones come last."""
        page = cursor_page(request, Tier.objects.all(), orders={"rank": Order(["rank", "id"])}, default="rank")
        return page_response(page, TierOutput)

    @extend_schema(operation_id="tiers_create", tags=[TAG], request=TierChangeInput, responses={201: TierOutput})
    def post(self, request: Request) -> Response:
        """Make a tier. Its members are found in the background, within minutes."""
        given = read_body(request, TierChangeInput)
        is_active, now = given.pop("is_active", True), timezone.now()
        with transaction.atomic():
            made = tiers.create_tier(values=tiers.TierValues(**given), actor=self.actor, now=now)
            if not is_active:
                made = tiers.switch_tier(code=made.code, is_active=False, actor=self.actor, now=now)
        return Response(TierOutput(made).data, status=201)


class TierView(ApiView):
    """One tier."""

    required = {"GET": Perm.PROGRAMME_VIEW, "PATCH": Perm.PROGRAMME_EDIT, "DELETE": Perm.PROGRAMME_EDIT}

    @extend_schema(operation_id="tiers_read", tags=[TAG], responses={200: TierOutput})
    def get(self, request: Request, tier_id: str) -> Response:
        return Response(TierOutput(get_tier(tier_id)).data)

    @extend_schema(operation_id="tiers_change", tags=[TAG], request=TierChangeInput, responses={200: TierOutput})
    def patch(self, request: Request, tier_id: str) -> Response:
        """Change, end or bring back. Who has the tier keeps it for their period, also where it asks for more now."""
        self.actor.check_sees_all()
        given = read_body(request, TierChangeInput, partial=True)
        is_active, now = given.pop("is_active", None), timezone.now()
        with transaction.atomic():
            tier = get_tier(tier_id, write=True)
            if given:
                values = replace(tiers.values_of(tier), **given)
                tier = tiers.change_tier(code=tier.code, values=values, actor=self.actor, now=now)
            if is_active is not None:
                tier = tiers.switch_tier(code=tier.code, is_active=is_active, actor=self.actor, now=now)
        return Response(TierOutput(tier).data)

    @extend_schema(operation_id="tiers_delete", tags=[TAG], responses={204: None})
    def delete(self, request: Request, tier_id: str) -> Response:
        """Delete a tier that no member ever had and no rule or reward names; any other one ends and stays in the
        list with `is_active` false, because histories name it."""
        tiers.remove_tier(code=tier_id, actor=self.actor, now=timezone.now())
        return Response(status=204)


# -- what counts ------------------------------------------------------------------------------------------------------


class TierSettingsOutput(serializers.Serializer[Any]):
    basis = serializers.ChoiceField(
        source="tier_basis", choices=LoyaltySettings.TierBasis.choices, help_text="What members collect."
    )
    window_months = serializers.IntegerField(
        source="tier_window_months", allow_null=True, help_text="How far back it counts. Null: ever."
    )
    keep_months = serializers.IntegerField(
        source="tier_keep_months", allow_null=True, help_text="How long a tier is kept. Null: for good."
    )
    grace_days = serializers.IntegerField(source="tier_grace_days", help_text="How long it stays after that.")
    drops_to = serializers.ChoiceField(
        source="tier_drops_to",
        choices=LoyaltySettings.TierDrop.choices,
        help_text="Of who did not reach it again: what they reach now, or one tier lower.",
    )


class TierSettingsChange(StrictSerializer):
    basis = serializers.ChoiceField(choices=LoyaltySettings.TierBasis.choices, required=False)
    window_months = serializers.IntegerField(required=False, allow_null=True)
    keep_months = serializers.IntegerField(required=False, allow_null=True)
    grace_days = serializers.IntegerField(required=False)
    drops_to = serializers.ChoiceField(choices=LoyaltySettings.TierDrop.choices, required=False)


class TierSettingsView(ApiView):
    """What members collect on the way to a tier, and how long they keep one."""

    required = {"GET": Perm.PROGRAMME_VIEW, "PATCH": Perm.PROGRAMME_EDIT}

    @extend_schema(operation_id="tier_settings_read", tags=[TAG], responses={200: TierSettingsOutput})
    def get(self, request: Request) -> Response:
        return Response(TierSettingsOutput(settings_now()).data)

    @extend_schema(
        operation_id="tier_settings_change",
        description="Nobody loses a tier by it before the date that they were told.",
        tags=[TAG],
        request=TierSettingsChange,
        responses={200: TierSettingsOutput},
    )
    def patch(self, request: Request) -> Response:
        self.actor.check_sees_all()
        given = read_body(request, TierSettingsChange, partial=True)
        now = settings_now()
        kept = {name: getattr(now, name) for name in asdict(tiers.TierSettings())}
        changes = {f"tier_{name}": value for name, value in given.items()}
        try:
            changed = tiers.change_tier_settings(
                settings=tiers.TierSettings(**{**kept, **changes}), actor=self.actor, now=timezone.now()
            )
        except InvalidInput as error:
            raise InvalidInput(error.message, field=(error.field or "").removeprefix("tier_")) from error
        return Response(TierSettingsOutput(changed).data)


# -- of one member ----------------------------------------------------------------------------------------------------


class TierStepOutput(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    text = serializers.CharField(help_text="What happened, in words.")
    cause = serializers.ChoiceField(choices=TierChange.Cause.choices)
    tier_id = serializers.CharField(allow_null=True, help_text="What the member had from then on.")
    before_id = serializers.CharField(allow_null=True)
    kept_until = serializers.DateField(allow_null=True)
    reason = serializers.CharField()
    by = serializers.CharField(help_text="Who, where a person did it.")


class MemberTierOutput(serializers.Serializer[Any]):
    tier = TierOutput(allow_null=True)
    since = serializers.DateTimeField(allow_null=True)
    kept_until = serializers.DateField(allow_null=True, help_text="The last day. Null: for good, or no tier.")
    is_in_grace = serializers.BooleanField(help_text="Past that day, and still theirs until `ends_on`.")
    ends_on = serializers.DateField(allow_null=True, help_text="The last day of grace.")
    basis = serializers.ChoiceField(choices=LoyaltySettings.TierBasis.choices)
    collected = QuantityField(help_text="In the window that ends now.")
    next_tier = TierOutput(allow_null=True)
    missing = QuantityField(help_text="What `next_tier` still asks for.")
    percent = serializers.IntegerField(help_text="How far it is to `next_tier`; 100 at the highest.")
    to_keep = QuantityField(help_text="What is missing to keep the tier for another period.")
    gains = serializers.ListField(child=serializers.CharField(), help_text="What `next_tier` gives, in words.")
    history = TierStepOutput(many=True, help_text="Newest first, the last 50 changes.")


class MemberTierInput(StrictSerializer):
    tier_id = serializers.CharField(max_length=16, allow_null=True, help_text="Null: what is reached now counts.")
    until = serializers.DateField(required=False, allow_null=True, help_text="The last day it is kept. Null: for good.")
    reason = CleanCharField(max_length=200, required=False, allow_blank=True)


class MemberTierView(ApiView):
    """One customer among the tiers."""

    required = {"GET": Perm.POINTS_VIEW, "PUT": Perm.POINTS_ADJUST}

    @extend_schema(operation_id="customers_tier", tags=[TAG], responses={200: MemberTierOutput})
    def get(self, request: Request, customer_id: str) -> Response:
        """Which tier they have, until when, what the next one asks for and gives, and what was before."""
        return Response(_standing_output(find_customer(self, customer_id).pk))

    @extend_schema(
        operation_id="customers_tier_set",
        tags=[TAG],
        request=MemberTierInput,
        responses={200: MemberTierOutput},
    )
    def put(self, request: Request, customer_id: str) -> Response:
        """Give a tier by hand, or take back what was given. A higher tier can still be reached."""
        self.actor.check_sees_all()
        given = read_body(request, MemberTierInput)
        customer = find_customer(self, customer_id)
        tiers.set_tier(
            customer_id=customer.pk,
            tier=given["tier_id"] or "",
            until=given.get("until"),
            reason=given.get("reason", ""),
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(_standing_output(customer.pk))


ZERO = Decimal(0)
NOWHERE: Mapping[str, Any] = {
    "tier": None,
    "since": None,
    "kept_until": None,
    "is_in_grace": False,
    "ends_on": None,
    "collected": ZERO,
    "next_tier": None,
    "missing": ZERO,
    "percent": 100,
    "to_keep": ZERO,
    "gains": (),
}


def _standing_output(customer_id: int) -> dict[str, Any]:
    """Where the programme has no tiers, nobody has one and nothing is missing."""
    standing = standing_of(customer_id, now=timezone.now())
    shown = {name: getattr(standing, name) for name in NOWHERE} if standing else NOWHERE
    steps = [_step(step) for step in tier_history(customer_id, most=HISTORY)]
    basis = standing.basis if standing else settings_now().tier_basis
    output: dict[str, Any] = MemberTierOutput({**shown, "basis": basis, "history": steps}).data
    return output


def _step(step: TierStep) -> Mapping[str, Any]:
    change = step.change
    return {
        "at": step.at,
        "text": step.text,
        "cause": change.cause,
        "tier_id": change.tier.code if change.tier else None,
        "before_id": change.before.code if change.before else None,
        "kept_until": step.kept_until,
        "reason": step.reason,
        "by": step.by,
    }
