"""Shares of people and their differences, with how far they can be trusted. Pure.

Sources: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927);
R. G. Newcombe, "Interval estimation for the difference between independent proportions: comparison of eleven methods",
Statistics in Medicine 17 (1998), method 10.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

Z95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Interval:
    """95 % of intervals made like this hold the true value. Shares from 0 to 1, differences from -1 to 1."""

    low: float
    high: float


def wilson(hits: int, number: int) -> Interval:
    """Of a share `hits` / `number`. Nobody asked, nothing known: 0 to 1."""
    if number == 0:
        return Interval(0.0, 1.0)
    share, spread = hits / number, Z95 * Z95 / number
    middle = (share + spread / 2) / (1 + spread)
    half = Z95 / (1 + spread) * sqrt(share * (1 - share) / number + spread / (4 * number))
    # At the ends exactly: there the formula gives 0 and 1 but for the last digit of a float.
    return Interval(middle - half if hits else 0.0, middle + half if hits < number else 1.0)


@dataclass(frozen=True, slots=True)
class Effect:
    """How much more often something happened in one group than in the other, in shares."""

    difference: float
    interval: Interval

    @property
    def is_clear(self) -> bool:
        """Chance alone hardly does this."""
        return self.interval.low > 0 or self.interval.high < 0


def difference(hits: int, number: int, other_hits: int, other_number: int) -> Effect | None:
    """Of `hits` / `number` less the other share; None while one of the groups is empty."""
    if not number or not other_number:
        return None
    share, other_share = hits / number, other_hits / other_number
    one, other = wilson(hits, number), wilson(other_hits, other_number)
    low = share - other_share - sqrt((share - one.low) ** 2 + (other.high - other_share) ** 2)
    high = share - other_share + sqrt((one.high - share) ** 2 + (other_share - other.low) ** 2)
    return Effect(share - other_share, Interval(low, high))
