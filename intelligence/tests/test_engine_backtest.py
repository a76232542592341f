"""Forecasts asked at days of the past; the naive ones against a shop that can be counted by hand."""

import numpy as np
import pytest
from sklearn.metrics import mean_tweedie_deviance

from intelligence.engine import backtest, enough, naive
from intelligence.engine.forecast import Forecast
from intelligence.engine.purchase_days import PurchaseDays

WEEK, HORIZON = 7, 28


@pytest.fixture(scope="module")
def shop():
    """One buys £10 each week, one bought twice and left, one comes after day 200; a refund of £4 on day 130."""
    weekly = [(1, day, 10.0) for day in range(0, 301, WEEK)]
    customer, day, spend = zip(*weekly, (2, 5, 50.0), (2, 12, 50.0), (3, 210, 7.0), strict=True)
    return PurchaseDays(customer, day, spend, back=([1], [130], [4.0]))


def test_origins_have_a_past_and_a_whole_horizon(shop):
    newest = 301 - 1 - HORIZON - 6  # the last purchase is of day 294
    assert backtest.origins(shop, horizon=HORIZON, count=3) == [newest - 70, newest - 35, newest]
    assert backtest.origins(shop, horizon=HORIZON, count=50)[0] >= enough.LEAST_HISTORY
    assert backtest.origins(shop, horizon=HORIZON, count=2, until=200)[-1] == 200 - HORIZON
    assert backtest.origins(shop, horizon=400, count=5) == []


def test_the_naive_forecasts(shop):
    before = naive.as_before(shop, 140, HORIZON)
    assert list(before.customers) == [1, 2]
    assert list(before.chance) == [1, 0]
    assert list(before.purchases) == [4, 0]
    assert list(before.spend) == [36, 0]
    mean = naive.mean(shop, 140, HORIZON)
    assert (list(mean.chance), list(mean.spend)) == ([0.5, 0.5], [18, 18])
    rate = naive.at_their_rate(shop, 140, HORIZON)
    assert rate.purchases == pytest.approx([21 / (141 / 28), 2 / (136 / 28)])
    assert rate.spend[1] == pytest.approx(100 / (136 / 28))


def test_scores_of_one_day(shop):
    found = backtest.score(naive.as_before(shop, 140, HORIZON), shop, 140, HORIZON)
    assert (found.customers, found.said_active, found.came_active) == (2, 1, 1)
    assert (found.brier, found.area_under_curve, found.purchases_bias) == (0, 1, 0)
    assert found.spend_bias == pytest.approx(36 / 40 - 1)
    assert (found.spend_error, found.top_fifth, found.covered) == (2, 1, None)

    # £40 of the first lie outside of a narrow range about £36; the second is certain to spend nothing, and does.
    narrow = Forecast(
        np.array([1, 2]), np.array([1.0, 0]), np.array([4.0, 0]), np.array([36.0, 0]), np.array([1e-4] * 2)
    )
    assert backtest.score(narrow, shop, 140, HORIZON).covered == 0.5


def test_the_best_is_chosen_for_its_purpose(shop):
    def knows_who(history, day, horizon):
        came = history.between(history.until(day).customers, day, day + horizon)
        return Forecast(history.until(day).customers, (came.days > 0) * 1.0, came.days, came.spend * 0 + 500.0)

    days = backtest.origins(shop, horizon=HORIZON, count=3, until=180)
    results = backtest.run(
        {"mean": naive.mean, "who": knows_who, "rate": naive.at_their_rate}, shop, days, horizon=HORIZON
    )
    assert [one.day for one in results["mean"]] == days
    assert backtest.best_for_chances(results) == "who"
    assert backtest.best_for_money(results) == "rate"


def test_the_deviance_is_the_published_one():
    random = np.random.default_rng(5)
    said, came = random.random(50) * 90 + 1, np.where(random.random(50) < 0.5, 0, random.random(50) * 200)
    assert backtest.deviance(said, came) == pytest.approx(mean_tweedie_deviance(came, said, power=1.5))
