"""Messages by API: what became of each, what was perhaps sent, and texts that people sent."""

from __future__ import annotations

from typing import Any

from django.http import JsonResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import StrictSerializer, cursor_page, page_response, read_body, read_query
from core.errors import NotFound
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from core.tenancy import active_programme
from messaging.actions.opt_outs import keep_texts, stop_texts
from messaging.actions.unconfirmed import DECISIONS, MOST_AT_ONCE, settle_unconfirmed
from messaging.models import InboundMessage, OutboundMessage
from messaging.reports_messages import honour_by, mask_address
from workspace.api_auth import ApiView
from workspace.api_once import KEY_PARAMETER, once

TAG = "Messages"


class MessageOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    channel = serializers.ChoiceField(choices=OutboundMessage.Channel.choices)
    purpose = serializers.ChoiceField(choices=OutboundMessage.Purpose.choices)
    to = serializers.SerializerMethodField(help_text="Little of the number or address: enough to tell two apart.")
    customer_id = serializers.CharField(source="customer.code", default=None, allow_null=True)
    state = serializers.ChoiceField(
        choices=OutboundMessage.State.choices, help_text="unconfirmed: the provider may have it, and never said so."
    )
    error = serializers.CharField()
    attempts = serializers.IntegerField()
    provider = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)

    def get_to(self, message: OutboundMessage) -> str:
        return mask_address(message.recipient)


class MessageQuery(StrictSerializer):
    state = serializers.ChoiceField(choices=OutboundMessage.State.choices, required=False)
    channel = serializers.ChoiceField(choices=OutboundMessage.Channel.choices, required=False)
    purpose = serializers.ChoiceField(choices=OutboundMessage.Purpose.choices, required=False)


class SettleInput(StrictSerializer):
    decision = serializers.ChoiceField(
        choices=[(one, one) for one in DECISIONS],
        help_text="sent: it was. again: send it once more, which may double it. given_up: it is failed.",
    )
    ids = serializers.ListField(
        child=serializers.CharField(max_length=16),
        min_length=1,
        max_length=MOST_AT_ONCE,
        required=False,
        help_text=f"Without it, all that are unconfirmed, {MOST_AT_ONCE} a call.",
    )


class SettleOutput(serializers.Serializer[Any]):
    done = serializers.IntegerField(help_text="Those that are no longer unconfirmed by this call.")
    too_late = serializers.IntegerField(help_text="Their time is over, or their words are gone: not sent again.")
    left = serializers.IntegerField(help_text="More than fit into one call.")


class ReceivedTextOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    sender = serializers.SerializerMethodField(help_text="Little of the number: enough to tell two apart.")
    customer_id = serializers.CharField(source="customer.code", default=None, allow_null=True)
    body = serializers.CharField()
    reading = serializers.SerializerMethodField(
        help_text="command, stop, start, unclear (perhaps an opt-out); null: nothing that is known."
    )
    decision = serializers.SerializerMethodField(help_text="Of an unclear one: stopped or kept; null: not yet.")
    decided_at = serializers.DateTimeField(allow_null=True)
    honour_by = serializers.SerializerMethodField(help_text="Until when an unclear one must be decided; else null.")
    received_at = serializers.DateTimeField()

    def get_sender(self, text: InboundMessage) -> str:
        return mask_address(text.sender)

    def get_reading(self, text: InboundMessage) -> str | None:
        return text.reading or None

    def get_decision(self, text: InboundMessage) -> str | None:
        return text.decision or None

    def get_honour_by(self, text: InboundMessage) -> str | None:
        is_unclear = text.reading == InboundMessage.Reading.UNCLEAR
        return honour_by(text, active_programme().zone).isoformat() if is_unclear else None


class ReceivedTextQuery(StrictSerializer):
    undecided = serializers.BooleanField(required=False, help_text="Only those that wait for a decision.")


