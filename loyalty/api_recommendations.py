"""Recommendations over the API: what a member is told, the rules and what they did, the owner's cross-promotions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.db.models import F
from django.http import JsonResponse
from django.utils import timezone, translation
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body
from core.errors import InvalidInput
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from core.phones import parse_phone
from customers.api_customers import programme_of
from customers.models import Customer, Identifier
from loyalty.actions import recommender_settings as actions
from loyalty.actions.recommendations import recommend
from loyalty.api_acts import TAG
from loyalty.errors import UnknownMember
from loyalty.models import CoVisit, CrossPromotion, Recommendation
from loyalty.recommenders import RECOMMENDERS
from loyalty.reports_recommendations import Outcome, outcomes
from messaging.languages import language_of
from workspace.api_auth import ApiView

# -- what a member is told --------------------------------------------------------------------------------------------


class RecommendationOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    rule = serializers.ChoiceField(source="rule.name", choices=list(RECOMMENDERS))
    text = serializers.CharField(source="to_member.text", help_text="For the member, in their language.")
    reason = serializers.CharField(source="to_member.reason", help_text="Why, for the member.")
    evidence = serializers.DictField(help_text="What the rule found: figures and ids, by rule.")


class MemberRecommendationsOutput(serializers.Serializer[Any]):
    customer_id = serializers.CharField()
    recommendations = RecommendationOutput(many=True)


class MemberRecommendationsView(ApiView):
    """What to tell whoever has this number, in any spelling. Needs `points:read`, too.

    Asking counts as telling: a rule that finds something leaves the member out by chance as the programme decided, and
    whether they come back counts from now. Asked again within a rule's days, the answer is the same.
    """

    required = {"GET": Perm.CUSTOMERS_VIEW}

    @extend_schema(operation_id="customers_recommendations", tags=[TAG], responses={200: MemberRecommendationsOutput})
    def get(self, request: Request, phone: str) -> Response:
        self.caller.require(Perm.POINTS_VIEW)
        number = parse_phone(phone, programme_of(self).country)
        owner = Identifier.objects.filter(kind=Identifier.Kind.PHONE, value=number).values("customer_id")
        member = Customer.objects.visible_to(self.actor).filter(pk__in=owner, account__isnull=False).first()
        if member is None:
            raise UnknownMember()
        told = recommend([member.pk], channel=Recommendation.Channel.API, now=timezone.now())
        with translation.override(language_of(member)):
            shown = {"customer_id": member.code, "recommendations": told.get(member.pk, ())}
            return Response(MemberRecommendationsOutput(shown).data)


# -- rules ------------------------------------------------------------------------------------------------------------


@extend_schema_serializer(component_name="RecommendationRule")
class RecommendationRuleOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    explanation = serializers.CharField()
    is_active = serializers.BooleanField()
    parameters = serializers.DictField(child=serializers.IntegerField())
    hold_back = serializers.IntegerField(help_text="Of 100 members, how many are left out by chance.")
    outcome_days = serializers.IntegerField(help_text="How long members have to come back.")


class RecommendationRuleChange(StrictSerializer):
    is_active = serializers.BooleanField(required=False)
    parameters = serializers.DictField(
        child=serializers.IntegerField(), required=False, help_text="Those that change; the others stay."
    )
    hold_back = serializers.IntegerField(required=False, help_text="0 to 50 of 100.")
    outcome_days = serializers.IntegerField(required=False, help_text="7 to 90.")


def _rule_output(name: str, values: actions.RuleValues) -> dict[str, Any]:
    rule = RECOMMENDERS[name]
    shown = {
        "name": name,
        "title": rule.title,
        "explanation": rule.explanation,
        "is_active": values.is_active,
        "parameters": values.parameters,
        "hold_back": values.hold_back,
        "outcome_days": values.outcome_days,
    }
    found: dict[str, Any] = RecommendationRuleOutput(shown).data
    return found


class RecommendationRulesView(ApiView):
    """Every rule, in the order in which members read them."""

    required = {"GET": Perm.PROGRAMME_VIEW}

    @extend_schema(
        operation_id="recommendation_rules_list", tags=[TAG], responses={200: page_of(RecommendationRuleOutput)}
    )
    def get(self, request: Request) -> Response:
        rules = [_rule_output(name, values) for name, values in actions.rules_now().items()]
        return Response({"data": rules, "next_cursor": None})


class RecommendationRuleView(ApiView):
    """One rule."""

    required = {"GET": Perm.PROGRAMME_VIEW, "PATCH": Perm.PROGRAMME_EDIT}

    @extend_schema(operation_id="recommendation_rules_read", tags=[TAG], responses={200: RecommendationRuleOutput})
    def get(self, request: Request, name: str) -> Response:
        actions.find_recommender(name)
        return Response(_rule_output(name, actions.rules_now()[name]))

    @extend_schema(
        operation_id="recommendation_rules_change",
        tags=[TAG],
        request=RecommendationRuleChange,
        responses={200: RecommendationRuleOutput},
    )
    def patch(self, request: Request, name: str) -> Response:
        """What was suggested before keeps its days."""
        self.actor.check_sees_all()
        actions.find_recommender(name)
        given, now = read_body(request, RecommendationRuleChange, partial=True), actions.rules_now()[name]
        given["parameters"] = {**now.parameters, **given.get("parameters", {})}
        values = actions.change_rule(name=name, values=replace(now, **given), actor=self.actor)
        return Response(_rule_output(name, values))


# -- what they did ----------------------------------------------------------------------------------------------------


class GroupOutput(serializers.Serializer[Any]):
    members = serializers.IntegerField(help_text="Whose days are over.")
    came_back = serializers.IntegerField()
    median_days = serializers.IntegerField(
        allow_null=True, help_text="The day by which half of those who came back had."
    )


@extend_schema_field({"type": "number", "minimum": -1, "maximum": 1, "nullable": True})
class ShareField(serializers.Field[Any, Any, Any, Any]):
    def to_representation(self, value: float) -> float:
        return round(value, 4)


class RecommendationOutcomeOutput(serializers.Serializer[Any]):
    rule = serializers.CharField(source="rule.name")
    running = serializers.IntegerField(help_text="Members who still have their days.")
    told = GroupOutput()
    left_out = GroupOutput()
    difference = ShareField(
        source="effect.difference", default=None, help_text="Came back of those told less of those left out."
    )
    low = ShareField(source="effect.interval.low", default=None, help_text="Lower end of its 95 % interval.")
    high = ShareField(source="effect.interval.high", default=None, help_text="Upper end.")
    verdict = serializers.ChoiceField(
        choices=["nothing", "early", "works", "harms", "unclear"],
        help_text="`early`: too few members yet. `unclear`: chance alone may do as much.",
    )


class RecommendationsReportView(ApiView):
    """What each rule did in the last 365 days."""

    required = {"GET": Perm.POINTS_VIEW}

    @extend_schema(
        operation_id="reports_recommendations", tags=[TAG], responses={200: page_of(RecommendationOutcomeOutput)}
    )
    def get(self, request: Request) -> Response:
        found: list[Outcome] = list(outcomes(actor=self.actor, now=timezone.now()))
        return Response({"data": RecommendationOutcomeOutput(found, many=True).data, "next_cursor": None})


# -- other businesses -------------------------------------------------------------------------------------------------


class CoVisitOutput(serializers.Serializer[Any]):
    business_id = serializers.CharField(source="business.code")
    other_business_id = serializers.CharField(source="other.code")
    both = serializers.IntegerField(help_text="People who bought at both.")
    here = serializers.IntegerField(help_text="People who bought at `business_id`.")
    there = serializers.IntegerField(help_text="People who bought at `other_business_id`.")
    everybody = serializers.IntegerField(help_text="People who bought anywhere.")
    least_share = ShareField(source="low", help_text="Of both / here: the lower end of its 95 % interval.")
    learned_at = serializers.DateTimeField()


class CoVisitsView(ApiView):
    """Who buys where, too, as it was last learned. A caller limited to one business sees its own pairs."""

    required = {"GET": Perm.POINTS_VIEW}

    @extend_schema(
        operation_id="co_visits_list",
        tags=[TAG],
        parameters=page_parameters("least_share", default="-least_share"),
        responses={200: page_of(CoVisitOutput)},
    )
    def get(self, request: Request) -> Response:
        found = CoVisit.objects.visible_to(self.actor).select_related("business", "other")
        orders = {"least_share": Order([F("low"), "id"])}
        return page_response(cursor_page(request, found, orders=orders, default="-least_share"), CoVisitOutput)


class CrossPromotionOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    business_id = serializers.CharField(source="business.code", default=None, allow_null=True)
    other_business_id = serializers.CharField(source="other.code")
    verdict = serializers.ChoiceField(choices=CrossPromotion.Verdict.choices)
    text = serializers.CharField()
    created_at = serializers.DateTimeField()


class CrossPromotionInput(StrictSerializer):
    business_id = serializers.CharField(
        max_length=16, required=False, allow_null=True, help_text="Of who buys here; null: anywhere."
    )
    other_business_id = serializers.CharField(max_length=16)
    verdict = serializers.ChoiceField(choices=CrossPromotion.Verdict.choices)
    text = CleanCharField(
        max_length=140, required=False, allow_blank=True, help_text="What members read as the reason, of `always`."
    )


class CrossPromotionsView(ApiView):
    """The owner's word on which business is suggested after which. A caller of one business sees what names it."""

    required = {"GET": Perm.PROGRAMME_VIEW, "POST": Perm.PROGRAMME_EDIT}

    @extend_schema(
        operation_id="cross_promotions_list",
        tags=[TAG],
        parameters=page_parameters("created", default="created"),
        responses={200: page_of(CrossPromotionOutput)},
    )
    def get(self, request: Request) -> Response:
        found = CrossPromotion.objects.visible_to(self.actor).select_related("business", "other")
        page = cursor_page(request, found, orders={"created": Order(["id"])}, default="created")
        return page_response(page, CrossPromotionOutput)

    @extend_schema(
        operation_id="cross_promotions_set",
        tags=[TAG],
        request=CrossPromotionInput,
        responses={201: CrossPromotionOutput},
    )
    def post(self, request: Request) -> JsonResponse | Response:
        """Always or never suggest it. Said again of the same two, it is the new word."""
        given = read_body(request, CrossPromotionInput)
        try:
            made = actions.set_cross_promotion(
                business=given.get("business_id") or "",
                other=given["other_business_id"],
                verdict=given["verdict"],
                text=given.get("text", ""),
                actor=self.actor,
                now=timezone.now(),
            )
        except InvalidInput as error:
            if error.field == "other":
                raise InvalidInput(error.message, field="other_business_id") from error
            raise
        return Response(CrossPromotionOutput(made).data, status=201)


class CrossPromotionView(ApiView):
    required = {"DELETE": Perm.PROGRAMME_EDIT}

    @extend_schema(operation_id="cross_promotions_delete", tags=[TAG], responses={204: None})
    def delete(self, request: Request, promotion_id: str) -> Response:
        """Let the figures decide again."""
        actions.delete_cross_promotion(code=promotion_id, actor=self.actor)
        return Response(status=204)
