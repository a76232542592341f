"""Tags over HTTP: the tags themselves, and those of a customer."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from customers.actions import tags as actions
from customers.api_customers import find_customer
from customers.models import Customer, Tag
from customers.reports.tags import tags_of
from workspace.api_auth import ApiView

TAG = "Customers"


@extend_schema_serializer(component_name="Tag")
class TagOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    name = serializers.CharField()
    tone = serializers.ChoiceField(choices=Tag.Tone.choices)
    created_at = serializers.DateTimeField()


class TagInput(StrictSerializer):
    name = CleanCharField(max_length=actions.MAX_NAME_LENGTH, help_text="Without a comma.")
    tone = serializers.ChoiceField(choices=Tag.Tone.choices, required=False)


class TagMergeInput(StrictSerializer):
    into = CleanCharField(max_length=16, help_text="The id of the tag that stays.")


class CustomerTagsInput(StrictSerializer):
    tags = serializers.ListField(
        child=CleanCharField(max_length=actions.MAX_NAME_LENGTH),
        max_length=actions.MAX_TAGS_OF_CUSTOMER,
        help_text="Names; those that are no tags yet become some.",
    )


class CustomerTagsOutput(serializers.Serializer[Any]):
    data = TagOutput(many=True)  # type: ignore[assignment]


class TagsView(ApiView):
    """The words that customers are marked with."""

    required = {"GET": Perm.CUSTOMERS_VIEW, "POST": Perm.CUSTOMERS_EDIT}

    @extend_schema(
        operation_id="tags_list",
        tags=[TAG],
        parameters=page_parameters("name", default="name"),
        responses={200: page_of(TagOutput)},
    )
    def get(self, request: Request) -> Response:
        found = Tag.objects.filter(is_going=False)
        page = cursor_page(request, found, orders={"name": Order(["name", "id"])}, default="name")
        return page_response(page, TagOutput)

    @extend_schema(operation_id="tags_create", tags=[TAG], request=TagInput, responses={201: TagOutput})
    def post(self, request: Request) -> Response:
        """Make a tag. Marking a customer with a new word makes it, too."""
        made = actions.create_tag(**read_body(request, TagInput), actor=self.actor, now=timezone.now())
        return Response(TagOutput(made).data, status=201)


class TagView(ApiView):
    """One tag."""

    required = {"GET": Perm.CUSTOMERS_VIEW, "PATCH": Perm.CUSTOMERS_EDIT, "DELETE": Perm.CUSTOMERS_EDIT}

    @extend_schema(operation_id="tags_read", tags=[TAG], responses={200: TagOutput})
    def get(self, request: Request, tag_id: str) -> Response:
        return Response(TagOutput(actions.get_tag(tag_id)).data)

    @extend_schema(operation_id="tags_change", tags=[TAG], request=TagInput, responses={200: TagOutput})
    def patch(self, request: Request, tag_id: str) -> Response:
        """Rename or colour a tag. A name that another tag has: 409."""
        given = read_body(request, TagInput, partial=True)
        tag = actions.get_tag(tag_id)
        values = {"name": tag.name, "tone": tag.tone, **given}
        return Response(TagOutput(actions.change_tag(code=tag.code, **values, actor=self.actor)).data)

    @extend_schema(operation_id="tags_delete", tags=[TAG], responses={204: None})
    def delete(self, request: Request, tag_id: str) -> Response:
        """Take a tag from everybody; in the background where many have it."""
        actions.delete_tag(code=tag_id, actor=self.actor, now=timezone.now())
        return Response(status=204)


class TagMergeView(ApiView):
    """Two tags that mean the same."""

    required = {"POST": Perm.CUSTOMERS_EDIT}

    @extend_schema(operation_id="tags_merge", tags=[TAG], request=TagMergeInput, responses={200: TagOutput})
    def post(self, request: Request, tag_id: str) -> Response:
        """Give the customers of this tag another one in its place; answers with the one that stays."""
        into = read_body(request, TagMergeInput)["into"]
        actions.merge_tags(code=tag_id, into=into, actor=self.actor, now=timezone.now())
        return Response(TagOutput(actions.get_tag(into)).data)


class CustomerTagsView(ApiView):
    """The tags of a customer."""

    required = {"GET": Perm.CUSTOMERS_VIEW, "PUT": Perm.CUSTOMERS_EDIT, "POST": Perm.CUSTOMERS_EDIT}

    @extend_schema(operation_id="customers_tags_read", tags=[TAG], responses={200: CustomerTagsOutput})
    def get(self, request: Request, customer_id: str) -> Response:
        return _answer(find_customer(self, customer_id))

    @extend_schema(
        operation_id="customers_tags_set", tags=[TAG], request=CustomerTagsInput, responses={200: CustomerTagsOutput}
    )
    def put(self, request: Request, customer_id: str) -> Response:
        """Exactly these tags and no others."""
        customer, names = find_customer(self, customer_id), read_body(request, CustomerTagsInput)["tags"]
        actions.set_tags(customer_id=customer.pk, names=names, actor=self.actor, now=timezone.now())
        return _answer(customer)

    @extend_schema(
        operation_id="customers_tags_add", tags=[TAG], request=CustomerTagsInput, responses={200: CustomerTagsOutput}
    )
    def post(self, request: Request, customer_id: str) -> Response:
        """Add tags to those that are there."""
        customer, names = find_customer(self, customer_id), read_body(request, CustomerTagsInput)["tags"]
        actions.tag_customer(customer_id=customer.pk, names=names, actor=self.actor, now=timezone.now())
        return _answer(customer)


class CustomerTagView(ApiView):
    """One tag of a customer."""

    required = {"DELETE": Perm.CUSTOMERS_EDIT}

    @extend_schema(operation_id="customers_tags_remove", tags=[TAG], responses={204: None})
    def delete(self, request: Request, customer_id: str, tag_id: str) -> Response:
        """Take a tag from a customer; nothing happens where they do not have it."""
        customer, tag = find_customer(self, customer_id), actions.get_tag(tag_id)
        actions.untag_customer(customer_id=customer.pk, tags=[tag], actor=self.actor, now=timezone.now())
        return Response(status=204)


def _answer(customer: Customer) -> Response:
    return Response(CustomerTagsOutput({"data": tags_of([customer.pk]).get(customer.pk, [])}).data)
