"""Segments over HTTP: making them, changing what they say, counting them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import JsonResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, CursorPage, StrictSerializer, cursor_page, page_response, read_body, read_query
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from customers.api_customers import programme_of
from segments.actions import segments as actions
from segments.actions.requests import request_count
from segments.api_fields import TAG, RulesField, refusals_at
from segments.fields.registry import fields_of_programme
from segments.models import Segment
from segments.reports.overview import sentences
from workspace.api_auth import ApiView
from workspace.api_once import KEY_PARAMETER, once
from workspace.api_work import JobOutput

ORDERS: Mapping[str, Order] = {
    "name": Order([Lower("name"), "id"]),
    "people": Order(["people", "id"]),
    "created": Order(["created_at", "id"]),
}


@extend_schema_serializer(component_name="Segment")
class SegmentOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    name = serializers.CharField()
    rules = RulesField(allow_null=True)
    description = serializers.SerializerMethodField(help_text="The rules as a sentence; empty without rules.")
    people = serializers.IntegerField(help_text="As of `counted_at`; kept true by itself from then on.")
    counted_at = serializers.DateTimeField(allow_null=True, help_text="Null: not counted yet.")
    is_stale = serializers.BooleanField(help_text="It is being counted again, with everybody.")
    is_broken = serializers.BooleanField(
        help_text="The rules ask about something that is gone; people stay as they are."
    )
    ready = serializers.CharField(help_text="Which of the ready ones it is; empty for others.")
    archived_at = serializers.DateTimeField(allow_null=True)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    rules_at = serializers.DateTimeField(help_text="When the rules became what they are.")

    def get_description(self, segment: Segment) -> str:
        said: Mapping[int, str] = self.context["sentences"]
        return said.get(segment.pk, "")


class SegmentInput(StrictSerializer):
    name = CleanCharField(max_length=80)
    rules = RulesField(allow_null=True)


class SegmentQuery(StrictSerializer):
    search = CleanCharField(max_length=80, required=False)
    state = serializers.ChoiceField(choices=["living", "archived", "all"], default="living")


def answer(view: ApiView, segment: Segment) -> Response:
    return Response(_output(view, segment))


def _output(view: ApiView, segment: Segment) -> dict[str, Any]:
    output: dict[str, Any] = SegmentOutput(segment, context={"sentences": _said(view, [segment])}).data
    return output


def _said(view: ApiView, segments: Sequence[Segment]) -> Mapping[int, str]:
    return sentences(segments, fields_of_programme(), programme_of(view).currency)


def _found(given: Mapping[str, Any]) -> QuerySet[Segment]:
    found: QuerySet[Segment] = Segment.objects.all()
    if given["state"] != "all":
        found = found.filter(archived_at__isnull=given["state"] == "living")
    for word in given.get("search", "").split():
        found = found.filter(name__icontains=word)
    return found


class SegmentsView(ApiView):
    """Groups of customers that keep themselves, over all businesses: for callers who see all of them."""

    required = {"GET": Perm.SEGMENTS_VIEW, "POST": Perm.SEGMENTS_EDIT}

    @extend_schema(
        operation_id="segments_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter("search", str, description="Words of the name."),
            OpenApiParameter("state", str, enum=["living", "archived", "all"], default="living"),
            *page_parameters(*ORDERS, default="name"),
        ],
        responses={200: page_of(SegmentOutput)},
    )
    def get(self, request: Request) -> Response:
        self.actor.check_sees_all()
        found = _found(read_query(request, SegmentQuery))
        page: CursorPage = cursor_page(request, found, orders=ORDERS, default="name")
        return page_response(page, SegmentOutput, sentences=_said(self, page.items))

    @extend_schema(
        operation_id="segments_create",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=SegmentInput,
        responses={201: SegmentOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        """Make a segment. Who is in it is counted within seconds; what is wrong with the rules is told at its place."""
        given = read_body(request, SegmentInput)

        def act() -> dict[str, Any]:
            with refusals_at("rules"):
                made = actions.create_segment(
                    name=given["name"], document=given["rules"], actor=self.actor, now=timezone.now()
                )
            return _output(self, made)

        return once(request, self.caller, "segments.create", given, act, status=201)


class SegmentView(ApiView):
    """One segment."""

    required = {"GET": Perm.SEGMENTS_VIEW, "PATCH": Perm.SEGMENTS_EDIT, "DELETE": Perm.SEGMENTS_EDIT}

    @extend_schema(operation_id="segments_read", tags=[TAG], responses={200: SegmentOutput})
    def get(self, request: Request, segment_id: str) -> Response:
        self.actor.check_sees_all()
        return answer(self, actions.get_segment(segment_id))

    @extend_schema(operation_id="segments_change", tags=[TAG], request=SegmentInput, responses={200: SegmentOutput})
    def patch(self, request: Request, segment_id: str) -> Response:
        """Rename it, or give it other rules, by which everybody is judged again."""
        given = read_body(request, SegmentInput, partial=True)
        segment = actions.get_segment(segment_id)
        with refusals_at("rules"):
            changed = actions.change_segment(
                code=segment.code,
                name=given.get("name", segment.name),
                document=given.get("rules", segment.rules),
                actor=self.actor,
                now=timezone.now(),
                seen=segment.version,
            )
        return answer(self, changed)

    @extend_schema(operation_id="segments_archive", tags=[TAG], responses={204: None})
    def delete(self, request: Request, segment_id: str) -> Response:
        """Archive it: it is kept no longer, and who is in it stays. 409 where other segments ask about it."""
        actions.archive_segment(code=segment_id, actor=self.actor, now=timezone.now())
        return Response(status=204)


class SegmentRestoreView(ApiView):
    """A segment back from the archive."""

    required = {"POST": Perm.SEGMENTS_EDIT}

    @extend_schema(operation_id="segments_restore", tags=[TAG], request=None, responses={200: SegmentOutput})
    def post(self, request: Request, segment_id: str) -> Response:
        """Keep an archived segment again, from now on."""
        with refusals_at("rules"):
            restored = actions.restore_segment(code=segment_id, actor=self.actor, now=timezone.now())
        return answer(self, restored)


class SegmentDuplicateView(ApiView):
    """Another segment that says the same."""

    required = {"POST": Perm.SEGMENTS_EDIT}

    @extend_schema(
        operation_id="segments_duplicate",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=None,
        responses={201: SegmentOutput},
    )
    def post(self, request: Request, segment_id: str) -> JsonResponse:
        """Make another segment with the same rules and the same people by hand."""

        def act() -> dict[str, Any]:
            with refusals_at("rules"):
                copy = actions.duplicate_segment(code=segment_id, actor=self.actor, now=timezone.now())
            return _output(self, copy)

        return once(request, self.caller, "segments.duplicate", segment_id, act, status=201)


class SegmentEvaluateView(ApiView):
    """A segment counted again."""

    required = {"POST": Perm.SEGMENTS_EDIT}

    @extend_schema(operation_id="segments_evaluate", tags=[TAG], request=None, responses={202: JobOutput})
    def post(self, request: Request, segment_id: str) -> Response:
        """Judge everybody again now, in the background. Safe to repeat: while a count waits or runs, it is that one.

        Segments keep themselves: this is for who will not wait for a sale that was just told to be seen.
        """
        job = request_count(code=segment_id, actor=self.actor, now=timezone.now())
        return Response(JobOutput(job).data, status=202)
