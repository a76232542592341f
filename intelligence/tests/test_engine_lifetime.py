"""The forecast of purchases and spend: laws that any shop must keep, and a shop of which the truth is known."""

import numpy as np
import pytest

from intelligence.engine import backtest, learned, naive
from intelligence.engine.beta_geometric import MBG_NBD
from intelligence.engine.forecast import spend_range
from intelligence.engine.learned import LEAST_CUSTOMERS, Learned
from intelligence.engine.lifetime import Lifetime
from intelligence.engine.purchase_days import PurchaseDays
from intelligence.engine.season import Seasonal

MODEL = Lifetime(MBG_NBD)
HORIZON = 91
DAYS = 728


def simulated(*, people, seed=1, days=DAYS):
    """Rows of people who buy at a rate of their own, leave by chance, and spend about a mean of their own."""
    random = np.random.default_rng(seed)
    rows = []
    for who in range(people):
        rate, leaves, mean = random.gamma(0.8, 1 / 60), random.beta(1, 8), 20 * random.gamma(4, 1 / 3)
        day = int(random.integers(0, days))
        while day < days:
            rows.append((who, int(day), round(mean * random.gamma(2, 1 / 2) + 0.01, 2)))
            if random.random() < leaves:
                break
            day += 1 + random.exponential(1 / rate)
    return rows


def shop(rows):
    return PurchaseDays(*zip(*rows, strict=True))


@pytest.fixture(scope="module")
def rows():
    return simulated(people=1_500)


@pytest.fixture(scope="module")
def forecast(rows):
    return MODEL(shop(rows), DAYS - HORIZON, HORIZON)


def test_on_a_shop_as_the_model_thinks_it_the_figures_hold(rows, forecast):
    found = backtest.score(forecast, shop(rows), DAYS - HORIZON, HORIZON)
    assert abs(found.purchases_bias) < 0.12
    assert found.said_active == pytest.approx(found.came_active, rel=0.1)
    assert found.calibration_error < 0.04
    assert 0.78 < found.covered < 0.9
    before = backtest.score(naive.as_before(shop(rows), DAYS - HORIZON, HORIZON), shop(rows), DAYS - HORIZON, HORIZON)
    assert found.rank > before.rank
    assert found.spend_deviance < before.spend_deviance


def test_the_order_of_rows_changes_nothing(rows, forecast):
    shuffled = [rows[place] for place in np.random.default_rng(2).permutation(len(rows))]
    again = MODEL(shop(shuffled), DAYS - HORIZON, HORIZON)
    assert again.spend == pytest.approx(forecast.spend, rel=1e-6)
    assert again.chance == pytest.approx(forecast.chance, rel=1e-6)


def test_another_currency_scales_money_and_nothing_else(rows, forecast):
    dear = [(who, day, spend * 150) for who, day, spend in rows]
    again = MODEL(shop(dear), DAYS - HORIZON, HORIZON)
    assert again.chance == pytest.approx(forecast.chance, rel=1e-6)
    assert again.spend == pytest.approx(forecast.spend * 150, rel=2e-3)
    assert again.variation == pytest.approx(forecast.variation, rel=1e-2)


def test_everybody_twice_is_the_same_shop(rows, forecast):
    twins = [*rows, *((who + 10_000, day, spend) for who, day, spend in rows)]
    again = MODEL(shop(twins), DAYS - HORIZON, HORIZON)
    half = len(forecast.customers)
    # What is usual in shops weighs half as much among twice as many.
    assert again.chance[:half] == pytest.approx(forecast.chance, abs=0.01)
    assert again.spend[half:] == pytest.approx(again.spend[:half])


def test_another_calendar_changes_nothing(rows, forecast):
    later = [(who, day + 735_000, spend) for who, day, spend in rows]
    again = MODEL(shop(later), 735_000 + DAYS - HORIZON, HORIZON)
    assert again.chance == pytest.approx(forecast.chance)
    assert again.spend == pytest.approx(forecast.spend)


def test_what_was_long_ago_makes_a_purchase_less_likely():
    """Also of those who bought once: their chance falls with the time since."""
    rows = simulated(people=800)
    rows += [(90_000, 630, 30.0), (90_001, 300, 30.0), (90_002, 10, 30.0)]
    found = MODEL(shop(rows), 637, HORIZON)
    once = found.chance[-3:]
    assert once[0] > once[1] > once[2] > 0


def test_a_young_shop_leans_on_what_is_usual():
    few = [(1, 3, 20.0), (2, 9, 35.0), (3, 30, 10.0), (3, 44, 12.0), (4, 50, 18.0)]
    found = MODEL(shop(few), 60, HORIZON)
    assert np.isfinite(found.spend).all()
    assert ((found.chance > 0) & (found.chance < 1)).all()
    low, high = spend_range(found)
    assert ((low >= 0) & (low <= high)).all()
    assert found.spend[2] == found.spend.max() or found.chance[2] == found.chance.max()


def test_only_one_who_bought_once():
    found = MODEL(shop([(1, 0, 12.5)]), 30, HORIZON)
    assert 0 < found.chance[0] < 1
    assert 0 < found.spend[0] < 200


def test_trees_need_customers_and_periods(rows):
    small = shop(rows)
    asked = Learned(MODEL)(small, DAYS - HORIZON, HORIZON)
    assert len(asked.customers) < LEAST_CUSTOMERS
    assert asked.chance == pytest.approx(MODEL(small, DAYS - HORIZON, HORIZON).chance)


def test_trees_say_nothing_where_nobody_ever_comes_back():
    once = shop([(who, who % 700, 10.0) for who in range(LEAST_CUSTOMERS + 500)])
    asked = Learned(MODEL)(once, 637, 28)
    assert list(asked.chance) == list(MODEL(once, 637, 28).chance)


def test_some_teach_and_everybody_is_forecast(monkeypatch):
    monkeypatch.setattr(learned, "LEAST_CUSTOMERS", 500)
    monkeypatch.setattr(learned, "MOST_TAUGHT", 400)
    monkeypatch.setitem(learned.TREES, "max_iter", 5)
    many = shop(simulated(people=900))
    asked = []

    def counting(history, day, horizon):
        asked.append((len(history.customers), day))
        return MODEL(history, day, horizon)

    day = DAYS - HORIZON
    found = Learned(counting)(many, day, HORIZON)
    everybody = len(many.customers)
    assert [customers for customers, _day in asked] == [everybody, *[400] * (len(asked) - 1)]
    assert max(when for _customers, when in asked[1:]) == day - HORIZON
    assert len(found.customers) == len(many.until(day).customers)
    assert ((found.chance > 0) & (found.chance < 1)).all()


def test_the_same_question_is_answered_once(rows):
    asked = []

    def counting(history, day, horizon):
        asked.append(day)
        return naive.as_before(history, day, horizon)

    one = shop(rows)
    remembered = backtest.Remembered(counting)
    seasonal = Seasonal(remembered)
    for _turn in range(3):
        seasonal(one, DAYS - HORIZON, HORIZON)
    assert sorted(asked) == [DAYS - HORIZON - 364, DAYS - HORIZON]
    remembered(shop(rows), DAYS - HORIZON, HORIZON)
    assert len(asked) == 3
