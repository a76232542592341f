"""The rhythm of a shop, the next purchase, and money of today."""

import numpy as np
import pytest

from intelligence.engine.purchase_days import PurchaseDays
from intelligence.engine.rhythm import NEXT_WITHIN, USUAL_HORIZON, days_until_next, horizon_of
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