class DecideInput(StrictSerializer):
    decision = serializers.ChoiceField(
        choices=[InboundMessage.Decision.STOPPED.value, InboundMessage.Decision.KEPT.value],
        help_text="stopped: no texts go to the number until START. kept: it was no opt-out.",
    )


class MessagesView(ApiView):
    """What was sent to people, newest first."""

    required = {"GET": Perm.SETTINGS_EDIT}

    @extend_schema(
        operation_id="messages_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter("state", str, enum=OutboundMessage.State.values),
            OpenApiParameter("channel", str, enum=OutboundMessage.Channel.values),
            OpenApiParameter("purpose", str, enum=OutboundMessage.Purpose.values),
            *page_parameters("created", default="-created"),
        ],
        responses={200: page_of(MessageOutput)},
    )
    def get(self, request: Request) -> Response:
        self.actor.check_sees_all()
        given = read_query(request, MessageQuery)
        found = OutboundMessage.objects.filter(**given).select_related("customer")
        page = cursor_page(request, found, orders={"created": Order(["id"])}, default="-created")
        return page_response(page, MessageOutput)


class MessageView(ApiView):
    """One message."""

    required = {"GET": Perm.SETTINGS_EDIT}

    @extend_schema(operation_id="messages_read", tags=[TAG], responses={200: MessageOutput})
    def get(self, request: Request, message_id: str) -> Response:
        self.actor.check_sees_all()
        message = OutboundMessage.objects.filter(code=message_id).select_related("customer").first()
        if message is None:
            raise NotFound
        return Response(MessageOutput(message).data)


class MessagesSettleView(ApiView):
    """Decide about messages that were perhaps sent."""

    required = {"POST": Perm.SETTINGS_EDIT}

    @extend_schema(
        operation_id="messages_settle",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=SettleInput,
        responses={200: SettleOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        """What is not unconfirmed (any more) is left alone."""
        given = read_body(request, SettleInput)

        def act() -> dict[str, Any]:
            now = timezone.now()
            settled = settle_unconfirmed(
                codes=given.get("ids"), decision=given["decision"], seen_at=now, actor=self.actor, now=now
            )
            return dict(SettleOutput(settled).data)

        return once(request, self.caller, "messages.settle", given, act, status=200)


class ReceivedTextsView(ApiView):
    """What people texted to the programme's number, newest first."""

    required = {"GET": Perm.SETTINGS_EDIT}

    @extend_schema(
        operation_id="received_texts_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter("undecided", bool),
            *page_parameters("received", default="-received"),
        ],
        responses={200: page_of(ReceivedTextOutput)},
    )
    def get(self, request: Request) -> Response:
        self.actor.check_sees_all()
        given = read_query(request, ReceivedTextQuery)
        found = InboundMessage.objects.select_related("customer")
        if given.get("undecided"):
            found = found.filter(pk__in=InboundMessage.objects.undecided().values("pk"))
        page = cursor_page(request, found, orders={"received": Order(["id"])}, default="-received")
        return page_response(page, ReceivedTextOutput)


class ReceivedTextDecideView(ApiView):
    """Say whether a text was an opt-out."""

    required = {"POST": Perm.SETTINGS_EDIT}

    @extend_schema(
        operation_id="received_texts_decide",
        tags=[TAG],
        parameters=[KEY_PARAMETER],
        request=DecideInput,
        responses={200: ReceivedTextOutput},
    )
    def post(self, request: Request, text_id: str) -> JsonResponse:
        """What was decided before stays: the answer says how."""
        given = read_body(request, DecideInput)

        def act() -> dict[str, Any]:
            decide = stop_texts if given["decision"] == InboundMessage.Decision.STOPPED else keep_texts
            text = decide(code=text_id, actor=self.actor, now=timezone.now())
            return dict(ReceivedTextOutput(text).data)

        return once(request, self.caller, "received_texts.decide", [text_id, given["decision"]], act, status=200)
