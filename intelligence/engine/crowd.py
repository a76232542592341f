"""Customers as a set: alike ones once, with how many they are, in an order of their own.

Everything drawn from a crowd is the same however the rows were ordered, and when every customer is counted twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intelligence.engine.scaling import Floats

DECIMALS = 6  # of scaled values: far below what makes a difference, far above the rounding of another currency


def own_order(points: Floats) -> NDArray[np.intp]:
    """An order of the rows that only what is in them decides: by one figure of each, faster than by all in turn."""
    key = np.zeros(len(points))
    for column in range(points.shape[1]):
        key += points[:, column] * np.sqrt(column + 2.5)
    return np.argsort(key, kind="stable")


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """`points` is distinct customers × features, scaled; `weights` how many customers each stands for."""

    points: Floats
    weights: Floats

    @classmethod
    def of(cls, scaled: Floats) -> Crowd:
        points = np.round(scaled, DECIMALS) + 0.0  # no −0
        points = points[own_order(points)]
        first = np.ones(len(points), dtype=bool)
        first[1:] = (points[1:] != points[:-1]).any(axis=1)
        starts = np.flatnonzero(first)
        return cls(points[starts], np.diff(starts, append=len(points)).astype(np.float64))

    def __len__(self) -> int:
        return len(self.points)

    @property
    def customers(self) -> float:
        return float(self.weights.sum())

    def draw(self, count: int, rng: np.random.Generator) -> Crowd:
        """`count` customers at random, with replacement."""
        reached = np.cumsum(self.weights)
        rows = np.searchsorted(reached, rng.random(count) * reached[-1], side="right")
        drawn = np.bincount(rows, minlength=len(self))
        return self.only(drawn > 0, drawn[drawn > 0].astype(np.float64))

    def at_most(self, count: int, rng: np.random.Generator) -> Crowd:
        """Everybody, or a draw where that would be more than `count` distinct customers."""
        return self if len(self) <= count else self.draw(count, rng)

    def only(self, rows: NDArray[np.bool_], weights: Floats) -> Crowd:
        return Crowd(self.points[rows], weights)

    def middle_and_spread(self) -> tuple[Floats, Floats]:
        """Mean and standard deviation of each feature."""
        middle = np.average(self.points, axis=0, weights=self.weights)
        return middle, np.sqrt(np.average((self.points - middle) ** 2, axis=0, weights=self.weights))
