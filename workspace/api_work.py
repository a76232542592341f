"""Background work, and what was done by whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import StrictSerializer, cursor_page, page_response, read_query
from core.errors import NotFound
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from core.tenancy import active_programme
from workspace.actions.jobs import request_cancel
from workspace.api_auth import ApiView
from workspace.audit_registry import ACTS, Group, Reader
from workspace.models import AuditEntry, Business, Job
from workspace.reports_audit import AuditFilters, find_entries


class JobOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=Job.State.choices)
    done = serializers.IntegerField(source="done_count")
    total = serializers.IntegerField(source="total_count", allow_null=True, help_text="Null while it is not known.")
    percent = serializers.IntegerField(allow_null=True, read_only=True)
    message = serializers.CharField()
    warnings = serializers.ListField(child=serializers.CharField())
    result = serializers.DictField()
    error = serializers.CharField(help_text="Empty unless it failed.")
    cancel_requested = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


def _jobs(view: ApiView) -> QuerySet[Job]:
    limited_to = view.caller.business_id
    return Job.objects.all() if limited_to is None else Job.objects.filter(business_id=limited_to)


def _job(view: ApiView, code: str) -> Job:
    job = _jobs(view).filter(code=code).first()
    if job is None:
        raise NotFound()
    return job


class JobView(ApiView):
    """How far a piece of background work is."""

    required = {"GET": Perm.JOBS_VIEW}

    @extend_schema(operation_id="jobs_read", tags=["Work"], responses={200: JobOutput})
    def get(self, request: Request, job_id: str) -> Response:
        return Response(JobOutput(_job(self, job_id)).data)


class JobsView(ApiView):
    """Background work, newest first."""

    required = {"GET": Perm.JOBS_VIEW}

    @extend_schema(
        operation_id="jobs_list",
        tags=["Work"],
        parameters=page_parameters("created", default="-created"),
        responses={200: page_of(JobOutput)},
    )
    def get(self, request: Request) -> Response:
        page = cursor_page(request, _jobs(self), orders={"created": Order(["id"])}, default="-created")
        return page_response(page, JobOutput)


class JobCancelView(ApiView):
    """Ask a piece of work to stop. What it has done so far is kept; nothing happens to a finished one."""

    required = {"POST": Perm.JOBS_CANCEL}

    @extend_schema(operation_id="jobs_cancel", tags=["Work"], request=None, responses={200: JobOutput})
    def post(self, request: Request, job_id: str) -> Response:
        request_cancel(job=_job(self, job_id), actor=self.actor, now=timezone.now())
        return Response(JobOutput(_job(self, job_id)).data)


class AuditOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = serializers.CharField(help_text="kind:id")
    actor_label = serializers.CharField()
    action = serializers.CharField(help_text="app.noun.past")
    title = serializers.SerializerMethodField(help_text="What the act is called.")
    group = serializers.SerializerMethodField(help_text="The kind of act, as `group` filters it.")
    business_id = serializers.SerializerMethodField(help_text="Where it was done, if in one business.")
    subject = serializers.CharField(help_text="noun:id")
    data = serializers.DictField()  # type: ignore[assignment]
    ip = serializers.CharField(allow_null=True)

    def get_title(self, entry: AuditEntry) -> str:
        return str(ACTS[entry.action].title) if entry.action in ACTS else entry.action

    def get_group(self, entry: AuditEntry) -> str:
        return str(ACTS[entry.action].group.value) if entry.action in ACTS else ""

    def get_business_id(self, entry: AuditEntry) -> str | None:
        codes: dict[int, str] = self.context["businesses"]
        return codes.get(entry.business_id) if entry.business_id is not None else None


class AuditFilter(StrictSerializer):
    search = serializers.CharField(max_length=120, required=False, default="")
    group = serializers.ChoiceField(choices=Group.choices, required=False, default="")
    actor = serializers.CharField(max_length=80, required=False, default="")
    action = serializers.CharField(max_length=80, required=False, default="")
    subject = serializers.CharField(max_length=80, required=False, default="")
    business_id = serializers.CharField(max_length=16, required=False, default="")
    ip = serializers.IPAddressField(required=False, default="")
    after = serializers.DateTimeField(required=False, default=None)
    before = serializers.DateTimeField(required=False, default=None)


class AuditView(ApiView):
    """Who did what, newest first."""

    required = {"GET": Perm.AUDIT_VIEW}

    @extend_schema(
        operation_id="audit_list",
        tags=["Work"],
        parameters=[
            OpenApiParameter(
                "search",
                str,
                description="A person, an act, a customer's name or phone number, a transaction, a business, a word.",
            ),
            OpenApiParameter("group", str, enum=Group.values),
            OpenApiParameter("actor", str, description="kind:id"),
            OpenApiParameter("action", str),
            OpenApiParameter("subject", str, description="noun:id"),
            OpenApiParameter("business_id", str),
            OpenApiParameter("ip", str),
            OpenApiParameter("after", datetime, description="This moment or later."),
            OpenApiParameter("before", datetime, description="Earlier than this moment."),
            *page_parameters("at", default="-at"),
        ],
        responses={200: page_of(AuditOutput)},
    )
    def get(self, request: Request) -> Response:
        given = read_query(request, AuditFilter)
        filters = AuditFilters(
            text=" ".join(given["search"].split()),
            group=given["group"],
            action=given["action"],
            actor=given["actor"],
            subject=given["subject"],
            business=given["business_id"],
            ip=given["ip"],
            start=given["after"],
            end=given["before"],
        )
        entries = find_entries(filters, Reader(active_programme(), self.actor))
        page = cursor_page(request, entries, orders={"at": Order(["at", "id"])}, default="-at")
        return page_response(page, AuditOutput, businesses=dict(Business.objects.values_list("pk", "code")))
