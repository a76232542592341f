"""API clients and their keys."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body
from core.errors import NotFound
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from workspace.actions import api_keys
from workspace.actions.api_keys import IssuedKey
from workspace.api_auth import ApiView
from workspace.api_programme import find_business
from workspace.models import ApiClient, ApiKey


class KeyOutput(serializers.Serializer[Any]):
    prefix = serializers.CharField(help_text="The visible part: rg_live_<prefix>_…")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")
    revoked_at = serializers.DateTimeField(allow_null=True)


class ClientOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    business_id = serializers.SerializerMethodField(help_text="The business that the client is limited to; null: all.")
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()
    keys = KeyOutput(many=True, help_text="Newest first.")

    def get_business_id(self, client: ApiClient) -> str | None:
        return client.business.code if client.business else None


class ClientSecretOutput(ClientOutput):
    secret = serializers.SerializerMethodField(
        help_text="The whole key. It is shown this once and cannot be read again."
    )

    def get_secret(self, client: ApiClient) -> str:
        return str(self.context["secret"])


class ClientInput(StrictSerializer):
    name = CleanCharField(max_length=80)
    scopes = serializers.ListField(
        child=serializers.CharField(max_length=40),
        min_length=1,
        max_length=40,
        help_text="The presets read, write, admin, or single permissions such as points:write.",
    )
    business_id = serializers.CharField(max_length=16, required=False, allow_null=True, default=None)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class RotateInput(StrictSerializer):
    overlap_hours = serializers.IntegerField(
        min_value=0, max_value=api_keys.MAX_OVERLAP_HOURS, default=24, help_text="How long the old key still works."
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


def _clients(view: ApiView) -> QuerySet[ApiClient]:
    keys = Prefetch("keys", queryset=ApiKey.objects.order_by("-id"))
    return ApiClient.objects.visible_to(view.actor).select_related("business").prefetch_related(keys)


def _client(view: ApiView, code: str) -> ApiClient:
    client = _clients(view).filter(code=code).first()
    if client is None:
        raise NotFound()
    return client


def _with_secret(view: ApiView, issued: IssuedKey) -> Response:
    client = _client(view, issued.client.code)
    return Response(ClientSecretOutput(client, context={"secret": issued.secret}).data, status=201)


class ClientsView(ApiView):
    """API clients: systems that call this API, each with its scopes and keys."""

    required = {"GET": Perm.KEYS_MANAGE, "POST": Perm.KEYS_MANAGE}

    @extend_schema(
        operation_id="api_keys_list",
        tags=["Access"],
        parameters=page_parameters("created", default="-created"),
        responses={200: page_of(ClientOutput)},
    )
    def get(self, request: Request) -> Response:
        page = cursor_page(request, _clients(self), orders={"created": Order(["id"])}, default="-created")
        return page_response(page, ClientOutput)

    @extend_schema(
        operation_id="api_keys_create", tags=["Access"], request=ClientInput, responses={201: ClientSecretOutput}
    )
    def post(self, request: Request) -> Response:
        given = read_body(request, ClientInput)
        issued = api_keys.create_client(
            name=given["name"],
            scopes=given["scopes"],
            business=find_business(self, given["business_id"]) if given["business_id"] else None,
            expires_at=given["expires_at"],
            may_grant=self.caller.permissions,
            actor=self.actor,
            now=timezone.now(),
        )
        return _with_secret(self, issued)


class ClientView(ApiView):
    """One API client."""

    required = {"GET": Perm.KEYS_MANAGE, "DELETE": Perm.KEYS_MANAGE}

    @extend_schema(operation_id="api_keys_read", tags=["Access"], responses={200: ClientOutput})
    def get(self, request: Request, client_id: str) -> Response:
        return Response(ClientOutput(_client(self, client_id)).data)

    @extend_schema(operation_id="api_keys_revoke", tags=["Access"], responses={204: None})
    def delete(self, request: Request, client_id: str) -> Response:
        """Revoke the client: all its keys are refused from now on."""
        api_keys.revoke_client(client=_client(self, client_id), actor=self.actor, now=timezone.now())
        return Response(status=204)


class RotateView(ApiView):
    """A new key for a client; the old one lives on for some hours, so that systems can change over."""

    required = {"POST": Perm.KEYS_MANAGE}

    @extend_schema(
        operation_id="api_keys_rotate", tags=["Access"], request=RotateInput, responses={201: ClientSecretOutput}
    )
    def post(self, request: Request, client_id: str) -> Response:
        given = read_body(request, RotateInput)
        issued = api_keys.rotate_key(
            client=_client(self, client_id),
            may_grant=self.caller.permissions,
            overlap_hours=given["overlap_hours"],
            expires_at=given["expires_at"],
            actor=self.actor,
            now=timezone.now(),
        )
        return _with_secret(self, issued)
