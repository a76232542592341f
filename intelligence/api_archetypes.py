"""Archetypes over the API: which there are, looking for them anew, how far that is, the runs, and the settings."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import StrictSerializer, read_body
from core.codes import typed_code
from core.errors import NotFound
from core.permissions import Perm
from customers.actions.archetypes import rename_archetype
from customers.api_customers import programme_of
from customers.api_fields import AmountField
from customers.models import Archetype
from intelligence.actions.requests import ARCHETYPES, request_archetypes, request_rollback, stop_run
from intelligence.actions.settings import change_some_settings, settings_now
from intelligence.models import ArchetypeRun
from intelligence.namers import STAFF
from intelligence.reports_archetypes import current_archetypes, newest_archetype_run
from intelligence.reports_movement import moves_of
from workspace.api_auth import ApiView
from workspace.api_work import JobOutput
from workspace.models import Job

TAG = "Intelligence"
MOST_RUNS = 100


class ArchetypeRefOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    name = serializers.CharField()
    level = serializers.ChoiceField(choices=Archetype.Level.choices)


class ArchetypeOutput(ArchetypeRefOutput):
    """Figures are of the last run and forecast; values are null before the first forecast."""

    tier = ArchetypeRefOutput(allow_null=True, help_text="The value tier of an archetype (level 2).")
    description = serializers.CharField()
    named_by = serializers.SerializerMethodField(
        help_text="Who gave the name: `rules`, `staff`, or the title of the namer that is configured."
    )
    customer_count = serializers.IntegerField(source="customers")
    total_spent = AmountField(source="spent", help_text="Net, ever.")
    avg_ltv = AmountField(source="value_12", allow_null=True, help_text="Expected of each within 12 months.")
    churn_risk_avg = serializers.FloatField(source="churn", allow_null=True)
    value_at_risk = AmountField(allow_null=True)
    characteristics = serializers.SerializerMethodField(
        help_text="Medians by feature, as `GET intelligence/features` explains them; `frequency` is order days,"
        " `monetary_avg` the mean order."
    )

    def get_named_by(self, archetype: Archetype) -> str:
        return STAFF if archetype.own_name else archetype.named_by

    def get_characteristics(self, archetype: Archetype) -> dict[str, float]:
        typical: dict[str, float] = dict(archetype.typical)
        if typical:
            typical |= {"frequency": typical["order_days"], "monetary_avg": typical["average_order"]}
        return typical


class ArchetypesOutput(serializers.Serializer[Any]):
    found_at = serializers.DateTimeField(allow_null=True)
    by_rules = serializers.BooleanField(help_text="Too few bought for clusters: rules of thumb divide them.")
    archetypes = ArchetypeOutput(many=True, help_text="Value tiers, then archetypes, the richest first.")


class ArchetypeChange(StrictSerializer):
    name = serializers.CharField(max_length=200, allow_blank=True, help_text="Empty: the name by rules.")


class ClusterInput(StrictSerializer):
    """What is not given is as in the settings."""

    sample_size = serializers.IntegerField(required=False, help_text="Customers to look at; all are assigned.")
    min_k = serializers.IntegerField(required=False)
    max_k = serializers.IntegerField(required=False)


class ClusterStatusOutput(serializers.Serializer[Any]):
    job = JobOutput(allow_null=True, help_text="The newest run asked for.")
    found_at = serializers.DateTimeField(allow_null=True)
    archetypes = serializers.IntegerField(allow_null=True)
    customers = serializers.IntegerField(allow_null=True)


class ArchetypeMoveOutput(serializers.Serializer[Any]):
    before_id = serializers.CharField(allow_null=True, help_text="Null: new customers.")
    after_id = serializers.CharField()
    customers = serializers.IntegerField()


class ArchetypeCandidateOutput(serializers.Serializer[Any]):
    archetypes = serializers.IntegerField()
    silhouette = serializers.FloatField(help_text="How far apart they lie, −1 to 1.")
    found_again = serializers.FloatField(help_text="Adjusted Rand index over customers drawn anew.")
    smallest_share = serializers.FloatField()


class ArchetypeRunOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    kind = serializers.ChoiceField(choices=ArchetypeRun.Kind.choices)
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField()
    archetypes = serializers.IntegerField(source="k")
    customers = serializers.IntegerField()
    looked_at = serializers.IntegerField(help_text="Customers in the sample.")
    because = serializers.CharField(help_text="Why so many archetypes: a code.")
    options = serializers.DictField()


class ArchetypeRunsOutput(serializers.Serializer[Any]):
    data = ArchetypeRunOutput(  # type: ignore[assignment]
        many=True, help_text="The newest first; the first one holds."
    )


class ArchetypeRunDetailOutput(ArchetypeRunOutput):
    candidates = ArchetypeCandidateOutput(many=True)
    moves = ArchetypeMoveOutput(many=True, help_text="Since the last weekly run but one, those who stayed included.")
    moves_since = serializers.DateField(allow_null=True)


class IntelligenceSettingsOutput(StrictSerializer):
    """Shares and rates are 0 to 1, amounts in the programme's currency."""

    margin = serializers.DecimalField(max_digits=5, decimal_places=4)
    discount_rate = serializers.DecimalField(max_digits=5, decimal_places=4, help_text="A year.")
    horizon_days = serializers.IntegerField(allow_null=True, help_text="Null: from the programme's own rhythm.")
    nightly_sample = serializers.IntegerField()
    weekly_sample = serializers.IntegerField(allow_null=True, help_text="Null: all customers.")
    min_k = serializers.IntegerField()
    max_k = serializers.IntegerField()
    is_dynamic = serializers.BooleanField(help_text="Fewer archetypes while there are few customers.")
    is_robust = serializers.BooleanField(help_text="Measured against the median instead of the mean.")
    vip_value = serializers.DecimalField(max_digits=12, decimal_places=2)
    vip_customers = serializers.IntegerField()
    retention_churn = serializers.FloatField()
    vip_customer_value = serializers.DecimalField(max_digits=12, decimal_places=2)


