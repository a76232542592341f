"""Stamp cards over the API: the cards, what a member has on them, stamps by hand, and full cards used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
from django.db import transaction
from django.http import JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.actor import Actor
from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body, read_query
from core.errors import InvalidInput
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from core.tenancy import active_programme
from customers.api_customers import find_customer
from customers.api_fields import AmountField
from customers.models import Customer
from loyalty.access_stamps import get_card, get_stamp_reward, visible_cards
from loyalty.actions import stamp_cards as cards
from loyalty.actions import stamps
from loyalty.actions.rewards import ICONS
from loyalty.actions.stamp_cards import CardValues, values_of
from loyalty.actions.stamps import StampAnswer
from loyalty.api_acts import count_number
from loyalty.errors import UnknownMember
from loyalty.models import StampCard, StampReward
from loyalty.reports_stamps import MemberStamps, stamp_history, stamps_of_member
from workspace.api_auth import ApiCaller, ApiView
from workspace.api_once import HEADER, KEY_PARAMETER
from workspace.models import Business

TAG = "Stamp cards"


@extend_schema_serializer(component_name="StampCard")
class StampCardOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    name = serializers.CharField()
    icon = serializers.ChoiceField(choices=list(ICONS))
    gives = serializers.CharField(help_text="What a full card gives.")
    stamps = serializers.IntegerField(help_text="How many fill a card.")
    per = serializers.ChoiceField(
        choices=StampCard.Per.choices, help_text="One stamp for each sale, or for each item bought."
    )
    business_id = serializers.CharField(
        source="business.code", default=None, allow_null=True, help_text="Where it is collected; null: everywhere."
    )
    categories = serializers.ListField(child=serializers.CharField(), help_text="Only lines of these categories count.")
    products = serializers.ListField(
        child=serializers.CharField(), help_text="Only lines with these stock codes count."
    )
    min_spend = AmountField(help_text="A sale counts from this amount on, of the lines it is about.")
    sale_limit = serializers.IntegerField(allow_null=True, help_text="Most stamps of one sale.")
    day_limit = serializers.IntegerField(allow_null=True, help_text="Most stamps of a member's day, by sales.")
    reward_days = serializers.IntegerField(allow_null=True, help_text="A full card is used within so many days.")
    starts_on = serializers.DateField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True, help_text="The last day of collecting.")
    is_active = serializers.BooleanField(help_text="False: archived.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class StampCardInput(StrictSerializer):
    """Once a stamp was given, only `name`, `icon`, `gives`, `ends_on`, `is_active` and `place` can change."""

    name = CleanCharField(max_length=60)
    gives = CleanCharField(max_length=80)
    stamps = serializers.IntegerField(min_value=cards.MIN_STAMPS, max_value=cards.MAX_STAMPS)
    icon = serializers.ChoiceField(choices=list(ICONS), required=False)
    per = serializers.ChoiceField(choices=StampCard.Per.choices, required=False)
    business_id = serializers.CharField(max_length=16, required=False, allow_null=True)
    categories = serializers.ListField(child=CleanCharField(max_length=120), required=False)
    products = serializers.ListField(child=CleanCharField(max_length=64), required=False)
    min_spend = serializers.DecimalField(max_digits=19, decimal_places=4, min_value=0, required=False)
    sale_limit = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    day_limit = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    reward_days = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    starts_on = serializers.DateField(required=False, allow_null=True)
    ends_on = serializers.DateField(required=False, allow_null=True)
    is_active = serializers.BooleanField(required=False)
    place = serializers.IntegerField(
        min_value=1, required=False, help_text="In the order in which members see them, from 1."
    )


class StampCardFilter(StrictSerializer):
    state = serializers.ChoiceField(choices=["active", "archived", "all"], default="all")


class StampCardsView(ApiView):
    """What members collect on, in their order. A caller limited to one business sees what is collected there."""

    required = {"GET": Perm.PROGRAMME_VIEW, "POST": Perm.PROGRAMME_EDIT}

    @extend_schema(
        operation_id="stamp_cards_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter("state", str, enum=["active", "archived", "all"], default="all"),
            *page_parameters("position", default="position"),
        ],
        responses={200: page_of(StampCardOutput)},
    )
    def get(self, request: Request) -> Response:
        state = read_query(request, StampCardFilter)["state"]
        found = visible_cards(self.actor)
        if state != "all":
            found = found.filter(is_active=state == "active")
        page = cursor_page(request, found, orders={"position": Order(["position", "id"])}, default="position")
        return page_response(page, StampCardOutput, currency=active_programme().currency)

    @extend_schema(
        operation_id="stamp_cards_create", tags=[TAG], request=StampCardInput, responses={201: StampCardOutput}
    )
    def post(self, request: Request) -> Response:
        """Add a card; members collect on it from the next sale on."""
        given = read_body(request, StampCardInput)
        values = CardValues(name=given["name"], gives=given["gives"], stamps=given["stamps"])
        with transaction.atomic():
            values = _merged(self.actor, values, given)
            card = cards.create_card(values=values, actor=self.actor, now=timezone.now())
            _switch_and_place(self.actor, card.code, given)
        return Response(_output(self.actor, card.code), status=201)


class StampCardView(ApiView):
    """One stamp card."""

    required = {"GET": Perm.PROGRAMME_VIEW, "PATCH": Perm.PROGRAMME_EDIT, "DELETE": Perm.PROGRAMME_EDIT}

    @extend_schema(operation_id="stamp_cards_read", tags=[TAG], responses={200: StampCardOutput})
    def get(self, request: Request, card_id: str) -> Response:
        return Response(_output(self.actor, card_id))

    @extend_schema(
        operation_id="stamp_cards_change", tags=[TAG], request=StampCardInput, responses={200: StampCardOutput}
    )
    def patch(self, request: Request, card_id: str) -> Response:
        """Change a card, archive it (`is_active` false) or bring it back."""
        given = read_body(request, StampCardInput, partial=True)
        with transaction.atomic():  # all of it or nothing
            values = _merged(self.actor, values_of(get_card(self.actor, card_id, write=True)), given)
            cards.change_card(code=card_id, values=values, actor=self.actor)
            _switch_and_place(self.actor, card_id, given)
        return Response(_output(self.actor, card_id))

    @extend_schema(operation_id="stamp_cards_delete", tags=[TAG], responses={204: None})
    def delete(self, request: Request, card_id: str) -> Response:
        """Delete a card on which nobody ever had a stamp. Archive the others."""
        cards.delete_card(code=card_id, actor=self.actor)
        return Response(status=204)


def _output(actor: Actor, code: str) -> dict[str, Any]:
    context = {"currency": active_programme().currency}
    data: dict[str, Any] = dict(StampCardOutput(get_card(actor, code), context=context).data)
    return data


def _merged(actor: Actor, values: CardValues, given: Mapping[str, Any]) -> CardValues:
    """`values` with what is given. Raises InvalidInput for a business that is not there."""
    changes = {name: value for name, value in given.items() if name in CardValues.__dataclass_fields__}
    for name in ("categories", "products"):
        if name in changes:
            changes[name] = tuple(changes[name])
    if changes.get("business_id") is not None:
        changes["business_id"] = _business_id(actor, given["business_id"])
    return replace(values, **changes)


def _switch_and_place(actor: Actor, code: str, given: Mapping[str, Any]) -> None:
    if "is_active" in given:
        cards.switch_card(code=code, is_active=given["is_active"], actor=actor)
    if "place" in given:
        cards.place_card(code=code, place=given["place"], actor=actor)


def _business_id(actor: Actor, code: str) -> int:
    shops = Business.objects.none() if "\0" in code else Business.objects.visible_to(actor).filter(code=code)
    found = shops.values_list("pk", flat=True).first()
    if found is None:
        raise InvalidInput(_("There is no such business."), field="business_id")
    return int(found)


# -- a member's stamps ------------------------------------------------------------------------------------------------


class MemberCardOutput(serializers.Serializer[Any]):
    stamp_card_id = serializers.CharField(source="card.code")
    name = serializers.CharField(source="card.name")
    gives = serializers.CharField(source="card.gives")
    icon = serializers.CharField(source="card.icon")
    stamps = serializers.IntegerField(
        source="on_card", help_text="On the card in hand. Below 0: more was taken back than was left; the next make up."
    )
    of = serializers.IntegerField(source="card.stamps", help_text="How many fill it.")
    missing = serializers.IntegerField(help_text="How many are to go.")
    completed = serializers.IntegerField(help_text="Full cards ever.")
    is_open = serializers.BooleanField(help_text="Members collect on it today.")


class StampRewardOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    stamp_card_id = serializers.CharField(source="book.card.code")
    name = serializers.CharField(source="book.card.name")
    gives = serializers.CharField(help_text="What the card gave when it was full.")
    state = serializers.SerializerMethodField(help_text="As it is now.")
    made_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    used_at = serializers.SerializerMethodField()
    business_id = serializers.CharField(
        source="business.code", default=None, allow_null=True, help_text="Where it was used."
    )

    def get_state(self, reward: StampReward) -> str:
        expires = reward.expires_at
        ran_out = reward.state == StampReward.State.READY and expires is not None and expires <= timezone.now()
        return StampReward.State.EXPIRED if ran_out else reward.state

    def get_used_at(self, reward: StampReward) -> str | None:
        is_used = reward.state == StampReward.State.USED and reward.ended_at is not None
        return reward.ended_at.isoformat().replace("+00:00", "Z") if is_used and reward.ended_at else None


class StampMovementOutput(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    stamp_card_id = serializers.CharField(source="card.code")
    stamps = serializers.IntegerField(help_text="How many came, or below 0 went. 0: about a full card.")
    text = serializers.CharField(help_text="What happened, in words.")
    reason = serializers.CharField()


class MemberStampsOutput(serializers.Serializer[Any]):
    cards = MemberCardOutput(many=True, help_text="What the member collects on, or has stamps on.")
    ready = StampRewardOutput(many=True, help_text="Full cards that wait.")
    history = StampMovementOutput(many=True, help_text="The newest twenty, newest first.")


class GiveStampsInput(StrictSerializer):
    stamp_card = serializers.CharField(max_length=16, help_text="The id of the card.")
    stamps = serializers.IntegerField(help_text="How many come. Below 0 some are taken back, with `points:reverse`.")
    reason = CleanCharField(max_length=200, required=False, allow_blank=True)
    business_id = serializers.CharField(max_length=16, required=False, help_text="Where it happens.")


class StampsOutput(serializers.Serializer[Any]):
    """What an act came to: how many stamps came or went, and how the member stands right after it."""

    id = serializers.CharField(allow_null=True, help_text="Of the stamps that came or went, to undo them.")
    stamp_card_id = serializers.CharField()
    customer_id = serializers.CharField()
    stamps = serializers.IntegerField()
    on_card = serializers.IntegerField()
    completed = serializers.IntegerField()
    ready = serializers.IntegerField(help_text="Full cards that wait.")
    stamp_reward_id = serializers.CharField(allow_null=True, help_text="The full card that it is about.")
    reason = serializers.CharField()


def member_stamps(customer: Customer, actor: Actor) -> MemberStamps:
    """What a member has, as far as the caller sees it."""
    return stamps_of_member(customer.pk, now=timezone.now(), business_id=actor.business_id, with_closed=True)


class MemberStampsView(ApiView):
    """A member's stamps: cards in hand, full ones that wait, history."""

    required = {"GET": Perm.CUSTOMERS_VIEW, "POST": Perm.POINTS_WRITE}

    @extend_schema(operation_id="customers_stamps", tags=[TAG], responses={200: MemberStampsOutput})
    def get(self, request: Request, customer_id: str) -> Response:
        """Needs `points:read`, too."""
        self.caller.require(Perm.POINTS_VIEW)
        customer = find_customer(self, customer_id)
        shown = member_stamps(customer, self.actor)
        history = stamp_history(customer.pk, actor=self.actor)
        return Response(MemberStampsOutput({"cards": shown.cards, "ready": shown.ready, "history": history}).data)

    @extend_schema(
        operation_id="customers_stamps_give",
        summary="Give stamps by hand",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=GiveStampsInput,
        responses={201: StampsOutput},
    )
    def post(self, request: Request, customer_id: str) -> JsonResponse:
        """Give stamps on a card, or take some back. Stamps of sales come and go with the sales by themselves."""
        given = read_body(request, GiveStampsInput)
        may_take = Perm.POINTS_REVERSE in self.caller.permissions
        if given["stamps"] < 0:
            self.caller.require(Perm.POINTS_REVERSE)
        count_number(self.caller)
        card = get_card(self.actor, given["stamp_card"])
        answer = stamps.give_stamps(
            card=card.code,
            customer_id=_customer_id(self.caller, customer_id),
            stamps=given["stamps"],
            reason=given.get("reason", ""),
            business=_business_id(self.actor, given["business_id"]) if "business_id" in given else None,
            most=stamps.MAX_BY_HAND if may_take else card.sale_limit or stamps.AT_A_TILL,
            **_asked(self, request),
        )
        return _answered(answer)


