"""BG/NBD and MBG/NBD: a customer can leave after each purchase, with a chance of their own (beta over the customers).

Parameters: r, alpha (weeks) of the gamma distribution of purchase rates; a, b of the beta distribution of the chance to
leave. In the BG/NBD nobody leaves after the first purchase, so whoever bought once is alive for ever; in the MBG/NBD
one can. With k for the times that a customer with x repeat purchases could have left (x, or x + 1) they are one model.

Sources: P. Fader, B. Hardie, K. L. Lee, "Counting your customers the easy way" (2005); E. Batislam, M. Denizel,
A. Filiztekin, "Empirical validation and comparison of models for customer base analysis" (2007); U. Wagner, D. Hoppe,
"Erratum on the MBG/NBD model" (2008).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from scipy.special import betaln, digamma, gammaln

from intelligence.engine.estimation import Fitted, Objective, Prior, fit_histories
from intelligence.engine.histories import FloatArray, Histories
from intelligence.engine.purchases import Params, check_horizon

ROUNDING = 1e-11  # what is left of 1 after so many additions is no chance


@dataclass(frozen=True, slots=True)
class BetaGeometric:
    """`chances_at_first`: how often one can leave at the first purchase, 0 (BG/NBD) or 1 (MBG/NBD)."""

    chances_at_first: int
    usual: Prior

    @property
    def names(self) -> tuple[str, ...]:
        return ("r", "alpha", "a", "b")

    def log_likelihood(self, params: Params, data: Histories) -> float:
        return self.objective(data)(np.log(params))[0]

    def fit(self, data: Histories, *, start: Params | None = None, prior: Prior | None = None) -> Fitted:
        weeks = data.mean_age
        starts = [start] if start else [(0.5, weeks / 4, 1.0, 2.0), (1.5, weeks, 0.3, 1.0)]
        return fit_histories(self.objective(data), data, centre=(1.0, weeks, 1.0, 1.0), starts=starts, prior=prior)

    def objective(self, data: Histories) -> Objective:
        """The log-likelihood and its gradient, as functions of the log-parameters."""
        x, chances = data.frequency.values, data.frequency.values + self.chances_at_first
        could_leave = chances > 0
        buyers = data.frequency.total(data.count)
        bought = data.frequency.rows

        def value_and_gradient(point: FloatArray) -> tuple[float, FloatArray]:
            r, alpha, a, b = np.exp(point)
            log_age = np.log(alpha + data.age.values)[data.age.index]
            stretch = log_age - np.log(alpha + data.recency.values)[data.recency.index]
            rate = r + bought
            left = np.where(could_leave, b + chances - 1, 1.0)
            odds = np.where(could_leave, np.log(a / left), -np.inf)[data.frequency.index] + rate * stretch
            small = np.exp(-np.abs(odds))
            gone = np.where(odds > 0, 1.0, small) / (1 + small) * data.count
            value = buyers @ (gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + chances) - betaln(a, b))
            value += data.count @ (np.maximum(odds, 0) + np.log1p(small) - rate * log_age)

            shared = digamma(a + b) - digamma(a + b + chances)
            gone_by_x = data.frequency.total(gone)
            by_age = 1 / (alpha + data.age.values)[data.age.index]
            by_recency = 1 / (alpha + data.recency.values)[data.recency.index]
            gradient = np.array(
                [
                    buyers @ (digamma(r + x) - digamma(r) + np.log(alpha)) - data.count @ log_age + gone @ stretch,
                    data.customers * r / alpha - (data.count - gone) @ (rate * by_age) - gone @ (rate * by_recency),
                    buyers @ shared + gone_by_x.sum() / a,
                    buyers @ (shared + digamma(b + chances) - digamma(b)) - (gone_by_x / left)[could_leave].sum(),
                ]
            )
            return float(value), gradient * np.exp(point)

        return value_and_gradient

    def probability_alive(self, params: Params, data: Histories) -> FloatArray:
        r, alpha, a, b = params
        chances = data.frequency.rows + self.chances_at_first
        could_leave = chances > 0
        stretch = np.log((alpha + data.age.rows) / (alpha + data.recency.rows))
        odds = np.log(a / np.where(could_leave, b + chances - 1, 1.0)) + (r + data.frequency.rows) * stretch
        return np.where(could_leave, np.exp(-np.logaddexp(0, odds)), 1.0)

    def probability_of_purchase(self, params: Params, data: Histories, horizon: float) -> FloatArray:
        check_horizon(horizon)
        r, alpha, _a, _b = params
        nothing = (r + data.frequency.rows) * np.log1p(horizon / (alpha + data.age.rows))
        return self.probability_alive(params, data) * -np.expm1(-nothing)

    def expected_purchases(self, params: Params, data: Histories, horizon: float) -> FloatArray:
        return self._moments(params, data, horizon)[0]

    def variance_of_purchases(self, params: Params, data: Histories, horizon: float) -> FloatArray:
        mean, square = self._moments(params, data, horizon)
        variance: FloatArray = square - mean**2
        return variance

    def _moments(self, params: Params, data: Histories, horizon: float) -> tuple[FloatArray, FloatArray]:
        """The mean of the number of purchases, and of its square.

        The papers have the mean as 2F1, which is no faster, overflows for those who buy much and has no value at a = 1.
        """

        def given_alive(x: FloatArray, age: FloatArray) -> FloatArray:
            mean, square = np.zeros_like(x), np.zeros_like(x)
            for number, reached in enumerate(self._reaching(params, x, age, horizon), start=1):
                mean += reached
                square += (2 * number - 1) * reached
                if not reached.any():
                    break
            return np.stack([mean, square], axis=1)

        moments = self.probability_alive(params, data)[:, None] * data.by_pair(given_alive)
        return moments[:, 0], moments[:, 1]

    def distribution(self, params: Params, data: Histories, horizon: float, upto: int) -> FloatArray:
        def reaching(x: FloatArray, age: FloatArray) -> FloatArray:
            return np.stack(list(islice(self._reaching(params, x, age, horizon), upto + 1)), axis=1)

        alive = self.probability_alive(params, data)[:, None]
        at_least = np.concatenate([np.ones_like(alive), alive * data.by_pair(reaching)], axis=1)
        return -np.diff(at_least, axis=1)

    def _reaching(self, params: Params, x: FloatArray, age: FloatArray, horizon: float) -> Iterator[FloatArray]:
        """The chances of at least 1, 2, … purchases within `horizon` of somebody alive, without end.

        So many come from the rate alone (negative binomial), and the customer stayed after each but the last.
        """
        check_horizon(horizon)
        r, alpha, a, b = params
        shape, stays = r + x, b + x + self.chances_at_first
        share = horizon / (alpha + age + horizon)
        log_chance = shape * np.log1p(-share)
        fewer, stayed, number = np.zeros_like(x), np.ones_like(x), 0
        while True:
            fewer = fewer + np.exp(log_chance)
            yield np.where(fewer < 1 - ROUNDING, stayed * (1 - fewer), 0.0)
            log_chance = log_chance + np.log((shape + number) / (number + 1) * share)
            stayed = stayed * ((stays + number) / (a + stays + number))
            number += 1


# The middle of CDNOW and of Online Retail II before August 2011, and wide: shops differ.
BG_NBD = BetaGeometric(0, Prior.around((0.5, 7.0, 0.4, 3.0), factor=3.0))
MBG_NBD = BetaGeometric(1, Prior.around((0.7, 8.0, 0.4, 3.0), factor=3.0))