class ArchetypesView(ApiView):
    """The archetypes and their value tiers, over all businesses: for callers who see all of them."""

    required = {"GET": Perm.INTELLIGENCE_VIEW}

    @extend_schema(operation_id="intelligence_archetypes", tags=[TAG], responses={200: ArchetypesOutput})
    def get(self, request: Request) -> Response:
        self.actor.check_sees_all()
        run = newest_archetype_run()
        said = {
            "found_at": run and run.finished_at,
            "by_rules": bool(run and run.model["rules"]),
            "archetypes": current_archetypes(),
        }
        return Response(ArchetypesOutput(said, context={"currency": programme_of(self).currency}).data)


class ArchetypeView(ApiView):
    """One archetype: what staff call it."""

    required = {"PATCH": Perm.INTELLIGENCE_RUN}

    @extend_schema(
        operation_id="intelligence_archetype_rename", tags=[TAG], request=ArchetypeChange,
        responses={200: ArchetypeOutput},
    )  # fmt: skip
    def patch(self, request: Request, archetype_id: str) -> Response:
        name = read_body(request, ArchetypeChange)["name"]
        renamed = rename_archetype(code=typed_code(archetype_id), name=name, actor=self.actor)
        return Response(ArchetypeOutput(renamed, context={"currency": programme_of(self).currency}).data)


class ClusterView(ApiView):
    """Look for archetypes anew."""

    required = {"POST": Perm.INTELLIGENCE_RUN}

    @extend_schema(operation_id="intelligence_cluster", tags=[TAG], request=ClusterInput, responses={202: JobOutput})
    def post(self, request: Request) -> Response:
        """Safe to repeat: while a run waits or goes on, the answer is that run."""
        asked = read_body(request, ClusterInput)
        job = request_archetypes(asked=asked, actor=self.actor, now=timezone.now())
        return Response(JobOutput(job).data, status=202)


