"""Imports by API: a file (multipart) or up to 10,000 rows (JSON), then the state of it."""

from __future__ import annotations

import io
import json
from typing import Any, ClassVar

from django.http import FileResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from core.actor import Actor
from core.api import JsonParser, StrictSerializer
from core.errors import InvalidInput, NotFound
from core.permissions import Perm
from customers.actions import imports as actions
from customers.actions.undo_imports import can_undo, preview_undo, rehearse_undo, start_undo
from customers.imports.fields import BY_NAME
from customers.imports.options import ImportOptions
from customers.imports.reading import DELIMITERS, ENCODINGS, Layout
from customers.imports.staging import ATTRIBUTE
from customers.models import ImportRun
from workspace.api_auth import ApiView
from workspace.models import Business

LAYOUT = ("sheet", "encoding", "delimiter")
CHOICES = ("date_order", "refund_prefix", "ignored_prefix", "repeats")  # of ImportOptions


class ImportInput(StrictSerializer):
    kind = serializers.ChoiceField(choices=ImportRun.Kind.choices, required=False, help_text="Guessed when missing.")
    business_id = serializers.CharField(max_length=16, required=False, help_text="Needed when there are several.")
    rows = serializers.ListField(
        child=serializers.DictField(), required=False, max_length=actions.MAX_API_ROWS, help_text="Instead of a file."
    )
    file = serializers.FileField(required=False)
    sheet = serializers.CharField(max_length=100, required=False, help_text="Of an Excel file; the first one without.")
    encoding = serializers.ChoiceField(choices=ENCODINGS, required=False, help_text="Of a CSV file; guessed without.")
    delimiter = serializers.ChoiceField(choices=list(DELIMITERS), required=False)
    mapping = serializers.JSONField(required=False, help_text="Our field → the name of the file's column.")
    date_order = serializers.ChoiceField(choices=["ymd", "dmy", "mdy"], required=False)
    refund_prefix = serializers.CharField(max_length=10, required=False, allow_blank=True)
    ignored_prefix = serializers.CharField(max_length=10, required=False, allow_blank=True)
    repeats = serializers.BooleanField(
        required=False, help_text="Rows of one order follow each other, and only the first says everything."
    )
    dry_run = serializers.BooleanField(default=False)


class ImportOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    kind = serializers.ChoiceField(choices=ImportRun.Kind.choices)
    business_id = serializers.CharField(source="business.code")
    file_name = serializers.CharField()
    preset = serializers.CharField(help_text="Shopify, WooCommerce or Magento, where the columns told.")
    dry_run = serializers.BooleanField(source="is_dry_run")
    phase = serializers.ChoiceField(choices=ImportRun.Phase.choices)
    job_id = serializers.CharField(source="job.code", default=None, allow_null=True)
    state = serializers.CharField(source="job.state", default=None, allow_null=True)
    rows_total = serializers.IntegerField()
    rows_failed = serializers.IntegerField()
    rows_skipped = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField())
    problems = serializers.DictField(child=serializers.IntegerField(), help_text="Reason → rows.")
    undo_job_id = serializers.CharField(source="undo_job.code", default=None, allow_null=True)
    undo_counts = serializers.DictField(child=serializers.IntegerField(), help_text="What undoing did with which rows.")
    undone_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class FileOrJson(DefaultContentNegotiation):
    """JSON out, JSON or multipart in."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class ImportsView(ApiView):
    required: ClassVar[dict[str, Any]] = {"POST": Perm.IMPORTS_RUN}
    max_body = actions.MAX_BODY_BYTES
    parser_classes = (JsonParser, MultiPartParser)
    content_negotiation_class = FileOrJson

    @extend_schema(
        operation_id="import_create",
        tags=["Customers"],
        request={"application/json": ImportInput, "multipart/form-data": ImportInput},
        responses={202: ImportOutput, 200: OpenApiResponse(ImportOutput, "The same content was imported before.")},
    )
    def post(self, request: Request) -> Response:
        """Import customers, orders, sales lines, products or stock levels.

        Send a CSV or Excel `file`, or `rows`. The same content is imported once: sending it again answers with the
        first import (200), which goes on if it was stopped or failed (202). Follow the progress at `imports/{id}`.
        """
        asked = ImportInput(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        now = timezone.now()
        business = self._business(given.get("business_id"))
        if ("file" in given) == ("rows" in given):
            raise InvalidInput("Send a file or rows.", field="file")
        if "rows" in given:
            if "kind" not in given:
                raise InvalidInput("Say what the rows are.", field="kind")
            run = actions.receive_rows(
                rows=given["rows"], kind=given["kind"], business=business, actor=self.actor, now=now
            )
        else:
            file = given["file"]
            run = actions.receive_file(
                file=io.BufferedReader(file.file) if isinstance(file.file, io.RawIOBase) else file.file,
                name=file.name,
                kind=given.get("kind"),
                business=business,
                actor=self.actor,
                now=now,
                layout=Layout(**{name: given[name] for name in LAYOUT if name in given}),
            )
        try:
            chosen = {name: given[name] for name in CHOICES if name in given}
            options = ImportOptions.of({**run.options, **chosen})
            actions.configure_import(
                run=run, kind=run.kind, mapping=_mapping(run, given), options=options, is_dry_run=given["dry_run"]
            )
            actions.start_import(run=run, actor=self.actor, now=now)
        except actions.AlreadyImported as earlier:
            actions.drop_upload(run=run)
            run = ImportRun.objects.select_related("job").get(code=earlier.data["import"])
            if run.phase == ImportRun.Phase.DONE or not (run.job and run.job.is_finished):
                return Response(ImportOutput(run).data)
            actions.start_import(run=run, actor=self.actor, now=now)  # it was stopped or failed
        except InvalidInput:
            actions.drop_upload(run=run)
            raise
        run.refresh_from_db()
        location = reverse("api:import", args=[run.code])
        return Response(ImportOutput(run).data, status=202, headers={"Location": location})

    def _business(self, code: str | None) -> Business:
        businesses = Business.objects.active().visible_to(self.actor)
        if code:
            found = businesses.filter(code=code).first()
            if found is None:
                raise InvalidInput("There is no such business.", field="business_id")
            return found
        only = list(businesses[:2])
        if len(only) != 1:
            raise InvalidInput("Say which business the import is for.", field="business_id")
        return only[0]


class ImportView(ApiView):
    required: ClassVar[dict[str, Any]] = {"GET": Perm.IMPORTS_RUN}

    @extend_schema(operation_id="import_read", tags=["Customers"], responses=ImportOutput)
    def get(self, request: Request, import_id: str) -> Response:
        """One import, with its state and counts."""
        return Response(ImportOutput(_visible(self.actor, import_id)).data)


class ImportErrorsView(ApiView):
    """The rows that were not imported."""

    required: ClassVar[dict[str, Any]] = {"GET": Perm.IMPORTS_RUN}

    @extend_schema(operation_id="import_errors", tags=["Customers"], responses={(200, "text/csv"): OpenApiTypes.BINARY})
    def get(self, request: Request, import_id: str) -> FileResponse:
        """A CSV file with the columns that were sent, and before them the line of each row and why it was refused.

        404 until the import has ended, when no row was refused, and after 30 days. Corrected, it can be imported.
        """
        file, name = actions.open_refused_rows(_visible(self.actor, import_id))
        response = FileResponse(file, as_attachment=True, filename=name, content_type="text/csv")
        response.headers["Cache-Control"] = "private, no-store"
        return response


class UndoPreviewOutput(serializers.Serializer[Any]):
    can_undo = serializers.BooleanField()
    rows = serializers.DictField(child=serializers.IntegerField(), help_text="orders_made, customers_changed …")
    would = serializers.DictField(
        child=serializers.IntegerField(),
        allow_null=True,
        help_text="What undoing it now would do, as `undo_counts` tell it afterwards: orders_removed, "
        "customers_restored, products_kept_named … Null for more than 2,000 rows.",
    )


class ImportUndoView(ApiView):
    required: ClassVar[dict[str, Any]] = {"GET": Perm.IMPORTS_RUN, "POST": Perm.IMPORTS_RUN}

    @extend_schema(operation_id="import_undo_preview", tags=["Customers"], responses=UndoPreviewOutput)
    def get(self, request: Request, import_id: str) -> Response:
        """What undoing the import has to look at, and what it would do: remove, set back, keep and why."""
        run = _visible(self.actor, import_id)
        now = timezone.now()
        is_possible = can_undo(run, now=now)
        would = rehearse_undo(run, now=now) if is_possible else None
        told = {"can_undo": is_possible, "rows": preview_undo(run), "would": would}
        return Response(UndoPreviewOutput(told).data)

    @extend_schema(operation_id="import_undo", tags=["Customers"], request=None, responses={202: ImportOutput})
    def post(self, request: Request, import_id: str) -> Response:
        """Undo the import, up to 30 days after it.

        What it made goes and what it changed is set back, where nothing was done with it since; the rest is kept and
        counted in `undo_counts`. Repeating the call while it runs changes nothing.
        """
        run = _visible(self.actor, import_id)
        start_undo(run=run, actor=self.actor, now=timezone.now())
        return Response(ImportOutput(_visible(self.actor, import_id)).data, status=202)


def _visible(actor: Actor, code: str) -> ImportRun:
    runs = ImportRun.objects.visible_to(actor).select_related("job", "undo_job", "business")
    run = runs.filter(code=code).first()
    if run is None:
        raise NotFound
    return run


def _mapping(run: ImportRun, given: dict[str, Any]) -> dict[str, int]:
    """Column names of the caller as positions. Raises InvalidInput for a name that the file does not have."""
    asked = given.get("mapping")
    if asked is None:
        return dict(run.mapping)
    if isinstance(asked, str):
        try:
            asked = json.loads(asked)
        except ValueError as error:
            raise InvalidInput("The mapping is not JSON.", field="mapping") from error
    if not isinstance(asked, dict):
        raise InvalidInput("The mapping is an object: our field to the file's column.", field="mapping")
    for field, column in asked.items():
        if (field not in BY_NAME and not field.startswith(ATTRIBUTE)) or column not in run.header:
            raise InvalidInput(f"“{field}” cannot come from the column “{column}”."[:200], field="mapping")
    return {field: run.header.index(column) for field, column in asked.items()}
