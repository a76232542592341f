"""Which archetypes are those of the run before: the ones in which most of the same people are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from intelligence.actions.archetype_buyers import Buyers, Integers
from intelligence.engine.archetypes import Archetypes
from intelligence.engine.matching import match_centroids, match_people
from intelligence.models import ArchetypeRun


@dataclass(frozen=True, slots=True)
class Same:
    """Which archetype of before one is; a new one knows where most of its people were."""

    id: int | None = None
    came_from: int | None = None


def match_archetypes(
    found: Archetypes, buyers: Buyers, labels: Integers, before: ArchetypeRun | None, then: tuple[Integers, Integers]
) -> Sequence[Same]:
    """For each archetype, which of those before it is."""
    if before is None:
        return [Same()] * found.k
    ids = [row["id"] for row in before.found]
    if found.is_rules and before.model["rules"]:
        return [Same(one) for one in ids]
    customers, archetypes = then
    row_of = {archetype: row for row, archetype in enumerate(ids)}
    known = np.isin(archetypes, ids)
    both, at, now_at = np.intersect1d(customers[known], buyers.customers, assume_unique=True, return_indices=True)
    new_id = max(ids) + 1
    if len(both):
        were = np.array([row_of[archetype] for archetype in archetypes[known][at].tolist()], dtype=np.int64)
        matched = match_people(were, labels[now_at], ids=ids, k=found.k, next_id=new_id)
    elif found.is_rules or before.model["rules"]:
        return [Same()] * found.k
    else:
        matched = match_centroids(Archetypes.from_json(before.model), found, ids=ids, next_id=new_id)
    pairs = zip(matched.ids, matched.came_from, strict=True)
    return [Same(one) if one < new_id else Same(came_from=parent) for one, parent in pairs]
