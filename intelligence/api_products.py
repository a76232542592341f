"""Products to suggest to one customer, or to an archetype, over the API."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import StrictSerializer, read_body, read_query
from core.errors import NotFound
from core.permissions import Perm
from customers.api_customers import find_customer, programme_of
from customers.api_fields import AmountField, AverageField
from customers.models import Archetype
from customers.reports.product_figures import pairs_counted_at
from intelligence.actions.product_settings import products_are_shown, show_products
from intelligence.api_features import TAG
from intelligence.engine.next_products import Why
from intelligence.product_words import reason_of
from intelligence.reports_products import Group, Suggestion, likely_products, popular_products
from workspace.api_auth import ApiView


class RecommendationsFilter(StrictSerializer):
    customer = serializers.CharField(max_length=16, required=False)
    archetype = serializers.CharField(max_length=16, required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if len(given) != 1:
            raise serializers.ValidationError(_("Name a customer or an archetype, and only one of them."))
        return given


class SuggestedProductOutput(serializers.Serializer[Any]):
    product_id = serializers.CharField(source="product.code")
    sku = serializers.CharField(source="product.sku")
    title = serializers.CharField(source="product")
    price = AmountField(source="product.price", allow_null=True)
    reason = serializers.ChoiceField(choices=[why.value for why in Why], source="why")
    reason_text = serializers.SerializerMethodField()
    goes_with = serializers.CharField(
        source="partner.code", allow_null=True, default=None, help_text="The product that it is often bought with."
    )
    purchase_count = serializers.IntegerField(
        source="purchases", help_text="Orders of people like them with it in the last 90 days."
    )
    average_price = AverageField(allow_null=True, help_text="Of one piece, in those orders.")
    score = serializers.FloatField(help_text="The likeliest first; 1 is one purchase today.")

    def get_reason_text(self, one: Suggestion) -> str:
        return reason_of(one)


class ProductRecommendationsOutput(serializers.Serializer[Any]):
    counted_at = serializers.DateTimeField(allow_null=True, help_text="When pairs and popular products were counted.")
    items = SuggestedProductOutput(many=True)


class ProductRecommendationsView(ApiView):
    """Ten products that a customer is likely to buy next, or that people of an archetype buy.

    Nothing that is out of stock or archived. A caller limited to one business gets that business's products, by what
    was bought there; archetypes are for callers who see all of them.
    """

    required = {"GET": Perm.INTELLIGENCE_VIEW}

    @extend_schema(
        operation_id="intelligence_recommendations",
        tags=[TAG],
        parameters=[
            OpenApiParameter("customer", str, description="The id of a customer. This or `archetype`."),
            OpenApiParameter("archetype", str, description="The id of an archetype. This or `customer`."),
        ],
        responses={200: ProductRecommendationsOutput},
    )
    def get(self, request: Request) -> Response:
        given = read_query(request, RecommendationsFilter)
        if "customer" in given:
            customer = find_customer(self, given["customer"])
            found = likely_products(
                customer.pk, business_id=self.actor.business_id, zone=programme_of(self).zone, now=timezone.now()
            )
        else:
            self.actor.check_sees_all()
            archetype = Archetype.objects.filter(code=given["archetype"], level=Archetype.Level.KIND).first()
            if archetype is None:
                raise NotFound
            found = popular_products(Group(archetype.pk))
        said = {"counted_at": pairs_counted_at(), "items": found}
        return Response(ProductRecommendationsOutput(said, context={"currency": programme_of(self).currency}).data)


class ProductRecommendationSettings(StrictSerializer):
    on_points_page = serializers.BooleanField(help_text="Whether customers see suggested products there.")


class ProductRecommendationSettingsView(ApiView):
    """Where suggested products show."""

    required = {"GET": Perm.INTELLIGENCE_VIEW, "PATCH": Perm.SETTINGS_EDIT}

    @extend_schema(
        operation_id="intelligence_recommendation_settings",
        tags=[TAG],
        responses={200: ProductRecommendationSettings},
    )
    def get(self, request: Request) -> Response:
        return Response({"on_points_page": products_are_shown()})

    @extend_schema(
        operation_id="intelligence_recommendation_settings_change",
        tags=[TAG],
        request=ProductRecommendationSettings,
        responses={200: ProductRecommendationSettings},
    )
    def patch(self, request: Request) -> Response:
        given = read_body(request, ProductRecommendationSettings)
        show_products(is_shown=given["on_points_page"], actor=self.actor)
        return Response({"on_points_page": products_are_shown()})
