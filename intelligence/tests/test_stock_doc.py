"""What docs/algorithms/stock.md says is what the code does, and what follows from it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from intelligence.engine.demand import (
    Demand,
    chance_enough,
    days_lasting,
    demand_of,
    enough_for,
    outlook,
)

PAGE = Path(__file__).parents[2] / "docs/algorithms/stock.md"


def table(marker: str) -> list[list[str]]:
    lines = PAGE.read_text().split(f"<!-- {marker} -->")[1].lstrip().splitlines()
    end = next((index for index, line in enumerate(lines) if not line.startswith("|")), len(lines))
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in lines[2:end]]


def sales(text: str) -> list[float | None]:
    return [None if word == "–" else float(word) for word in text.split()]


@pytest.mark.parametrize("row", table("demand"), ids=lambda row: row[0])
def test_demand(row: list[str]) -> None:
    found = demand_of(sales(row[0]))
    told = [f"{found.mean:.2f}", f"{found.variance:.2f}", f"{found.doubt:.2f}"] if found else ["", "", ""]
    assert [found.kind if found else "none", *told] == row[1:]


@pytest.mark.parametrize("row", table("lasting"), ids=lambda row: f"{row[1]} of {row[0]}")
def test_lasting(row: list[str]) -> None:
    demand = demand_of(sales(row[0]))
    assert demand is not None
    seen = outlook(demand, float(row[1]), lead_days=int(row[2]), target_days=int(row[3]))
    found = [seen.days, seen.low, seen.high, round(seen.order_point), round(seen.order_quantity)]
    assert [str(value) for value in found] == row[4:]


def test_the_sum_and_the_approximation_agree_where_they_meet() -> None:
    for mean, spread in ((120.0, 2.0), (180.0, 8.0), (210.0, 30.0)):
        demand = Demand("smooth", mean, mean * spread, 0.0)
        assert chance_enough(demand, 200, 7) == pytest.approx(chance_enough(demand, 200.001, 7), abs=0.01)


def test_chances_behave() -> None:
    demand = Demand("lumpy", 3.0, 9.0, 1.0)
    by_quantity = [chance_enough(demand, quantity, 14) for quantity in range(40)]
    assert by_quantity == sorted(by_quantity)
    by_days = [chance_enough(demand, 8, days) for days in range(1, 60)]
    assert by_days == sorted(by_days, reverse=True)
    assert chance_enough(Demand("smooth", 0.0, 0.0, 0.0), 1, 30) == 1.0
    assert days_lasting(Demand("smooth", 0.0, 0.0, 0.0), 1, 0.5) is None
    assert days_lasting(demand, 0, 0.5) == 0
    assert enough_for(Demand("smooth", 0.0, 0.0, 0.0), 30) == 0.0


def test_the_range_holds_eight_times_in_ten_where_the_world_is_as_assumed() -> None:
    """Daily chance arrivals of four a week, and a stock of ten."""
    random.seed(5)
    demand = Demand("smooth", 4.0, 4.0, 0.0)
    low, high = days_lasting(demand, 10, 0.9), days_lasting(demand, 10, 0.1)
    assert low is not None
    assert high is not None
    gone = []
    for _shop in range(2000):
        day, left = 0.0, 10
        while left > 0:
            day += random.expovariate(4 / 7)
            left -= 1
        gone.append(day)
    # Whole days hold a little more than what they are rounded from.
    assert 0.78 < sum(low <= day <= high + 1 for day in gone) / len(gone) < 0.88


def test_a_week_without_stock_says_nothing() -> None:
    assert demand_of([5, 5, None, None, 5, 5]) == demand_of([5, 5, 5, 5])
    assert demand_of([5, None, None, 5, 5]) is None


def test_a_short_history_leans_on_the_shop() -> None:
    weeks = [3.0, 4.0, 3.0, 4.0]
    steady, wild = demand_of(weeks, usual_spread=1.0), demand_of(weeks, usual_spread=10.0)
    assert steady is not None
    assert wild is not None
    assert wild.mean == steady.mean
    assert wild.variance > 3 * steady.variance
