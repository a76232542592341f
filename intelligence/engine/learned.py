"""A learned challenger: trees that look at earlier periods of the same programme, averaged with the model.

Boosted trees on what was known at earlier days and what came after them (J. Friedman, "Greedy function approximation: a
gradient boosting machine", 2001; scikit-learn's histogram version). The model's own forecast is among what they see.
Alone they are worse calibrated than the model, for want of seasons to learn from; the mean of both ranks better where
there are many periods. The backtest decides (`intelligence.engine.backtest`).
"""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from intelligence.engine.accuracy import Values
from intelligence.engine.backtest import STEP_DAYS, Forecaster
from intelligence.engine.enough import LEAST_HISTORY
from intelligence.engine.forecast import Forecast
from intelligence.engine.purchase_days import PurchaseDays

LEAST_PERIODS = 4
LEAST_CUSTOMERS = 2_000
MOST_PERIODS = 12
MOST_TAUGHT = 6_000  # customers, whose earlier periods teach; forecast is everybody
SEED = 0
WINDOWS = (30, 91, 182, 364)  # days back
LEAST_GAP = 0.5  # weeks
TOP = 0.999  # of the spend that trees see: one wholesaler's year is not a leaf
TREES = {"max_iter": 120, "learning_rate": 0.06, "max_leaf_nodes": 12, "min_samples_leaf": 60, "random_state": 0}


class Learned:
    """A forecaster: the mean of `model` and of trees taught with earlier periods; `model` alone where those are few."""

    def __init__(self, model: Forecaster) -> None:
        self.model = model
        self._teachers: WeakKeyDictionary[PurchaseDays, PurchaseDays] = WeakKeyDictionary()

    def __call__(self, history: PurchaseDays, day: int, horizon: int) -> Forecast:
        said = self.model(history, day, horizon)
        teachers = self._teachers_of(history)
        past = range(day - horizon, teachers.first_day + LEAST_HISTORY - 1, -STEP_DAYS)[:MOST_PERIODS]
        if len(past) < LEAST_PERIODS or len(said.customers) < LEAST_CUSTOMERS:
            return said
        seen, came_at_all, spend = self._lessons(teachers, list(past), horizon)
        if not 0 < came_at_all.mean() < 1 or not spend.any():  # there is nothing to tell apart
            return said
        now = _looked_at(history, day, said)
        chance = HistGradientBoostingClassifier(**TREES).fit(seen, came_at_all).predict_proba(now)[:, 1]
        money = HistGradientBoostingRegressor(loss="poisson", **TREES).fit(seen, spend).predict(now)
        return replace(said, chance=(said.chance + chance) / 2, spend=(said.spend + money) / 2)

    def _teachers_of(self, history: PurchaseDays) -> PurchaseDays:
        if history not in self._teachers:
            self._teachers[history] = history.some(MOST_TAUGHT, seed=SEED)
        return self._teachers[history]

    def _lessons(self, history: PurchaseDays, days: list[int], horizon: int) -> tuple[Values, Values, Values]:
        """What was known at each of `days`, whether people came in the `horizon` after it, and what they spent."""
        rows, active, spend = [], [], []
        for day in days:
            said = self.model(history, day, horizon)
            came = history.between(said.customers, day, day + horizon)
            rows.append(_looked_at(history, day, said))
            active.append((came.days > 0).astype(np.float64))
            spend.append(np.maximum(came.spend, 0))
        together = np.concatenate(spend)
        return np.vstack(rows), np.concatenate(active), np.minimum(together, np.quantile(together, TOP))


def _looked_at(history: PurchaseDays, day: int, said: Forecast) -> Values:
    """One row for each customer of the forecast. Times are weeks, money is in logarithms."""
    known = history.until(day)
    quiet = known.age - known.recency
    gap = known.recency / np.maximum(known.frequency, 1)
    before = [history.between(known.customers, day - window, day) for window in WINDOWS]
    times = [known.frequency, known.recency, known.age, quiet, gap, quiet / np.maximum(gap, LEAST_GAP)]
    money = [known.mean_spend, said.spend, *(np.maximum(period.spend, 0) for period in before)]
    counts = [said.chance, said.purchases, *(period.days for period in before)]
    return np.column_stack([*times, *counts, *map(np.log1p, money)])
