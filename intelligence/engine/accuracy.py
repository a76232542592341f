"""How wrong a forecast was: the figures of the backtest, each with its source.

All take one value for each customer, in the same order; none of them looks at more than its arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float64]
TOP_SHARE = 0.2
BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Customers of neighbouring forecasts: how many, what was said of them on the mean, and what came."""

    customers: int
    said: float
    came: float


def mean_absolute_error(said: Values, came: Values) -> float:
    return float(np.mean(np.abs(said - came)))


def bias(said: Values, came: Values) -> float:
    """Share by which the total was said too high (above 0) or too low; 0 where nothing came and nothing was said."""
    total = float(came.sum())
    if total == 0:
        return 0.0 if float(said.sum()) == 0 else float("inf")
    return float(said.sum()) / total - 1


def rank_correlation(said: Values, came: Values) -> float:
    """Spearman's rho; 0 where one of the two is the same for everybody."""
    one, other = _ranks(said), _ranks(came)
    spread = one.std() * other.std()
    return float(((one - one.mean()) * (other - other.mean())).mean() / spread) if spread > 0 else 0.0


def area_under_curve(chance: Values, happened: NDArray[np.bool_]) -> float:
    """The chance that of two customers the one to whom it happened had the higher `chance`; ties count half.

    Mann and Whitney (1947). 0.5 where it happened to everybody or to nobody.
    """
    yes = int(happened.sum())
    no = len(happened) - yes
    if yes == 0 or no == 0:
        return 0.5
    return float((_ranks(chance)[happened].sum() - yes * (yes + 1) / 2) / (yes * no))


def brier_score(chance: Values, happened: NDArray[np.bool_]) -> float:
    """Mean squared distance of the chance from what happened (G. W. Brier, 1950): 0 is perfect."""
    return float(np.mean((chance - happened) ** 2))


def calibration(chance: Values, happened: NDArray[np.bool_], *, bins: int = BINS) -> list[Bin]:
    """Customers in `bins` groups of equal width of the chance; empty groups are left out."""
    group = np.minimum((chance * bins).astype(np.intp), bins - 1)
    counts = np.bincount(group, minlength=bins)
    said = np.bincount(group, weights=chance, minlength=bins)
    came = np.bincount(group, weights=happened.astype(float), minlength=bins)
    return [Bin(int(n), float(s / n), float(c / n)) for n, s, c in zip(counts, said, came, strict=True) if n]


def calibration_error(chance: Values, happened: NDArray[np.bool_], *, bins: int = BINS) -> float:
    """Expected calibration error: the mean distance of said and came, over customers (Naeini et al., 2015)."""
    found = calibration(chance, happened, bins=bins)
    return sum(one.customers * abs(one.said - one.came) for one in found) / sum(one.customers for one in found)


def captured(said: Values, came: Values, *, share: float = TOP_SHARE) -> float:
    """What those with the highest forecasts brought, of what the truly best would have brought as many people.

    Negative outcomes count as nothing. 1 where nothing came.
    """
    top = max(1, round(len(said) * share))
    came = np.maximum(came, 0)
    best = float(np.sort(came)[-top:].sum())
    return float(came[_highest(said)[:top]].sum()) / best if best > 0 else 1.0


def deciles(said: Values, came: Values, *, parts: int = BINS) -> list[Bin]:
    """Customers in parts of equal size by forecast, the highest first."""
    pieces: list[Any] = np.array_split(_highest(said), parts)
    return [Bin(len(piece), float(said[piece].mean()), float(came[piece].mean())) for piece in pieces if len(piece)]


def gain_curve(said: Values, came: Values, *, points: int = 20) -> list[tuple[float, float]]:
    """(share of customers, share of what came) going down from the highest forecast, from (0, 0) to (1, 1)."""
    came = np.maximum(came, 0)
    total = float(came.sum()) or 1.0
    brought = np.concatenate([[0.0], np.cumsum(came[_highest(said)])]) / total
    at = np.linspace(0, len(said), points + 1).round().astype(np.intp)
    return [(float(place / len(said)), float(brought[place])) for place in at]


def normalised_gini(said: Values, came: Values) -> float:
    """Area of the gain curve above chance, of the area that knowing the truth would give.

    X. Wang, T. Liu, J. Miao, "A deep probabilistic model for customer lifetime value prediction" (2019). 0 is chance.
    """
    came = np.maximum(came, 0)
    best = _gini(came, came)
    return _gini(said, came) / best if best > 0 else 0.0


def _gini(said: Values, came: Values) -> float:
    total = float(came.sum())
    if total == 0:
        return 0.0
    return float(np.cumsum(came[_highest(said)]).sum() / total / len(came) - (len(came) + 1) / (2 * len(came)))


def _highest(values: Values) -> NDArray[np.intp]:
    """Places from the highest value to the lowest; among equals the first comes first."""
    return np.argsort(-values, kind="stable")


def _ranks(values: Values) -> Values:
    """Ranks from 1; equals share the mean of theirs."""
    _distinct, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place], dtype=np.float64)
