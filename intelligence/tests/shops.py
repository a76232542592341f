"""Made-up shops whose customers fall into known groups."""

from __future__ import annotations

import numpy as np

from intelligence.engine.scaling import FEATURES, Floats

# recency, order days, net spend, average order, tenure, lines, items, products, mean gap, returned share
GROUPS = np.array([
    [10, 40, 4000, 100, 700, 8, 20, 120, 17, 0.05],
    [300, 2, 90, 45, 500, 2, 3, 4, 200, 0.0],
    [20, 1, 30, 30, 20, 2, 2, 2, 20, 0.0],
    [60, 8, 2400, 300, 400, 25, 200, 60, 50, 0.0],
])  # fmt: skip


def shop(customers: int, *, groups: int = len(GROUPS), spread: float = 0.15, seed: int = 1) -> tuple[Floats, Floats]:
    """Customers × features, and the group that each was made from."""
    rng = np.random.default_rng(seed)
    made_from = rng.integers(0, groups, customers)
    matrix = GROUPS[made_from] * np.exp(rng.normal(0, spread, (customers, len(FEATURES))))
    matrix[:, 1] = np.maximum(np.round(matrix[:, 1]), 1)
    return matrix, made_from
