"""Pareto/NBD: a customer can leave at any moment, at a rate of their own (gamma over the customers).

Parameters: r, alpha (weeks) of the gamma distribution of purchase rates; s, beta (weeks) of that of rates of leaving.
The papers write what is not known of the moment of leaving with 2F1, as a difference that loses its digits where a
customer bought lately. Here it is the integral that it came from, over a variable in which it is nearly flat, so
NODES points are exact to a billionth for parameters that shops have, and the gradient comes with it.

Sources: D. Schmittlein, D. Morrison, R. Colombo, "Counting your customers: who are they and what will they do next?"
(1987); P. Fader, B. Hardie, "A note on deriving the Pareto/NBD model and related expressions" (2005); the same,
"Deriving the conditional PMF of the Pareto/NBD model" (2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import digamma, exprel, gammaln

from intelligence.engine.estimation import Fitted, Objective, Prior, fit_histories
from intelligence.engine.histories import FloatArray, Histories
from intelligence.engine.purchases import Params, check_horizon

NODES = 12
NODES_FOR_COUNTS = 64  # many purchases in a horizon are a narrow peak in time
FLATTER = (
    6.0  # the variable decays by this root of the integrand: its end, where it has no derivative, then weighs nothing
)
ROWS_AT_ONCE = 4096  # times the nodes fit the processor's cache


class _Legendre(NamedTuple):
    at: FloatArray
    weight: FloatArray

    @classmethod
    def on_unit(cls, nodes: int) -> _Legendre:
        at, weight = np.polynomial.legendre.leggauss(nodes)
        return cls((at + 1) / 2, weight / 2)


class _Clock(NamedTuple):
    """It rings at a rate that is gamma-distributed: a purchase, or the leaving."""

    shape: FloatArray
    scale: FloatArray

    @classmethod
    def of(cls, shape: FloatArray | float, scale: FloatArray) -> _Clock:
        return cls(np.broadcast_to(shape, scale.shape), scale)

    @property
    def column(self) -> _Clock:
        """To be combined with several moments of each row."""
        return _Clock(self.shape[:, None], self.scale[:, None])

    def rows(self, piece: slice) -> _Clock:
        return _Clock(self.shape[piece], self.scale[piece])

    def silent(self, until: FloatArray) -> FloatArray:
        """The chance that it has not rung."""
        chance: FloatArray = np.exp(-self.shape * np.log1p(until / self.scale))
        return chance


_POINTS = _Legendre.on_unit(NODES)
_COUNT_POINTS = _Legendre.on_unit(NODES_FOR_COUNTS)


@dataclass(frozen=True, slots=True)
class Pareto:
    """The model; `usual` is what shops have."""

    usual: Prior

    @property
    def names(self) -> tuple[str, ...]:
        return ("r", "alpha", "s", "beta")

    def log_likelihood(self, params: Params, data: Histories) -> float:
        return self.objective(data)(np.log(params))[0]

    def fit(self, data: Histories, *, start: Params | None = None, prior: Prior | None = None) -> Fitted:
        weeks = data.mean_age
        starts = [start] if start else [(0.5, weeks / 4, 0.5, weeks / 2), (1.5, weeks, 1.0, weeks * 2)]
        return fit_histories(self.objective(data), data, centre=(1.0, weeks, 1.0, weeks), starts=starts, prior=prior)

    def objective(self, data: Histories) -> Objective:
        """The log-likelihood and its gradient, as functions of the log-parameters."""
        number, buyers = data.frequency.values, data.frequency.total(data.count)
        rows = [column.rows for column in (data.frequency, data.recency, data.age)]
        pieces = _pieces(len(data.count))

        def value_and_gradient(point: FloatArray) -> tuple[float, FloatArray]:
            r, alpha, s, beta = params = np.exp(point)
            logs = np.log(alpha), np.log(beta)
            value = buyers @ (gammaln(r + number) - gammaln(r) + r * logs[0] + s * logs[1])
            by_r = buyers @ (digamma(r + number) - digamma(r) + logs[0])
            gradient = np.array([by_r, buyers.sum() * r / alpha, buyers.sum() * logs[1], buyers.sum() * s / beta])
            for piece in pieces:
                more, slope = _unfinished(params, *(column[piece] for column in rows))
                value += data.count[piece] @ more
                gradient += slope @ data.count[piece]
            return float(value), gradient * params

        return value_and_gradient

    def probability_alive(self, params: Params, data: Histories) -> FloatArray:
        r, alpha, s, beta = params
        recency, quiet = data.recency.rows, data.age.rows - data.recency.rows
        buys, leaves = _Clock.of(r + data.frequency.rows, alpha + recency), _Clock.of(s, beta + recency)
        here = buys.silent(quiet) * leaves.silent(quiet)
        left = np.concatenate(
            [_first(leaves.rows(piece), buys.rows(piece), quiet[piece]) for piece in _pieces(len(here))]
        )
        alive: FloatArray = here / (here + left)
        return alive

    def probability_of_purchase(self, params: Params, data: Histories, horizon: float) -> FloatArray:
        check_horizon(horizon)
        r, alpha, s, beta = params

        def given_alive(x: FloatArray, age: FloatArray) -> FloatArray:
            return _first(_Clock.of(r + x, alpha + age), _Clock.of(s, beta + age), np.full_like(age, horizon))

        return self.probability_alive(params, data) * data.by_pair(given_alive)

    def expected_purchases(self, params: Params, data: Histories, horizon: float) -> FloatArray:
        return self._moments(params, data, horizon)[0]

    def variance_of_purchases(self, params: Params, data: Histories, horizon: float) -> FloatArray:
        mean, square = self._moments(params, data, horizon)
        variance: FloatArray = square - mean**2
        return variance

    def _moments(self, params: Params, data: Histories, horizon: float) -> tuple[FloatArray, FloatArray]:
        """The mean of the number of purchases, and of its square, by those of the weeks that the customer stays."""
        check_horizon(horizon)
        r, alpha, s, beta = params
        buying, weeks, lasting = r + data.frequency.rows, alpha + data.age.rows, beta + data.age.rows
        log = np.log1p(horizon / lasting)
        stay = lasting * log * exprel((1 - s) * log)
        stay_squared = 2 * lasting**2 * log * (exprel((2 - s) * log) - exprel((1 - s) * log))
        alive, mean = self.probability_alive(params, data), buying / weeks * stay
        square = mean + buying * (buying + 1) / weeks**2 * stay_squared
        return alive * mean, alive * square

    def distribution(self, params: Params, data: Histories, horizon: float, upto: int) -> FloatArray:
        check_horizon(horizon)
        r, alpha, s, beta = params

        def given_alive(x: FloatArray, age: FloatArray) -> FloatArray:
            log = np.log1p(horizon / (beta + age))[:, None]
            # Who leaves within the horizon, by when; then who stays.
            left = (beta + age)[:, None] * np.expm1(log * _COUNT_POINTS.at)
            weight = s * np.exp(-s * log * _COUNT_POINTS.at) * log * _COUNT_POINTS.weight
            until = np.concatenate([left, np.full((len(x), 1), horizon)], axis=1)
            weight = np.concatenate([weight, np.exp(-s * log)], axis=1)
            return _counts((r + x)[:, None], until / (alpha + age)[:, None], weight, upto)

        alive = self.probability_alive(params, data)[:, None]
        chances = alive * data.by_pair(given_alive)
        chances[:, :1] += 1 - alive
        return chances


def _pieces(rows: int) -> list[slice]:
    """At least one."""
    return [slice(start, start + ROWS_AT_ONCE) for start in range(0, max(rows, 1), ROWS_AT_ONCE)]


def _unfinished(
    params: FloatArray, x: FloatArray, recency: FloatArray, age: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Of each row the part of the log-likelihood that the last purchase leaves open, and its slope by each parameter.

    Since then the customer was here to the end, or left at some moment in between.
    """
    r, alpha, s, beta = params
    buys, leaves, quiet = _Clock.of(r + x, alpha + recency), _Clock.of(s, beta + recency), age - recency
    since, weight = _points(buys, leaves, quiet)
    left = weight * s / (leaves.scale[:, None] + since)
    here = buys.silent(quiet) * leaves.silent(quiet)
    total = here + left.sum(axis=1)
    value = np.log(total) - buys.shape * np.log(buys.scale) - s * np.log(leaves.scale)

    left /= total[:, None]
    here = here / total
    by_r = np.log(buys.scale) + here * np.log1p(quiet / buys.scale)
    by_r += _sums(left, np.log1p(since / buys.scale[:, None]))
    by_alpha = buys.shape * (here / (alpha + age) + _sums(left, 1 / (buys.scale[:, None] + since)))
    by_s = np.log(leaves.scale) + here * np.log1p(quiet / leaves.scale) - left.sum(axis=1) / s
    by_s += _sums(left, np.log1p(since / leaves.scale[:, None]))
    by_beta = s * here / (beta + age) + (s + 1) * _sums(left, 1 / (leaves.scale[:, None] + since))
    return value, -np.stack([by_r, by_alpha, by_s, by_beta])


