"""Databases that are read regularly, by API: list, add, read now."""

from __future__ import annotations

from typing import Any, ClassVar

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
from customers.actions import databases as actions
from customers.databases.address import MAX_ADDRESS
from customers.databases.mapping import MAX_MAPPING, SECTIONS
from customers.models import DatabaseSync
from workspace.api_auth import ApiView
from workspace.api_programme import find_business

TAG = "Customers"


class DatabaseSyncOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    business_id = serializers.CharField(source="business.code")
    name = serializers.CharField()
    address = serializers.CharField(help_text="Without its password.")
    is_paused = serializers.BooleanField()
    sales_every = serializers.IntegerField(help_text="Minutes between two readings of orders, lines and refunds.")
    people_every = serializers.IntegerField(help_text="Minutes between two readings of customers and products.")
    last_read_at = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField(allow_null=True, help_text="Of the latest reading; empty: none.")
    created_at = serializers.DateTimeField()


class DatabaseSyncInput(StrictSerializer):
    business_id = serializers.CharField(max_length=16)
    name = CleanCharField(max_length=60)
    url = CleanCharField(max_length=MAX_ADDRESS, help_text="postgresql:// or mysql://, on the internet.")
    password = serializers.CharField(
        max_length=200, default="", allow_blank=True, trim_whitespace=False, write_only=True
    )
    mapping = serializers.CharField(max_length=MAX_MAPPING, help_text="TOML, see docs/how-to/import-database.md.")
    sales_every = serializers.IntegerField(default=60)
    people_every = serializers.IntegerField(default=24 * 60)


class SyncRunInput(StrictSerializer):
    sections = serializers.ListField(
        child=serializers.ChoiceField(choices=list(SECTIONS)), default=list, max_length=5, help_text="None: all."
    )
    full = serializers.BooleanField(default=False, help_text="Everything, not only what changed since.")


class SyncRunOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    job_id = serializers.CharField(source="job.code", allow_null=True, default=None)
    sections = serializers.ListField(child=serializers.CharField())
    counts = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()), help_text="Section → rows, failed …"
    )
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


def _sync(view: ApiView, code: str) -> DatabaseSync:
    found = DatabaseSync.objects.visible_to(view.actor).select_related("business").filter(code=code).first()
    if found is None:
        raise NotFound
    return found


class DatabaseSyncsView(ApiView):
    """Databases of shops that are read by themselves."""

    required: ClassVar[dict[str, Any]] = {"GET": Perm.IMPORTS_RUN, "POST": Perm.IMPORTS_RUN}

    @extend_schema(
        operation_id="database_syncs_list",
        tags=[TAG],
        parameters=page_parameters("created", default="-created"),
        responses={200: page_of(DatabaseSyncOutput)},
    )
    def get(self, request: Request) -> Response:
        found = DatabaseSync.objects.visible_to(self.actor).with_last_run().select_related("business")
        page = cursor_page(request, found, orders={"created": Order(["id"])}, default="-created")
        return page_response(page, DatabaseSyncOutput)

    @extend_schema(
        operation_id="database_syncs_create",
        tags=[TAG],
        request=DatabaseSyncInput,
        responses={201: DatabaseSyncOutput},
    )
    def post(self, request: Request) -> Response:
        """A database that is read from now on. Its password is encrypted and never given back."""
        given = read_body(request, DatabaseSyncInput)
        business = find_business(self, given.pop("business_id"))
        sync = actions.add_database(**given, business=business, actor=self.actor, now=timezone.now())
        made = DatabaseSync.objects.with_last_run().select_related("business").get(pk=sync.pk)
        return Response(DatabaseSyncOutput(made).data, status=201)


class SyncRunsView(ApiView):
    """The readings of a database."""

    required: ClassVar[dict[str, Any]] = {"GET": Perm.IMPORTS_RUN, "POST": Perm.IMPORTS_RUN}

    @extend_schema(
        operation_id="database_sync_runs_list",
        tags=[TAG],
        parameters=page_parameters("created", default="-created"),
        responses={200: page_of(SyncRunOutput)},
    )
    def get(self, request: Request, database_id: str) -> Response:
        found = _sync(self, database_id).runs.select_related("job")
        page = cursor_page(request, found, orders={"created": Order(["id"])}, default="-created")
        return page_response(page, SyncRunOutput)

    @extend_schema(
        operation_id="database_sync_run",
        tags=[TAG],
        request=SyncRunInput,
        responses={202: SyncRunOutput},
    )
    def post(self, request: Request, database_id: str) -> Response:
        """Read it now. While a reading is under way, that one is the answer."""
        given = read_body(request, SyncRunInput)
        run = actions.start_sync(
            sync=_sync(self, database_id),
            sections=given["sections"],
            is_full=given["full"],
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(SyncRunOutput(run).data, status=202)
