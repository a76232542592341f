"""Parameters from a likelihood: the largest value, how sure it is, and what to lean on where data are few.

All parameters are positive and are searched as logarithms inside a box, by L-BFGS-B with the exact gradient. How sure
they are is Laplace's approximation: near the top the likelihood is taken for normal in the log-parameters, with the
inverse of its curvature as covariance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from intelligence.engine.histories import FloatArray, Histories

LEAST_REPEATERS = 10  # with fewer the likelihood is a ridge; a prior is needed
UNKNOWN = 3.0  # standard deviation of a log-parameter that the data do not tell: a factor of twenty either way
WIDTH = 7.0  # of the box, in logarithms: a factor of a thousand each way
STEP = 1e-4  # of a log-parameter, for the curvature

# Log-parameters → log-likelihood of all customers and its gradient.
Objective = Callable[[FloatArray], tuple[float, FloatArray]]


class TooFewRepeaters(ValueError):
    """So few customers came back that there is nothing to learn from; `found` of `needed`."""

    def __init__(self, found: int, needed: int = LEAST_REPEATERS) -> None:
        super().__init__(f"{found} customers came back; {needed} are needed, or a prior.")
        self.found = found
        self.needed = needed


@dataclass(frozen=True, slots=True)
class Prior:
    """What is thought before looking: each log-parameter is normal with this mean and standard deviation."""

    mean: FloatArray
    deviation: FloatArray

    @classmethod
    def around(cls, params: Sequence[float], *, factor: float) -> Prior:
        """About two times in three each parameter is within this `factor` of the one given."""
        return cls(np.log(np.asarray(params)), np.full(len(params), np.log(factor)))


@dataclass(frozen=True, slots=True)
class Fitted:
    """`params` in the model's order; the prior is not in `log_likelihood`; `covariance` is that of the log-parameters.

    `n` customers were learnt from. `converged`: the top was reached, or the edge of the box towards which it rises.
    """

    params: tuple[float, ...]
    log_likelihood: float
    covariance: FloatArray
    n: int
    converged: bool

    def draws(self, count: int, *, seed: int) -> FloatArray:
        """`count` rows of parameters as likely as the data leave them (Laplace)."""
        normal = np.random.default_rng(seed).multivariate_normal(
            np.log(self.params), self.covariance, count, method="eigh"
        )
        return np.exp(normal)


def fit_histories(
    objective: Objective,
    data: Histories,
    *,
    centre: Sequence[float],
    starts: Sequence[Sequence[float]],
    prior: Prior | None,
) -> Fitted:
    """The parameters of a model of purchases, within a factor of a thousand around `centre`.

    Raises TooFewRepeaters without a prior.
    """
    if prior is None and data.repeaters < LEAST_REPEATERS:
        raise TooFewRepeaters(data.repeaters)
    middle = np.log(np.asarray(centre))
    return maximise(
        objective, starts=starts, low=middle - WIDTH, high=middle + WIDTH, n=max(data.customers, 1), prior=prior
    )


def maximise(
    objective: Objective,
    *,
    starts: Sequence[Sequence[float]],
    low: FloatArray,
    high: FloatArray,
    n: int,
    prior: Prior | None = None,
) -> Fitted:
    """The best of the searches from `starts` (parameters); `low` and `high` bound the log-parameters."""

    def loss(point: FloatArray) -> tuple[float, FloatArray]:
        # For each customer, so that the tolerances mean the same for a hundred and for a million.
        value, gradient = objective(point)
        if prior is not None:
            away = (point - prior.mean) / prior.deviation
            value, gradient = value - float(away @ away) / 2, gradient - away / prior.deviation
        return -value / n, -gradient / n

    found = [
        minimize(
            loss,
            np.clip(np.log(np.asarray(start, dtype=np.float64)), low, high),
            jac=True,
            method="L-BFGS-B",
            bounds=list(zip(low, high, strict=True)),
            options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8},
        )
        for start in starts
    ]
    best = min(found, key=lambda result: float(result.fun))
    point = np.asarray(best.x, dtype=np.float64)
    return Fitted(
        params=tuple(float(value) for value in np.exp(point)),
        log_likelihood=objective(point)[0],
        covariance=_covariance(lambda at: loss(at)[1] * n, point),
        n=n,
        converged=_is_top(loss(point)[1], point, low, high),
    )


def _is_top(gradient: FloatArray, point: FloatArray, low: FloatArray, high: FloatArray) -> bool:
    inside = np.clip(point - gradient, low, high) - point
    return bool(np.abs(inside).max() < 1e-5)


def _covariance(gradient: Callable[[FloatArray], FloatArray], point: FloatArray) -> FloatArray:
    """The inverse of the curvature; a direction without any gets the deviation UNKNOWN."""
    steps = np.eye(len(point)) * STEP
    curvature = np.array([(gradient(point + step) - gradient(point - step)) / (2 * STEP) for step in steps])
    sizes, directions = np.linalg.eigh((curvature + curvature.T) / 2)
    variances = 1 / np.maximum(sizes, UNKNOWN**-2)
    covariance: FloatArray = (directions * variances) @ directions.T
    return covariance
