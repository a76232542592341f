"""Who is in a segment, by its rules or by hand, why, and how that changed."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body, read_query
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from customers.api_customers import find_customer, programme_of
from customers.models import Customer
from segments.actions import segments as actions
from segments.api_fields import TAG
from segments.api_segments import SegmentOutput, answer
from segments.fields.registry import fields_of_programme
from segments.models import Segment, SegmentChange, SegmentDay, SegmentMember
from segments.reports.why import Why, why
from segments.rules import Refused
from segments.statement import Moment
from workspace.api_auth import ApiView

MOST_DAYS = 366
CHOICES = {"in": True, "out": False, "rules": None}


class SegmentPersonOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    name = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField(help_text="E.164.")


@extend_schema_serializer(component_name="SegmentMember")
class SegmentMemberOutput(serializers.Serializer[Any]):
    customer = SegmentPersonOutput()
    since = serializers.DateTimeField()
    is_by_hand = serializers.SerializerMethodField(help_text="Staff put them in, whatever the rules say.")

    def get_is_by_hand(self, member: SegmentMember) -> bool:
        return member.customer_id in self.context["by_hand"]


class SegmentMembersInput(StrictSerializer):
    customers = serializers.ListField(
        child=CleanCharField(max_length=16), min_length=1, max_length=actions.MAX_CHOSEN, help_text="Ids of customers."
    )
    choice = serializers.ChoiceField(
        choices=list(CHOICES), help_text="`in` and `out` whatever the rules say; `rules`: they decide again."
    )


@extend_schema_serializer(component_name="SegmentChange")
class SegmentChangeOutput(serializers.Serializer[Any]):
    customer = serializers.SerializerMethodField(help_text="Null: their data were deleted.")
    is_entry = serializers.BooleanField(help_text="They came in; otherwise they left.")
    reason = serializers.ChoiceField(choices=SegmentChange.Reason.choices)
    at = serializers.DateTimeField()

    @extend_schema_field(SegmentPersonOutput(allow_null=True))
    def get_customer(self, change: SegmentChange) -> object:
        is_there = change.customer.state in (Customer.State.ACTIVE, Customer.State.ARCHIVED)
        return SegmentPersonOutput(change.customer).data if is_there else None


class SegmentChangeQuery(StrictSerializer):
    way = serializers.ChoiceField(choices=["in", "out"], required=False)
    reason = serializers.ChoiceField(choices=SegmentChange.Reason.choices, required=False)


class SegmentDayOutput(serializers.Serializer[Any]):
    """There is a day for each count; in between, the number stayed as it was."""

    day = serializers.DateField()
    people = serializers.IntegerField(help_text="At its end, or now.")
    entered = serializers.IntegerField()
    left = serializers.IntegerField()


class SegmentDaysOutput(serializers.Serializer[Any]):
    data = SegmentDayOutput(many=True, help_text="The newest first.")  # type: ignore[assignment]


class SegmentReasonOutput(serializers.Serializer[Any]):
    path = serializers.CharField(help_text="Where the condition is in the rules.")
    condition = serializers.CharField(source="asked", help_text="As after “customers who”.")
    is_so = serializers.BooleanField()
    value = serializers.CharField(source="own", help_text="What they have of it, in words.")


class SegmentWhyOutput(serializers.Serializer[Any]):
    is_member = serializers.BooleanField(help_text="As of the newest count.")
    choice = serializers.ChoiceField(choices=["in", "out"], allow_null=True, help_text="Of staff, by hand.")
    is_found = serializers.BooleanField(help_text="The rules find them now.")
    conditions = SegmentReasonOutput(many=True, help_text="Each by itself.")


class SegmentMembersView(ApiView):
    """Who is in a segment."""

    required = {"GET": Perm.SEGMENTS_VIEW, "POST": Perm.SEGMENTS_EDIT}

    @extend_schema(
        operation_id="segments_members",
        tags=[TAG],
        parameters=page_parameters("customer", default="-customer"),
        responses={200: page_of(SegmentMemberOutput)},
    )
    def get(self, request: Request, segment_id: str) -> Response:
        self.actor.check_sees_all()
        segment = actions.get_segment(segment_id)
        members = SegmentMember.objects.filter(segment=segment).select_related("customer")
        page = cursor_page(request, members, orders={"customer": Order(["customer_id"])}, default="-customer")
        ids = [member.customer_id for member in page.items]
        by_hand = set(segment.choices.filter(customer__in=ids, is_in=True).values_list("customer", flat=True))
        return page_response(page, SegmentMemberOutput, by_hand=by_hand)

    @extend_schema(
        operation_id="segments_choose_members", tags=[TAG], request=SegmentMembersInput, responses={200: SegmentOutput}
    )
    def post(self, request: Request, segment_id: str) -> Response:
        """Put people in by hand, take them out, or leave them to the rules again. Ids of nobody are passed over."""
        given = read_body(request, SegmentMembersInput)
        known = Customer.objects.visible_to(self.actor).filter(code__in=given["customers"])
        segment = actions.choose_people(
            code=segment_id,
            customers=list(known.values_list("pk", flat=True)),
            is_in=CHOICES[given["choice"]],
            actor=self.actor,
            now=timezone.now(),
        )
        return answer(self, segment)


class SegmentMemberView(ApiView):
    """One customer in a segment."""

    required = {"DELETE": Perm.SEGMENTS_EDIT}

    @extend_schema(operation_id="segments_take_out_member", tags=[TAG], responses={204: None})
    def delete(self, request: Request, segment_id: str, customer_id: str) -> Response:
        """Take somebody out by hand, whatever the rules say."""
        customer = find_customer(self, customer_id)
        actions.choose_people(
            code=segment_id, customers=[customer.pk], is_in=False, actor=self.actor, now=timezone.now()
        )
        return Response(status=204)


class SegmentHistoryView(ApiView):
    """Who came into a segment and who left it."""

    required = {"GET": Perm.SEGMENTS_VIEW}

    @extend_schema(
        operation_id="segments_history",
        tags=[TAG],
        parameters=[
            OpenApiParameter("way", str, enum=["in", "out"]),
            OpenApiParameter("reason", str, enum=SegmentChange.Reason.values),
            *page_parameters("at", default="-at"),
        ],
        responses={200: page_of(SegmentChangeOutput)},
    )
    def get(self, request: Request, segment_id: str) -> Response:
        """The newest first. Nothing of the first count, which finds everybody at once."""
        self.actor.check_sees_all()
        given = read_query(request, SegmentChangeQuery)
        found: QuerySet[SegmentChange] = SegmentChange.objects.filter(segment=actions.get_segment(segment_id))
        if "way" in given:
            found = found.filter(is_entry=given["way"] == "in")
        if "reason" in given:
            found = found.filter(reason=given["reason"])
        page = cursor_page(request, found.select_related("customer"), orders={"at": Order(["at", "id"])}, default="-at")
        return page_response(page, SegmentChangeOutput)


class SegmentDaysView(ApiView):
    """How many were in a segment, day by day."""

    required = {"GET": Perm.SEGMENTS_VIEW}

    @extend_schema(operation_id="segments_days", tags=[TAG], responses={200: SegmentDaysOutput})
    def get(self, request: Request, segment_id: str) -> Response:
        """The last 366 days with a count."""
        self.actor.check_sees_all()
        days = SegmentDay.objects.filter(segment=actions.get_segment(segment_id)).order_by("-day")[:MOST_DAYS]
        return Response(SegmentDaysOutput({"data": days}).data)


class SegmentWhyView(ApiView):
    """Why somebody is in a segment or not."""

    required = {"GET": Perm.SEGMENTS_VIEW}

    @extend_schema(operation_id="segments_why", tags=[TAG], responses={200: SegmentWhyOutput})
    def get(self, request: Request, segment_id: str, customer_id: str) -> Response:
        """Each condition, whether it holds of a customer now, and what they have of it."""
        self.actor.check_sees_all()
        segment, customer = actions.get_segment(segment_id), find_customer(self, customer_id)
        found = self._why(segment, customer) or Why(is_found=False, reasons=[])
        choice = segment.choices.filter(customer=customer).values_list("is_in", flat=True).first()
        return Response(
            SegmentWhyOutput(
                {
                    "is_member": SegmentMember.objects.filter(segment=segment, customer=customer).exists(),
                    "choice": None if choice is None else "in" if choice else "out",
                    "is_found": found.is_found,
                    "conditions": found.reasons,
                }
            ).data
        )

    def _why(self, segment: Segment, customer: Customer) -> Why | None:
        try:
            tree = actions.read_tree(segment.rules)
        except Refused as refused:
            raise actions.SegmentBroken from refused
        if tree is None:
            return None
        programme = programme_of(self)
        moment = Moment(timezone.now(), programme.zone)
        return why(tree, fields_of_programme(), moment, customer=customer.pk, currency=programme.currency)
