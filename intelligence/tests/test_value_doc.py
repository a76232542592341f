"""What docs/algorithms/value.md says is what the code does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from intelligence.engine.forecast import Forecast, spend_range
from intelligence.engine.purchase_days import PurchaseDays
from intelligence.engine.rhythm import horizon_of
from intelligence.engine.value import MONTHS, present_value

PAGE = Path(__file__).parents[2] / "docs/algorithms/value.md"


def table(marker: str) -> list[list[str]]:
    lines = PAGE.read_text().split(f"<!-- {marker} -->")[1].lstrip().splitlines()
    end = next((index for index, line in enumerate(lines) if not line.startswith("|")), len(lines))
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in [lines[0], *lines[2:end]]]


def test_the_customer_of_the_example() -> None:
    known = PurchaseDays([1, 1, 1], [100, 114, 121], [20, 30, 50], back=([1], [125], [10])).until(128)
    told = [known.frequency[0], known.recency[0], known.age[0], known.mean_spend[0]]
    assert told == [2, 3, 4, pytest.approx(30)]


def test_horizons() -> None:
    gaps, horizons = table("horizons")
    for gap, horizon in zip(gaps[1:], horizons[1:], strict=True):
        rows = [(who, int(gap) * turn, 1.0) for who in range(30) for turn in range(4)]
        assert horizon_of(PurchaseDays(*zip(*rows, strict=True)).until(9_999)) == int(horizon)


@pytest.mark.parametrize("row", table("ranges")[1:], ids=lambda row: row[0])
def test_ranges(row: list[str]) -> None:
    chance, spend, variation = (np.array([float(cell)]) for cell in row[:3])
    low, high = spend_range(Forecast(np.array([1]), chance, chance, spend, variation))
    assert [f"{low[0]:.2f}", f"{high[0]:.2f}"] == row[3:]


def test_values() -> None:
    rows = table("values")[1:]
    spend = {MONTHS[int(months)]: np.array([float(amount)]) for months, amount, _value in rows}
    found = present_value(spend, margin=0.5, discount=0.1)
    assert [f"{value[0]:.2f}" for value in found.values()] == [value for _months, _amount, value in rows]
