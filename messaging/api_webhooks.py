"""Webhooks by API: endpoints, their secrets, their deliveries, sending again."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import JsonResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body, read_query
from core.errors import NotFound
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from messaging.actions import webhook_deliveries as sending
from messaging.actions import webhooks
from messaging.actions.webhooks import EndpointChanges, IssuedSecret
from messaging.models_webhooks import MAX_URL, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from workspace.api_auth import ApiView
from workspace.api_once import KEY_PARAMETER, once
from workspace.api_programme import find_business

TAG = "Webhooks"
MAX_EVENT_TYPES = 100
TRIES_SHOWN = 100


class EndpointOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    url = serializers.CharField()
    description = serializers.CharField()
    event_types = serializers.ListField(child=serializers.CharField(), help_text="None: every event.")
    business_id = serializers.SerializerMethodField(help_text="The business that it is limited to; null: all.")
    is_active = serializers.BooleanField()
    off_because = serializers.SerializerMethodField(help_text="paused, gone or failing; null while it is active.")
    off_at = serializers.DateTimeField(allow_null=True)
    failing_since = serializers.DateTimeField(allow_null=True, help_text="Nothing has arrived since; null: it works.")
    last_delivered_at = serializers.DateTimeField(allow_null=True)
    previous_secret_until = serializers.DateTimeField(
        source="previous_until", allow_null=True, help_text="Until when the secret before signs, too."
    )
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()

    def get_business_id(self, endpoint: WebhookEndpoint) -> str | None:
        return endpoint.business.code if endpoint.business else None

    def get_off_because(self, endpoint: WebhookEndpoint) -> str | None:
        return endpoint.off_because or None


class EndpointSecretOutput(EndpointOutput):
    secret = serializers.SerializerMethodField(help_text="whsec_… It is shown this once and cannot be read again.")

    def get_secret(self, endpoint: WebhookEndpoint) -> str:
        return str(self.context["secret"])


class EndpointChangesInput(StrictSerializer):
    url = CleanCharField(max_length=MAX_URL, required=False)
    description = CleanCharField(max_length=120, allow_blank=True, required=False)
    event_types = serializers.ListField(
        child=serializers.CharField(max_length=60),
        max_length=MAX_EVENT_TYPES,
        required=False,
        help_text="Names of events (docs/api/webhooks.md). None: every event, also of kinds that come later.",
    )
    business_id = serializers.CharField(max_length=16, required=False, allow_null=True)
    is_active = serializers.BooleanField(required=False, help_text="false pauses, true switches on again.")


class EndpointInput(StrictSerializer):
    url = CleanCharField(max_length=MAX_URL, help_text="https:// and on the internet.")
    description = CleanCharField(max_length=120, allow_blank=True, default="")
    event_types = serializers.ListField(
        child=serializers.CharField(max_length=60),
        max_length=MAX_EVENT_TYPES,
        default=list,
        help_text="Names of events (docs/api/webhooks.md). None: every event, also of kinds that come later.",
    )
    business_id = serializers.CharField(max_length=16, required=False, allow_null=True, default=None)


class ReplayInput(StrictSerializer):
    since = serializers.DateTimeField(help_text="Deliveries that were made then or later; at most 30 days are kept.")


class ReplayOutput(serializers.Serializer[Any]):
    deliveries = serializers.IntegerField(help_text="How many are sent again.")


class DeliveryOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    message_id = serializers.CharField(help_text="The webhook-id header, the same at every try.")
    endpoint_id = serializers.CharField(source="endpoint.code")
    event_type = serializers.CharField()
    state = serializers.ChoiceField(choices=WebhookDelivery.State.choices)
    attempts = serializers.IntegerField(help_text="Since it was made or last sent again by hand.")
    next_attempt_at = serializers.SerializerMethodField(help_text="Null when it is over.")
    last_status = serializers.IntegerField(allow_null=True, help_text="What the receiver answered last.")
    last_fault = serializers.SerializerMethodField(
        help_text="status, redirect, gone, timeout, no_host, forbidden, connection, certificate, not_http, unknown; "
        "null: none."
    )
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_next_attempt_at(self, delivery: WebhookDelivery) -> str | None:
        waits = delivery.state == WebhookDelivery.State.WAITING
        field = serializers.DateTimeField()
        return str(field.to_representation(delivery.next_attempt_at)) if waits else None

    def get_last_fault(self, delivery: WebhookDelivery) -> str | None:
        return delivery.last_fault or None


class TryOutput(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    milliseconds = serializers.IntegerField(allow_null=True, help_text="Null while it runs, or when it never ended.")
    status = serializers.IntegerField(allow_null=True)
    fault = serializers.SerializerMethodField(help_text="As last_fault of the delivery.")
    answer = serializers.CharField(help_text="The beginning of what the receiver answered.")

    def get_fault(self, one: WebhookAttempt) -> str | None:
        return one.fault or None


class DeliveryDetailOutput(DeliveryOutput):
    tries = serializers.SerializerMethodField(help_text="Newest first, at most a hundred.")

    @extend_schema_field(TryOutput(many=True))
    def get_tries(self, delivery: WebhookDelivery) -> Any:
        return TryOutput(delivery.tries.order_by("-id")[:TRIES_SHOWN], many=True).data


class DeliveryQuery(StrictSerializer):
    endpoint_id = serializers.CharField(max_length=16, required=False)
    state = serializers.ChoiceField(choices=WebhookDelivery.State.choices, required=False)
    event_type = serializers.CharField(max_length=60, required=False)


def _endpoint(view: ApiView, code: str) -> WebhookEndpoint:
    found = WebhookEndpoint.objects.visible_to(view.actor).select_related("business").filter(code=code).first()
    if found is None:
        raise NotFound
    return found


def _deliveries(view: ApiView) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.visible_to(view.actor).select_related("endpoint")


def _delivery(view: ApiView, code: str) -> WebhookDelivery:
    found = _deliveries(view).filter(code=code).first()
    if found is None:
        raise NotFound
    return found


def _with_secret(issued: IssuedSecret) -> Response:
    return Response(EndpointSecretOutput(issued.endpoint, context={"secret": issued.secret}).data, status=201)


class EndpointsView(ApiView):
    """Addresses of your own systems that are told what happens, signed by the Standard Webhooks specification."""

    required = {"GET": Perm.KEYS_MANAGE, "POST": Perm.KEYS_MANAGE}

    @extend_schema(
        operation_id="webhook_endpoints_list",
        tags=[TAG],
        parameters=page_parameters("created", default="-created"),
        responses={200: page_of(EndpointOutput)},
    )
    def get(self, request: Request) -> Response:
        found = WebhookEndpoint.objects.visible_to(self.actor).select_related("business")
        page = cursor_page(request, found, orders={"created": Order(["id"])}, default="-created")
        return page_response(page, EndpointOutput)

    @extend_schema(
        operation_id="webhook_endpoints_create",
        tags=[TAG],
        request=EndpointInput,
        responses={201: EndpointSecretOutput},
    )
    def post(self, request: Request) -> Response:
        """An endpoint that hears of what happens from now on. The answer is the only place that has its secret."""
        given = read_body(request, EndpointInput)
        code = given.pop("business_id")
        business = find_business(self, code) if code else None
        return _with_secret(webhooks.create_endpoint(**given, business=business, actor=self.actor, now=timezone.now()))


class EndpointView(ApiView):
    """One endpoint."""

    required = {"GET": Perm.KEYS_MANAGE, "PATCH": Perm.KEYS_MANAGE, "DELETE": Perm.KEYS_MANAGE}

    @extend_schema(operation_id="webhook_endpoints_read", tags=[TAG], responses={200: EndpointOutput})
    def get(self, request: Request, endpoint_id: str) -> Response:
        return Response(EndpointOutput(_endpoint(self, endpoint_id)).data)

    @extend_schema(
        operation_id="webhook_endpoints_change",
        tags=[TAG],
        request=EndpointChangesInput,
        responses={200: EndpointOutput},
    )
    def patch(self, request: Request, endpoint_id: str) -> Response:
        """Change, pause or switch on. What is on its way already goes to the new address."""
        given = read_body(request, EndpointChangesInput)
        endpoint, now = _endpoint(self, endpoint_id), timezone.now()
        is_active = given.pop("is_active", None)
        changes: EndpointChanges = {}
        if "business_id" in given:
            code = given.pop("business_id")
            changes["business"] = find_business(self, code) if code else None
        changes.update(given)  # type: ignore[typeddict-item]  # the serializer names the same fields
        if changes:
            webhooks.change_endpoint(endpoint=endpoint, changes=changes, actor=self.actor)
        if is_active is False:
            webhooks.pause_endpoint(endpoint=endpoint, actor=self.actor, now=now)
        elif is_active:
            webhooks.resume_endpoint(endpoint=endpoint, actor=self.actor)
        return Response(EndpointOutput(_endpoint(self, endpoint_id)).data)

    @extend_schema(operation_id="webhook_endpoints_delete", tags=[TAG], responses={204: None})
    def delete(self, request: Request, endpoint_id: str) -> Response:
        """Delete it with its deliveries: nothing is sent there any more."""
        webhooks.delete_endpoint(endpoint=_endpoint(self, endpoint_id), actor=self.actor, now=timezone.now())
        return Response(status=204)


class EndpointRotateView(ApiView):
    """A new secret; the one before signs beside it for 24 hours."""

    required = {"POST": Perm.KEYS_MANAGE}

    @extend_schema(
        operation_id="webhook_endpoints_rotate", tags=[TAG], request=None, responses={201: EndpointSecretOutput}
    )
    def post(self, request: Request, endpoint_id: str) -> Response:
        endpoint = _endpoint(self, endpoint_id)
        return _with_secret(webhooks.rotate_secret(endpoint=endpoint, actor=self.actor, now=timezone.now()))


class EndpointTestView(ApiView):
    """Send a `webhook.test`, tried once."""

    required = {"POST": Perm.KEYS_MANAGE}

    @extend_schema(
        operation_id="webhook_endpoints_test",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=None,
        responses={202: DeliveryOutput},
    )
    def post(self, request: Request, endpoint_id: str) -> JsonResponse:
        def act() -> dict[str, Any]:
            endpoint = _endpoint(self, endpoint_id)
            sent = sending.send_test(endpoint=endpoint, actor=self.actor, now=timezone.now())
            return dict(DeliveryOutput(sent).data)

        return once(request, self.caller, "webhooks.test", endpoint_id, act, status=202)


class EndpointReplayView(ApiView):
    """Send everything again that failed or was missed since a time."""

    required = {"POST": Perm.KEYS_MANAGE}

    @extend_schema(
        operation_id="webhook_endpoints_replay",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=ReplayInput,
        responses={202: ReplayOutput},
    )
    def post(self, request: Request, endpoint_id: str) -> JsonResponse:
        given = read_body(request, ReplayInput)

        def act() -> dict[str, Any]:
            endpoint = _endpoint(self, endpoint_id)
            count = sending.replay_failed(endpoint=endpoint, since=given["since"], actor=self.actor, now=timezone.now())
            return {"deliveries": count}

        meaning = [endpoint_id, given["since"].isoformat()]
        return once(request, self.caller, "webhooks.replay", meaning, act, status=202)


class DeliveriesView(ApiView):
    """What was sent, is sent or was missed in the last 30 days."""

    required = {"GET": Perm.KEYS_MANAGE}

    @extend_schema(
        operation_id="webhook_deliveries_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter("endpoint_id", str),
            OpenApiParameter("state", str, enum=WebhookDelivery.State.values),
            OpenApiParameter("event_type", str),
            *page_parameters("created", default="-created"),
        ],
        responses={200: page_of(DeliveryOutput)},
    )
    def get(self, request: Request) -> Response:
        given = read_query(request, DeliveryQuery)
        found = _deliveries(self)
        if "endpoint_id" in given:
            found = found.filter(endpoint=_endpoint(self, given["endpoint_id"]))
        if "state" in given:
            found = found.filter(state=given["state"])
        if "event_type" in given:
            found = found.filter(event_type=given["event_type"])
        page = cursor_page(request, found, orders={"created": Order(["id"])}, default="-created")
        return page_response(page, DeliveryOutput)


class DeliveryView(ApiView):
    """One delivery with its tries."""

    required = {"GET": Perm.KEYS_MANAGE}

    @extend_schema(operation_id="webhook_deliveries_read", tags=[TAG], responses={200: DeliveryDetailOutput})
    def get(self, request: Request, delivery_id: str) -> Response:
        return Response(DeliveryDetailOutput(_delivery(self, delivery_id)).data)


class DeliveryReplayView(ApiView):
    """Send one again, under the same message id, whether it had arrived or not."""

    required = {"POST": Perm.KEYS_MANAGE}

    @extend_schema(
        operation_id="webhook_deliveries_replay",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=None,
        responses={202: DeliveryOutput},
    )
    def post(self, request: Request, delivery_id: str) -> JsonResponse:
        def act() -> dict[str, Any]:
            sending.replay_delivery(delivery=_delivery(self, delivery_id), actor=self.actor, now=timezone.now())
            return dict(DeliveryOutput(_delivery(self, delivery_id)).data)

        return once(request, self.caller, "webhooks.replay_delivery", delivery_id, act, status=202)
