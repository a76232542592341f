"""Customers who are one person: suggestions, the merge with its preview, and the undo."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import StrictSerializer, cursor_page, page_response, read_body
from core.errors import NotFound
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from customers.actions.duplicates import keep_apart
from customers.actions.merging import (
    DUPLICATE,
    FIELDS,
    SURVIVOR,
    FieldChoice,
    MergePreview,
    merge_customers,
    preview_merge,
    undo_merge,
)
from customers.api_customers import find_customer
from customers.models import Customer, CustomerMerge, DuplicatePair
from customers.reports.merges import open_pairs
from workspace.api_auth import ApiView

SIDES = [(SURVIVOR, SURVIVOR), (DUPLICATE, DUPLICATE)]


class MergeInput(StrictSerializer):
    survivor_id = serializers.CharField(max_length=16, help_text="The customer who stays, with this id.")
    duplicate_id = serializers.CharField(max_length=16, help_text="Who becomes a part of them.")
    choose = serializers.DictField(
        child=serializers.ChoiceField(SIDES),
        required=False,
        default=dict,
        help_text="Whose value stays, field by field: " + ", ".join(FIELDS) + ". The survivor’s, unless it is empty.",
    )
    dry_run = serializers.BooleanField(required=False, default=False, help_text="Only say what would happen.")


class MergeFieldOutput(serializers.Serializer[Any]):
    field = serializers.CharField()
    survivor = serializers.JSONField()
    duplicate = serializers.JSONField()
    chosen = serializers.ChoiceField(SIDES)


class MergeMovingOutput(serializers.Serializer[Any]):
    what = serializers.CharField(source="name")
    title = serializers.CharField()
    count = serializers.IntegerField(source="duplicate", help_text="Of the duplicate: rows, or points.")


@extend_schema_serializer(component_name="CustomerMerge")
class MergeOutput(serializers.Serializer[Any]):
    id = serializers.CharField(allow_null=True, help_text="Null in a dry run.")
    survivor_id = serializers.CharField()
    duplicate_id = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)
    choices = MergeFieldOutput(many=True, allow_null=True, help_text="Of a dry run.")
    moving = MergeMovingOutput(many=True, allow_null=True, help_text="Of a dry run.")


class DuplicateOutput(serializers.Serializer[Any]):
    customer_ids = serializers.ListField(child=serializers.CharField(), help_text="Two.")
    reasons = serializers.ListField(child=serializers.ChoiceField(DuplicatePair.Reason.choices))
    score = serializers.IntegerField(help_text="The higher the surer.")
    found_at = serializers.DateTimeField()

    def to_representation(self, instance: DuplicatePair) -> dict[str, Any]:
        return {
            "customer_ids": [instance.first.code, instance.second.code],
            "reasons": instance.reasons,
            "score": instance.score,
            "found_at": instance.found_at,
        }


class KeepApartInput(StrictSerializer):
    customer_ids = serializers.ListField(child=serializers.CharField(max_length=16), min_length=2, max_length=2)


def _previewed(preview: MergePreview) -> dict[str, Any]:
    return {
        "id": None,
        "survivor_id": preview.survivor.code,
        "duplicate_id": preview.duplicate.code,
        "at": None,
        "undone_at": None,
        "choices": [_field(one) for one in preview.fields],
        "moving": MergeMovingOutput(preview.moving, many=True).data,
    }


def _field(choice: FieldChoice) -> dict[str, Any]:
    return {
        "field": choice.field,
        "survivor": choice.survivor,
        "duplicate": choice.duplicate,
        "chosen": choice.chosen,
    }


def _made(merge: CustomerMerge) -> dict[str, Any]:
    return {
        "id": merge.code,
        "survivor_id": merge.survivor.code,
        "duplicate_id": merge.duplicate.code,
        "at": merge.at,
        "undone_at": merge.undone_at,
        "choices": None,
        "moving": None,
    }


class MergeView(ApiView):
    """Two customers who are one person."""

    required = {"POST": Perm.CUSTOMERS_MERGE}

    @extend_schema(operation_id="customers_merge", tags=["Customers"], request=MergeInput, responses={200: MergeOutput})
    def post(self, request: Request) -> Response:
        """Make the duplicate a part of the survivor: orders, points, messages, everything. Can be undone for 30 days.

        With `dry_run` nothing happens, and the answer says what would. The same merge again is the first one. From then
        on the duplicate's id answers 404 with the code `customer_merged` and the survivor's id in `data.merged_into`.
        """
        given = read_body(request, MergeInput)
        both = {
            "survivor_id": _person(self, given["survivor_id"]).pk,
            "duplicate_id": _person(self, given["duplicate_id"]).pk,
            "choose": given["choose"],
            "actor": self.actor,
            "now": timezone.now(),
        }
        if given["dry_run"]:
            return Response(_previewed(preview_merge(**both)))
        return Response(_made(merge_customers(**both)))


def _person(view: ApiView, code: str) -> Customer:
    """Also one who was merged: the same merge sent again is the first one."""
    found = Customer.objects.visible_to(view.actor).exclude(state=Customer.State.ERASED).filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


class UndoMergeView(ApiView):
    """A merge, undone."""

    required = {"POST": Perm.CUSTOMERS_MERGE}

    @extend_schema(operation_id="customers_merge_undo", tags=["Customers"], request=None, responses={200: MergeOutput})
    def post(self, request: Request, merge_id: str) -> Response:
        """Give the duplicate back what moved and is still there; what happened since stays with the survivor."""
        return Response(_made(undo_merge(code=merge_id, actor=self.actor, now=timezone.now())))


class DuplicatesView(ApiView):
    """Customers who may be one person."""

    required = {"GET": Perm.CUSTOMERS_MERGE}

    @extend_schema(
        operation_id="customers_duplicates",
        tags=["Customers"],
        parameters=[
            OpenApiParameter("customer_id", str, description="Only pairs with this customer."),
            *page_parameters("score", default="-score"),
        ],
        responses={200: page_of(DuplicateOutput)},
    )
    def get(self, request: Request) -> Response:
        """Pairs with the reasons, found each night. The surest first."""
        self.actor.check_sees_all()
        pairs = open_pairs(self.actor)
        code = request.query_params.get("customer_id", "")
        if code:
            person = find_customer(self, code)
            pairs = pairs.filter(Q(first=person) | Q(second=person))
        page = cursor_page(request, pairs, orders={"score": Order(["score", "id"])}, default="-score")
        return page_response(page, DuplicateOutput)


class KeepApartView(ApiView):
    """Two who are not the same person."""

    required = {"POST": Perm.CUSTOMERS_MERGE}

    @extend_schema(
        operation_id="customers_keep_apart", tags=["Customers"], request=KeepApartInput, responses={204: None}
    )
    def post(self, request: Request) -> Response:
        """Say so once: the two are not suggested again."""
        first, second = read_body(request, KeepApartInput)["customer_ids"]
        keep_apart(
            first_id=find_customer(self, first).pk,
            second_id=find_customer(self, second).pk,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(status=204)
