"""Who belongs to which archetype, and how surely.

The confidence is the share of the nearest centroid where each archetype is a ball of the same variance in every
direction, all equally likely: C. M. Bishop, "Pattern Recognition and Machine Learning" (2006), section 9.3.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intelligence.engine.archetypes import Archetypes
from intelligence.engine.kmeans import squared_distances
from intelligence.engine.scaling import Floats, checked

CHUNK = 65_536  # rows whose distances are in memory at a time: about 15 MB


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """For each customer: `labels`, the archetype; `confidence`, 0 to 1; `second`, the next best (−1: there is none)."""

    labels: NDArray[np.int16]
    confidence: NDArray[np.float32]
    second: NDArray[np.int16]


def assign(archetypes: Archetypes, matrix: Floats) -> Assignment:
    """Customers × features in their own units to archetypes. Raises UnusableMatrix."""
    matrix = checked(matrix)
    if archetypes.rules is not None:
        labels = archetypes.rules.assign(matrix).astype(np.int16)
        return Assignment(labels, np.ones(len(labels), dtype=np.float32), np.full_like(labels, -1))
    result = Assignment(
        np.empty(len(matrix), dtype=np.int16),
        np.empty(len(matrix), dtype=np.float32),
        np.empty(len(matrix), dtype=np.int16),
    )
    for start in range(0, len(matrix), CHUNK):
        rows = slice(start, start + CHUNK)
        _assign(archetypes, matrix[rows], result, rows)
    return result


def _assign(archetypes: Archetypes, matrix: Floats, result: Assignment, rows: slice) -> None:
    distances = squared_distances(archetypes.scaler.transform(matrix), archetypes.centroids)
    place = np.arange(len(distances))
    best = distances.argmin(axis=1)
    nearest = distances[place, best]
    chances = np.exp((nearest[:, None] - distances) / (2 * max(archetypes.variance, 1e-12)))
    distances[place, best] = np.inf
    result.labels[rows] = best
    result.confidence[rows] = 1 / chances.sum(axis=1)
    result.second[rows] = distances.argmin(axis=1)
