"""The rhythm of a shop, the next purchase, and money of today."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intelligence.engine.purchase_days import PurchaseDays
from intelligence.engine.rhythm import NEXT_WITHIN, USUAL_HORIZON, bent, days_until_next, horizon_of
from intelligence.engine.value import present_value


def regulars(gap, *, people=40):
    rows = [(who, who % gap + gap * turn, 10.0) for who in range(people) for turn in range(6)]
    return PurchaseDays(*zip(*rows, strict=True)).until(10_000)


@pytest.mark.parametrize(("gap", "horizon"), [(3, 28), (9, 28), (20, 56), (30, 91), (60, 182), (200, 182)])
def test_a_shop_is_asked_about_three_gaps(gap, horizon):
    assert horizon_of(regulars(gap)) == horizon


def test_a_shop_with_few_who_came_back_is_asked_about_the_usual():
    assert horizon_of(regulars(3, people=29)) == USUAL_HORIZON


def test_the_next_purchase_is_as_likely_as_not_by_then():
    rates = np.array([np.log(2) / 5, np.log(2) / 40, np.log(2) / 300, np.log(2) / 400, 0.0])
    chances = {days: 1 - np.exp(-rates * days) for days in NEXT_WITHIN}
    found = days_until_next(chances)
    assert found[:3] == pytest.approx([5, 40, 300])
    assert np.isnan(found[3:]).all()
    assert days_until_next({7: np.array([1.0])})[0] < 1


def test_money_later_is_worth_less():
    spend = {91: np.array([100.0, 0]), 182: np.array([200.0, 50]), 364: np.array([400.0, 20])}
    plain = present_value(spend)
    assert [list(value) for value in plain.values()] == [[100, 0], [200, 50], [400, 50]]
    today = present_value(spend, margin=0.5, discount=0.1)
    assert today[91][0] == pytest.approx(50 * 1.1 ** (-45.5 / 365))
    assert today[182][0] == pytest.approx(today[91][0] + 50 * 1.1 ** (-136.5 / 365))
    assert today[364][0] == pytest.approx(today[182][0] + 100 * 1.1 ** (-273 / 365))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), horizon=st.integers(1, 700))
def test_the_next_purchase_agrees_with_the_chance(seed, horizon):
    """As likely as not within the horizon and expected within it are the same, whoever says the chance."""
    random = np.random.default_rng(seed)
    days = sorted({28, 364, horizon})
    growth = dict(zip(days, np.sort(random.random((len(days), 50)) ** random.integers(1, 9), axis=0), strict=True))
    chance = random.permutation(np.concatenate([random.random(48), [0.0, 1.0]]))
    bent_ones = bent(growth, horizon, chance)
    assert list(bent_ones[horizon]) == list(chance)
    told = (growth[horizon] > 1e-9) & (np.abs(chance - 0.5) > 1e-9)
    expected = np.nan_to_num(days_until_next(bent_ones), nan=np.inf)
    assert list((expected <= horizon)[told]) == list((chance >= 0.5)[told])


def test_chances_that_agree_stay():
    growth = {28: np.array([0.1, 0.3]), 91: np.array([0.2, 0.6])}
    for days, found in bent(growth, 91, growth[91]).items():
        assert found == pytest.approx(growth[days])
    assert bent(growth, 91, np.array([0.36, 0.84]))[28] == pytest.approx([1 - 0.9**2, 1 - 0.7**2])
