"""How good a division into groups is: how far apart they lie, and how surely they are found again.

Sources: P. J. Rousseeuw, "Silhouettes: a graphical aid" (1987); L. Hubert, P. Arabie, "Comparing partitions" (1985);
C. Hennig, "Cluster-wise assessment of cluster stability" (2007).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from intelligence.engine.crowd import Crowd
from intelligence.engine.kmeans import squared_distances
from intelligence.engine.scaling import Floats

Labels = NDArray[np.intp]


def distances(crowd: Crowd) -> Floats:
    """Points × points; 2,000 of them take 32 MB."""
    return np.asarray(np.sqrt(squared_distances(crowd.points, crowd.points)), dtype=np.float64)


def silhouette(crowd: Crowd, between: Floats, labels: Labels) -> float:
    """From −1 to 1, the mean over customers; `between` as from `distances`. Somebody alone in a group counts 0."""
    groups = int(labels.max()) + 1
    member = np.zeros((len(crowd), groups))
    member[np.arange(len(crowd)), labels] = crowd.weights
    people = member.sum(axis=0)
    to_group = between @ member
    rows = np.arange(len(crowd))
    own = to_group[rows, labels] / np.maximum(people[labels] - 1, 1)
    to_group[:, people > 0] /= people[people > 0]
    to_group[rows, labels] = np.inf
    to_group[:, people == 0] = np.inf
    other = to_group.min(axis=1)
    widest = np.maximum(own, other)
    alone = (people[labels] <= 1) | (widest <= 0) | np.isinf(other)
    score = np.where(alone, 0.0, (other - own) / np.where(alone, 1.0, widest))
    return float(np.average(score, weights=crowd.weights))


def adjusted_rand(first: Labels, second: Labels, weights: Floats) -> float:
    """How far two divisions of the same customers agree: 1 fully, 0 as much as by chance."""
    columns = int(second.max()) + 1
    together = np.bincount(first * columns + second, weights=weights, minlength=(int(first.max()) + 1) * columns)
    table = together.astype(np.float64).reshape(-1, columns)
    both, rows, across = _pairs(table), _pairs(table.sum(axis=1)), _pairs(table.sum(axis=0))
    expected = rows * across / _pairs(weights.sum())
    most = (rows + across) / 2
    return 1.0 if most == expected else float((both - expected) / (most - expected))


def _pairs(counts: Floats | np.float64) -> float:
    return float(np.sum(counts * (counts - 1)) / 2)
