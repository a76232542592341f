"""Whether a difference is more than chance. Standard library only: pages read insights, and load no numpy."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, sqrt
from statistics import NormalDist, mean, variance

LEVEL = 0.01  # one in a hundred differences of nothing is taken for one
SURE = NormalDist().inv_cdf(1 - LEVEL / 2)  # 2.576
# Of Welch's t on twelve weeks against twelve: Student's 1 % point at 11 degrees of freedom, the fewest there can be.
SURE_OF_WEEKS = 3.106


def sure_of(tests: int) -> float:
    """The z for which one in a hundred of `tests` looks finds something where there is nothing. Source: Bonferroni."""
    return NormalDist().inv_cdf(1 - LEVEL / 2 / max(tests, 1))


def z_of_shares(came: float, people: float, came_before: float, people_before: float) -> float:
    """Two-proportion z with a pooled share; positive where the first is higher. 0 where nothing can be said."""
    if people <= 0 or people_before <= 0:
        return 0.0
    pooled = (came + came_before) / (people + people_before)
    error = sqrt(pooled * (1 - pooled) * (1 / people + 1 / people_before)) if 0 < pooled < 1 else 0.0
    return (came / people - came_before / people_before) / error if error else 0.0


def z_of_means(
    average: float, spread: float, count: int, average_before: float, spread_before: float, count_before: int
) -> float:
    """Welch's statistic; `spread` is the variance of single values. Source: Welch, Biometrika 34, 1947."""
    if count < 2 or count_before < 2:
        return 0.0
    error = sqrt(spread / count + spread_before / count_before)
    difference = average - average_before
    return difference / error if error else (0.0 if not difference else inf if difference > 0 else -inf)


def t_of(values: Sequence[float], before: Sequence[float]) -> float:
    """Welch's t of two series; 0 below two values."""
    if len(values) < 2 or len(before) < 2:
        return 0.0
    return z_of_means(mean(values), variance(values), len(values), mean(before), variance(before), len(before))


def z_of_count(seen: float, expected: float) -> float:
    """How far a count is from what chance would give, in its standard deviations (Poisson)."""
    return (seen - expected) / sqrt(expected) if expected > 0 else 0.0


def wilson(came: float, people: float) -> tuple[float, float]:
    """The interval that holds the share 99 times in 100. Source: Wilson, JASA 22, 1927."""
    if people <= 0:
        return 0.0, 1.0
    share, weight = came / people, SURE**2 / people
    middle = (share + weight / 2) / (1 + weight)
    half = SURE * sqrt(share * (1 - share) / people + weight / (4 * people)) / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)
