"""The newest analysis over the API, whole or as short as a prompt needs it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import StrictSerializer, read_query
from core.permissions import Perm
from customers.api_customers import programme_of
from intelligence.actions.requests import ANALYSIS, request_run
from intelligence.reports_analysis import latest_analysis
from intelligence.summary import FEWEST_TOKENS, compact
from workspace.api_auth import ApiView
from workspace.api_work import JobOutput

TAG = "Intelligence"
MOST_TOKENS = 100_000


class InsightOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    title = serializers.CharField(source="said.title")
    text = serializers.CharField(source="said.text")
    evidence = serializers.ListField(child=serializers.CharField(), source="said.evidence")
    money = serializers.DecimalField(
        source="said.money",
        max_digits=19,
        decimal_places=2,
        allow_null=True,
        help_text="At stake or to gain in the next 90 days, by `formula`; null: it cannot be told in money.",
    )
    formula = serializers.CharField(source="said.formula")
    is_good = serializers.BooleanField(source="said.is_good")
    path = serializers.CharField(source="said.href", help_text="The page of these customers or orders.")


class AnalysisOutput(serializers.Serializer[Any]):
    """Before the first run everything is null or empty."""

    as_of = serializers.DateField(allow_null=True, help_text="Nothing after the end of this day is in it.")
    finished_at = serializers.DateTimeField(allow_null=True)
    summary = serializers.DictField(child=serializers.JSONField(), help_text="Aggregates and names of products only.")
    insights = InsightOutput(many=True, required=False, help_text="Most money first; left out with a budget.")
    findings = serializers.DictField(
        child=serializers.JSONField(), required=False, help_text="All figures; left out with a budget."
    )


class BudgetFilter(StrictSerializer):
    budget = serializers.IntegerField(min_value=FEWEST_TOKENS, max_value=MOST_TOKENS, required=False)


class AnalysisView(ApiView):
    """What the newest look at all sales found."""

    required = {"GET": Perm.INTELLIGENCE_VIEW}

    @extend_schema(
        operation_id="analysis_latest",
        tags=[TAG],
        parameters=[
            OpenApiParameter("budget", int, description="Shorten `summary` to so many tokens and send nothing else.")
        ],
        responses={200: AnalysisOutput},
    )
    def get(self, request: Request) -> Response:
        """About all businesses together: callers limited to one are refused."""
        self.actor.check_sees_all()
        budget = read_query(request, BudgetFilter).get("budget")
        newest = latest_analysis(programme_of(self).currency)
        if newest is None:
            nothing: dict[str, Any] = {"as_of": None, "finished_at": None, "summary": {}}
            return Response(nothing if budget else {**nothing, "insights": [], "findings": {}})
        given: dict[str, Any] = {"as_of": newest.as_of, "finished_at": newest.finished_at, "summary": newest.summary}
        if budget:
            given["summary"] = compact(newest.summary, budget)
        else:
            given |= {"insights": newest.told.insights, "findings": newest.kept}
        return Response(AnalysisOutput(given).data)


class AnalysisTriggerView(ApiView):
    """Asks for a new look."""

    required = {"POST": Perm.INTELLIGENCE_RUN}

    @extend_schema(operation_id="analysis_trigger", tags=[TAG], request=None, responses={202: JobOutput})
    def post(self, request: Request) -> Response:
        """Safe to repeat: while a run waits or goes on, the answer is that run."""
        return Response(JobOutput(request_run(ANALYSIS, actor=self.actor, now=timezone.now())).data, status=202)
