"""How much a customer spends: as published, as another implementation, as a simulated world, and its laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from intelligence.engine import gamma_gamma
from intelligence.engine.estimation import TooFewRepeaters
from intelligence.tests import cdnow

PUBLISHED = (6.25, 3.74, 15.44)  # Fader, Hardie, "The Gamma-Gamma model of monetary value" (2013), CDNOW


def test_published_parameters_of_cdnow() -> None:
    x, _recency, _age, spend = cdnow.columns()
    fitted = gamma_gamma.fit(x, spend)
    assert fitted.params == pytest.approx(PUBLISHED, rel=0.002)
    assert (fitted.n, fitted.converged) == (946, True)
    assert fitted.log_likelihood == gamma_gamma.log_likelihood(fitted.params, x, spend)
    assert gamma_gamma.correlation(x, spend) == pytest.approx(0.114, abs=0.001)


def test_another_implementation_expects_the_same() -> None:
    x, _recency, _age, spend = cdnow.columns()
    theirs = cdnow.peer("GammaGammaFitter", PUBLISHED).conditional_expected_average_profit(x, spend)
    assert gamma_gamma.expected_spend(PUBLISHED, x, spend) == pytest.approx(theirs, rel=1e-12)


def test_a_world_that_spends_as_assumed_does_what_is_foreseen() -> None:
    chance, size, (p, q, v) = np.random.default_rng(4), 40_000, (3.0, 4.0, 30.0)
    x = chance.integers(0, 8, size)
    rate = chance.gamma(q, 1 / v, size)
    spend = np.where(x > 0, chance.gamma(np.maximum(p * x, 1), 1 / rate) / np.maximum(x, 1), 0.0)
    own = p / rate
    params = (p, q, v)
    expected = gamma_gamma.expected_spend(params, x, spend)
    variance = gamma_gamma.spend_variance(params, x, spend)
    for days in range(8):
        there = x == days
        assert own[there].mean() == pytest.approx(expected[there].mean(), rel=0.03)
        if days:
            assert ((own - expected)[there] ** 2).mean() == pytest.approx(variance[there].mean(), rel=0.25)
        for part in (0.1, 0.5, 0.9):
            below = own[there] < gamma_gamma.quantile(params, x, spend, part)[there]
            assert below.mean() == pytest.approx(part, abs=0.02)
    assert gamma_gamma.fit(x, spend).params == pytest.approx(params, rel=0.1)

    bought = chance.poisson(2.0, size)
    total = np.where(bought > 0, chance.gamma(np.maximum(p * bought, 1), 1 / rate), 0.0)
    twos = np.full(size, 2.0)
    doubt = gamma_gamma.total_variance(params, twos, twos, expected, variance)[x > 2].mean()
    assert ((total - 2 * expected)[x > 2] ** 2).mean() == pytest.approx(doubt, rel=0.1)


positive = st.floats(0.1, 30)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(params=st.tuples(positive, positive, positive))
def test_the_gradient_is_the_slope(params: tuple[float, float, float]) -> None:
    objective = gamma_gamma.objective(np.array([1.0, 1, 2, 300]), np.array([0.5, 20, 7, 900]))
    point = np.log(params)
    slope = approx_fprime(point, lambda at: objective(at)[0], 1e-6)
    assert objective(point)[1] == pytest.approx(slope, rel=1e-3, abs=1e-2)


def test_neither_order_nor_twice_as_many_nor_another_currency_changes_people() -> None:
    x, _recency, _age, spend = cdnow.columns()
    params = np.array(gamma_gamma.fit(x, spend).params)
    mixed = np.random.default_rng(3).permutation(len(x))
    assert gamma_gamma.fit(x[mixed], spend[mixed]).params == pytest.approx(params, rel=1e-5)
    assert gamma_gamma.fit(np.tile(x, 2), np.tile(spend, 2)).params == pytest.approx(params, rel=1e-5)
    assert gamma_gamma.fit(x, spend * 150).params == pytest.approx(params * [1, 1, 150], rel=1e-5)


def test_odd_customers_get_sane_answers() -> None:
    x, spend = np.array([0, 3, 200, 2, 1]), np.array([0, 0.01, 1e6, -5, 35.0])
    expected = gamma_gamma.expected_spend(PUBLISHED, x, spend)
    nothing_known = 6.25 * 15.44 / 2.74
    assert expected[[0, 3]] == pytest.approx(nothing_known)
    assert expected[2] == pytest.approx(1e6, rel=0.01)
    assert (np.diff(expected[[1, 0, 4, 2]]) != 0).all()
    assert (gamma_gamma.spend_variance(PUBLISHED, x, spend) > 0).all()


def test_too_little_to_learn_from_and_too_alike() -> None:
    with pytest.raises(TooFewRepeaters, match="2 customers came back"):
        gamma_gamma.fit([0, 1, 1, 4], [0, 20, 30, -1])
    with pytest.raises(ValueError, match="one length"):
        gamma_gamma.fit([1, 2], [3])
    alike = gamma_gamma.fit(np.full(50, 2), np.full(50, 20.0))
    assert gamma_gamma.expected_spend(alike.params, [2], [20.0])[0] == pytest.approx(20, rel=0.01)
    assert gamma_gamma.correlation(np.full(50, 2), np.full(50, 20.0)) == 0
