"""What a customer agreed to, over HTTP: the history with its proofs, and one statement more."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body, read_query
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from customers.actions.consent import record_consent
from customers.api_customers import find_customer
from customers.consent import OWN_WORDS, consents_of
from customers.models import ConsentRecord
from workspace.api_auth import ApiView

MAX_WORDS = 1000
SOURCE = "api"


@extend_schema_serializer(component_name="Consent")
class ConsentOutput(serializers.Serializer[Any]):
    channel = serializers.ChoiceField(choices=ConsentRecord.Channel.choices)
    purpose = serializers.ChoiceField(choices=ConsentRecord.Purpose.choices)
    is_granted = serializers.BooleanField()
    source = serializers.CharField(help_text="Where they said so: till, points page, text, api, staff.")  # type: ignore[assignment]
    words = serializers.CharField(source="proof.text", default="", help_text="That they said yes or no to.")
    at = serializers.DateTimeField()


class ConsentInput(StrictSerializer):
    channel = serializers.ChoiceField(choices=ConsentRecord.Channel.choices)
    purpose = serializers.ChoiceField(choices=ConsentRecord.Purpose.choices)
    is_granted = serializers.BooleanField()
    words = CleanCharField(
        max_length=MAX_WORDS,
        required=False,
        allow_blank=True,
        default="",
        help_text="That they saw or heard; needed for a yes.",
    )


class ConsentFilter(StrictSerializer):
    current = serializers.BooleanField(required=False, default=False)


class ConsentsView(ApiView):
    """Consent for each channel and purpose."""

    required = {"GET": Perm.CUSTOMERS_VIEW, "POST": Perm.CUSTOMERS_EDIT}

    @extend_schema(
        operation_id="customers_consents_list",
        tags=["Customers"],
        parameters=[
            OpenApiParameter("current", bool, description="Only the newest statement for each channel and purpose."),
            *page_parameters("at", default="-at"),
        ],
        responses={200: page_of(ConsentOutput)},
    )
    def get(self, request: Request, customer_id: str) -> Response:
        """Every statement with its proof. The newest for a channel and purpose counts; without one it is no."""
        customer, given = find_customer(self, customer_id), read_query(request, ConsentFilter)
        found = ConsentRecord.objects.filter(customer=customer)
        if given["current"]:
            found = found.filter(pk__in=[record.pk for record in consents_of(customer.pk).values()])
        page = cursor_page(request, found, orders={"at": Order(["at", "id"])}, default="-at")
        return page_response(page, ConsentOutput)

    @extend_schema(
        operation_id="customers_consents_create",
        tags=["Customers"],
        request=ConsentInput,
        responses={
            201: ConsentOutput,
            200: OpenApiResponse(ConsentOutput, "They had said so, to the same words."),
            204: OpenApiResponse(description="A no of somebody who was never asked: nothing to write down."),
        },
    )
    def post(self, request: Request, customer_id: str) -> Response:
        """Write down what somebody said in your own checkout or form. A yes never undoes a STOP that they texted."""
        customer, given = find_customer(self, customer_id), read_body(request, ConsentInput)
        record = record_consent(
            customer=customer, source=SOURCE, wording=OWN_WORDS, actor=self.actor, now=timezone.now(), **given
        )
        if record is not None:
            return Response(ConsentOutput(record).data, status=201)
        known = consents_of(customer.pk).get((given["channel"], given["purpose"]))
        return Response(ConsentOutput(known).data) if known else Response(status=204)