class UndoStampsView(ApiView):
    required = {"POST": Perm.POINTS_WRITE}

    @extend_schema(
        operation_id="stamps_undo",
        summary="Undo stamps given by hand",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=None,
        responses={201: StampsOutput},
    )
    def post(self, request: Request, entry_id: str) -> JsonResponse:
        """Once. Without `points:reverse` only within a minute."""
        answer = stamps.undo_stamps(entry=entry_id, within_undo_window=_is_limited(self), **_asked(self, request))
        return _answered(answer)


class UseRewardInput(StrictSerializer):
    business_id = serializers.CharField(max_length=16, required=False, help_text="Where it is used.")


class StampRewardView(ApiView):
    """A full card, by the code that its member shows."""

    required = {"GET": Perm.POINTS_WRITE}

    @extend_schema(operation_id="stamp_rewards_read", tags=[TAG], responses={200: StampRewardOutput})
    def get(self, request: Request, stamp_reward_id: str) -> Response:
        return Response(StampRewardOutput(get_stamp_reward(self.actor, stamp_reward_id)).data)


class UseRewardView(ApiView):
    required = {"POST": Perm.POINTS_WRITE}

    @extend_schema(
        operation_id="stamp_rewards_use",
        summary="Use a full card",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=UseRewardInput,
        responses={201: StampsOutput},
    )
    def post(self, request: Request, stamp_reward_id: str) -> JsonResponse:
        """Once: of two who try at the same time, one gets it."""
        given = read_body(request, UseRewardInput)
        business = _business_id(self.actor, given["business_id"]) if "business_id" in given else None
        return _answered(stamps.use_reward(reward=stamp_reward_id, business=business, **_asked(self, request)))


