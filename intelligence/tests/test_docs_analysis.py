"""What docs/algorithms/analysis.md says is what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from intelligence.analysis.concentration import concentration
from intelligence.insights.registry import KINDS, insights_of
from intelligence.insights.significance import SURE, SURE_OF_WEEKS, sure_of, t_of, z_of_shares
from intelligence.tests.findings import quiet

PAGE = Path(__file__).parents[2] / "docs/algorithms/analysis.md"


def table(marker: str) -> list[list[str]]:
    lines = PAGE.read_text().split(f"<!-- {marker} -->")[1].lstrip().splitlines()
    end = next((index for index, line in enumerate(lines) if not line.startswith("|")), len(lines))
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in lines[2:end]]


def numbers(text: str) -> list[float]:
    return [float(word) for word in text.split()]


def said(is_said: bool) -> str:
    return "yes" if is_said else "no"


@pytest.mark.parametrize("row", table("shares"), ids=lambda row: row[0])
def test_two_shares(row: list[str]) -> None:
    z = z_of_shares(*map(float, row[:4]))
    assert [f"{z:.2f}", said(abs(z) >= SURE)] == row[4:]


@pytest.mark.parametrize("row", table("weeks"), ids=lambda row: row[2])
def test_weeks(row: list[str]) -> None:
    t = t_of(numbers(row[0]), numbers(row[1]))
    assert [f"{t:.2f}".replace("-", "−"), said(abs(t) >= SURE_OF_WEEKS)] == row[2:]


def test_limits_are_those_of_the_page() -> None:
    assert (f"{SURE:.3f}", f"{sure_of(25):.2f}") == ("2.576", "3.54")


@pytest.mark.parametrize("row", table("held"), ids=lambda row: row[0])
@pytest.mark.usefixtures("programme")
def test_concentration(row: list[str]) -> None:
    held = concentration("SELECT unnest(%(values)s::float8[]) AS value", values=numbers(row[0]))
    assert held is not None
    fifth = "" if held.top_20 is None else f"{held.top_20:.2f}"
    assert [f"{held.gini:.2f}", fifth, f"{held.ten:.2f}"] == row[1:]


@pytest.mark.usefixtures("programme")
def test_nothing_has_no_concentration() -> None:
    assert concentration("SELECT 0 AS value") is None
    assert concentration("SELECT 1 AS value WHERE false") is None


def test_every_kind_has_its_row() -> None:
    insights_of(quiet(), "GBP")
    assert {row[0] for row in table("kinds")} == set(KINDS)
