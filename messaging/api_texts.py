"""Who carries the programme's texts, by API. Secrets go in and never come out."""

from __future__ import annotations

from typing import Any

from django.http import JsonResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, read_body
from core.permissions import Perm
from messaging.actions.texts import choose_provider, opened_or_nothing, send_test
from messaging.models import OutboundMessage, SmsConnection
from messaging.providers import all_providers
from messaging.reports_texts import current_connection, last_test, offered_providers, webhooks
from workspace.api_auth import ApiView
from workspace.api_once import KEY_PARAMETER, once


class SmsTestOutput(serializers.Serializer[Any]):
    state = serializers.CharField(help_text=", ".join(OutboundMessage.State.values))
    error = serializers.CharField()
    at = serializers.DateTimeField()


class SmsWebhooksOutput(serializers.Serializer[Any]):
    inbound = serializers.CharField(help_text="Enter it in the provider's settings for incoming texts.")
    status = serializers.CharField(help_text="Enter it in the provider's settings for delivery reports.")


class SmsSettingsOutput(serializers.Serializer[Any]):
    provider = serializers.CharField(allow_null=True, help_text="Null: texts go where the operator sends them.")
    providers = serializers.ListField(child=serializers.CharField(), help_text="What may be chosen.")
    sender = serializers.CharField()
    is_active = serializers.BooleanField()
    settings = serializers.DictField(child=serializers.CharField(), help_text="Without the secrets.")
    secrets_set = serializers.ListField(child=serializers.CharField(), help_text="The secrets that are stored.")
    webhooks = SmsWebhooksOutput(allow_null=True)
    last_test = SmsTestOutput(allow_null=True)


class SmsSettingsInput(StrictSerializer):
    provider = CleanCharField(max_length=40)
    sender = CleanCharField(max_length=40, required=False, allow_blank=True, default="")
    is_active = serializers.BooleanField(required=False, default=True)
    settings = serializers.DictField(
        child=CleanCharField(max_length=2000, allow_blank=True),
        required=False,
        default=dict,
        help_text="The provider's own; one that is left out keeps what is stored, or its usual value.",
    )


class SmsTestInput(StrictSerializer):
    phone = CleanCharField(max_length=40, help_text="In any spelling; the programme's country applies.")


def _shown(connection: SmsConnection | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "provider": connection.provider if connection else None,
        "providers": [provider.name for provider in offered_providers()],
        "sender": connection.sender if connection else "",
        "is_active": bool(connection and connection.is_active),
        "settings": {},
        "secrets_set": [],
        "webhooks": webhooks(connection) if connection else None,
        "last_test": last_test(connection) if connection else None,
    }
    provider = all_providers().get(connection.provider) if connection else None
    if connection is not None and provider is not None:
        known = opened_or_nothing(connection).settings
        secret = {field.name for field in provider.fields if field.kind == "secret"}
        shown["settings"] = {name: value for name, value in known.items() if name not in secret}
        shown["secrets_set"] = sorted(name for name in secret if known.get(name))
    return shown


class SmsSettingsView(ApiView):
    """The provider of texts."""

    required = {"GET": Perm.SETTINGS_EDIT, "PUT": Perm.SETTINGS_EDIT}

    @extend_schema(operation_id="settings_sms_read", tags=["Programme"], responses={200: SmsSettingsOutput})
    def get(self, request: Request) -> Response:
        return Response(SmsSettingsOutput(_shown(current_connection())).data)

    @extend_schema(
        operation_id="settings_sms_set",
        tags=["Programme"],
        request=SmsSettingsInput,
        responses={200: SmsSettingsOutput},
    )
    def put(self, request: Request) -> Response:
        """Choose a provider, or change its settings."""
        given = read_body(request, SmsSettingsInput)
        choose_provider(**given, actor=self.actor, now=timezone.now())
        return Response(SmsSettingsOutput(_shown(current_connection())).data)


class SmsTestView(ApiView):
    """A test text."""

    required = {"POST": Perm.SETTINGS_EDIT}

    @extend_schema(
        operation_id="settings_sms_test",
        tags=["Programme"],
        parameters=[KEY_PARAMETER],
        request=SmsTestInput,
        responses={202: SmsTestOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        """Queue a test text; `last_test` of the settings says what became of it."""
        given = read_body(request, SmsTestInput)

        def act() -> dict[str, Any]:
            message = send_test(phone=given["phone"], actor=self.actor, now=timezone.now())
            shown = {"state": message.state, "error": message.error, "at": message.created_at}
            return dict(SmsTestOutput(shown).data)

        return once(request, self.caller, "settings.sms.test", given, act, status=202)
