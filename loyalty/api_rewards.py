"""Rewards over the API: the catalogue, its stock and pictures, and claiming one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import msgspec
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from core.actor import Actor
from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body, read_query
from core.errors import InvalidInput
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from customers.api_customers import find_customer
from customers.models import Customer
from loyalty import pictures
from loyalty.access_rewards import get_claim, get_reward, visible_rewards
from loyalty.actions import rewards as actions
from loyalty.actions.rewards import RewardValues, values_of
from loyalty.api_acts import act, count_number, do, key_of
from loyalty.errors import UnknownMember
from loyalty.models import Hold, Reward, Tier
from loyalty.operations import HoldPoints
from loyalty.reports_rewards import Claim, claim_of, offered, rewards_of_member
from workspace.api_auth import ApiCaller, ApiView
from workspace.api_bodies import InvalidBody, read
from workspace.models import Business

TAG = "Rewards"


@extend_schema_serializer(component_name="Reward")
class RewardOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    name = serializers.CharField()
    description = serializers.CharField()
    points = serializers.IntegerField(help_text="What it costs.")
    image_url = serializers.SerializerMethodField(help_text="Of its picture, for everybody; null: the icon is shown.")
    icon = serializers.ChoiceField(choices=list(actions.ICONS))
    business_id = serializers.CharField(
        source="business.code", default=None, allow_null=True, help_text="Where it is given; null: everywhere."
    )
    tier_id = serializers.CharField(source="tier.code", default=None, allow_null=True, help_text="From this tier on.")
    stock = serializers.IntegerField(allow_null=True, help_text="How many are left; null: nobody counts.")
    member_limit = serializers.IntegerField(allow_null=True, help_text="How often one member can have it.")
    member_limit_days = serializers.IntegerField(allow_null=True, help_text="Within how many days; null: ever.")
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True, help_text="From this moment on no more.")
    claim_minutes = serializers.IntegerField(help_text="How long a claimed code lasts.")
    is_active = serializers.BooleanField(help_text="False: archived.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_image_url(self, reward: Reward) -> str | None:
        request: Request = self.context["request"]
        return request.build_absolute_uri(f"/rewards/pictures/{reward.image}") if reward.image else None


class RewardInput(StrictSerializer):
    name = CleanCharField(max_length=80)
    points = serializers.IntegerField(min_value=1)
    description = CleanCharField(max_length=300, required=False, allow_blank=True)
    icon = serializers.ChoiceField(choices=list(actions.ICONS), required=False)
    business_id = serializers.CharField(max_length=16, required=False, allow_null=True)
    tier_id = serializers.CharField(max_length=16, required=False, allow_null=True)
    stock = serializers.IntegerField(min_value=0, required=False, allow_null=True)
    member_limit = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    member_limit_days = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    starts_at = serializers.DateTimeField(required=False, allow_null=True)
    ends_at = serializers.DateTimeField(required=False, allow_null=True)
    claim_minutes = serializers.IntegerField(min_value=1, required=False)
    is_active = serializers.BooleanField(required=False)
    place = serializers.IntegerField(
        min_value=1, required=False, help_text="In the order in which members see them, from 1."
    )


class StockInput(StrictSerializer):
    change = serializers.IntegerField(help_text="How many come, or below 0 go. What is sold meanwhile stays counted.")


class ImageInput(serializers.Serializer[Any]):
    image = serializers.FileField(help_text="PNG, JPEG or WebP, up to 8 MB.")


class RewardFilter(StrictSerializer):
    business_id = serializers.CharField(max_length=16, required=False)
    state = serializers.ChoiceField(choices=["offered", "archived", "all"], default="all")
    in_reach_of = serializers.CharField(max_length=16, required=False)


ORDERS: Mapping[str, Order] = {"position": Order(["position", "id"]), "points": Order(["points", "id"])}


class RewardsView(ApiView):
    """What points buy, in the order of members. A caller limited to one business sees what is given there."""

    required = {"GET": Perm.PROGRAMME_VIEW, "POST": Perm.PROGRAMME_EDIT}

    @extend_schema(
        operation_id="rewards_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter("business_id", str, description="What is given there."),
            OpenApiParameter("state", str, enum=["offered", "archived", "all"], default="all"),
            OpenApiParameter(
                "in_reach_of",
                str,
                description="A customer's id: what they can have now. Needs `points:read` and `customers:read`.",
            ),
            *page_parameters(*ORDERS, default="position"),
        ],
        responses={200: page_of(RewardOutput)},
    )
    def get(self, request: Request) -> Response:
        given = read_query(request, RewardFilter)
        found = visible_rewards(self.actor)
        business_id: int | None = self.actor.business_id
        if "business_id" in given:
            business_id = _business_id(self.actor, given["business_id"]) or 0  # 0: none has it
            found = found.filter(Q(business__isnull=True) | Q(business_id=business_id)) if business_id else found.none()
        if given["state"] == "archived":
            found = found.filter(is_active=False)
        elif given["state"] == "offered":
            found = offered(found, timezone.now())
        if "in_reach_of" in given:
            self.caller.require(Perm.CUSTOMERS_VIEW)
            self.caller.require(Perm.POINTS_VIEW)
            customer = find_customer(self, given["in_reach_of"])
            reach = rewards_of_member(customer.pk, now=timezone.now(), business_id=business_id).ready
            found = found.filter(pk__in=[one.reward.pk for one in reach])
        page = cursor_page(request, found, orders=ORDERS, default="position")
        return page_response(page, RewardOutput, request=request)

    @extend_schema(operation_id="rewards_create", tags=[TAG], request=RewardInput, responses={201: RewardOutput})
    def post(self, request: Request) -> Response:
        """Add a reward; it is offered at once unless it is made with `is_active` false."""
        given = read_body(request, RewardInput)
        values = RewardValues(name=given["name"], points=given["points"])
        with transaction.atomic():
            reward = actions.create_reward(
                values=_merged(self.actor, values, given), stock=given.get("stock"), actor=self.actor
            )
            _switch_and_place(self.actor, reward.code, given)
        return Response(_output(request, self.actor, reward.code), status=201)


class RewardView(ApiView):
    """One reward."""

    required = {"GET": Perm.PROGRAMME_VIEW, "PATCH": Perm.PROGRAMME_EDIT, "DELETE": Perm.PROGRAMME_EDIT}

    @extend_schema(operation_id="rewards_read", tags=[TAG], responses={200: RewardOutput})
    def get(self, request: Request, reward_id: str) -> Response:
        return Response(_output(request, self.actor, reward_id))

    @extend_schema(operation_id="rewards_change", tags=[TAG], request=RewardInput, responses={200: RewardOutput})
    def patch(self, request: Request, reward_id: str) -> Response:
        """Change what is given. Claims that members hold keep what they cost; `stock` is counted anew."""
        given = read_body(request, RewardInput, partial=True)
        with transaction.atomic():  # all of it or nothing
            values = _merged(self.actor, values_of(get_reward(self.actor, reward_id, write=True)), given)
            actions.change_reward(code=reward_id, values=values, actor=self.actor)
            if "stock" in given:
                actions.set_stock(code=reward_id, stock=given["stock"], actor=self.actor)
            _switch_and_place(self.actor, reward_id, given)
        return Response(_output(request, self.actor, reward_id))

    @extend_schema(operation_id="rewards_archive", tags=[TAG], responses={204: None})
    def delete(self, request: Request, reward_id: str) -> Response:
        """Archive the reward: nobody sees it any more, its history and the claims that members hold stay."""
        actions.switch_reward(code=reward_id, is_active=False, actor=self.actor)
        return Response(status=204)


class RewardStockView(ApiView):
    required = {"POST": Perm.PROGRAMME_EDIT}

    @extend_schema(operation_id="rewards_stock", tags=[TAG], request=StockInput, responses={200: RewardOutput})
    def post(self, request: Request, reward_id: str) -> Response:
        """Book what comes or goes. To count anew, PATCH `stock`."""
        actions.add_stock(code=reward_id, number=read_body(request, StockInput)["change"], actor=self.actor)
        return Response(_output(request, self.actor, reward_id))


class _Multipart(DefaultContentNegotiation):
    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class RewardImageView(ApiView):
    """The picture of a reward. It is drawn anew as WebP of at most 960 pixels a side."""

    required: ClassVar[dict[str, Any]] = {"PUT": Perm.PROGRAMME_EDIT, "DELETE": Perm.PROGRAMME_EDIT}
    max_body = pictures.MAX_BODY_BYTES
    parser_classes = (MultiPartParser,)
    content_negotiation_class = _Multipart

    @extend_schema(
        operation_id="rewards_image",
        tags=[TAG],
        request={"multipart/form-data": ImageInput},
        responses={200: RewardOutput},
    )
    def put(self, request: Request, reward_id: str) -> Response:
        upload = read_body(request, ImageInput)["image"]
        actions.set_picture(code=reward_id, data=upload.read(pictures.MAX_BYTES + 1), actor=self.actor)
        return Response(_output(request, self.actor, reward_id))

    @extend_schema(operation_id="rewards_image_remove", tags=[TAG], request=None, responses={204: None})
    def delete(self, request: Request, reward_id: str) -> Response:
        actions.remove_picture(code=reward_id, actor=self.actor)
        return Response(status=204)


def _output(request: Request, actor: Actor, code: str) -> dict[str, Any]:
    data: dict[str, Any] = dict(RewardOutput(get_reward(actor, code), context={"request": request}).data)
    return data


def _merged(actor: Actor, values: RewardValues, given: Mapping[str, Any]) -> RewardValues:
    """`values` with what is given. Raises InvalidInput for a business or a tier that is not there."""
    changes = {name: value for name, value in given.items() if name in RewardValues.__dataclass_fields__}
    if changes.get("business_id") is not None:
        changes["business_id"] = _business_id(actor, given["business_id"])
        if changes["business_id"] is None:
            raise InvalidInput(_("There is no such business."), field="business_id")
    if changes.get("tier_id") is not None:
        tiers = Tier.objects.none() if "\0" in given["tier_id"] else Tier.objects.filter(code=given["tier_id"])
        changes["tier_id"] = tiers.values_list("pk", flat=True).first()
        if changes["tier_id"] is None:
            raise InvalidInput(_("There is no such tier."), field="tier_id")
    return replace(values, **changes)


def _switch_and_place(actor: Actor, code: str, given: Mapping[str, Any]) -> None:
    if "is_active" in given:
        actions.switch_reward(code=code, is_active=given["is_active"], actor=actor)
    if "place" in given:
        actions.place_reward(code=code, place=given["place"], actor=actor)


def _business_id(actor: Actor, code: str) -> int | None:
    shops = Business.objects.none() if "\0" in code else Business.objects.visible_to(actor).filter(code=code)
    found: int | None = shops.values_list("pk", flat=True).first()
    return found


# -- claims -----------------------------------------------------------------------------------------------------------


class ClaimRewardInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One of `customer_phone_number` and `customer_id`. `business_id` is where it will be taken, if that is known."""

    customer_phone_number: str | None = None
    customer_id: str | None = None
    business_id: str | None = None


