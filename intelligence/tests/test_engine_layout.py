"""The map of people, and the tiers above the archetypes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from intelligence.engine.archetypes import Archetypes, find
from intelligence.engine.assignment import assign
from intelligence.engine.hierarchy import tiers
from intelligence.engine.layout import map_of
from intelligence.tests.shops import shop

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def found(one_thread: None) -> Archetypes:
    return find(shop(400)[0], max_k=6)


def test_people_who_behave_alike_lie_near_each_other(found: Archetypes) -> None:
    matrix, _groups = shop(400)
    labels = assign(found, matrix).labels
    shown = map_of(found, matrix, labels, most=100)
    assert 90 <= len(shown.rows) <= 100
    shares = np.bincount(labels[shown.rows]) / len(shown.rows)
    assert shares == pytest.approx(found.shares, abs=0.02)
    between = ((shown.points[:, None] - shown.centroids) ** 2).sum(axis=2)
    assert (between.argmin(axis=1) == labels[shown.rows]).all()
    first, second = shown.axes
    assert first.share > second.share > 0.1
    assert first.share + second.share > 0.7
    assert max(first.loadings) == max(map(abs, first.loadings)), "the sign is fixed"
    assert (first.high, first.low) == (
        "come often and return much",
        "came hardly more than once and return nothing",
    )


def test_the_map_does_not_depend_on_the_order_of_the_rows(found: Archetypes) -> None:
    matrix, _groups = shop(400)
    order = np.random.default_rng(5).permutation(400)
    shown = map_of(found, matrix, assign(found, matrix).labels, most=60)
    again = map_of(found, matrix[order], assign(found, matrix[order]).labels, most=60)
    assert sorted(order[again.rows]) == sorted(shown.rows)
    assert again.centroids == pytest.approx(shown.centroids)


def test_a_small_shop_is_shown_whole_and_a_small_archetype_is_not_forgotten(found: Archetypes) -> None:
    matrix, groups = shop(400)
    labels = assign(found, matrix).labels
    assert map_of(found, matrix[:30], labels[:30]).rows.tolist() == list(range(30))
    rare = (groups != 0) | (np.arange(400) == np.argmax(groups == 0))
    shown = map_of(found, matrix[rare], labels[rare], most=50)
    assert set(labels[rare][shown.rows]) == {0, 1, 2, 3}


def test_groups_by_rules_and_alike_people_have_a_map_too() -> None:
    for matrix in (np.ones((60, 10)), shop(12)[0]):
        archetypes = find(matrix)
        shown = map_of(archetypes, matrix, assign(archetypes, matrix).labels)
        assert shown.points.shape == (len(matrix), 2)
        assert np.isfinite(shown.points).all()
        assert shown.centroids.shape == (0, 2)


def test_tiers_put_together_who_spend_alike(found: Archetypes) -> None:
    assert tiers(found) == (0, 0, 1, 1)


def test_many_archetypes_have_three_tiers_of_which_the_first_spends_most(found: Archetypes) -> None:
    spend = np.array([2.0, 1.9, 1.8, 0.1, 0.0, -2.0])
    centroids = np.zeros((6, 10))
    centroids[:, 2] = spend
    many = replace(found, centroids=centroids, shares=np.full(6, 1 / 6))
    assert tiers(many) == (0, 0, 0, 1, 1, 2)
    assert tiers(replace(many, centroids=centroids[::-1])) == (2, 1, 1, 0, 0, 0)


def test_groups_by_rules_have_two_tiers() -> None:
    assert tiers(find(shop(20)[0])) == (0, 0, 1, 1)