def _points(one: _Clock, other: _Clock, within: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Moments and weights, shape (rows, NODES), to integrate by from 0 to `within`, both clocks silent until then."""
    both = one.shape + other.shape
    decay = both / FLATTER
    span = both / (one.shape / one.scale + other.shape / other.scale)
    width = -np.expm1(-decay * np.log1p(within / span))
    log = np.log(1 - width[:, None] * _POINTS.at)
    since = span[:, None] * np.expm1(-log / decay[:, None])
    step = (width / decay)[:, None] * _POINTS.weight * (span[:, None] + since) * np.exp(-log)
    return since, step * one.column.silent(since) * other.column.silent(since)


def _first(one: _Clock, other: _Clock, within: FloatArray) -> FloatArray:
    """The chance that the one clock rings within that time, and before the other."""
    since, weight = _points(one, other, within)
    return _sums(weight, one.column.shape / (one.column.scale + since))


def _counts(shape: FloatArray, time: FloatArray, weight: FloatArray, upto: int) -> FloatArray:
    """The chances of 0 … `upto` purchases until one of several times, in units of the rate's scale."""
    log_share, log_chance = np.log(time / (1 + time)), -shape * np.log1p(time)
    found = []
    for number in range(upto + 1):
        found.append(_sums(weight, np.exp(log_chance)))
        log_chance = log_chance + np.log((shape + number) / (number + 1)) + log_share
    return np.stack(found, axis=1)


def _sums(weight: FloatArray, values: FloatArray) -> FloatArray:
    sums: FloatArray = np.einsum("ij,ij->i", weight, values)
    return sums


# CDNOW and Online Retail II before August 2011, and wide: shops differ.
PARETO_NBD = Pareto(Prior.around((0.7, 10.0, 0.4, 15.0), factor=3.0))
