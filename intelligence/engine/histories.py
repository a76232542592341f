"""What the purchase models know of a customer: how often, until when, for how long; equal histories are kept once.

The likelihoods ask for a customer's (x, t_x, T) only, and days repeat: a million customers of two years have some
hundred thousand different histories, a few hundred different numbers of purchases and as many different ages. Sums over
customers become sums over histories, and logarithms and gamma functions are taken once for each different value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

STEPS = 700  # of a week: a hundredth of a day; published data are in hundredths of a week
PAIRS_AT_ONCE = 4096  # so many fit the processor's cache


@dataclass(frozen=True, slots=True)
class Column:
    """A quantity of all rows: its different `values`, and for each row the `index` of its own."""

    values: FloatArray
    index: IntArray

    @classmethod
    def of(cls, rows: FloatArray) -> Column:
        values, index = np.unique(rows, return_inverse=True)
        return cls(values, index)

    @property
    def rows(self) -> FloatArray:
        """The value of each row."""
        return self.values[self.index]

    def total(self, weights: FloatArray) -> FloatArray:
        """The sum of the rows' `weights` for each different value."""
        sums: FloatArray = np.bincount(self.index, weights=weights, minlength=len(self.values)).astype(np.float64)
        return sums


@dataclass(frozen=True, slots=True)
class Histories:
    """Different histories, in order of frequency, then age, then recency.

    `frequency` (x) repeat days, `recency` (t_x) weeks from the first order day to the last, `age` (T) weeks from the
    first order day to the day of looking; `count` customers have the row; `row_of` is the row of each customer.
    """

    frequency: Column
    recency: Column
    age: Column
    count: FloatArray
    row_of: IntArray

    @classmethod
    def of(cls, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike) -> Histories:
        """From one number for each customer; weeks are rounded to a hundredth of a day.

        Raises ValueError where a history cannot be: not of one length, not finite, not 0 ≤ t_x ≤ T, x not a whole
        number from 0, or t_x above 0 with x = 0.
        """
        x, t_x, age_weeks = (np.asarray(given, dtype=np.float64).ravel() for given in (frequency, recency, age))
        _check(x, t_x, age_weeks)
        days = [np.rint(column * STEPS).astype(np.int64) for column in (age_weeks, t_x)]
        base = int(days[0].max(initial=0)) + 1
        keys, row_of, count = np.unique(
            (x.astype(np.int64) * base + days[0]) * base + days[1], return_inverse=True, return_counts=True
        )
        rest, last = np.divmod(keys, base)
        bought, old = np.divmod(rest, base)
        return cls(
            Column.of(bought.astype(np.float64)),
            Column.of(last / STEPS),
            Column.of(old / STEPS),
            count.astype(np.float64),
            row_of,
        )

    @property
    def customers(self) -> int:
        return len(self.row_of)

    @property
    def repeaters(self) -> int:
        """Customers with at least one repeat day."""
        return int(self.count[self.frequency.rows > 0].sum())

    @property
    def mean_age(self) -> float:
        """Weeks, at least a day."""
        return max(float(self.count @ self.age.rows) / max(self.customers, 1), 1 / 7)

    def expand(self, by_row: FloatArray) -> FloatArray:
        """From one value (or row of values) for each history to one for each customer, in the order given to `of`."""
        return by_row[self.row_of]

    def by_pair(self, values_of: Callable[[FloatArray, FloatArray], FloatArray]) -> FloatArray:
        """`values_of(x, T)` for each row, asked once for each different pair, as the future of somebody alive needs."""
        key = self.frequency.index * len(self.age.values) + self.age.index
        first = np.flatnonzero(np.diff(key, prepend=-1))
        x, age = self.frequency.rows[first], self.age.rows[first]
        pieces = [
            values_of(x[start : start + PAIRS_AT_ONCE], age[start : start + PAIRS_AT_ONCE])
            for start in range(0, max(len(first), 1), PAIRS_AT_ONCE)
        ]
        repeats = np.diff(first, append=len(key))
        return np.repeat(np.concatenate(pieces), repeats, axis=0)


def _check(x: FloatArray, t_x: FloatArray, age: FloatArray) -> None:
    if not x.shape == t_x.shape == age.shape:
        raise ValueError("frequency, recency and age must be of one length.")
    if not all(np.isfinite(column).all() for column in (x, t_x, age)):
        raise ValueError("frequency, recency and age must be finite.")
    if (x < 0).any() or (x != np.floor(x)).any():
        raise ValueError("frequency must be whole numbers from 0.")
    if (t_x < 0).any() or (t_x > age).any() or (t_x[x == 0] > 0).any():
        raise ValueError("recency must lie between 0 and age, and be 0 without a repeat purchase.")
