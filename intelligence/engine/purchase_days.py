"""Who bought on which day: what models learn from, and what a backtest holds out.

A purchase is a day on which somebody bought. Refunds are money on a day of their own, never purchases. Days are whole
numbers (`date.toordinal()`), money is in the programme's currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Integers: TypeAlias = NDArray[np.int64]
Values: TypeAlias = NDArray[np.float64]

DAYS_OF_WEEK = 7.0


@dataclass(frozen=True, slots=True)
class Purchases:
    """Everybody who had bought by a day, one row each, in the order of `customers`. Times are weeks.

    `frequency` counts the days of purchase after the first, `recency` is the time from the first to the last, `age`
    that from the first to the day asked about. `days` counts all days of purchase, and `mean_spend` is what was spent
    on one of them in the mean, less all refunds so far; 0 where more was given back than spent.
    """

    customers: Integers
    frequency: Values
    recency: Values
    age: Values
    days: Values
    mean_spend: Values

    def __len__(self) -> int:
        return len(self.customers)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the same customers did in a period: different days of purchase, and spend less refunds of the period."""

    days: Values
    spend: Values


class PurchaseDays:
    """Days of purchase and of refunds, of each customer at most one row of both for a day.

    `customer`, `day` and `spend` are rows of purchases in any order, `back` are refunds in the same form.
    """

    def __init__(
        self,
        customer: ArrayLike,
        day: ArrayLike,
        spend: ArrayLike,
        *,
        back: tuple[ArrayLike, ArrayLike, ArrayLike] = ((), (), ()),
    ) -> None:
        ids = np.asarray(customer, dtype=np.int64)
        self.customers, place = np.unique(ids, return_inverse=True)
        self._place = place.astype(np.int32)
        self._day = np.asarray(day, dtype=np.int32)
        self._spend = np.asarray(spend, dtype=np.float64)
        back_ids = np.asarray(back[0], dtype=np.int64)
        known = np.isin(back_ids, self.customers)  # who only gave back what was bought before the history began
        self._back_place = np.searchsorted(self.customers, back_ids[known]).astype(np.int32)
        self._back_day = np.asarray(back[1], dtype=np.int32)[known]
        self._back = np.asarray(back[2], dtype=np.float64)[known]

    @property
    def first_day(self) -> int:
        """Raises ValueError where nobody bought."""
        return int(self._day.min())

    @property
    def last_day(self) -> int:
        return int(self._day.max())

    def some(self, most: int, *, seed: int) -> PurchaseDays:
        """The history of `most` customers, drawn at random; itself where there are not more."""
        if len(self.customers) <= most:
            return self
        drawn = np.zeros(len(self.customers), dtype=np.bool_)
        drawn[np.random.default_rng(seed).choice(len(self.customers), most, replace=False)] = True
        rows, back = drawn[self._place], drawn[self._back_place]
        return PurchaseDays(
            self.customers[self._place[rows]],
            self._day[rows],
            self._spend[rows],
            back=(self.customers[self._back_place[back]], self._back_day[back], self._back[back]),
        )

    def until(self, day: int) -> Purchases:
        """As known at the end of `day`: nothing after it is looked at."""
        shown = self._day <= day
        place, days, spend = self._place[shown], self._day[shown], self._spend[shown]
        everybody = len(self.customers)
        count = np.bincount(place, minlength=everybody)
        first = np.full(everybody, np.iinfo(np.int32).max, dtype=np.int32)
        last = np.zeros(everybody, dtype=np.int32)
        np.minimum.at(first, place, days)
        np.maximum.at(last, place, days)
        early = self._back_day <= day
        net = _total(place, spend, everybody) - _total(self._back_place[early], self._back[early], everybody)

        bought = np.flatnonzero(count)
        times = count[bought].astype(np.float64)
        return Purchases(
            customers=self.customers[bought],
            frequency=times - 1,
            recency=(last[bought] - first[bought]) / DAYS_OF_WEEK,
            age=(day - first[bought]) / DAYS_OF_WEEK,
            days=times,
            mean_spend=np.maximum(net[bought] / times, 0),
        )

    def between(self, customers: Integers, after: int, until: int) -> Outcome:
        """What `customers` (sorted ids of the history) did after the day `after`, up to `until` inclusive."""
        everybody = len(self.customers)
        then = (self._day > after) & (self._day <= until)
        back_then = (self._back_day > after) & (self._back_day <= until)
        days = np.bincount(self._place[then], minlength=everybody)
        spend = _total(self._place[then], self._spend[then], everybody)
        spend -= _total(self._back_place[back_then], self._back[back_then], everybody)
        wanted = np.searchsorted(self.customers, customers)
        return Outcome(days=days[wanted].astype(np.float64), spend=spend[wanted])


def _total(place: NDArray[np.int32], amount: Values, everybody: int) -> Values:
    """The sum of the amounts of each place, 0 where there is none."""
    return np.bincount(place, weights=amount, minlength=everybody).astype(np.float64, copy=False)
