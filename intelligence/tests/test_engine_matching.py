"""Which archetypes are the same as before, and who moved."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intelligence.engine.archetypes import find
from intelligence.engine.assignment import assign
from intelligence.engine.matching import Matched, match_centroids, match_people
from intelligence.tests.shops import shop

pytestmark = pytest.mark.usefixtures("one_thread")


def people(*counts: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """From (before, after, how many)."""
    before = np.concatenate([np.full(many, old) for old, _new, many in counts])
    return before, np.concatenate([np.full(many, new) for _old, new, many in counts])


def test_other_numbers_for_the_same_people_keep_the_ids() -> None:
    before, after = people((0, 2, 50), (1, 0, 30), (2, 1, 20), (0, 0, 5))
    assert match_people(before, after, ids=(4, 7, 9), k=3, next_id=10) == Matched((7, 9, 4), (7, 9, 4), ())


def test_a_split_keeps_the_id_of_the_larger_part_and_the_other_knows_whence_it_came() -> None:
    before, after = people((0, 0, 60), (0, 1, 40), (1, 2, 50))
    assert match_people(before, after, ids=(1, 2), k=3, next_id=3) == Matched((1, 3, 2), (1, 1, 2), ())


def test_a_merger_ends_the_smaller_one() -> None:
    before, after = people((0, 0, 60), (1, 0, 40), (2, 1, 50))
    assert match_people(before, after, ids=(1, 2, 3), k=2, next_id=4) == Matched((1, 3), (1, 3), (2,))


def test_less_than_half_in_common_is_a_new_one() -> None:
    before, after = people((0, 0, 30), (0, 1, 30), (0, 2, 30), (1, 0, 35), (1, 1, 30), (1, 2, 30), (2, 3, 9))
    found = match_people(before, after, ids=(1, 2, 3), k=4, next_id=8)
    assert found == Matched((8, 9, 10, 3), (2, 1, 1, 3), (1, 2))


def test_nobody_in_common_gives_new_ids_without_a_past() -> None:
    none = np.empty(0, dtype=np.int16)
    assert match_people(none, none, ids=(1, 2), k=2, next_id=3) == Matched((3, 4), (None, None), (1, 2))


@given(seed=st.integers(0, 10_000), k=st.integers(2, 8))
@settings(max_examples=30, deadline=None)
def test_ids_are_distinct_and_a_renumbering_moves_nobody(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    before = np.concatenate([np.arange(k), rng.integers(0, k, 200)])
    renumbered = rng.permutation(k)
    ids = tuple(range(5, 5 + k))
    found = match_people(before, renumbered[before], ids=ids, k=k, next_id=99)
    assert np.array(found.ids)[renumbered].tolist() == list(ids)
    other = match_people(before, rng.integers(0, k + 1, len(before)), ids=ids, k=k + 1, next_id=99)
    assert len(set(other.ids)) == k + 1
    assert set(other.ids) & set(ids) == set(ids) - set(other.ended)


def test_without_a_common_customer_the_centroids_tell() -> None:
    """Also in another currency: each run has a scale of its own."""
    first, second = find(shop(400)[0], max_k=6), find(shop(500, seed=8)[0] * [1, 1, 9, 9, 1, 1, 1, 1, 1, 1], max_k=6)
    found = match_centroids(first, second, ids=(3, 5, 6, 8), next_id=9)
    assert found == Matched((3, 5, 6, 8), (3, 5, 6, 8), ())
    fewer = find(shop(400, groups=3)[0], min_k=3, max_k=3)
    gone = match_centroids(first, fewer, ids=(3, 5, 6, 8), next_id=9)
    assert len(gone.ended) == 1
    assert set(gone.ids) | set(gone.ended) == {3, 5, 6, 8}


def test_a_weekly_refit_keeps_every_id() -> None:
    matrix, _groups = shop(400)
    first = find(matrix, max_k=6)
    later = matrix * np.random.default_rng(4).uniform(0.8, 1.2, matrix.shape)
    second = find(later, previous=first)
    found = match_people(
        assign(first, matrix).labels, assign(second, later).labels, ids=range(1, 5), k=second.k, next_id=5
    )
    assert found.ids == (1, 2, 3, 4)
