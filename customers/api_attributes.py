"""The programme's own fields of customers over HTTP."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body, read_query
from core.errors import NotFound
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from customers.actions import attributes as actions
from customers.actions.attributes import AttributeValues
from customers.models import AttributeDefinition
from workspace.api_auth import ApiView

TAG = "Customers"


@extend_schema_serializer(component_name="CustomerAttribute")
class AttributeOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    key = serializers.CharField(help_text="The name in `attributes` of a customer.")
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.ChoiceField(choices=AttributeDefinition.Kind.choices)
    options = serializers.ListField(child=serializers.CharField(), help_text="Of a choice.")
    help = serializers.CharField()
    position = serializers.IntegerField()
    is_archived = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class AttributeChange(StrictSerializer):
    label = CleanCharField(max_length=60, required=False)  # type: ignore[assignment]
    help = CleanCharField(max_length=200, required=False, allow_blank=True)
    options = serializers.ListField(
        child=CleanCharField(max_length=actions.MAX_OPTION_LENGTH), required=False, max_length=actions.MAX_OPTIONS
    )
    is_archived = serializers.BooleanField(required=False, help_text="Out of forms and lists; values stay.")
    place = serializers.IntegerField(min_value=1, required=False, help_text="In the order of forms, from 1.")


class AttributeInput(StrictSerializer):
    label = CleanCharField(max_length=60)  # type: ignore[assignment]
    kind = serializers.ChoiceField(choices=AttributeDefinition.Kind.choices)
    key = CleanCharField(max_length=60, required=False, allow_blank=True, help_text="Empty: made of the label.")
    help = CleanCharField(max_length=200, required=False, allow_blank=True)
    options = serializers.ListField(
        child=CleanCharField(max_length=actions.MAX_OPTION_LENGTH), required=False, max_length=actions.MAX_OPTIONS
    )


class AttributeFilter(StrictSerializer):
    state = serializers.ChoiceField(choices=["active", "archived", "all"], default="active")


def find_attribute(code: str) -> AttributeDefinition:
    found = AttributeDefinition.objects.filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


class AttributesView(ApiView):
    """The fields that the programme adds to its customers, in the order of forms."""

    required = {"GET": Perm.CUSTOMERS_VIEW, "POST": Perm.CUSTOMERS_EDIT}

    @extend_schema(
        operation_id="customer_attributes_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter("state", str, enum=["active", "archived", "all"], default="active"),
            *page_parameters("position", default="position"),
        ],
        responses={200: page_of(AttributeOutput)},
    )
    def get(self, request: Request) -> Response:
        state = read_query(request, AttributeFilter)["state"]
        found = AttributeDefinition.objects.all()
        if state != "all":
            found = found.filter(is_archived=state == "archived")
        page = cursor_page(request, found, orders={"position": Order(["position", "id"])}, default="position")
        return page_response(page, AttributeOutput)

    @extend_schema(
        operation_id="customer_attributes_create",
        tags=[TAG],
        request=AttributeInput,
        responses={201: AttributeOutput},
    )
    def post(self, request: Request) -> Response:
        """Add a field. Values that customers have under its key already are kept as they are."""
        given = read_body(request, AttributeInput)
        kind, key = given.pop("kind"), given.pop("key", "")
        made = actions.create_attribute(
            values=AttributeValues(**given), kind=kind, key=key, actor=self.actor, now=timezone.now()
        )
        return Response(AttributeOutput(made).data, status=201)


class AttributeView(ApiView):
    """One field of the programme's own."""

    required = {"GET": Perm.CUSTOMERS_VIEW, "PATCH": Perm.CUSTOMERS_EDIT, "DELETE": Perm.CUSTOMERS_EDIT}

    @extend_schema(operation_id="customer_attributes_read", tags=[TAG], responses={200: AttributeOutput})
    def get(self, request: Request, attribute_id: str) -> Response:
        return Response(AttributeOutput(find_attribute(attribute_id)).data)

    @extend_schema(
        operation_id="customer_attributes_change",
        tags=[TAG],
        request=AttributeChange,
        responses={200: AttributeOutput},
    )
    def patch(self, request: Request, attribute_id: str) -> Response:
        """Change what is given. Kind and key stay, because values were written with them."""
        given = read_body(request, AttributeChange, partial=True)
        found = find_attribute(attribute_id)
        with transaction.atomic():  # all of it or nothing
            if "is_archived" in given:
                actions.switch_attribute(code=found.code, is_archived=given.pop("is_archived"), actor=self.actor)
            place = given.pop("place", None)
            if given:
                known = {name: getattr(found, name) for name in ("label", "help", "options")}
                values = AttributeValues(**{**known, **given})
                actions.change_attribute(code=found.code, values=values, actor=self.actor)
            if place is not None:
                actions.place_attribute(code=found.code, place=place, actor=self.actor)
        return Response(AttributeOutput(find_attribute(attribute_id)).data)

    @extend_schema(operation_id="customer_attributes_archive", tags=[TAG], responses={204: None})
    def delete(self, request: Request, attribute_id: str) -> Response:
        """Archive the field: it leaves forms and lists, while values stay."""
        actions.switch_attribute(code=find_attribute(attribute_id).code, is_archived=True, actor=self.actor)
        return Response(status=204)