class ReleaseRewardView(ApiView):
    required = {"POST": Perm.POINTS_WRITE}

    @extend_schema(
        operation_id="stamp_rewards_undo",
        summary="Undo the use of a full card",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=None,
        responses={201: StampsOutput},
    )
    def post(self, request: Request, stamp_reward_id: str) -> JsonResponse:
        """It waits for its member again. Without `points:reverse` only within a minute."""
        answer = stamps.release_reward(
            reward=stamp_reward_id, within_undo_window=_is_limited(self), **_asked(self, request)
        )
        return _answered(answer)


def _asked(view: ApiView, request: Request) -> dict[str, Any]:
    key = request.headers.get(HEADER, "").strip()
    return {"key": key, "owner": view.caller.owner, "actor": view.actor, "now": timezone.now()}


def _is_limited(view: ApiView) -> bool:
    return Perm.POINTS_REVERSE not in view.caller.permissions


def _customer_id(caller: ApiCaller, code: str) -> int:
    """A cashier may stamp anybody's card whose id they got, as with claims. Raises UnknownMember."""
    people = Customer.objects.visible_to(caller.actor).known()
    found = people.filter(code=code).values_list("pk", flat=True).first()
    if found is None:
        raise UnknownMember()
    return int(found)


def _answered(answer: StampAnswer) -> JsonResponse:
    facts = msgspec.to_builtins(answer)
    output = {
        "id": facts["entry"],
        "stamp_card_id": facts["card"],
        "customer_id": facts["customer"],
        "stamp_reward_id": facts["reward"],
        **{name: facts[name] for name in ("stamps", "on_card", "completed", "ready", "reason")},
    }
    response = JsonResponse(output, status=201)
    if answer.is_replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
