"""Archetypes of this run and of the one before: which are the same, which are new.

The assignment is that of H. W. Kuhn, "The Hungarian method" (1955), by scipy. An archetype that shares less than half
with its match (L. R. Dice, "Measures of the amount of ecologic association between species", 1945) is a new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from intelligence.engine.archetypes import Archetypes
from intelligence.engine.kmeans import squared_distances
from intelligence.engine.scaling import Floats

SAME_FROM = 0.5

Integers = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Matched:
    """`ids` and `came_from` have one entry for each archetype of this run; `came_from` is the archetype of the last run
    that most of its people were in (itself, if it kept its id; None: nothing is known). `ended` are ids not used again.
    """

    ids: tuple[int, ...]
    came_from: tuple[int | None, ...]
    ended: tuple[int, ...]


def match_people(before: Integers, after: Integers, *, ids: Sequence[int], k: int, next_id: int) -> Matched:
    """Match by the same customers' archetypes, 0 to len(ids) − 1 before and 0 to k − 1 after.

    As few people as possible get another id. `ids` are those of the archetypes before; new ones count from `next_id`.
    """
    shared = _table(before, after, len(ids), k)
    alike = 2 * shared / np.maximum(shared.sum(axis=1)[:, None] + shared.sum(axis=0), 1)
    pairs = zip(*linear_sum_assignment(-shared), strict=True)
    kept = {int(new): int(old) for old, new in pairs if alike[old, new] >= SAME_FROM}
    parents = [int(shared[:, new].argmax()) if shared[:, new].any() else None for new in range(k)]
    return _matched(kept, parents, ids, k, next_id)


def match_centroids(before: Archetypes, after: Archetypes, *, ids: Sequence[int], next_id: int) -> Matched:
    """Match where no customer is in both runs: by the centroids' distance, if both take each other for the nearest."""
    old = after.scaler.transform(before.scaler.inverse(before.centroids))
    between = squared_distances(old, after.centroids)
    nearest_new, nearest_old = between.argmin(axis=1), between.argmin(axis=0)
    pairs = zip(*linear_sum_assignment(between), strict=True)
    kept = {int(n): int(o) for o, n in pairs if nearest_new[o] == n and nearest_old[n] == o}
    return _matched(kept, [int(parent) for parent in nearest_old], ids, after.k, next_id)


def _table(before: Integers, after: Integers, rows: int, columns: int) -> Floats:
    together = np.bincount(before.astype(np.intp) * columns + after, minlength=rows * columns)
    return together.astype(np.float64).reshape(rows, columns)


def _matched(kept: dict[int, int], parents: Sequence[int | None], ids: Sequence[int], k: int, next_id: int) -> Matched:
    found, came_from = [], []
    for new in range(k):
        old = kept.get(new)
        parent = parents[new] if old is None else old
        came_from.append(None if parent is None else ids[parent])
        found.append(next_id if old is None else ids[old])
        next_id += old is None
    return Matched(tuple(found), tuple(came_from), tuple(id_ for id_ in ids if id_ not in found))
