"""Features over the API: what each means, and those of one customer."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.clock import local_day
from core.permissions import Perm
from customers.api_customers import find_customer, programme_of
from intelligence.features.registry import FEATURES
from intelligence.reports_features import feature_dictionary, features_of, plain
from workspace.api_auth import ApiView

TAG = "Intelligence"


class FeatureOutput(serializers.Serializer[Any]):
    """`low`, `median` and `high`: what a tenth, half and nine tenths of the customers have at most; null: no number."""

    key = serializers.CharField(source="feature.key")
    name = serializers.CharField(source="feature.label")
    unit = serializers.CharField(source="feature.unit")
    kind = serializers.CharField(
        source="feature.kind.value", help_text="count, number, money, share (0 to 1), date or text."
    )
    family = serializers.CharField(source="feature.family.key")
    description = serializers.CharField(source="feature.about")
    sources = serializers.ListField(child=serializers.CharField(), source="feature.sources")
    example = serializers.CharField(source="feature.example")
    customers = serializers.IntegerField(allow_null=True, help_text="Who have it; null for callers of one business.")
    low = serializers.FloatField(allow_null=True)
    median = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class FeaturesOutput(serializers.Serializer[Any]):
    counted_at = serializers.DateTimeField(allow_null=True)
    customers = serializers.IntegerField(allow_null=True, help_text="Who bought.")
    features = FeatureOutput(many=True)


class CustomerFeaturesOutput(serializers.Serializer[Any]):
    customer_id = serializers.CharField()
    features = serializers.DictField(
        child=serializers.JSONField(),
        allow_null=True,
        help_text="By key: numbers, amounts and days as text, null where nothing can be said. Null: never bought.",
    )


class FeaturesView(ApiView):
    """The dictionary of features, with what is usual as of the last counting."""

    required = {"GET": Perm.INTELLIGENCE_VIEW}

    @extend_schema(operation_id="intelligence_features", tags=[TAG], responses={200: FeaturesOutput})
    def get(self, request: Request) -> Response:
        return Response(FeaturesOutput(feature_dictionary(business_id=self.actor.business_id)).data)


class CustomerFeaturesView(ApiView):
    """Every feature of one customer, over all businesses: for callers who see all of them."""

    required = {"GET": Perm.INTELLIGENCE_VIEW}

    @extend_schema(operation_id="intelligence_customer_features", tags=[TAG], responses={200: CustomerFeaturesOutput})
    def get(self, request: Request, customer_id: str) -> Response:
        self.actor.check_sees_all()
        customer, programme = find_customer(self, customer_id), programme_of(self)
        found = features_of(customer.pk, today=local_day(timezone.now(), programme.zone))
        said = found and {key: plain(FEATURES[key], value, programme.currency) for key, value in found.items()}
        return Response(CustomerFeaturesOutput({"customer_id": customer.code, "features": said}).data)
