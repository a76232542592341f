"""The examples of docs/algorithms/purchases.md are what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from intelligence.engine import gamma_gamma
from intelligence.engine.histories import Histories
from intelligence.tests.test_gamma_gamma import PUBLISHED
from intelligence.tests.test_purchases import KNOWN

PAGE = Path(__file__).parents[2] / "docs/algorithms/purchases.md"


def table(marker: str) -> list[list[str]]:
    lines = PAGE.read_text().split(f"<!-- {marker} -->")[1].lstrip().splitlines()
    end = next((index for index, line in enumerate(lines) if not line.startswith("|")), len(lines))
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in lines[2:end]]


@pytest.mark.parametrize("row", table("purchases"), ids=lambda row: " ".join(row[:4]))
def test_purchases(row: list[str]) -> None:
    model, params = KNOWN[row[3]].model, KNOWN[row[3]].params
    data = Histories.of([float(row[0])], [float(row[1])], [float(row[2])])
    found = [
        model.probability_alive(params, data),
        model.probability_of_purchase(params, data, 13),
        model.expected_purchases(params, data, 13),
        model.variance_of_purchases(params, data, 13) ** 0.5,
        model.expected_purchases(params, data, 39),
    ]
    assert [f"{value[0]:.3f}" for value in found] == row[4:]


@pytest.mark.parametrize("row", table("spend"), ids=lambda row: f"{row[0]} of {row[1]}")
def test_spend(row: list[str]) -> None:
    known = [float(row[0])], [float(row[1])]
    found = [
        gamma_gamma.expected_spend(PUBLISHED, *known),
        gamma_gamma.spend_variance(PUBLISHED, *known) ** 0.5,
        gamma_gamma.quantile(PUBLISHED, *known, 0.1),
        gamma_gamma.quantile(PUBLISHED, *known, 0.9),
    ]
    assert [f"{value[0]:.2f}" for value in found] == row[2:]
