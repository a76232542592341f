"""How well the programme's forecasts would have done, as the page and the API show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import fmean
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Min

from core.clock import day_start, local_day
from customers.models import CustomerFacts, CustomerScores
from intelligence.candidate_words import NAIVE, meaning_of, name_of
from intelligence.engine.enough import LEAST_BUYERS, weeks_lacking
from intelligence.models import BacktestRun, IntelligenceSettings
from workspace.models import Job

BACKTEST = "intelligence.backtest"  # the job
SAME_OF_EVERYBODY = "mean"  # what the errors of the others are shares of
USUAL_HORIZON = 91  # days, before the first forecast


@dataclass(frozen=True, slots=True)
class Period:
    """What would have been said of `customers` at the end of `day`, and what came in the horizon after it.

    `off` are shares: 0.04 for 4 % too much; None where nothing came.
    """

    day: date
    customers: int
    said: float
    came: int
    said_spend: Decimal
    came_spend: Decimal

    @property
    def off(self) -> float | None:
        return self.said / self.came - 1 if self.came else None

    @property
    def spend_off(self) -> float | None:
        return float(self.said_spend / self.came_spend) - 1 if self.came_spend > 0 else None


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """One way of forecasting, over all periods: means, and `spend_off` without its sign.

    The errors are shares of those of the forecast that says the same of everybody; the less the better.
    """

    code: str
    name: str
    meaning: str
    is_naive: bool
    is_for_chances: bool
    is_for_money: bool
    chance_error: float | None
    money_error: float | None
    picks_right: float  # of one who came and one who did not
    spend_off: float | None
    top_fifth: float
    in_range: float | None
    figures: Mapping[str, float | None]  # means of all that the engine scored, by its name


@dataclass(frozen=True, slots=True)
class Backtest:
    """The newest run. `held` is its newest period; the lists are of that period, as in `BacktestRun`."""

    finished_at: datetime
    as_of: date
    customers: int
    judged: int
    horizon_days: int
    for_chances: str  # codes of candidates
    for_money: str
    held: Period
    in_range: float | None  # share of customers who spent what the range of 8 in 10 said
    periods: Sequence[Period]  # the newest first
    candidates: Sequence[CandidateRow]  # ours, then the naive ones
    calibration: Sequence[tuple[int, float, float]]
    deciles: Sequence[tuple[int, float, float]]
    gain: Sequence[tuple[float, float]]

    @property
    def is_sample(self) -> bool:
        return self.judged < self.customers


@dataclass(frozen=True, slots=True)
class Lack:
    """What a programme still needs: so many more weeks, and customers who first bought before the horizon began."""

    weeks: int
    horizon_days: int
    buyers: int  # counted up to those that are needed
    buyers_needed: int = LEAST_BUYERS

    @property
    def is_ready(self) -> bool:
        return not self.weeks and self.buyers >= self.buyers_needed


def newest_choice() -> tuple[str, str]:
    """Codes of the candidates for chances and for money that forecasts use; empty before the first backtest."""
    newest = BacktestRun.objects.order_by("-finished_at").values_list("for_chances", "for_money").first()
    return newest or ("", "")


def newest_backtest() -> Backtest | None:
    """One query."""
    run = BacktestRun.objects.order_by("-finished_at").first()
    if run is None:
        return None
    periods = [
        _period(chances, money)
        for chances, money in zip(run.scores[run.for_chances], run.scores[run.for_money], strict=True)
    ][::-1]
    return Backtest(
        finished_at=run.finished_at,
        as_of=run.as_of,
        customers=run.customers,
        judged=run.judged,
        horizon_days=run.horizon_days,
        for_chances=run.for_chances,
        for_money=run.for_money,
        held=periods[0],
        in_range=run.scores[run.for_money][-1]["covered"],
        periods=periods,
        candidates=_candidates(run),
        calibration=[tuple(row) for row in run.calibration],
        deciles=[tuple(row) for row in run.deciles],
        gain=[tuple(row) for row in run.gain],
    )


def lack_of_history(*, now: datetime, zone: ZoneInfo) -> Lack:
    """What a first backtest waits for. Five queries."""
    horizon = _horizon()
    yesterday = local_day(now, zone) - timedelta(days=1)
    first = CustomerFacts.objects.aggregate(first=Min("first_order_at"))["first"]
    known = (yesterday - local_day(first, zone)).days if first else 0
    asked_at = day_start(yesterday - timedelta(days=horizon - 1), zone)
    buyers = CustomerFacts.objects.filter(first_order_at__lt=asked_at)[:LEAST_BUYERS].count()
    return Lack(weeks=weeks_lacking(known, horizon), horizon_days=horizon, buyers=buyers)


def _horizon() -> int:
    """The owner's, else what the last try or the forecasts found to be the shop's rhythm."""
    decided = IntelligenceSettings.objects.values_list("horizon_days", flat=True).first()
    tried = Job.objects.filter(kind=BACKTEST, state=Job.State.DONE).order_by("-id").first()
    found = tried.result.get("horizon_days") if tried else None
    return decided or found or CustomerScores.objects.values_list("horizon_days", flat=True).first() or USUAL_HORIZON


def _period(chances: Mapping[str, Any], money: Mapping[str, Any]) -> Period:
    return Period(
        day=date.fromisoformat(chances["day"]),
        customers=chances["customers"],
        said=chances["said_active"],
        came=chances["came_active"],
        said_spend=Decimal(str(money["said_spend"])),
        came_spend=Decimal(str(money["came_spend"])),
    )


def _candidates(run: BacktestRun) -> list[CandidateRow]:
    means = {code: _means(scores) for code, scores in run.scores.items()}
    usual = means.get(SAME_OF_EVERYBODY, {})
    rows = [
        CandidateRow(
            code=code,
            name=name_of(code),
            meaning=meaning_of(code),
            is_naive=code in NAIVE,
            is_for_chances=code == run.for_chances,
            is_for_money=code == run.for_money,
            chance_error=_share(mean["brier"], usual.get("brier")),
            money_error=_share(mean["spend_deviance"], usual.get("spend_deviance")),
            picks_right=mean["area_under_curve"] or 0,
            spend_off=_mean(abs(one["spend_bias"]) for one in run.scores[code] if one["spend_bias"] is not None),
            top_fifth=mean["top_fifth"] or 0,
            in_range=mean["covered"],
            figures=mean,
        )
        for code, mean in means.items()
    ]
    return sorted(rows, key=lambda row: (row.is_naive, row.chance_error or 0))


def _means(scores: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    names = [name for name in scores[0] if name not in ("day", "customers")]
    return {name: _mean(one[name] for one in scores if one[name] is not None) for name in names}


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return fmean(found) if found else None


def _share(value: float | None, of: float | None) -> float | None:
    return value / of if value is not None and of else None
