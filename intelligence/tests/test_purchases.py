"""The models of repeat purchases: as published, as another implementation, as a simulated world, and their laws."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from intelligence.engine.beta_geometric import BG_NBD, MBG_NBD
from intelligence.engine.estimation import TooFewRepeaters
from intelligence.engine.histories import FloatArray, Histories
from intelligence.engine.pareto import PARETO_NBD
from intelligence.engine.purchases import Params, PurchaseModel
from intelligence.tests import cdnow


@dataclass(frozen=True)
class Known:
    model: PurchaseModel
    peer: str
    params: Params
    log_likelihood: float


# BG/NBD: Fader, Hardie, Lee, "Counting your customers the easy way", Marketing Science 24 (2005), table 2.
# MBG/NBD: Batislam, Denizel, Filiztekin, Int. J. of Research in Marketing 24 (2007), with the erratum of Wagner, Hoppe,
# 25 (2008); the log-likelihood, which they do not print, is that of `lifetimes`.
# Pareto/NBD: Fader, Hardie, Lee, "RFM and CLV: using iso-value curves", J. of Marketing Research 42 (2005); the
# log-likelihood is in "Counting your customers the easy way", table 2.
KNOWN = {
    "BG/NBD": Known(BG_NBD, "BetaGeoFitter", (0.243, 4.414, 0.793, 2.426), -9582.4),
    "MBG/NBD": Known(MBG_NBD, "ModifiedBetaGeoFitter", (0.525, 6.183, 0.891, 1.614), -9582.1),
    "Pareto/NBD": Known(PARETO_NBD, "ParetoNBDFitter", (0.553, 10.578, 0.606, 11.669), -9595.0),
}
ALL = pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN)
WORLDS = {"BG/NBD": (0.6, 5.0, 0.6, 2.0), "MBG/NBD": (0.6, 5.0, 0.6, 2.0), "Pareto/NBD": (0.6, 5.0, 0.6, 12.0)}


@ALL
def test_published_parameters_of_cdnow(known: Known) -> None:
    fitted = known.model.fit(cdnow.histories())
    assert fitted.params == pytest.approx(known.params, rel=0.002)
    assert fitted.log_likelihood == pytest.approx(known.log_likelihood, abs=0.06)
    assert fitted.converged
    assert fitted.n == 2357


@ALL
def test_another_implementation_foresees_the_same(known: Known) -> None:
    x, t_x, age, _spend = cdnow.columns()
    peer, data = cdnow.peer(known.peer, known.params), cdnow.histories()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = peer.conditional_expected_number_of_purchases_up_to_time(39, x, t_x, age)
        alive = np.ravel(peer.conditional_probability_alive(x, t_x, age))
        # One of them takes parameters and adds up, the others take logarithms and divide by the customers.
        one, n = (known.params, 1) if known.model is PARETO_NBD else (np.log(known.params), len(x))
        loss = n * peer._negative_log_likelihood(one, x, t_x, age, np.ones(len(x)), 0)
    assert known.model.log_likelihood(known.params, data) == pytest.approx(-loss, abs=1e-6)
    assert data.expand(known.model.expected_purchases(known.params, data, 39)) == pytest.approx(expected, rel=1e-7)
    assert data.expand(known.model.probability_alive(known.params, data)) == pytest.approx(alive, abs=1e-9)


@ALL
def test_mean_variance_and_chance_are_those_of_the_distribution(known: Known) -> None:
    data, number = cdnow.histories(), np.arange(301)
    chances = known.model.distribution(known.params, data, 30, 300)
    mean, square = chances @ number, chances @ number**2
    assert chances.sum(axis=1) == pytest.approx(1, abs=1e-9)
    assert known.model.expected_purchases(known.params, data, 30) == pytest.approx(mean, rel=1e-8)
    assert known.model.variance_of_purchases(known.params, data, 30) == pytest.approx(square - mean**2, rel=1e-7)
    assert known.model.probability_of_purchase(known.params, data, 30) == pytest.approx(1 - chances[:, 0], abs=1e-9)


def test_how_sure_the_parameters_are() -> None:
    x, t_x, age, _spend = cdnow.columns()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = cdnow.lifetimes.BetaGeoFitter().fit(x, t_x, age).standard_errors_
    fitted = BG_NBD.fit(cdnow.histories())
    ours = np.sqrt(np.diag(fitted.covariance)) * fitted.params
    assert ours == pytest.approx(np.array(theirs), rel=0.005)


def test_single_customers_of_the_literature() -> None:
    # Fader, Hardie, Lee, "Implementing the BG/NBD model for customer base analysis in Excel" (2005), customer 0001.
    first = Histories.of([2], [30.43], [38.86])
    assert BG_NBD.expected_purchases((0.243, 4.414, 0.793, 2.426), first, 39)[0] == pytest.approx(1.226, abs=5e-4)
    # The manual of the R package BTYD, pnbd.PAlive.
    once = Histories.of([0], [0], [39])
    assert PARETO_NBD.probability_alive((0.55, 10.56, 0.61, 11.64), once)[0] == pytest.approx(0.2924031, abs=5e-8)


def simulated(name: str, params: Params, *, size: int = 30_000, horizon: float = 26) -> tuple[Histories, FloatArray]:
    """People who live as the model says, watched for half a year to two years, and what they buy afterwards."""
    chance = np.random.default_rng(11)
    age = np.floor(chance.uniform(26, 104, size) * 7) / 7
    rate = chance.gamma(params[0], 1 / params[1], size)
    times = np.cumsum(chance.exponential(1 / np.maximum(rate, 1e-9)[:, None], (size, 150)), axis=1)
    if name == "Pareto/NBD":
        lives = chance.exponential(1 / np.maximum(chance.gamma(params[2], 1 / params[3], size), 1e-12))
        happens = times < lives[:, None]
    else:
        stays = chance.geometric(np.maximum(chance.beta(params[2], params[3], size), 1e-9))
        happens = np.arange(150) < (stays - (name == "MBG/NBD"))[:, None]
    before = happens & (times <= age[:, None])
    after = happens & (times > age[:, None]) & (times <= age[:, None] + horizon)
    data = Histories.of(before.sum(axis=1), np.max(times * before, axis=1), age)
    return data, after.sum(axis=1).astype(float)


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_that_lives_as_assumed_does_what_is_foreseen(name: str) -> None:
    model, params = KNOWN[name].model, WORLDS[name]
    data, bought = simulated(name, params)
    told = data.expand(model.distribution(params, data, 26, 12))
    happened = np.bincount(np.minimum(bought, 13).astype(int), minlength=14)[:13]
    spread = np.sqrt((told * (1 - told)).sum(axis=0))
    assert np.abs(happened - told.sum(axis=0)).max() < 3.5 * spread.max()
    assert (np.abs(happened - told.sum(axis=0)) < 4 * spread).all()

    mean = data.expand(model.expected_purchases(params, data, 26))
    variance = data.expand(model.variance_of_purchases(params, data, 26))
    assert bought.sum() == pytest.approx(mean.sum(), abs=3 * np.sqrt(variance.sum()))
    assert ((bought - mean) ** 2).sum() == pytest.approx(variance.sum(), rel=0.05)

    chance = data.expand(model.probability_of_purchase(params, data, 26))
    for tenth in np.array_split(np.argsort(chance), 10):
        doubt = 3.5 * np.sqrt((chance[tenth] * (1 - chance[tenth])).sum())
        assert (bought[tenth] > 0).sum() == pytest.approx(chance[tenth].sum(), abs=doubt)

    assert np.log(model.fit(data).params) == pytest.approx(np.log(params), abs=0.15)


positive = st.floats(0.05, 20)


@ALL
@settings(max_examples=20, deadline=None, derandomize=True)
@given(params=st.tuples(positive, positive, positive, positive))
def test_the_gradient_is_the_slope(known: Known, params: Params) -> None:
    data = Histories.of([0, 0, 1, 3, 40, 200], [0, 0, 2, 9.5, 80, 99], [0, 30, 30, 9.5, 100, 100])
    objective = known.model.objective(data)  # type: ignore[attr-defined]
    point = np.log(params)
    slope = approx_fprime(point, lambda at: objective(at)[0], 1e-6)
    assert objective(point)[1] == pytest.approx(slope, rel=1e-3, abs=1e-2)


@ALL
def test_the_order_of_customers_is_nothing_and_twice_as_many_are_the_same(known: Known) -> None:
    columns = cdnow.columns()[:3]
    params = known.model.fit(cdnow.histories()).params
    mixed = np.random.default_rng(3).permutation(len(columns[0]))
    assert known.model.fit(Histories.of(*(column[mixed] for column in columns))).params == params
    doubled = known.model.fit(Histories.of(*(np.tile(column, 2) for column in columns)))
    assert doubled.params == pytest.approx(params, rel=1e-5)
    assert doubled.covariance * 2 == pytest.approx(known.model.fit(cdnow.histories()).covariance, rel=0.03)


@ALL
def test_days_for_weeks_rescale_the_scales_only(known: Known) -> None:
    x, t_x, age, _spend = cdnow.columns()
    weeks = known.model.fit(cdnow.histories()).params
    days = known.model.fit(Histories.of(x, t_x * 7, age * 7)).params
    sevenfold = np.array([1, 7, 1, 7 if "beta" in known.model.names else 1])
    assert days == pytest.approx(np.array(weeks) * sevenfold, rel=1e-4)


@ALL
def test_odd_customers_get_sane_answers(known: Known) -> None:
    data = Histories.of([0, 0, 1, 200, 2000, 2000, 1], [0, 0, 0, 100, 500, 200, 3], [0, 900, 0, 100, 500, 900, 900])
    for params in (known.params, (0.05, 0.5, 1.0, 0.05), (500.0, 900.0, 30.0, 2000.0)):
        for horizon in (0.1, 13, 104):
            alive = known.model.probability_alive(params, data)
            chance = known.model.probability_of_purchase(params, data, horizon)
            mean = known.model.expected_purchases(params, data, horizon)
            variance = known.model.variance_of_purchases(params, data, horizon)
            assert ((chance >= 0) & (chance <= alive + 1e-12)).all()
            assert (alive <= 1).all()
            assert (mean >= chance * (1 - 1e-9)).all()
            assert np.isfinite(mean).all()
            assert np.isfinite(variance).all()
            assert (variance >= -1e-9).all()


@ALL
def test_too_little_to_learn_from(known: Known) -> None:
    once = Histories.of(np.zeros(500), np.zeros(500), np.full(500, 30.0))
    with pytest.raises(TooFewRepeaters, match="0 customers came back; 10 are needed"):
        known.model.fit(once)
    nobody = Histories.of([], [], [])
    with pytest.raises(TooFewRepeaters):
        known.model.fit(nobody)
    assert known.model.expected_purchases(known.params, nobody, 13).shape == (0,)


@ALL
def test_a_prior_stands_in_for_what_is_not_known(known: Known) -> None:
    usual = np.exp(known.model.usual.mean)
    one = known.model.fit(Histories.of([1], [4], [20]), prior=known.model.usual)
    assert np.abs(np.log(one.params / usual)).max() < np.log(3)
    assert np.sqrt(np.diag(one.covariance)) == pytest.approx(known.model.usual.deviation, rel=0.35)
    many = known.model.fit(cdnow.histories(), prior=known.model.usual)
    assert many.params == pytest.approx(known.params, rel=0.05)
    nobody = known.model.fit(Histories.of([], [], []), prior=known.model.usual)
    assert nobody.params == pytest.approx(usual, rel=1e-4)


@ALL
def test_equal_customers_are_fitted_too(known: Known) -> None:
    data = Histories.of(np.full(300, 3), np.full(300, 10.0), np.full(300, 12.0))
    fitted = known.model.fit(data)
    assert known.model.expected_purchases(fitted.params, data, 12)[0] == pytest.approx(3, rel=0.35)
    assert np.isfinite(fitted.covariance).all()


@ALL
def test_yesterday_is_a_start_and_draws_repeat(known: Known) -> None:
    cold = known.model.fit(cdnow.histories())
    warm = known.model.fit(cdnow.histories(), start=cold.params)
    assert warm.params == pytest.approx(cold.params, rel=1e-4)
    draws = cold.draws(4000, seed=1)
    assert (draws == cold.draws(4000, seed=1)).all()
    assert np.cov(np.log(draws).T) == pytest.approx(cold.covariance, rel=0.25, abs=2e-3)


def test_equal_histories_are_kept_once() -> None:
    data = Histories.of([2, 0, 2, 0, 2], [5, 0, 5, 0, 3], [9, 9, 9, 4, 9])
    assert data.count.tolist() == [1, 1, 1, 2]
    assert data.frequency.rows.tolist() == [0, 0, 2, 2]
    assert data.age.rows.tolist() == [4, 9, 9, 9]
    assert data.expand(data.recency.rows).tolist() == [5, 0, 5, 0, 3]
    assert (data.customers, data.repeaters) == (5, 3)


@pytest.mark.parametrize(
    "history",
    [([1], [5], [4]), ([0], [1], [4]), ([1.5], [1], [4]), ([-1], [0], [4]), ([1], [np.nan], [4]), ([1, 1], [1], [4])],
)
def test_what_cannot_be_is_refused(history: tuple[list[float], ...]) -> None:
    with pytest.raises(ValueError, match="must"):
        Histories.of(*history)


@ALL
def test_a_horizon_is_above_zero(known: Known) -> None:
    with pytest.raises(ValueError, match="above 0"):
        known.model.expected_purchases(known.params, cdnow.histories(), 0)
