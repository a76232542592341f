"""Scaling: what it forgives, what it refuses, and that neither currency nor doubling moves it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intelligence.engine.scaling import CLIP, FEATURES, MONEY, Scaler, UnusableMatrix
from intelligence.tests.shops import shop

MONEY_COLUMNS = [FEATURES.index(name) for name in MONEY]


@pytest.mark.parametrize("robust", [True, False])
def test_the_typical_customer_is_near_nought_and_nobody_beyond_three(robust: bool) -> None:
    matrix, _groups = shop(500)
    matrix[0] = 1e9
    scaled = Scaler.fit(matrix, robust=robust).transform(matrix)
    assert np.abs(scaled).max() == CLIP
    if robust:
        middles = np.median(scaled, axis=0)
        assert np.abs(middles).max() < 0.05


def test_a_column_that_never_varies_is_nought() -> None:
    matrix, _groups = shop(100)
    matrix[:, FEATURES.index("returned_share")] = 0.25
    scaled = Scaler.fit(matrix).transform(matrix)
    assert not scaled[:, FEATURES.index("returned_share")].any()


def test_more_money_back_than_paid_is_worth_as_little_as_none() -> None:
    matrix, _groups = shop(60)
    matrix[:2, FEATURES.index("net_spend")] = (-50.0, 0.0)
    matrix[1] = [*matrix[0, :2], 0.0, *matrix[0, 3:]]
    first, second = Scaler.fit(matrix).transform(matrix)[:2]
    assert (first == second).all()


def test_stored_and_read_again_it_is_the_same() -> None:
    matrix, _groups = shop(80)
    scaler = Scaler.fit(matrix)
    assert Scaler.from_json(json.loads(json.dumps(scaler.to_json()))) == scaler


def test_the_way_back_gives_what_was_not_cut() -> None:
    matrix, _groups = shop(80, groups=1, spread=0.05)
    scaler = Scaler.fit(matrix)
    scaled = scaler.transform(matrix)
    kept = np.abs(scaled) < CLIP
    assert scaler.inverse(scaled)[kept] == pytest.approx(matrix[kept])


@given(factor=st.floats(1e-4, 1e4))
@settings(max_examples=25, deadline=None)
def test_another_currency_scales_to_the_same(factor: float) -> None:
    matrix, _groups = shop(90)
    other = matrix.copy()
    other[:, MONEY_COLUMNS] *= factor
    assert Scaler.fit(other).transform(other) == pytest.approx(Scaler.fit(matrix).transform(matrix), abs=1e-9)


@given(customers=st.integers(1, 60))
@settings(max_examples=25, deadline=None)
def test_counting_everybody_twice_changes_nothing(customers: int) -> None:
    matrix, _groups = shop(customers)
    once, twice = Scaler.fit(matrix), Scaler.fit(np.repeat(matrix, 2, axis=0))
    assert (twice.unit, twice.centre) == (once.unit, once.centre)
    assert twice.width == pytest.approx(once.width)


def test_what_is_no_number_is_refused_with_its_place() -> None:
    matrix, _groups = shop(60)
    matrix[7, 2] = np.nan
    with pytest.raises(UnusableMatrix, match="net_spend of row 7 is nan"):
        Scaler.fit(matrix)
    with pytest.raises(UnusableMatrix, match=r"shape \(60, 3\)"):
        Scaler.fit(matrix[:, :3])
    with pytest.raises(UnusableMatrix, match="no customers"):
        Scaler.fit(matrix[:0])
