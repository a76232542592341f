"""K-means for many k at once: one seeding serves every k, because its first k centres are a seeding for k.

Sources: S. P. Lloyd, "Least squares quantization in PCM" (1982); D. Arthur, S. Vassilvitskii, "k-means++: the
advantages of careful seeding" (2007), with several trials for each centre. The iterations are scikit-learn's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.cluster import KMeans

from intelligence.engine.crowd import Crowd
from intelligence.engine.scaling import Floats

MOST_ITERATIONS = 100


@dataclass(frozen=True, slots=True, eq=False)
class Seeding:
    """`centres` in the order they were drawn; `left[k − 1]` is the sum of squares that k of them leave."""

    centres: Floats
    left: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """`centres` is k × features, `labels` one of each of the crowd's points, `left` the sum of squares within."""

    centres: Floats
    labels: NDArray[np.intp]
    left: float


def seedings(crowd: Crowd, *, most: int, count: int, rng: np.random.Generator) -> list[Seeding]:
    """`count` independent seedings of `most` centres each. Needs at least `most` distinct customers."""
    return [_seeding(crowd, most, rng) for _start in range(count)]


def fit(crowd: Crowd, k: int, seeds: list[Seeding], *, tried: int) -> Fit:
    """The best of the `tried` most promising seedings."""
    promising = sorted(seeds, key=lambda seeding: seeding.left[k - 1])[:tried]
    return min((fit_from(crowd, seeding.centres[:k]) for seeding in promising), key=lambda found: found.left)


def fit_from(crowd: Crowd, centres: Floats, *, iterations: int = MOST_ITERATIONS) -> Fit:
    """K-means that starts at `centres`; the i-th centre found comes from the i-th given."""
    with config_context(assume_finite=True, skip_parameter_validation=True):
        model = KMeans(len(centres), init=centres, n_init=1, max_iter=iterations)
        model.fit(crowd.points, sample_weight=crowd.weights)
    return Fit(model.cluster_centers_, model.labels_, float(model.inertia_))


def squared_distances(points: Floats, centres: Floats) -> Floats:
    """Points × centres."""
    found = points @ (-2.0 * centres.T)
    found += np.einsum("ij,ij->i", points, points)[:, None]
    found += np.einsum("ij,ij->i", centres, centres)
    return np.asarray(np.maximum(found, 0.0, out=found), dtype=np.float64)


def _seeding(crowd: Crowd, most: int, rng: np.random.Generator) -> Seeding:
    trials = 2 + int(log(most))
    chosen = [_pick(crowd.weights, 1, rng)[0]]
    nearest = squared_distances(crowd.points, crowd.points[chosen])[:, 0]
    left = [float(nearest @ crowd.weights)]
    while len(chosen) < most:
        candidates = _pick(nearest * crowd.weights, trials, rng)
        then = np.minimum(squared_distances(crowd.points, crowd.points[candidates]), nearest[:, None])
        sums = crowd.weights @ then
        best = int(sums.argmin())
        chosen.append(candidates[best])
        nearest = then[:, best]
        left.append(float(sums[best]))
    return Seeding(crowd.points[chosen], np.array(left))


def _pick(weights: Floats, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    reached = np.cumsum(weights)
    rows = np.searchsorted(reached, rng.random(count) * reached[-1], side="right")
    return np.asarray(np.minimum(rows, len(weights) - 1), dtype=np.intp)
