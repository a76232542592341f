"""The figures of the backtest against other implementations, by hand, and by law."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import brier_score_loss, roc_auc_score

from intelligence.engine import accuracy


@st.composite
def forecasts(draw):
    """(chances from 0 to 1 with ties, whether it happened, what came)."""
    size = draw(st.integers(4, 60))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return random.integers(0, 8, size) / 7, random.random(size) < 0.4, random.integers(-2, 9, size).astype(float)


@settings(max_examples=60)
@given(forecasts())
def test_others_find_the_same(given):
    chance, happened, came = given
    if happened.any() and not happened.all():
        assert accuracy.area_under_curve(chance, happened) == pytest.approx(roc_auc_score(happened, chance))
        assert accuracy.brier_score(chance, happened) == pytest.approx(brier_score_loss(happened, chance))
    if len(set(chance)) > 1 and len(set(came)) > 1:
        assert accuracy.rank_correlation(chance, came) == pytest.approx(spearmanr(chance, came).statistic)


@settings(max_examples=40)
@given(forecasts())
def test_who_knows_the_truth_is_perfect(given):
    _chance, happened, came = given
    truth = happened.astype(float)
    assert accuracy.calibration_error(truth, happened) == pytest.approx(0)
    assert accuracy.captured(came, came) == pytest.approx(1)
    if np.maximum(came, 0).sum() > 0 and len(set(np.maximum(came, 0))) > 1:
        assert accuracy.normalised_gini(came, came) == pytest.approx(1)
        assert accuracy.normalised_gini(-came, came) <= 0
    assert accuracy.gain_curve(came, came)[-1][1] in (0, pytest.approx(1))


@settings(max_examples=40)
@given(forecasts(), st.integers(0, 1000))
def test_the_order_of_customers_and_the_currency_change_nothing(given, seed):
    chance, happened, came = given
    # Without ties: which of equals counts as the highest is decided by their order.
    chance = chance + np.arange(len(chance)) / 1e6
    places = np.random.default_rng(seed).permutation(len(chance))
    for figure in (accuracy.area_under_curve, accuracy.brier_score, accuracy.calibration_error):
        assert figure(chance[places], happened[places]) == pytest.approx(figure(chance, happened))
    for figure in (accuracy.captured, accuracy.normalised_gini, accuracy.rank_correlation):
        assert figure(chance[places] * 100, came[places] * 100) == pytest.approx(figure(chance, came))


def test_customers_fall_into_bins_and_tenths():
    chance = np.array([0.05, 0.05, 0.95, 1.0])
    happened = np.array([False, True, True, True])
    low, high = accuracy.calibration(chance, happened)
    assert (low.customers, low.said, low.came) == (2, pytest.approx(0.05), 0.5)
    assert (high.customers, high.said, high.came) == (2, pytest.approx(0.975), 1.0)
    assert accuracy.calibration_error(chance, happened) == pytest.approx((2 * 0.45 + 2 * 0.025) / 4)

    tenths = accuracy.deciles(np.arange(25.0), np.arange(25.0) * 2)
    assert sum(one.customers for one in tenths) == 25
    assert (tenths[0].customers, tenths[0].said, tenths[0].came) == (3, 23, 46)


def test_the_best_fifth_is_counted_against_the_truly_best():
    said = np.array([5.0, 4, 3, 2, 1, 0, 0, 0, 0, 0])
    came = np.array([10.0, 0, 40, 0, 0, 0, 0, 0, 0, -5])
    assert accuracy.captured(said, came) == pytest.approx(10 / 50)
    assert accuracy.gain_curve(said, came, points=10)[:4] == [(0, 0), (0.1, 0.2), (0.2, 0.2), (0.3, 1)]


def test_a_total_of_nothing():
    nothing, something = np.zeros(3), np.ones(3)
    assert (accuracy.bias(nothing, nothing), accuracy.bias(something, nothing)) == (0, float("inf"))
    assert accuracy.bias(something * 3, something * 4) == pytest.approx(-0.25)
    assert accuracy.area_under_curve(something, np.zeros(3, dtype=bool)) == 0.5
