"""Groups of a shop with too few buyers for clusters: new, regular, big, lapsed, by rules of thumb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from intelligence.engine.scaling import FEATURES, Floats, checked

LEAST_FOR_CLUSTERS = 50
GAPS = 3  # somebody who has not come for so many usual gaps has lapsed
LEAST_REPEATERS = 5  # with fewer, nothing is known about gaps
SHORTEST_DAYS, USUAL_DAYS, LONGEST_DAYS = 30.0, 90.0, 365.0
BIG = 3  # times the median spend
_RECENCY, _DAYS, _SPEND, _GAP = (
    FEATURES.index(name) for name in ("recency_days", "order_days", "net_spend", "mean_gap_days")
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The two borders, in days and in money of the programme."""

    lapsed_after_days: float
    big_from: float

    groups: ClassVar[tuple[str, ...]] = ("big", "regular", "new", "lapsed")

    @classmethod
    def fit(cls, matrix: Floats) -> Rules:
        """Borders from the shop's own rhythm and spend. Raises UnusableMatrix."""
        matrix = checked(matrix)
        gaps = matrix[matrix[:, _DAYS] > 1, _GAP]
        usual = GAPS * float(np.median(gaps)) if len(gaps) >= LEAST_REPEATERS else USUAL_DAYS
        spend = float(np.median(matrix[:, _SPEND])) if len(matrix) else 0.0
        return cls(min(max(usual, SHORTEST_DAYS), LONGEST_DAYS), BIG * max(spend, 0.0))

    def assign(self, matrix: Floats) -> NDArray[np.intp]:
        """For each customer the position in `groups`: lapsed before all else, then big, then once or more often."""
        matrix = checked(matrix)
        lapsed = matrix[:, _RECENCY] > self.lapsed_after_days
        big = (matrix[:, _SPEND] >= self.big_from) & (matrix[:, _SPEND] > 0)
        once = matrix[:, _DAYS] <= 1
        return np.asarray(np.select([lapsed, big, once], [3, 0, 2], default=1), dtype=np.intp)
