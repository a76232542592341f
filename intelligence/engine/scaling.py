"""Features of customers on one scale: logarithms, then distances from the typical customer, cut at the edges.

docs/algorithms/archetypes.md is the specification. Source of the robust scale (median, interquartile range):
P. J. Huber, E. M. Ronchetti, "Robust Statistics" (2009), chapter 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEATURES = (
    "recency_days",
    "order_days",
    "net_spend",
    "average_order",
    "tenure_days",
    "lines_per_order",
    "items_per_order",
    "distinct_products",
    "mean_gap_days",
    "returned_share",
)
MONEY = ("net_spend", "average_order")
CLIP = 3.0  # a wholesaler stays at the edge and does not become an archetype of one
# Money is counted in hundredths of the median: a currency changes nothing, and the 1 that is added next to nothing.
UNITS_IN_MEDIAN = 100
# The only quantiles that do not move when every customer is counted twice.
QUANTILES: Final = "averaged_inverted_cdf"
RANGE_OF_BELL = 1.349  # interquartile range over standard deviation
_MONEY_COLUMNS = [FEATURES.index(name) for name in MONEY]


class UnusableMatrix(ValueError):
    """The matrix has another shape than customers × features, or a value that is no number; the message says where."""


def checked(matrix: Floats) -> Floats:
    """The matrix as float64, one row per customer, columns as in FEATURES. Raises UnusableMatrix."""
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] != len(FEATURES):
        raise UnusableMatrix(f"shape {matrix.shape} is not customers × {len(FEATURES)} features")
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        raise UnusableMatrix(f"{FEATURES[column]} of row {row} is {matrix[row, column]}")
    return matrix


@dataclass(frozen=True, slots=True)
class Scaler:
    """Three figures for each feature: `centre` and `width` of the logarithms, `unit` in the feature's own unit."""

    unit: tuple[float, ...]
    centre: tuple[float, ...]
    width: tuple[float, ...]

    @classmethod
    def fit(cls, matrix: Floats, *, robust: bool = True) -> Scaler:
        """Learn from customers × features: median and interquartile range, or mean and standard deviation.

        Where few people differ from the rest, the range is next to nothing, and whoever does would lie at the edge: a
        range is at least that of a bell curve of the same deviation. A feature that never varies keeps the width 1.
        Raises UnusableMatrix, also for a matrix without rows.
        """
        matrix = checked(matrix)
        if not len(matrix):
            raise UnusableMatrix("no customers")
        unit = np.ones(len(FEATURES))
        for column in _MONEY_COLUMNS:
            spent = matrix[:, column][matrix[:, column] > 0]
            unit[column] = np.quantile(spent, 0.5, method=QUANTILES) / UNITS_IN_MEDIAN if len(spent) else 1.0
        logs = np.sort(_logs(matrix, unit), axis=0)  # sums that do not depend on the order of the customers
        centre, width = logs.mean(axis=0), logs.std(axis=0)
        if robust:
            low, centre, high = np.quantile(logs, (0.25, 0.5, 0.75), axis=0, method=QUANTILES)
            width = np.maximum(high - low, RANGE_OF_BELL * width)
        width = np.where(width < 1e-9, 1.0, width)
        return cls(tuple(unit.tolist()), tuple(centre.tolist()), tuple(width.tolist()))

    def transform(self, matrix: Floats) -> Floats:
        """Customers × features without unit: 0 is typical, ±1 one width away, none beyond ±3. Raises UnusableMatrix."""
        scaled = _logs(checked(matrix), np.array(self.unit))
        scaled -= self.centre
        scaled /= self.width
        return np.clip(scaled, -CLIP, CLIP, out=scaled)

    def inverse(self, scaled: Floats) -> Floats:
        """Back to the features' own units; what was cut stays cut."""
        logs = np.asarray(scaled) * self.width + self.centre
        return np.asarray(np.expm1(logs) * self.unit, dtype=np.float64)

    def to_json(self) -> dict[str, list[float]]:
        """For storing; `from_json` gives an equal one."""
        return {"unit": list(self.unit), "centre": list(self.centre), "width": list(self.width)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Sequence[float]]) -> Scaler:
        """What `to_json` gave."""
        return cls(tuple(stored["unit"]), tuple(stored["centre"]), tuple(stored["width"]))


def _logs(matrix: Floats, unit: Floats) -> Floats:
    """Below 0 counts as 0: more money back than paid is worth as little as none."""
    logs = np.maximum(matrix, 0.0)
    logs /= unit
    return np.log1p(logs, out=logs)
