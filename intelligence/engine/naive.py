"""Forecasts without a model: what each of ours must beat."""

from __future__ import annotations

import numpy as np

from intelligence.engine.forecast import Forecast
from intelligence.engine.purchase_days import DAYS_OF_WEEK, PurchaseDays


def as_before(history: PurchaseDays, day: int, horizon: int) -> Forecast:
    """Everybody does what they did in the period before, of the same length."""
    known = history.until(day).customers
    before = history.between(known, day - horizon, day)
    return Forecast(known, (before.days > 0).astype(np.float64), before.days, np.maximum(before.spend, 0))


def mean(history: PurchaseDays, day: int, horizon: int) -> Forecast:
    """Everybody does the mean of the period before."""
    before = as_before(history, day, horizon)
    everybody = np.ones(len(before.customers))
    return Forecast(
        before.customers,
        everybody * before.chance.mean(),
        everybody * before.purchases.mean(),
        everybody * before.spend.mean(),
    )


def at_their_rate(history: PurchaseDays, day: int, horizon: int) -> Forecast:
    """Everybody goes on at the rate of their life so far; who came less than a horizon ago counts as that long."""
    known = history.until(day)
    periods = np.maximum(known.age * DAYS_OF_WEEK + 1, horizon) / horizon
    purchases = known.days / periods
    return Forecast(known.customers, 1 - np.exp(-purchases), purchases, purchases * known.mean_spend)
