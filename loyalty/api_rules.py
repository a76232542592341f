"""Earning rules over the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body
from core.errors import InvalidInput
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from core.tenancy import active_programme
from customers.api_fields import AmountField
from loyalty.access import get_rule, visible_rules
from loyalty.actions import rules
from loyalty.models import EarningRule, Tier
from loyalty.rule_words import sentence_of
from workspace.api_auth import ApiView
from workspace.api_programme import find_business

TAG = "Loyalty"


class RuleChange(StrictSerializer):
    """A condition that is empty holds nobody up. What sets a rule off and its effect stay as they were made."""

    name = CleanCharField(max_length=80, help_text="Members read it: “Double points on Tuesday”.")
    factor = serializers.DecimalField(
        max_digits=5,
        decimal_places=2,
        required=False,
        allow_null=True,
        help_text="Of `multiply`: 2 doubles, 0 is none.",
    )
    points = serializers.IntegerField(
        required=False, allow_null=True, help_text="Of a `bonus`, or the most of a `cap`."
    )
    stacks = serializers.BooleanField(
        required=False, help_text="Adds its extra on top of other multipliers, instead of the best one counting alone."
    )
    per = serializers.ChoiceField(
        choices=EarningRule.Per.choices,
        required=False,
        allow_blank=True,
        help_text="The time of a `cap`, or of `per_limit`.",
    )
    per_limit = serializers.IntegerField(
        required=False, allow_null=True, help_text="How often a member gets the bonus of an `action` in `per`."
    )
    action = CleanCharField(max_length=40, required=False, allow_blank=True, help_text="The word of an `action`.")
    business_id = serializers.CharField(
        max_length=16, required=False, allow_null=True, help_text="Null: every business."
    )
    tier_id = serializers.CharField(
        max_length=16, required=False, allow_null=True, help_text="For members of this tier and above."
    )
    categories = serializers.ListField(
        child=CleanCharField(max_length=120),
        required=False,
        help_text="Only lines of these categories; any spelling of case.",
    )
    products = serializers.ListField(
        child=CleanCharField(max_length=64), required=False, help_text="Only lines with these stock codes."
    )
    min_spend = serializers.DecimalField(
        max_digits=19, decimal_places=4, required=False, help_text="From this amount on, of the lines it is about."
    )
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=7),
        required=False,
        help_text="1 is Monday. In the programme's time zone, as all days and hours.",
    )
    from_time = serializers.TimeField(required=False, allow_null=True)
    to_time = serializers.TimeField(
        required=False, allow_null=True, help_text="Not part of it; before `from_time` it is past midnight."
    )
    starts_on = serializers.DateField(required=False, allow_null=True)
    ends_on = serializers.DateField(required=False, allow_null=True, help_text="The last day.")
    is_first_purchase = serializers.BooleanField(required=False)
    birthday_days = serializers.IntegerField(
        required=False, allow_null=True, help_text="Days around the birthday; 0 is the day itself."
    )
    is_active = serializers.BooleanField(required=False)
    position = serializers.IntegerField(
        min_value=1, max_value=rules.MAX_RULES, required=False, help_text="Place in the order, from 1."
    )


class RuleInput(RuleChange):
    trigger = serializers.ChoiceField(choices=EarningRule.Trigger.choices, default=EarningRule.Trigger.SALE)
    effect = serializers.ChoiceField(choices=EarningRule.Effect.choices)


class RuleOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    name = serializers.CharField()
    sentence = serializers.SerializerMethodField(help_text="What the rule gives and when, in words.")
    trigger = serializers.ChoiceField(choices=EarningRule.Trigger.choices)
    effect = serializers.ChoiceField(choices=EarningRule.Effect.choices)
    factor = serializers.DecimalField(max_digits=5, decimal_places=2, allow_null=True)
    points = serializers.IntegerField(allow_null=True)
    stacks = serializers.BooleanField()
    per = serializers.CharField()
    per_limit = serializers.IntegerField(allow_null=True)
    action = serializers.CharField()
    business_id = serializers.CharField(source="business.code", default=None, allow_null=True)
    tier_id = serializers.CharField(source="tier.code", default=None, allow_null=True)
    categories = serializers.ListField(child=serializers.CharField())
    products = serializers.ListField(child=serializers.CharField())
    min_spend = AmountField()
    weekdays = serializers.ListField(child=serializers.IntegerField())
    from_time = serializers.TimeField(allow_null=True)
    to_time = serializers.TimeField(allow_null=True)
    starts_on = serializers.DateField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True)
    is_first_purchase = serializers.BooleanField()
    birthday_days = serializers.IntegerField(allow_null=True)
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_sentence(self, rule: EarningRule) -> str:
        return sentence_of(rule, active_programme().currency)


class RulesView(ApiView):
    """What gives points on top of the businesses' rates."""

    required = {"GET": Perm.PROGRAMME_VIEW, "POST": Perm.PROGRAMME_EDIT}

    @extend_schema(
        operation_id="earning_rules_list",
        tags=[TAG],
        parameters=page_parameters("position", default="position"),
        responses={200: page_of(RuleOutput)},
    )
    def get(self, request: Request) -> Response:
        """In their order. A caller limited to one business sees the rules that hold there."""
        page = cursor_page(
            request,
            visible_rules(self.actor),
            orders={"position": Order(["position", "id"])},
            default="position",
        )
        return page_response(page, RuleOutput, currency=active_programme().currency)

    @extend_schema(operation_id="earning_rules_create", tags=[TAG], request=RuleInput, responses={201: RuleOutput})
    def post(self, request: Request) -> Response:
        """Make a rule; it holds from the next sale on."""
        given = read_body(request, RuleInput)
        shown, place = given.pop("is_active", True), given.pop("position", None)
        with transaction.atomic():
            rule = rules.create_rule(values=rules.RuleValues(**_resolved(self, given)), actor=self.actor)
            _switch_and_place(self, rule.code, is_active=shown, place=place)
        return Response(_output(get_rule(self.actor, rule.code)), status=201)