class ClusterStatusView(ApiView):
    """How far the newest run is; a DELETE stops one that waits or goes on."""

    required = {"GET": Perm.INTELLIGENCE_VIEW, "DELETE": Perm.INTELLIGENCE_RUN}

    @extend_schema(operation_id="intelligence_cluster_status", tags=[TAG], responses={200: ClusterStatusOutput})
    def get(self, request: Request) -> Response:
        self.actor.check_sees_all()
        run = newest_archetype_run()
        said = {
            "job": Job.objects.filter(kind=ARCHETYPES).order_by("-id").first(),
            "found_at": run and run.finished_at,
            "archetypes": run and run.k,
            "customers": run and run.customers,
        }
        return Response(ClusterStatusOutput(said).data)

    @extend_schema(operation_id="intelligence_cluster_stop", tags=[TAG], request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Nothing of it is kept. Also where nothing runs, the answer is 204."""
        stop_run(ARCHETYPES, actor=self.actor, now=timezone.now())
        return Response(status=204)


class ArchetypeRunsView(ApiView):
    """The runs that are kept: the newest hundred."""

    required = {"GET": Perm.INTELLIGENCE_VIEW}

    @extend_schema(operation_id="intelligence_runs", tags=[TAG], responses={200: ArchetypeRunsOutput})
    def get(self, request: Request) -> Response:
        self.actor.check_sees_all()
        runs = ArchetypeRun.objects.defer("model", "people", "moves", "found").order_by("-finished_at", "-pk")
        return Response(ArchetypeRunsOutput({"data": runs[:MOST_RUNS]}).data)


class ArchetypeRunView(ApiView):
    """One run: what was compared, and who moved."""

    required = {"GET": Perm.INTELLIGENCE_VIEW}

    @extend_schema(operation_id="intelligence_run", tags=[TAG], responses={200: ArchetypeRunDetailOutput})
    def get(self, request: Request, run_id: str) -> Response:
        self.actor.check_sees_all()
        run = ArchetypeRun.objects.filter(code=typed_code(run_id)).first()
        if run is None:
            raise NotFound
        known = {one.pk: one for one in Archetype.objects.select_related("tier")}
        names = ("archetypes", "silhouette", "found_again", "smallest_share")
        said = ArchetypeRunOutput(run).data | {
            "candidates": [dict(zip(names, row, strict=False)) for row in run.model["table"]],
            "moves": [
                {
                    "before_id": move.before and move.before.code,
                    "after_id": move.after.code,
                    "customers": move.customers,
                }
                for move in moves_of(run, known)
            ],
            "moves_since": run.moves_since,
        }
        return Response(said)


class ArchetypeRollbackView(ApiView):
    """Take an earlier run again."""

    required = {"POST": Perm.INTELLIGENCE_RUN}

    @extend_schema(operation_id="intelligence_run_rollback", tags=[TAG], request=None, responses={202: JobOutput})
    def post(self, request: Request, run_id: str) -> Response:
        """Everybody is assigned as that run did; later runs go on from it. 409 `run_under_way` while another runs."""
        return Response(
            JobOutput(request_rollback(run=typed_code(run_id), actor=self.actor, now=timezone.now())).data, status=202
        )


class IntelligenceSettingsView(ApiView):
    """How customers are forecast and grouped."""

    required = {"GET": Perm.INTELLIGENCE_VIEW, "PATCH": Perm.SETTINGS_EDIT}

    @extend_schema(operation_id="intelligence_settings_read", tags=[TAG], responses={200: IntelligenceSettingsOutput})
    def get(self, request: Request) -> Response:
        self.actor.check_sees_all()
        return Response(IntelligenceSettingsOutput(settings_now()).data)

    @extend_schema(
        operation_id="intelligence_settings_change",
        tags=[TAG],
        request=IntelligenceSettingsOutput,
        responses={200: IntelligenceSettingsOutput},
    )
    def patch(self, request: Request) -> Response:
        """The next run uses them."""
        given = read_body(request, IntelligenceSettingsOutput, partial=True)
        changed = change_some_settings(given=given, actor=self.actor)
        return Response(IntelligenceSettingsOutput(changed).data)
