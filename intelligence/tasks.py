"""The jobs of the analysis, and when they run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import SYSTEM
from core.clock import local_day
from customers.actions.product_pairs import PAIRS_DUE
from customers.actions.product_pairs import next_night as next_count
from customers.actions.rollups import programme_zone
from customers.events import IMPORT_FINISHED
from customers.models import Customer, CustomerArchetype, Event, Order, ProductPair, StockLevel
from customers.reports.product_figures import pairs_counted_at
from customers.stream import stream_reader
from intelligence.actions.analysis import analyse_sales
from intelligence.actions.archetype_figures import count_archetypes
from intelligence.actions.feature_nights import count_features
from intelligence.actions.features import FEATURES_DUE, refresh_stale_features
from intelligence.actions.features import JOB as FEATURES_JOB
from intelligence.actions.requests import ANALYSIS, ARCHETYPES, FORECAST, PRODUCTS, request_run
from intelligence.actions.rfm import JOB, score_customers
from intelligence.actions.stock import JOB as STOCK_JOB
from intelligence.actions.stock import forecast_stock
from intelligence.candidate_words import name_of
from intelligence.models import AnalysisRun, ArchetypeRun, BacktestRun, FeatureRun
from intelligence.reports_backtest import BACKTEST
from programs.actions.due_work import ensure_due
from workspace.actions.jobs import JobRun
from workspace.jobs import due_work, job_kind
from workspace.models import Job

# At night in the programme's zone, when the day is over and nobody waits for a page.
NIGHTLY_AT = time(2, 30)
ARCHETYPES_NIGHTLY_AT, ARCHETYPES_WEEKLY_AT = time(2, 0), time(3, 0)
SUNDAY, BACKTEST_AT = 6, time(3, 30)
ARCHETYPES_WEEKLY = "intelligence.archetypes.weekly"
ANALYSED_AT = time(3, 15)  # when features and forecasts of the night are there
AFTER_ANOTHER_RUN = timedelta(minutes=10)
AFTER_IMPORT = timedelta(minutes=10)  # so are those of what came in


@job_kind(JOB, title=_("Scoring customers"))
def run_rfm(run: JobRun) -> dict[str, object]:
    def report(done: int, total: int) -> None:
        run.report(done, total, force=done in (0, total))

    found = score_customers(now=timezone.now(), report=report)
    return {"customers": found.customers, "run": found.pk}


@due_work(JOB)
def score_nightly(now: datetime) -> datetime:
    if Customer.objects.exists():
        request_run(JOB, actor=SYSTEM, now=now)
    return next_night(now, ZoneInfo(programme_zone()))


@job_kind(FEATURES_JOB, title=_("Counting features"))
def run_features(run: JobRun) -> dict[str, object]:
    def report(done: int, total: int) -> None:
        run.report(done, total, force=done in (0, total))

    found = count_features(now=timezone.now(), report=report)
    return {"customers": found.customers, "changed": found.changed}


@due_work(FEATURES_JOB, follows_time_zone=True)
def count_features_nightly(now: datetime) -> datetime:
    """Each night the days that count move on; asked for sooner after imports and a new time zone."""
    if Order.objects.exists():
        request_run(FEATURES_JOB, actor=SYSTEM, now=now)
    return next_night(now, ZoneInfo(programme_zone()))


@due_work(FEATURES_DUE)
def count_stale_features(now: datetime) -> datetime | None:
    """On demand only: somebody bought."""
    return refresh_stale_features(now=now)


@job_kind(STOCK_JOB, title=_("Forecasting stock"))
def run_stock_forecast(run: JobRun) -> dict[str, object]:
    def report(done: int, total: int) -> None:
        run.report(done, total, force=done in (0, total))

    return {"levels": forecast_stock(now=timezone.now(), report=report)}


@due_work(STOCK_JOB)
def forecast_nightly(now: datetime) -> datetime:
    if StockLevel.objects.exists():
        request_run(STOCK_JOB, actor=SYSTEM, now=now)
    return next_night(now, ZoneInfo(programme_zone()))


@job_kind(FORECAST, title=_("Forecasting customers"))
def run_forecast(run: JobRun) -> dict[str, object]:
    from intelligence.actions.forecasts import forecast_customers  # loads numpy, scipy and the models

    def report(done: int, total: int) -> None:
        run.report(done, total, force=done in (0, total))

    found = forecast_customers(now=timezone.now(), report=report)
    count_archetypes()
    return asdict(found) if found else {"customers": 0}


@due_work(FORECAST)
def forecast_customers_nightly(now: datetime) -> datetime:
    if Customer.objects.exists():
        request_run(FORECAST, actor=SYSTEM, now=now)
    return next_night(now, ZoneInfo(programme_zone()))


@job_kind(BACKTEST, title=_("Looking at how well we forecast"))
def run_backtest_job(run: JobRun) -> dict[str, object]:
    from intelligence.actions.backtests import run_backtest  # loads numpy, scipy and the models

    def report(done: int, total: int, code: str) -> None:
        run.report(done, total, name_of(code), force=done == 0)

    found = run_backtest(now=timezone.now(), report=report)
    return {"customers": getattr(found, "judged", 0), "horizon_days": found.horizon_days}


@due_work(BACKTEST)
def backtest_weekly(now: datetime) -> datetime:
    if Order.objects.exists():
        request_run(BACKTEST, actor=SYSTEM, now=now)
    return next_night(now, ZoneInfo(programme_zone()), at=BACKTEST_AT, weekday=SUNDAY)


@job_kind(ARCHETYPES, title=_("Finding archetypes"))
def run_archetypes(run: JobRun) -> dict[str, object]:
    from intelligence.actions.archetypes import find_archetypes, use_again  # loads numpy, scipy and scikit-learn

    def report(done: int, total: int, message: str) -> None:
        run.report(done, total, message, force=True)

    asked: dict[str, Any] = dict(run.params)
    given: dict[str, Any] = {"now": timezone.now(), "report": report}
    kind = asked.pop("kind", ArchetypeRun.Kind.ASKED)
    found = use_again(run=asked["run"], **given) if "run" in asked else find_archetypes(kind=kind, asked=asked, **given)
    if kind != ArchetypeRun.Kind.NIGHTLY:  # at night its own turn comes after
        ensure_due(kind=PAIRS_DUE, by=timezone.now())  # what is popular with whom
    return {"customers": found.customers, "archetypes": found.k, "run": found.pk} if found else {"customers": 0}


@due_work(ARCHETYPES, follows_time_zone=True)
def find_archetypes_nightly(now: datetime) -> datetime:
    """People move a little each day: archetypes follow them, by a sample."""
    _request_archetypes(ArchetypeRun.Kind.NIGHTLY, now)
    return next_night(now, ZoneInfo(programme_zone()), at=ARCHETYPES_NIGHTLY_AT)


@due_work(ARCHETYPES_WEEKLY, follows_time_zone=True)
def find_archetypes_weekly(now: datetime) -> datetime:
    """By more customers, or all of them; every four weeks their number is searched for anew.

    It waits for another run to end: a machine that is switched on in the morning owes both of the night.
    """
    job = _request_archetypes(ArchetypeRun.Kind.WEEKLY, now)
    if job is not None and job.params.get("kind") != ArchetypeRun.Kind.WEEKLY:
        return now + AFTER_ANOTHER_RUN
    return next_night(now, ZoneInfo(programme_zone()), at=ARCHETYPES_WEEKLY_AT, weekday=SUNDAY)


def _request_archetypes(kind: str, now: datetime) -> Job | None:
    """The run of this kind, or another that goes on; None where nobody bought and no archetype is left."""
    if not Order.objects.exists() and not CustomerArchetype.objects.exists():
        return None
    return request_run(ARCHETYPES, actor=SYSTEM, now=now, params={"kind": kind})


@job_kind(PRODUCTS, title=_("Counting products"))
def run_products(run: JobRun) -> dict[str, object]:
    from intelligence.actions.products import count_products  # loads numpy and scipy

    def report(done: int, total: int) -> None:
        run.report(done, total, force=done in (0, total))

    return asdict(count_products(now=timezone.now(), report=report))


@due_work(PAIRS_DUE)
def count_products_nightly(now: datetime) -> datetime | None:
    """Each night while there are sales; at once when all of them were read anew."""
    has_sales = Order.objects.exists()
    if has_sales or ProductPair.objects.exists():  # of sales that were taken back
        request_run(PRODUCTS, actor=SYSTEM, now=now)
    return next_count(now, ZoneInfo(programme_zone())) if has_sales else None


@job_kind(ANALYSIS, title=_("Looking for insights"))
def run_analysis(run: JobRun) -> dict[str, object]:
    def report(done: int, total: int, part: str) -> None:
        run.report(done, total, part, force=True)

    found = analyse_sales(now=timezone.now(), report=report)
    return {"as_of": found.as_of.isoformat() if found else None}


@due_work(ANALYSIS, follows_time_zone=True)
def analyse_nightly(now: datetime) -> datetime:
    """Each night, and some minutes after an import. The first one waits for what it is made of."""
    if Order.objects.exists():
        if not (AnalysisRun.objects.exists() or (FeatureRun.objects.exists() and pairs_counted_at())):
            return now + AFTER_IMPORT
        request_run(ANALYSIS, actor=SYSTEM, now=now)
    return next_night(now, ZoneInfo(programme_zone()), at=ANALYSED_AT)


@stream_reader("intelligence.imports")
def score_after_imports(events: Sequence[Event]) -> None:
    """Whoever brings the history of a shop sees its groups at once, not tomorrow."""
    if any(event.name == IMPORT_FINISHED.name for event in events):
        now = timezone.now()
        request_run(JOB, actor=SYSTEM, now=now)
        request_run(FORECAST, actor=SYSTEM, now=now)
        if not BacktestRun.objects.exists():
            request_run(BACKTEST, actor=SYSTEM, now=now)
        if not ArchetypeRun.objects.exists():
            request_run(ARCHETYPES, actor=SYSTEM, now=now)
        ensure_due(kind=ANALYSIS, by=now + AFTER_IMPORT)


def next_night(now: datetime, zone: ZoneInfo, *, at: time = NIGHTLY_AT, weekday: int | None = None) -> datetime:
    """The next `at` by the wall clock of the zone, on this day of the week (Monday is 0) or on any."""
    day = local_day(now, zone)
    if datetime.combine(day, at, tzinfo=zone) <= now:
        day += timedelta(days=1)
    if weekday is not None:
        day += timedelta(days=(weekday - day.weekday()) % 7)
    return datetime.combine(day, at, tzinfo=zone)
