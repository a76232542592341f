"""Value tiers above the archetypes: those whose people come and spend alike are put together.

Source: J. H. Ward, "Hierarchical grouping to optimize an objective function" (1963), weighted by people.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from intelligence.engine.archetypes import Archetypes
from intelligence.engine.scaling import FEATURES

THREE_FROM = 5  # archetypes; of fewer, two tiers
# What people are worth; by all features, tiers lie further apart but say half as much about spend.
VALUE = [FEATURES.index("net_spend"), FEATURES.index("order_days")]
_BY_RULES = (0, 0, 1, 1)  # big and regular; new and lapsed


def tiers(archetypes: Archetypes) -> tuple[int, ...]:
    """The tier of each archetype: 0 is the one whose people spend most; two tiers, or three of many archetypes."""
    if archetypes.is_rules:
        return _BY_RULES
    groups = [[row] for row in range(archetypes.k)]
    wanted = 3 if archetypes.k >= THREE_FROM else min(2, archetypes.k)
    while len(groups) > wanted:
        first, second = min(combinations(groups, 2), key=lambda pair: _cost(archetypes, *pair))
        groups = [group for group in groups if group not in (first, second)] + [first + second]
    groups.sort(key=lambda group: -_centre(archetypes, group)[0])
    return tuple(next(tier for tier, group in enumerate(groups) if row in group) for row in range(archetypes.k))


def _cost(archetypes: Archetypes, first: list[int], second: list[int]) -> float:
    """By how much the sum of squares within grows when both become one."""
    people = archetypes.shares[first].sum(), archetypes.shares[second].sum()
    apart = _centre(archetypes, first) - _centre(archetypes, second)
    return float(people[0] * people[1] / max(people[0] + people[1], 1e-12) * (apart @ apart))


def _centre(archetypes: Archetypes, group: list[int]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    weights = np.maximum(archetypes.shares[group], 1e-12)
    return np.asarray(np.average(archetypes.centroids[group][:, VALUE], axis=0, weights=weights), dtype=np.float64)
