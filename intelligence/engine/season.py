"""The same weeks of the year before, as a scale on what a model says.

The models know no calendar. A year and a horizon back the same model was asked the same question, and what came then is
known: the ratio of what came to what was said is taken over, shrunk to 1 the less was known at the time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from intelligence.engine.accuracy import Values
from intelligence.engine.backtest import Forecaster
from intelligence.engine.enough import LEAST_HISTORY
from intelligence.engine.forecast import Forecast
from intelligence.engine.purchase_days import PurchaseDays

YEAR_DAYS = 364  # whole weeks: the same weekdays
TRUSTED_DAYS = 182  # of history before the day a year ago, from which its ratio counts in full
WIDEST = 2.0  # no ratio moves a forecast further, up or down
STEPS = 60  # of halving: exact to the last bit


@dataclass(frozen=True, slots=True)
class Season:
    """Factors on the chance of coming (of its mean), the number of purchases and the spend. All 1: nothing is known."""

    chance: float = 1.0
    purchases: float = 1.0
    spend: float = 1.0


class Seasonal:
    """A forecaster: `ask`, scaled by the same season of the year before."""

    def __init__(self, ask: Forecaster) -> None:
        self.ask = ask

    def __call__(self, history: PurchaseDays, day: int, horizon: int) -> Forecast:
        return in_season(self.ask(history, day, horizon), season_of(self.ask, history, day, horizon))


def season_of(ask: Forecaster, history: PurchaseDays, day: int, horizon: int) -> Season:
    """What the year before says of the `horizon` after `day`; nothing unless `ask` could be asked and held then."""
    then = day - YEAR_DAYS
    known_days = then - history.first_day
    if known_days < LEAST_HISTORY or then + horizon > day:
        return Season()
    said = ask(history, then, horizon)
    came = history.between(said.customers, then, then + horizon)
    trust = min(1.0, known_days / TRUSTED_DAYS)

    def factor(came_total: float, said_total: float) -> float:
        if came_total <= 0 or said_total <= 0:
            return 1.0
        return float(np.clip((came_total / said_total) ** trust, 1 / WIDEST, WIDEST))

    return Season(
        chance=factor(float((came.days > 0).sum()), float(said.chance.sum())),
        purchases=factor(float(came.days.sum()), float(said.purchases.sum())),
        spend=factor(float(came.spend.sum()), float(said.spend.sum())),
    )


def in_season(forecast: Forecast, season: Season) -> Forecast:
    """The forecast with the factors on it. The order of customers by chance stays."""
    return replace(
        forecast,
        chance=_scaled_chance(forecast.chance, season.chance),
        purchases=forecast.purchases * season.purchases,
        spend=forecast.spend * season.spend,
    )


def _scaled_chance(chance: Values, factor: float) -> Values:
    """Chances whose mean is `factor` times theirs: as if everybody met with a power of the luck, 1 − (1 − p)^s."""
    if factor == 1.0 or len(chance) == 0:
        return chance
    wanted = min(float(chance.mean()) * factor, float((chance > 0).mean()) * 0.999)
    missed = 1 - np.clip(chance, 0, 1 - 1e-12)
    low, high = 0.0, 64.0
    for _step in range(STEPS):
        power = (low + high) / 2
        low, high = (power, high) if float((1 - missed**power).mean()) < wanted else (low, power)
    return 1 - missed ** ((low + high) / 2)
