"""Gamma-Gamma: how much a customer spends on a day, told apart from the chance of the days seen.

Each day's spend is gamma with shape p; its rate is the customer's own, gamma (q, v) over the customers. So a customer's
own mean of x days is pulled towards that of all, the more the fewer the days. Spend is in the currency given,
and v too. Frequency and spend are taken for independent; `correlation` says how far they are.

A rate may be as small as it likes, so that somebody may spend very much: means need p·x + q above 1, variances above 2.
q is kept above LEAST_Q for that, and `quantile` exists always.

Sources: P. Fader, B. Hardie, K. L. Lee, "RFM and CLV: using iso-value curves" (2005); P. Fader, B. Hardie, "The
Gamma-Gamma model of monetary value" (2013).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaincinv, gammaln

from intelligence.engine.estimation import (
    LEAST_REPEATERS,
    Fitted,
    Objective,
    Prior,
    TooFewRepeaters,
    maximise,
)
from intelligence.engine.histories import Column, FloatArray

NAMES: Final = ("p", "q", "v")
LEAST_Q = 2.05  # so that the mean spend of somebody who never came back has a variance
SHAPES = (np.log(1e-2), np.log(1e3))  # the box of p, and the top of q
WIDTH = 12.0  # of v's, in logarithms either way

Params = tuple[float, ...]


def fit(
    frequency: npt.ArrayLike,
    spend: npt.ArrayLike,
    *,
    start: Params | None = None,
    prior: Prior | None = None,
) -> Fitted:
    """From the number of days and the mean spend of a day, one of each for each customer.

    Customers without a day or with a mean of 0 or below are left out; `n` counts the others. Raises TooFewRepeaters.
    """
    x, mean = _spenders(frequency, spend)
    if len(x) == 0 or (prior is None and len(x) < LEAST_REPEATERS):
        raise TooFewRepeaters(len(x))
    usual = np.log(float(np.median(mean)))
    return maximise(
        objective(x, mean),
        starts=[start] if start else [(2.0, 3.0, np.exp(usual)), (6.0, 4.0, np.exp(usual) / 2)],
        low=np.array([SHAPES[0], np.log(LEAST_Q), usual - WIDTH]),
        high=np.array([SHAPES[1], SHAPES[1], usual + WIDTH]),
        n=len(x),
        prior=prior,
    )


def log_likelihood(params: Params, frequency: npt.ArrayLike, spend: npt.ArrayLike) -> float:
    """Of the customers that `fit` learns from."""
    return objective(*_spenders(frequency, spend))(np.log(params))[0]


def objective(x: FloatArray, mean: FloatArray) -> Objective:
    """The log-likelihood and its gradient, as functions of log p, log q and log v; all `x` and `mean` above 0."""
    days = Column.of(x)
    number, spenders = days.values, days.total(np.ones_like(x))
    total = x * mean
    logs = np.log(mean)
    log_mean, log_total = float(logs.sum()), float(x @ logs)

    def value_and_gradient(point: FloatArray) -> tuple[float, FloatArray]:
        p, q, v = np.exp(point)
        scale = v + total
        log_scale = days.total(np.log(scale))
        shape = p * number + q
        value = spenders @ (
            gammaln(shape) - gammaln(p * number) - gammaln(q) + q * np.log(v) + p * number * np.log(number)
        )
        value += p * log_total - log_mean - shape @ log_scale
        by_p = number * (spenders * (digamma(shape) - digamma(p * number) + np.log(number)) - log_scale)
        by_q = spenders * (digamma(shape) - digamma(q) + np.log(v)) - log_scale
        by_v = spenders.sum() * q / v - shape @ days.total(1 / scale)
        gradient = np.array([by_p.sum() + log_total, by_q.sum(), by_v])
        return float(value), gradient * np.exp(point)

    return value_and_gradient


def expected_spend(params: Params, frequency: npt.ArrayLike, spend: npt.ArrayLike) -> FloatArray:
    """The mean spend of a day that each customer is expected to have; without a day, that of all."""
    shape, scale = _rate(params, frequency, spend)
    expected: FloatArray = params[0] * scale / (shape - 1)
    return expected


def spend_variance(params: Params, frequency: npt.ArrayLike, spend: npt.ArrayLike) -> FloatArray:
    """The variance of that mean: how little is known of it."""
    shape, _scale = _rate(params, frequency, spend)
    variance: FloatArray = expected_spend(params, frequency, spend) ** 2 / (shape - 2)
    return variance


def quantile(params: Params, frequency: npt.ArrayLike, spend: npt.ArrayLike, chance: float) -> FloatArray:
    """The customer's mean spend of a day is below this with this `chance`."""
    shape, scale = _rate(params, frequency, spend)
    value: FloatArray = params[0] * scale / gammaincinv(shape, 1 - chance)
    return value


def total_variance(
    params: Params, count: FloatArray, count_variance: FloatArray, mean: FloatArray, mean_variance: FloatArray
) -> FloatArray:
    """The variance of what is spent on all days ahead, whose number has `count` and `count_variance` as moments.

    `mean` and `mean_variance` are the customer's `expected_spend` and `spend_variance`. A day's spend has the variance
    mean² / p around the customer's mean, and number and mean are independent.
    """
    square = mean_variance + mean**2
    return square * (count / params[0] + count_variance + count**2) - (count * mean) ** 2


def correlation(frequency: npt.ArrayLike, spend: npt.ArrayLike) -> float:
    """Of days and mean spend among those that `fit` learns from; 0 where one of them does not vary."""
    x, mean = _spenders(frequency, spend)
    if len(x) < 2 or not np.ptp(x) or not np.ptp(mean):
        return 0.0
    return float(np.corrcoef(x, mean)[0, 1])


def _spenders(frequency: npt.ArrayLike, spend: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, mean = np.asarray(frequency, dtype=np.float64), np.asarray(spend, dtype=np.float64)
    if x.shape != mean.shape or not (np.isfinite(x).all() and np.isfinite(mean).all()):
        raise ValueError("frequency and spend must be finite and of one length.")
    chosen = (x > 0) & (mean > 0)
    return x[chosen], mean[chosen]


def _rate(params: Params, frequency: npt.ArrayLike, spend: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Shape and scale of what is known of a customer's own rate; a mean of 0 or below counts as no days at all."""
    p, q, v = params
    x, mean = np.asarray(frequency, dtype=np.float64), np.asarray(spend, dtype=np.float64)
    days = np.where(mean > 0, x, 0.0)
    return p * days + q, v + days * mean
