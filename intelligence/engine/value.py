"""What a customer is worth: spend ahead, as margin and as money of today."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from intelligence.engine.accuracy import Values

MONTHS: Mapping[int, int] = {3: 91, 6: 182, 12: 364}  # months of a horizon → its days, whole weeks
DAYS_OF_YEAR = 365.0


def present_value(spend: Mapping[int, Values], *, margin: float = 1.0, discount: float = 0.0) -> dict[int, Values]:
    """Days of a horizon → the value of what is spent in it, from days of a horizon (ascending) → spend in it.

    `margin` is the share of spend that is kept, from 0 to 1; `discount` the interest of a year, 0.1 for 10 %. What
    comes between two horizons is taken to come in the middle of them. More is never less: where a longer horizon says
    less spend than a shorter one, it adds nothing.
    """
    values: dict[int, Values] = {}
    total: Values | float = 0.0
    spent: Values | float = 0.0
    before = 0
    for days, until in spend.items():
        added = np.maximum(until - spent, 0)
        total = total + margin * added * (1 + discount) ** (-(before + days) / 2 / DAYS_OF_YEAR)
        values[days] = np.asarray(total)
        spent = spent + added
        before = days
    return values
