"""What is expected of one customer, over the API: by our id, or by the shop's own."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import StrictSerializer, read_query
from core.errors import NotFound
from core.permissions import Perm
from customers.api_customers import SEARCH_PARAMETERS, customers_of, find_customer, programme_of, read_search
from customers.api_fields import AmountField, AverageField
from customers.models import Customer, CustomerArchetype, CustomerScores
from customers.search import best_matches
from intelligence.api_archetypes import ArchetypeRefOutput
from intelligence.api_features import TAG
from workspace.api_auth import ApiView

LTV_MONTHS = 12
KNOWN = ("scores", "archetype__archetype", "archetype__second")  # of a customer


class LtvIntervalOutput(serializers.Serializer[Any]):
    """Holds the value of 8 in 10 such customers."""

    low = AmountField()
    high = AmountField()


class CustomerIntelligenceOutput(serializers.Serializer[Any]):
    """What a forecast says is null for somebody who never bought, and before the first night."""

    customer_id = serializers.CharField()
    archetype = ArchetypeRefOutput(allow_null=True)
    confidence = serializers.FloatField(allow_null=True, help_text="Chance that it is this archetype, 0 to 1.")
    second_archetype = ArchetypeRefOutput(allow_null=True, help_text="What they are most like otherwise.")
    external_id = serializers.CharField()
    email = serializers.CharField()
    total_orders = serializers.IntegerField()
    avg_order_value = AverageField(allow_null=True)
    rfm_group = serializers.CharField()
    ltv = AmountField(allow_null=True, help_text="Expected within `ltv_horizon_months`, as money of today.")
    ltv_horizon_months = serializers.IntegerField()
    ltv_interval = LtvIntervalOutput(allow_null=True)
    ltv_3_months = AmountField(allow_null=True)
    ltv_6_months = AmountField(allow_null=True)
    churn_risk = serializers.FloatField(
        allow_null=True, help_text="Chance of no purchase within `churn_horizon_days`, 0 to 1."
    )
    churn_horizon_days = serializers.IntegerField(allow_null=True, help_text="From the programme's own rhythm.")
    churn_band = serializers.ChoiceField(choices=CustomerScores.Band.choices, allow_null=True)
    value_at_risk = AmountField(allow_null=True, help_text="Churn times the value of 12 months.")
    next_purchase = serializers.DateField(
        allow_null=True, help_text="As likely as not by this day; null: not within a year."
    )
    known_on = serializers.DateField(allow_null=True, help_text="Nothing after the end of this day was looked at.")
    updated_at = serializers.DateTimeField(allow_null=True)


class CustomerIntelligenceListOutput(serializers.Serializer[Any]):
    data = CustomerIntelligenceOutput(many=True)  # type: ignore[assignment]


class ByExternalId(StrictSerializer):
    external_id = serializers.CharField(max_length=120)


class CustomerIntelligenceView(ApiView):
    """Value, churn and next purchase of one customer, over all businesses: for callers who see all of them."""

    required = {"GET": Perm.INTELLIGENCE_VIEW}

    @extend_schema(operation_id="intelligence_customer", tags=[TAG], responses={200: CustomerIntelligenceOutput})
    def get(self, request: Request, customer_id: str) -> Response:
        self.actor.check_sees_all()
        return _answer(self, find_customer(self, customer_id))


class CustomerIntelligenceByExternalIdView(ApiView):
    """The same for the customer with an id of the shop's own."""

    required = {"GET": Perm.INTELLIGENCE_VIEW}

    @extend_schema(
        operation_id="intelligence_customer_by_external_id",
        tags=[TAG],
        parameters=[OpenApiParameter("external_id", str, required=True)],
        responses={200: CustomerIntelligenceOutput},
    )
    def get(self, request: Request) -> Response:
        self.actor.check_sees_all()
        given = read_query(request, ByExternalId)
        customer = (
            customers_of(self).filter(identifiers__kind="external", identifiers__value=given["external_id"]).first()
        )
        if customer is None:
            raise NotFound
        return _answer(self, customer)


class CustomerIntelligenceSearchView(ApiView):
    """The same for whom a search finds: newest first, or who sounds like it; at most 50."""

    required = {"GET": Perm.INTELLIGENCE_VIEW}

    @extend_schema(
        operation_id="intelligence_customer_search",
        tags=[TAG],
        parameters=SEARCH_PARAMETERS,
        responses={200: CustomerIntelligenceListOutput},
    )
    def get(self, request: Request) -> Response:
        self.actor.check_sees_all()
        text, limit = read_search(request)
        programme = programme_of(self)
        people = customers_of(self).filter(state=Customer.State.ACTIVE).select_related(*KNOWN)
        found = best_matches(people, text, country=programme.country, most=limit)
        said = {"data": [_said(customer) for customer in found]}
        return Response(CustomerIntelligenceListOutput(said, context={"currency": programme.currency}).data)


def _answer(view: ApiView, customer: Customer) -> Response:
    said = _said(customer)
    return Response(CustomerIntelligenceOutput(said, context={"currency": programme_of(view).currency}).data)


def _said(customer: Customer) -> dict[str, Any]:
    member: CustomerArchetype | None = getattr(customer, "archetype", None)
    orders, spent = customer.fact_orders_count or 0, customer.fact_total_spent or 0  # type: ignore[attr-defined]
    return {
        "customer_id": customer.code,
        "archetype": member and member.archetype,
        "confidence": member and member.confidence,
        "second_archetype": member and member.second,
        "external_id": customer.external_id,
        "email": customer.email,
        "total_orders": orders,
        "avg_order_value": spent / orders if orders else None,
        "rfm_group": customer.fact_rfm_group or "",  # type: ignore[attr-defined]
        "ltv_horizon_months": LTV_MONTHS,
        **_scores(getattr(customer, "scores", None)),
    }


def _scores(found: CustomerScores | None) -> dict[str, Any]:
    return {
        "ltv": found and found.value_12,
        "ltv_interval": found and {"low": found.value_12_low, "high": found.value_12_high},
        "ltv_3_months": found and found.value_3,
        "ltv_6_months": found and found.value_6,
        "churn_risk": found and found.churn,
        "churn_horizon_days": found and found.horizon_days,
        "churn_band": found and found.band,
        "value_at_risk": found and found.value_at_risk,
        "next_purchase": found and found.next_purchase_on,
        "known_on": found and found.computed_on,
        "updated_at": found and found.updated_at,
    }
