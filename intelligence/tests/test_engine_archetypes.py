"""Archetypes: groups that are there are found, whatever order, number or currency; nasty shops are borne."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.special import softmax
from sklearn.metrics import adjusted_rand_score, silhouette_score

from intelligence.engine import criterion
from intelligence.engine.archetypes import SMALLEST_SHARE, Archetypes, Candidate, _chosen, find
from intelligence.engine.assignment import CHUNK, assign
from intelligence.engine.crowd import Crowd
from intelligence.engine.scaling import UnusableMatrix
from intelligence.tests.shops import shop
from intelligence.tests.test_engine_scaling import MONEY_COLUMNS

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def found(one_thread: None) -> Archetypes:
    return find(shop(400)[0], max_k=6)


def test_groups_that_are_there_are_found(found: Archetypes) -> None:
    matrix, made_from = shop(400)
    assert (found.k, found.because, found.customers) == (4, "best_rank", 400)
    result = assign(found, matrix)
    assert adjusted_rand_score(made_from, result.labels) == 1.0
    assert found.shares == pytest.approx(np.bincount(result.labels) / 400)
    assert result.confidence.min() > 0.95
    assert (result.second != result.labels).all()
    spend = found.scaler.inverse(found.centroids)[:, 2]
    assert list(spend) == sorted(spend, reverse=True), "richest first"
    best = next(row for row in found.table if row.k == 4)
    assert (best.agreement, [row.k for row in found.table]) == (1.0, [3, 4, 5, 6])


@given(seed=st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_the_order_of_the_rows_means_nothing(found: Archetypes, seed: int) -> None:
    matrix, _groups = shop(400)
    order = np.random.default_rng(seed).permutation(len(matrix))
    again = find(matrix[order], max_k=6)
    assert (again.centroids == found.centroids).all()
    assert (assign(again, matrix).labels == assign(found, matrix).labels).all()


def test_counting_everybody_twice_changes_nothing(found: Archetypes) -> None:
    again = find(np.repeat(shop(400)[0], 2, axis=0), max_k=6)
    assert again.k == found.k
    assert again.centroids == pytest.approx(found.centroids, abs=1e-6)


@given(factor=st.floats(1e-3, 1e3))
@settings(max_examples=8, deadline=None)
def test_another_currency_assigns_everybody_the_same(found: Archetypes, factor: float) -> None:
    matrix, _groups = shop(400)
    other = matrix.copy()
    other[:, MONEY_COLUMNS] *= factor
    assert (assign(find(other, max_k=6), other).labels == assign(found, matrix).labels).all()


def test_the_same_seed_gives_the_same() -> None:
    matrix, _groups = shop(300, spread=0.9)  # groups that run into each other
    first, second = (find(matrix, seed=3) for _run in range(2))
    assert (first.centroids == second.centroids).all()
    assert first.table == second.table


def test_stored_and_read_again_it_assigns_the_same(found: Archetypes) -> None:
    matrix, _groups = shop(70, spread=0.5)
    for archetypes in (found, find(matrix[:20])):
        again = Archetypes.from_json(json.loads(json.dumps(archetypes.to_json())))
        first, second = assign(archetypes, matrix), assign(again, matrix)
        assert (first.labels == second.labels).all()
        assert (first.confidence == second.confidence).all()
        assert (again.table, again.because, again.rules) == (archetypes.table, archetypes.because, archetypes.rules)


def test_a_refit_starts_from_what_was_found_and_keeps_its_yardstick(found: Archetypes) -> None:
    matrix, _groups = shop(600, seed=9)
    again = find(matrix, max_k=9, previous=found)
    assert (again.k, again.because, again.scaler, again.customers) == (4, "kept", found.scaler, 600)
    assert np.abs(again.centroids - found.centroids).max() < 0.2


def test_a_refit_searches_anew_when_an_archetype_has_almost_nobody_left(found: Archetypes) -> None:
    matrix, groups = shop(600)
    left = (groups != 2) | (np.arange(600) < 20)
    again = find(matrix[left], previous=found)
    assert sum(groups[:20] == 2) == 3
    assert (again.because, again.shares.min() >= SMALLEST_SHARE) == ("best_rank", True)


@pytest.mark.parametrize(
    ("customers", "ks"), [(49, []), (50, [2, 3]), (99, [2, 3]), (100, [3]), (150, [3, 4, 5]), (300, [3, 4, 5, 6])]
)
def test_the_range_follows_the_number_of_buyers(customers: int, ks: list[int]) -> None:
    assert [row.k for row in find(shop(customers)[0], max_k=6).table] == ks


@pytest.mark.parametrize(("min_k", "max_k"), [(1, 5), (6, 5)])
def test_a_range_that_cannot_be_is_refused(min_k: int, max_k: int) -> None:
    with pytest.raises(ValueError, match=f"no k from {min_k} to {max_k}"):
        find(shop(100)[0], min_k=min_k, max_k=max_k)


def test_a_sample_does_not_depend_on_the_order_or_on_duplicates() -> None:
    matrix, _groups = shop(400)
    first = find(matrix, max_k=5, sample=150)
    order = np.random.default_rng(2).permutation(400)
    assert (find(matrix[order], max_k=5, sample=150).centroids == first.centroids).all()
    assert find(np.repeat(matrix, 3, axis=0), max_k=5, sample=150).centroids == pytest.approx(first.centroids, abs=1e-6)


def test_a_shop_grows_out_of_rules_and_shrinks_back() -> None:
    matrix, _groups = shop(120)
    few = find(matrix[:40])
    many = find(matrix, previous=few)
    assert (few.is_rules, many.is_rules) == (True, False)
    assert find(matrix[:40], previous=many).because == "few_buyers"
    assert find(np.ones((200, 10)), previous=many).because == "too_alike"


def test_the_range_can_be_fixed() -> None:
    assert [row.k for row in find(shop(60)[0], min_k=4, max_k=5, dynamic=False).table] == [4, 5]


def test_a_few_buyers_are_divided_by_rules_and_it_says_so() -> None:
    matrix = np.ones((40, 10))
    matrix[:, 0], matrix[:, 1] = 5, 3
    matrix[:, 2] = 100.0
    matrix[0, 2] = 300.0  # big
    matrix[1, 1] = 1  # once
    matrix[2:4, 0] = 400  # long ago, however much
    matrix[3, 2] = 9000.0
    archetypes = find(matrix)
    assert (archetypes.is_rules, archetypes.because, archetypes.k) == (True, "few_buyers", 4)
    assert archetypes.rules is not None
    assert archetypes.rules.lapsed_after_days == 30.0, "never shorter, though they come every day"
    assert archetypes.rules.big_from == 300.0
    labels = assign(archetypes, matrix).labels
    assert [archetypes.rules.groups[label] for label in labels[:5]] == ["big", "new", "lapsed", "lapsed", "regular"]
    assert archetypes.shares.tolist() == [1 / 40, 36 / 40, 1 / 40, 2 / 40]


def test_a_shop_without_a_buyer() -> None:
    archetypes = find(np.empty((0, 10)))
    assert (archetypes.is_rules, archetypes.shares.tolist()) == (True, [0.0] * 4)
    assert len(assign(archetypes, np.empty((0, 10))).labels) == 0


def test_alike_customers_are_not_torn_apart() -> None:
    archetypes = find(np.ones((500, 10)))
    assert (archetypes.is_rules, archetypes.because) == (True, "too_alike")


def test_a_giant_wholesaler_does_not_become_an_archetype() -> None:
    matrix, _groups = shop(400)
    matrix[0] = [1, 700, 5e8, 7e5, 730, 400, 9e4, 4000, 1, 0.0]
    archetypes = find(matrix, max_k=6)
    assert archetypes.k == 4
    assert archetypes.shares.min() > 0.2


def test_what_is_no_number_is_refused() -> None:
    matrix, _groups = shop(100)
    matrix[3, 0] = np.inf
    with pytest.raises(UnusableMatrix, match="recency_days of row 3 is inf"):
        find(matrix)
    with pytest.raises(UnusableMatrix):
        assign(find(shop(100)[0]), matrix)


def test_constant_columns_do_no_harm() -> None:
    matrix, made_from = shop(300)
    matrix[:, [5, 9]] = 0.0
    assert adjusted_rand_score(made_from, assign(find(matrix, max_k=5), matrix).labels) == 1.0


def test_conditions_are_relaxed_in_the_stated_order() -> None:
    sure = Candidate(3, 0.2, 0.85, 0.1, 2.0)
    unsure = Candidate(4, 0.3, 0.7, 0.1, 4.0)
    less_sure = Candidate(5, 0.2, 0.6, 0.1, 5.0)
    tiny = Candidate(6, 0.4, 0.99, SMALLEST_SHARE / 3, 6.0)
    tinier = Candidate(7, 0.4, 0.99, SMALLEST_SHARE / 9, 7.0)
    assert _chosen((sure, unsure, less_sure, tiny)) == (sure, "best_rank")
    assert _chosen((unsure, less_sure, tiny)) == (unsure, "none_agrees")
    better = Candidate(5, 0.3, 0.9, 0.1, 3.5)
    assert _chosen((sure, better)) == (better, "best_rank")
    assert _chosen((sure, better), 3) == (sure, "usual_k")
    assert _chosen((sure, replace(better, rank=4.0)), 3)[0].k == 5
    assert _chosen((sure, better), 9)[0].k == 5
    assert _chosen((tiny, tinier)) == (tiny, "none_large_enough")


def test_pieces_are_put_together_in_order(found: Archetypes) -> None:
    matrix, _groups = shop(500, spread=1.2)
    many = np.tile(matrix, (CHUNK // 500 + 2, 1))
    result, alone = assign(found, many), assign(found, matrix)
    assert (result.labels[-500:] == alone.labels).all()
    assert result.confidence[-500:] == pytest.approx(alone.confidence)
    assert (result.second[-500:] == alone.second).all()


def test_confidence_is_the_share_of_the_nearest_ball() -> None:
    matrix, _groups = shop(200, spread=0.9)
    found = replace(find(matrix), variance=2.0)
    squares = cdist(found.scaler.transform(matrix), found.centroids, "sqeuclidean")
    chances = softmax(-squares / (2 * found.variance), axis=1)
    result = assign(found, matrix)
    assert result.confidence == pytest.approx(chances.max(axis=1), abs=1e-5)
    assert (result.second == np.argsort(squares, axis=1)[:, 1]).all()
    assert result.confidence.min() < 0.7


@given(seed=st.integers(0, 1000), groups=st.integers(2, 5))
@settings(max_examples=20, deadline=None)
def test_silhouette_and_rand_are_those_of_the_books(seed: int, groups: int) -> None:
    """Customers counted with weights as if they stood there as often; scikit-learn as the oracle."""
    rng = np.random.default_rng(seed)
    points, weights = rng.normal(size=(40, 10)), rng.integers(1, 4, 40)
    labels = np.concatenate([np.arange(groups), rng.integers(0, groups, 40 - groups)])
    other = rng.integers(0, 3, 40)
    weights[:groups] += 1
    crowd = Crowd(points, weights.astype(np.float64))
    ours = criterion.silhouette(crowd, criterion.distances(crowd), labels)
    often = np.repeat(np.arange(40), weights)
    assert ours == pytest.approx(silhouette_score(points[often], labels[often]), abs=1e-6)
    rand = criterion.adjusted_rand(labels, other, crowd.weights)
    assert rand == pytest.approx(adjusted_rand_score(labels[often], other[often]))


def test_another_draw_each_night_moves_next_to_nobody() -> None:
    matrix, _groups = shop(3_000, spread=0.8, seed=4)
    found = find(matrix, seed=0)
    before = assign(found, matrix).labels

    def moved(memory: int) -> float:
        now, places = found, []
        for night in range(1, 6):
            now = find(matrix, previous=now, sample=500, seed=night, memory=memory)
            places.append(float(np.mean(assign(now, matrix).labels != before)))
        return max(places)

    assert moved(10_000) < 0.01
    assert moved(10_000) < moved(0) / 2
