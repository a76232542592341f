"""Which ways of forecasting a programme may be asked to choose among."""

from __future__ import annotations

import numpy as np
import pytest

from intelligence.engine.candidates import CANDIDATES, NAIVE, USUAL, chosen, open_to
from intelligence.engine.enough import weeks_lacking
from intelligence.engine.purchase_days import PurchaseDays

MODELS = {"mbg", "bg", "pareto"}
SEASONS = {"mbg-season", "bg-season", "pareto-season"}


@pytest.mark.parametrize(
    ("customers", "days", "open_ones"),
    [
        (1_999, 91 + 91, MODELS),
        (2_000, 91 + 91 + 91 + 3 * 35 - 1, MODELS),
        (2_000, 91 + 91 + 91 + 3 * 35, {*MODELS, "trees"}),
        (1_999, 364 + 91 + 91 - 1, MODELS),
        (1_999, 364 + 91 + 91, MODELS | SEASONS),
        (200_000, 700, set(CANDIDATES)),
        (200_001, 700, {"mbg", "bg", "mbg-season", "bg-season"}),
    ],
)
def test_who_may_be_asked(customers: int, days: int, open_ones: set[str]) -> None:
    assert set(open_to(customers, days, 91)) == open_ones


def test_every_code_fits_its_column_and_is_no_naive_one() -> None:
    assert all(len(code) <= 20 for code in CANDIDATES)
    assert not CANDIDATES.keys() & NAIVE.keys()


def test_what_is_too_heavy_by_now_is_left_out() -> None:
    assert chosen("trees", 200_000) == CANDIDATES["trees"]
    assert chosen("trees", 200_001) == chosen("pareto", 200_001) == chosen("", 1) == CANDIDATES[USUAL]
    assert chosen("bg", 10**6) == CANDIDATES["bg"]


def test_shared_answers_are_those_of_each_alone() -> None:
    random = np.random.default_rng(3)
    gaps = random.integers(10, 60, 60)
    rows = [(who, day, 10.0 + who) for who in range(60) for day in range(int(gaps[who]), 600, int(gaps[who]))]
    history = PurchaseDays(*zip(*rows, strict=True))
    together = open_to(60, 640, 91)
    assert set(together) == MODELS | SEASONS
    for code, ask in together.items():
        one = CANDIDATES[code]
        alone = one.over(one.lifetime())(history, 549, 91)
        assert list(ask(history, 549, 91).chance) == list(alone.chance)
        assert list(ask(history, 549, 91).spend) == list(alone.spend)


def test_some_customers_with_all_that_they_did() -> None:
    history = PurchaseDays([1, 1, 2, 3, 3], [5, 9, 6, 7, 8], [1, 2, 3, 4, 5], back=([1, 3], [9, 8], [0.5, 1]))
    assert history.some(3, seed=1) is history
    some = history.some(2, seed=1)
    assert len(some.customers) == 2
    assert list(some.customers) == list(history.some(2, seed=1).customers)
    whole, part = history.until(10), some.until(10)
    place = np.searchsorted(whole.customers, part.customers)
    for name in ("frequency", "recency", "age", "mean_spend"):
        assert list(getattr(part, name)) == list(getattr(whole, name)[place])


@pytest.mark.parametrize(("days", "weeks"), [(0, 26), (181, 1), (182, 0), (1_000, 0), (175, 1), (174, 2)])
def test_weeks_until_the_first_backtest(days: int, weeks: int) -> None:
    assert weeks_lacking(days, 91) == weeks
