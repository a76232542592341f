"""Each way of forecasting, asked at days of the past and held against what came.

A forecaster is given a history and a day, and must look at nothing after it; it is scored on the `horizon` (in days)
that follows. What the product shows of a programme is the best of the candidates on that programme's own past, by rules
of scoring that only an honest forecast wins: the Brier score for chances, the Tweedie deviance for money (T. Gneiting,
"Making and evaluating point forecasts", 2011).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol
from weakref import WeakKeyDictionary

import numpy as np

from intelligence.engine import accuracy
from intelligence.engine.accuracy import Values
from intelligence.engine.enough import LEAST_HISTORY
from intelligence.engine.forecast import Forecast, spend_range
from intelligence.engine.purchase_days import PurchaseDays

STEP_DAYS = 35  # five weeks: origins fall on the same weekday, and on other parts of the month
LEAST_SAID = 0.01  # money: the deviance of a forecast of nothing is infinite


class Forecaster(Protocol):
    def __call__(self, history: PurchaseDays, day: int, horizon: int) -> Forecast: ...


@dataclass(frozen=True, slots=True)
class Scores:
    """One forecaster at one day, named as in `intelligence.engine.accuracy`; `covered` is None without a range."""

    day: int
    customers: int
    area_under_curve: float
    brier: float
    calibration_error: float
    purchases_bias: float
    spend_bias: float
    spend_error: float
    spend_deviance: float
    rank: float
    gini: float
    top_fifth: float  # share of all that came from the fifth with the highest forecasts
    covered: float | None
    said_active: float
    came_active: int
    said_spend: float
    came_spend: float


def origins(history: PurchaseDays, *, horizon: int, count: int, until: int | None = None) -> list[int]:
    """Up to `count` days, oldest first, STEP_DAYS apart, after each of which a horizon is known (up to `until`)."""
    newest = (history.last_day if until is None else until) - horizon
    days = (newest - STEP_DAYS * step for step in range(count))
    return [day for day in days if day - history.first_day >= LEAST_HISTORY][::-1]


def score(forecast: Forecast, history: PurchaseDays, day: int, horizon: int) -> Scores:
    came = history.between(forecast.customers, day, day + horizon)
    active = came.days > 0
    spend = np.maximum(came.spend, 0)
    highest = np.argsort(-forecast.spend, kind="stable")[: max(1, round(len(spend) * accuracy.TOP_SHARE))]
    covered = None
    if forecast.variation is not None:
        low, high = spend_range(forecast)
        covered = float(np.mean((spend >= low) & (spend <= high)))
    return Scores(
        day=day,
        customers=len(active),
        area_under_curve=accuracy.area_under_curve(forecast.chance, active),
        brier=accuracy.brier_score(forecast.chance, active),
        calibration_error=accuracy.calibration_error(forecast.chance, active),
        purchases_bias=accuracy.bias(forecast.purchases, came.days),
        spend_bias=accuracy.bias(forecast.spend, came.spend),
        spend_error=accuracy.mean_absolute_error(forecast.spend, came.spend),
        spend_deviance=deviance(forecast.spend, spend),
        rank=accuracy.rank_correlation(forecast.spend, came.spend),
        gini=accuracy.normalised_gini(forecast.spend, came.spend),
        top_fifth=float(spend[highest].sum() / max(spend.sum(), LEAST_SAID)),
        covered=covered,
        said_active=float(forecast.chance.sum()),
        came_active=int(active.sum()),
        said_spend=float(forecast.spend.sum()),
        came_spend=float(came.spend.sum()),
    )


def deviance(said: Values, came: Values) -> float:
    """Mean Tweedie deviance of power 1.5, between counts (1) and sizes (2), as sums of few sizes are; `came` ≥ 0.

    Source: B. Jørgensen, "Exponential dispersion models", 1987.
    """
    said = np.maximum(said, LEAST_SAID)
    return float(np.mean(4 * (np.sqrt(said) - np.sqrt(came)) ** 2 / np.sqrt(said)))


class Remembered:
    """A forecaster that answers the same question of the same history once: seasons and lessons ask again."""

    def __init__(self, ask: Forecaster) -> None:
        self.ask = ask
        self._answers: WeakKeyDictionary[PurchaseDays, dict[tuple[int, int], Forecast]] = WeakKeyDictionary()

    def __call__(self, history: PurchaseDays, day: int, horizon: int) -> Forecast:
        answers = self._answers.setdefault(history, {})
        if (day, horizon) not in answers:
            answers[day, horizon] = self.ask(history, day, horizon)
        return answers[day, horizon]


def run(
    forecasters: Mapping[str, Forecaster],
    history: PurchaseDays,
    days: Sequence[int],
    *,
    horizon: int,
    report: Callable[[int, int, str], None] = lambda done, total, name: None,
) -> dict[str, list[Scores]]:
    """Name of a forecaster → its scores at each of `days`.

    `report(done, total, name)` is told before each forecaster is asked about each day, and may raise to stop.
    """
    found: dict[str, list[Scores]] = {name: [] for name in forecasters}
    total = len(found) * len(days)
    for name, ask in forecasters.items():
        for day in days:
            report(sum(map(len, found.values())), total, name)
            found[name].append(score(ask(history, day, horizon), history, day, horizon))
    return found


def best_for_chances(results: Mapping[str, Sequence[Scores]]) -> str:
    """The name with the lowest mean Brier score; the first of equals."""
    return min(results, key=lambda name: fmean(one.brier for one in results[name]))


def best_for_money(results: Mapping[str, Sequence[Scores]]) -> str:
    """The name with the lowest mean deviance of spend; the first of equals."""
    return min(results, key=lambda name: fmean(one.spend_deviance for one in results[name]))
