"""How well we forecast, over the API: ask for a test, and read what it found."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.permissions import Perm
from customers.api_customers import programme_of
from customers.api_fields import AverageField
from intelligence.actions.requests import request_run
from intelligence.figures_backtest import waiting_words
from intelligence.reports_backtest import BACKTEST, lack_of_history, newest_backtest
from workspace.api_auth import ApiView
from workspace.api_work import JobOutput
from workspace.models import Job


class BacktestPeriodOutput(serializers.Serializer[Any]):
    """What would have been said at the end of `asked_on`, and what came in the days of the horizon after it."""

    asked_on = serializers.DateField(source="day")
    customers = serializers.IntegerField()
    said_to_come = serializers.FloatField(source="said")
    came = serializers.IntegerField()
    said_to_spend = AverageField(source="said_spend")
    spent = AverageField(source="came_spend")


class ForecastCandidateOutput(serializers.Serializer[Any]):
    """One way of forecasting; figures are means over the periods."""

    code = serializers.CharField()
    name = serializers.CharField()
    is_naive = serializers.BooleanField(help_text="Without a model: what the others must beat.")
    used_for_chances = serializers.BooleanField(source="is_for_chances")
    used_for_money = serializers.BooleanField(source="is_for_money")
    brier = serializers.FloatField(source="figures.brier", help_text="Mean squared distance of chance and truth.")
    auc = serializers.FloatField(source="figures.area_under_curve")
    calibration_error = serializers.FloatField(source="figures.calibration_error")
    spend_deviance = serializers.FloatField(source="figures.spend_deviance", help_text="Tweedie, of power 1.5.")
    spend_off = serializers.FloatField(allow_null=True, help_text="Share by which total spend was missed, unsigned.")
    rank = serializers.FloatField(source="figures.rank", help_text="Spearman's rho of spend.")
    gini = serializers.FloatField(source="figures.gini", help_text="Normalised; 1 is perfect.")
    top_fifth = serializers.FloatField(help_text="Share of spend from the fifth with the highest forecasts.")
    in_range = serializers.FloatField(allow_null=True, help_text="Share of customers within the range of 8 in 10.")


class BacktestBinOutput(serializers.Serializer[Any]):
    """Customers with neighbouring forecasts: means of what was said and of what came."""

    customers = serializers.IntegerField()
    said = serializers.FloatField()
    came = serializers.FloatField()


class GainPointOutput(serializers.Serializer[Any]):
    customers = serializers.FloatField(help_text="Share of the customers, the highest forecasts first.")
    spend = serializers.FloatField(help_text="Share of what all of them spent.")


class BacktestOutput(serializers.Serializer[Any]):
    tested_at = serializers.DateTimeField(source="finished_at", allow_null=True)
    known_on = serializers.DateField(source="as_of", allow_null=True, help_text="Nothing after this day was looked at.")
    customers = serializers.IntegerField()
    judged = serializers.IntegerField(help_text="Customers it was tested on: all, or drawn at random.")
    horizon_days = serializers.IntegerField()
    periods = BacktestPeriodOutput(many=True, help_text="The newest first.")
    candidates = ForecastCandidateOutput(many=True)
    calibration = BacktestBinOutput(many=True, help_text="Of the newest period, by chance of coming.")
    deciles = BacktestBinOutput(many=True, help_text="Of the newest period, by expected spend, the highest first.")
    gain = GainPointOutput(many=True, help_text="Of the newest period.")
    waiting_for = serializers.CharField(help_text="What a young programme still needs before its first test.")
    job = JobOutput(allow_null=True, help_text="The newest test asked for.")


class BacktestView(ApiView):
    """How well the programme's forecasts would have done, over all businesses; a POST tests them again."""

    required = {"GET": Perm.INTELLIGENCE_VIEW, "POST": Perm.INTELLIGENCE_RUN}

    @extend_schema(operation_id="intelligence_backtest_read", tags=["Intelligence"], responses={200: BacktestOutput})
    def get(self, request: Request) -> Response:
        self.actor.check_sees_all()
        programme = programme_of(self)
        said = {**self._found(), "job": Job.objects.filter(kind=BACKTEST).order_by("-id").first()}
        return Response(BacktestOutput(said, context={"currency": programme.currency}).data)

    @extend_schema(
        operation_id="intelligence_backtest_run", tags=["Intelligence"], request=None, responses={202: JobOutput}
    )
    def post(self, request: Request) -> Response:
        """Safe to repeat: while a test waits or goes on, the answer is that one."""
        return Response(JobOutput(request_run(BACKTEST, actor=self.actor, now=timezone.now())).data, status=202)

    def _found(self) -> dict[str, Any]:
        found = newest_backtest()
        if found is None:
            lack = lack_of_history(now=timezone.now(), zone=programme_of(self).zone)
            nothing: dict[str, Any] = dict.fromkeys(("periods", "candidates", "calibration", "deciles", "gain"), ())
            counts = {"customers": 0, "judged": 0, "horizon_days": lack.horizon_days}
            return {**nothing, **counts, "finished_at": None, "as_of": None, "waiting_for": waiting_words(lack)}
        bins = ("customers", "said", "came")
        return {
            **{name: getattr(found, name) for name in ("finished_at", "as_of", "customers", "judged", "horizon_days")},
            "periods": found.periods,
            "candidates": found.candidates,
            "calibration": [dict(zip(bins, row, strict=True)) for row in found.calibration],
            "deciles": [dict(zip(bins, row, strict=True)) for row in found.deciles],
            "gain": [{"customers": share, "spend": brought} for share, brought in found.gain],
            "waiting_for": "",
        }
