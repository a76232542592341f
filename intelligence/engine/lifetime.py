"""How often somebody comes back times what they spend: the forecast of a purchase model and Gamma-Gamma.

docs/algorithms/value.md is the specification; the models' own sources are in their modules.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from intelligence.engine import gamma_gamma
from intelligence.engine.accuracy import Values
from intelligence.engine.estimation import Prior, TooFewRepeaters
from intelligence.engine.forecast import Forecast
from intelligence.engine.histories import Histories
from intelligence.engine.purchase_days import DAYS_OF_WEEK, PurchaseDays, Purchases
from intelligence.engine.purchases import PurchaseModel

USUAL_SPEND = (2.3, 3.5)  # shapes of Gamma-Gamma in a shop of gifts; the scale is the programme's own
LEAST_SPEND = 0.01
LEAST_VARIATION = 1e-3  # spend that hardly varies: the range is a line


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learnt of everybody until a day: enough to say something of any horizon after it."""

    known: Purchases
    data: Histories
    params: tuple[float, ...]
    spend_params: tuple[float, ...]


class Lifetime:
    """A forecaster (`backtest.Forecaster`): fits `model` and Gamma-Gamma to the history until a day, and asks them.

    The parameters lean on what is usual in shops: hardly where there are many customers, much where few came back, and
    along the ridges that the likelihood has in between. What was learnt is kept as long as its history, for other
    horizons of the same day.
    """

    def __init__(self, model: PurchaseModel) -> None:
        self.model = model
        self._learnt: WeakKeyDictionary[PurchaseDays, dict[int, Learnt]] = WeakKeyDictionary()

    def __call__(self, history: PurchaseDays, day: int, horizon: int) -> Forecast:
        return self.forecast(self.learn(history, day), horizon)

    def learn(self, history: PurchaseDays, day: int) -> Learnt:
        """Of everybody until the end of `day`; once for each history and day."""
        days = self._learnt.setdefault(history, {})
        if day not in days:
            days[day] = self._learn(history.until(day))
        return days[day]

    def _learn(self, known: Purchases) -> Learnt:
        data = Histories.of(known.frequency, known.recency, known.age)
        return Learnt(known, data, self.model.fit(data, prior=self.model.usual).params, _spend_params(known))

    def chance(self, learnt: Learnt, horizon: int) -> Values:
        """Of at least one purchase within `horizon` days."""
        by_row = self.model.probability_of_purchase(learnt.params, learnt.data, horizon / DAYS_OF_WEEK)
        return learnt.data.expand(by_row)

    def forecast(self, learnt: Learnt, horizon: int) -> Forecast:
        params, data, weeks = learnt.params, learnt.data, horizon / DAYS_OF_WEEK
        chance = self.chance(learnt, horizon)
        count = data.expand(self.model.expected_purchases(params, data, weeks))
        count_variance = data.expand(self.model.variance_of_purchases(params, data, weeks))
        mean, variance = _spend(learnt, count, count_variance)
        return Forecast(
            customers=learnt.known.customers,
            chance=chance,
            purchases=count,
            spend=mean,
            variation=_of_those_who_come(chance, mean, variance),
        )


def _spend(learnt: Learnt, count: Values, count_variance: Values) -> tuple[Values, Values]:
    """Mean and variance of what is spent on `count` days ahead."""
    known, params = learnt.known, learnt.spend_params
    mean = gamma_gamma.expected_spend(params, known.days, known.mean_spend)
    doubt = gamma_gamma.spend_variance(params, known.days, known.mean_spend)
    return count * mean, gamma_gamma.total_variance(params, count, count_variance, mean, doubt)


def _spend_params(known: Purchases) -> tuple[float, ...]:
    try:
        return gamma_gamma.fit(known.days, known.mean_spend).params
    except TooFewRepeaters:
        shape, rate = USUAL_SPEND
        scale = max(float(known.mean_spend.mean()), LEAST_SPEND) * (rate - 1) / shape
        return gamma_gamma.fit(
            known.days, np.maximum(known.mean_spend, LEAST_SPEND), prior=Prior.around((shape, rate, scale), factor=2)
        ).params


def _of_those_who_come(chance: Values, mean: Values, variance: Values) -> Values:
    """The squared coefficient of variation of spend above nothing, from the moments of all spend."""
    square = np.maximum(mean, np.finfo(float).tiny) ** 2
    return np.asarray(np.maximum(chance * (variance + square) / square - 1, LEAST_VARIATION))