class RuleView(ApiView):
    """One earning rule."""

    required = {"GET": Perm.PROGRAMME_VIEW, "PATCH": Perm.PROGRAMME_EDIT, "DELETE": Perm.PROGRAMME_EDIT}

    @extend_schema(operation_id="earning_rules_read", tags=[TAG], responses={200: RuleOutput})
    def get(self, request: Request, rule_id: str) -> Response:
        return Response(_output(get_rule(self.actor, rule_id)))

    @extend_schema(operation_id="earning_rules_change", tags=[TAG], request=RuleChange, responses={200: RuleOutput})
    def patch(self, request: Request, rule_id: str) -> Response:
        """Change, switch on or off, or move. Sales from now on go by it, those before keep their points."""
        given = read_body(request, RuleChange, partial=True)
        shown, place = given.pop("is_active", None), given.pop("position", None)
        with transaction.atomic():
            rule = get_rule(self.actor, rule_id)
            if given:
                values = replace(rules.values_of(rule), **_resolved(self, given))
                rules.change_rule(code=rule.code, values=values, actor=self.actor)
            _switch_and_place(self, rule.code, is_active=shown, place=place)
        return Response(_output(get_rule(self.actor, rule.code)))

    @extend_schema(operation_id="earning_rules_delete", tags=[TAG], responses={204: None})
    def delete(self, request: Request, rule_id: str) -> Response:
        """Delete a rule. One that gave a bonus stays in the history: `loyalty.rule_in_use`; switch it off instead."""
        rules.delete_rule(code=rule_id, actor=self.actor)
        return Response(status=204)


def _resolved(view: ApiView, given: dict[str, Any]) -> dict[str, Any]:
    """Business and tier by their codes. A new rule of a caller limited to one business is for that one."""
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    if values.get("business_id"):
        values["business_id"] = find_business(view, values["business_id"]).pk
    elif "effect" in values and values["trigger"] != EarningRule.Trigger.JOIN:
        values["business_id"] = view.caller.business_id
    if values.get("tier_id"):
        tier = Tier.objects.filter(code=values["tier_id"]).first()
        if tier is None:
            raise InvalidInput(rules.NO_SUCH_TIER, field="tier_id")
        values["tier_id"] = tier.pk
    return values


def _switch_and_place(view: ApiView, code: str, *, is_active: bool | None, place: int | None) -> None:
    if is_active is not None:
        rules.switch_rule(code=code, is_active=is_active, actor=view.actor)
    if place is not None:
        rules.place_rule(code=code, place=place, actor=view.actor)


def _output(rule: EarningRule) -> dict[str, Any]:
    output: dict[str, Any] = RuleOutput(rule, context={"currency": active_programme().currency}).data
    return output
