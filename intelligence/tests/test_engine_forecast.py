"""Ranges of spend, and the scale of the same season."""

import numpy as np
import pytest

from intelligence.engine import naive
from intelligence.engine.forecast import Forecast, spend_range
from intelligence.engine.purchase_days import PurchaseDays
from intelligence.engine.season import YEAR_DAYS, Season, in_season, season_of

PEOPLE = np.arange(4)


def of(chance, spend, variation):
    return Forecast(PEOPLE, np.array(chance), np.array(chance), np.array(spend), np.array(variation))


def test_the_range_holds_as_many_as_it_says():
    """A fifth that never comes is below any tail; of the others eight in ten lie between the tails."""
    random = np.random.default_rng(3)
    chance, spend, variation = [1.0, 0.95, 0.6, 0.05], [50.0, 60.0, 30.0, 4.0], [0.5, 0.3, 1.5, 1.0]
    low, high = spend_range(of(chance, spend, variation))
    for place in range(4):
        shape = 1 / variation[place]
        comes = random.random(200_000) < chance[place]
        spent = np.where(comes, random.gamma(shape, spend[place] / chance[place] / shape, 200_000), 0)
        held = np.mean((spent >= low[place]) & (spent <= high[place]))
        assert held == pytest.approx(0.8 if chance[place] > 0.2 else 0.95, abs=0.005)
    assert list(low > 0) == [True, True, False, False]
    assert high[3] == 0  # eight in ten spend nothing


def test_a_forecast_without_variation_has_no_range():
    with pytest.raises(ValueError, match="variation"):
        spend_range(Forecast(PEOPLE, np.ones(4), np.ones(4), np.ones(4)))


def test_a_season_moves_the_means_and_keeps_the_order():
    forecast = of([0.9, 0.5, 0.1, 0.0], [90.0, 20.0, 5.0, 0.0], [1.0] * 4)
    moved = in_season(forecast, Season(chance=1.2, purchases=0.5, spend=2.0))
    assert moved.chance.mean() == pytest.approx(0.375 * 1.2)
    assert list(np.argsort(moved.chance)) == [3, 2, 1, 0]
    assert (moved.chance.max() <= 1, moved.chance[3]) == (True, 0)
    assert list(moved.spend) == [180, 40, 10, 0]
    assert list(moved.purchases) == [0.45, 0.25, 0.05, 0]
    assert in_season(forecast, Season()).chance is forecast.chance
    assert in_season(forecast, Season(chance=9)).chance.mean() < 0.75  # who never comes stays away


def yearly(*, busy):
    """30 people buy £10 every four weeks for three years, and in `busy` weeks of each year £30."""
    rows = [
        (who, day, 30.0 if day % YEAR_DAYS // 7 in busy else 10.0)
        for who in range(30)
        for day in range(who % 28, 3 * YEAR_DAYS, 28)
    ]
    return PurchaseDays(*zip(*rows, strict=True))


def test_the_year_before_scales_what_is_said():
    shop = yearly(busy=range(40, 52))
    before_christmas = 2 * YEAR_DAYS + 40 * 7 - 1
    season = season_of(naive.as_before, shop, before_christmas, 84)
    assert (season.chance, season.purchases) == (pytest.approx(1), pytest.approx(1))
    assert season.spend == 2.0  # three times as much, held at the widest
    assert season_of(naive.as_before, yearly(busy=range(0)), before_christmas, 84) == Season()


def test_little_known_a_year_ago_counts_little():
    shop = yearly(busy=range(14, 26))
    early = season_of(naive.as_before, shop, YEAR_DAYS + 97, 28)
    later = season_of(naive.as_before, shop, 2 * YEAR_DAYS + 97, 28)
    assert later.spend == 2.0
    assert early.spend == pytest.approx(3 ** (97 / 182))


@pytest.mark.parametrize("day", [YEAR_DAYS, YEAR_DAYS + 90])
def test_a_young_shop_has_no_season(day):
    assert season_of(naive.as_before, yearly(busy=range(4)), day, 28) == Season()


def test_a_horizon_longer_than_a_year_has_none():
    assert season_of(naive.as_before, yearly(busy=range(4)), 2 * YEAR_DAYS, YEAR_DAYS + 1) == Season()