_CLAIM = msgspec.json.Decoder(ClaimRewardInput)


@act(
    Perm.POINTS_WRITE,
    id="rewards_claim",
    summary="Claim a reward",
    description="Sets aside what it costs, and one of it. `claim_id` is the code that the member shows at the till "
    "until `expires_at`; capture or void it, or the points go back by themselves.",
    request=ClaimRewardInput,
)
def claim(request: HttpRequest, caller: ApiCaller, reward_id: str) -> HttpResponse:
    body = read(request, _CLAIM)
    count_number(caller)
    operation = HoldPoints(
        business=body.business_id if body.business_id is not None else caller.business_id,
        reward=reward_id,
        phone=body.customer_phone_number or "",
        customer_id=_claimant(caller, body),
        key=key_of(request),
    )
    return do(operation, caller, timezone.now())


def _claimant(caller: ApiCaller, body: ClaimRewardInput) -> int | None:
    """The id of the customer named; None where a phone number says who. Raises InvalidBody, UnknownMember."""
    if (body.customer_id is None) == (body.customer_phone_number is None):
        raise InvalidBody(_("Say who: a phone number or an id."), field="customer_phone_number")
    if body.customer_id is None:
        return None
    if "\0" in body.customer_id:
        raise UnknownMember()
    people = Customer.objects.visible_to(caller.actor).known()
    found = people.filter(code=body.customer_id).values_list("pk", flat=True).first()
    if found is None:
        raise UnknownMember()
    return int(found)


class ClaimStateOutput(serializers.Serializer[Any]):
    claim_id = serializers.CharField(source="code")
    state = serializers.ChoiceField(choices=Hold.State.choices, help_text="As it is now.")
    points = serializers.IntegerField()
    reason = serializers.CharField(source="what")
    reward_id = serializers.CharField(source="reward.code", default=None, allow_null=True)
    customer_name = serializers.SerializerMethodField(help_text="First name and an initial.")
    customer_phone = serializers.SerializerMethodField(help_text="Its last digits.")
    claimed_at = serializers.DateTimeField(source="made_at")
    expires_at = serializers.DateTimeField()

    def get_customer_name(self, claim: Claim) -> str:
        return claim.customer_short

    def get_customer_phone(self, claim: Claim) -> str:
        return claim.phone_masked


class ClaimView(ApiView):
    """What a code is good for, before it is captured. A claim of another business is not there."""

    required = {"GET": Perm.POINTS_WRITE}

    @extend_schema(operation_id="claims_read", tags=["points"], responses={200: ClaimStateOutput})
    def get(self, request: Request, claim_id: str) -> Response:
        claim = claim_of(get_claim(self.actor, claim_id), timezone.now())
        return Response(ClaimStateOutput(claim).data)
