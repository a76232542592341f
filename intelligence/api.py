"""RFM over the API: ask for a run, follow it, read the groups."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.permissions import Perm
from customers.api_customers import programme_of
from customers.api_fields import AmountField
from intelligence.actions.requests import request_run
from intelligence.actions.rfm import JOB
from intelligence.models import RfmRun
from intelligence.reports import rfm_overview
from workspace.api_auth import ApiView
from workspace.api_work import JobOutput
from workspace.models import Job


class RfmGroupOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="group.code")
    name = serializers.CharField(source="group.name")
    description = serializers.CharField(source="group.meaning")
    customers = serializers.IntegerField()
    share = serializers.FloatField(help_text="Percent of all customers.")
    spent = AmountField()
    spent_share = serializers.FloatField(help_text="Percent of what all groups spent.")
    days_since_last_order = serializers.FloatField(source="days_since", allow_null=True, help_text="Mean.")
    orders = serializers.FloatField(allow_null=True, help_text="Mean.")
    customers_before = serializers.IntegerField(source="before", allow_null=True, help_text="At the run before.")


class RfmOutput(serializers.Serializer[Any]):
    scored_at = serializers.DateTimeField(source="finished_at", allow_null=True)
    customers = serializers.IntegerField()
    groups = RfmGroupOutput(many=True)


class RfmStatusOutput(serializers.Serializer[Any]):
    job = JobOutput(allow_null=True, help_text="The newest run asked for; null for callers limited to one business.")
    scored_at = serializers.DateTimeField(allow_null=True, help_text="When the newest finished run ended.")


class RfmView(ApiView):
    """The eleven RFM groups; a POST scores all customers again."""

    required = {"GET": Perm.INTELLIGENCE_VIEW, "POST": Perm.INTELLIGENCE_RUN}

    @extend_schema(operation_id="intelligence_rfm_read", tags=["Intelligence"], responses={200: RfmOutput})
    def get(self, request: Request) -> Response:
        overview = rfm_overview(business_id=self.actor.business_id, now=timezone.now())
        nothing: dict[str, Any] = {"finished_at": None, "customers": 0, "groups": []}
        return Response(RfmOutput(overview or nothing, context={"currency": programme_of(self).currency}).data)

    @extend_schema(operation_id="intelligence_rfm_run", tags=["Intelligence"], request=None, responses={202: JobOutput})
    def post(self, request: Request) -> Response:
        """Safe to repeat: while a run waits or goes on, the answer is that run."""
        return Response(JobOutput(request_run(JOB, actor=self.actor, now=timezone.now())).data, status=202)


class RfmStatusView(ApiView):
    """How far the newest run is."""

    required = {"GET": Perm.INTELLIGENCE_VIEW}

    @extend_schema(operation_id="intelligence_rfm_status", tags=["Intelligence"], responses={200: RfmStatusOutput})
    def get(self, request: Request) -> Response:
        newest = RfmRun.objects.order_by("-finished_at").values_list("finished_at", flat=True).first()
        sees_all = self.actor.business_id is None
        job = Job.objects.filter(kind=JOB).order_by("-id").first() if sees_all else None
        return Response(RfmStatusOutput({"job": job, "scored_at": newest}).data)
