"""Asking the past how well each way of forecasting does in this programme, each week. docs/algorithms/value.md.

Only the job imports this module: it loads numpy, scipy and the models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from threadpoolctl import threadpool_limits

from core.actor import SYSTEM
from core.clock import local_day
from customers.actions.rollups import programme_zone
from intelligence.actions.forecasts import purchase_days
from intelligence.actions.requests import FORECAST, request_run
from intelligence.actions.settings import settings_now
from intelligence.engine import accuracy, backtest, candidates
from intelligence.engine.backtest import Forecaster, Scores
from intelligence.engine.enough import LEAST_BUYERS
from intelligence.engine.purchase_days import PurchaseDays
from intelligence.engine.rhythm import USUAL_HORIZON, horizon_of
from intelligence.models import BacktestRun
from intelligence.reports_backtest import newest_choice

ORIGINS = 7  # days of the past, five weeks apart
JUDGED = 50_000  # customers: more change no figure that is shown
SEED = 0
DIGITS = 6
Report = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class TooYoung:
    """There is no period of `horizon_days` that is over and has enough before it."""

    horizon_days: int


def run_backtest(*, now: datetime, report: Report = lambda done, total, name: None) -> BacktestRun | TooYoung:
    """Hold every candidate against what came, choose the best and keep what was found.

    The whole programme is forecast again where another candidate was the best one before. `report(done, total, code)`
    is told of each candidate on each day, and may raise to stop: then nothing is written.
    """
    started_at = timezone.now()
    day = local_day(now, ZoneInfo(programme_zone())) - timedelta(days=1)
    history = purchase_days(day)
    if len(history.customers) == 0:
        return TooYoung(settings_now().horizon_days or USUAL_HORIZON)
    horizon = settings_now().horizon_days or horizon_of(history.until(day.toordinal()))
    judged = history.some(JUDGED, seed=SEED)
    days = backtest.origins(judged, horizon=horizon, count=ORIGINS, until=day.toordinal())
    days = [one for one in days if len(judged.until(one)) >= LEAST_BUYERS]
    if not days:
        return TooYoung(horizon)
    with threadpool_limits(1):
        open_ones = candidates.open_to(len(history.customers), day.toordinal() - history.first_day, horizon)
        results = backtest.run({**open_ones, **candidates.NAIVE}, judged, days, horizon=horizon, report=report)
        ours = {code: results[code] for code in open_ones}
        chances, money = backtest.best_for_chances(ours), backtest.best_for_money(ours)
        newest = _newest(open_ones[chances], open_ones[money], judged, days[-1], horizon)
    before = newest_choice()
    with transaction.atomic():
        run = BacktestRun.objects.create(
            started_at=started_at,
            finished_at=timezone.now(),
            as_of=day,
            customers=len(history.customers),
            judged=len(judged.customers),
            horizon_days=horizon,
            for_chances=chances,
            for_money=money,
            scores={code: [_plain(one) for one in scores] for code, scores in results.items()},
            **newest,
        )
        if (chances, money) != before:
            request_run(FORECAST, actor=SYSTEM, now=now)
    return run


def _newest(
    chances: Forecaster, money: Forecaster, history: PurchaseDays, day: int, horizon: int
) -> Mapping[str, Sequence[Sequence[float]]]:
    """What the two that were chosen said on the newest day, beside what came."""
    said, spend = chances(history, day, horizon), money(history, day, horizon).spend
    came = history.between(said.customers, day, day + horizon)
    return {
        "calibration": _rounded(map(astuple, accuracy.calibration(said.chance, came.days > 0))),
        "deciles": _rounded(map(astuple, accuracy.deciles(spend, came.spend))),
        "gain": _rounded(accuracy.gain_curve(spend, came.spend)),
    }


def _plain(scores: Scores) -> dict[str, Any]:
    """As JSON has it: the day by its name, and null for what cannot be told."""
    figures = {
        name: round(value, DIGITS) if isinstance(value, float) and isfinite(value) else None
        for name, value in asdict(scores).items()
    }
    counts = {name: getattr(scores, name) for name in ("customers", "came_active")}
    return {**figures, **counts, "day": date.fromordinal(scores.day).isoformat()}


def _rounded(rows: Any) -> list[list[float]]:
    return [[round(value, DIGITS) for value in row] for row in rows]
