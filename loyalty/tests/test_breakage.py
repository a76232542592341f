"""The estimate of breakage: the worked examples of docs/algorithms/breakage.md, and what holds for any ages."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from loyalty.breakage import HORIZON, Age, Cohort, ages_of, estimate, total_of

PAGE = (settings.BASE_DIR / "docs/algorithms/breakage.md").read_text()
EXAMPLES = re.findall(r"```breakage\n(.*?)```", PAGE, re.DOTALL)
ENDS = ("redeemed", "expired", "other")


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_of_the_page(example):
    cohorts, outstanding = [], {}
    for line in example.strip().splitlines():
        verb, *words = line.split()
        if verb == "lots":
            gone = {}
            cohorts.append(Cohort(seen=int(words[2]), amount=int(words[0]), gone=gone))
        elif verb in ENDS:
            ends = list(gone.get(int(words[2]), (0, 0, 0)))
            ends[ENDS.index(verb)] += int(words[0])
            gone[int(words[2])] = tuple(ends)
        elif verb == "has":
            outstanding[int(words[2])] = int(words[0])
        elif verb == "at":
            ages = ages_of(cohorts, outstanding)
            said = [int(number) for number in words[1:]]
            assert [age.at_risk for age in ages[: len(said)]] == said
        elif verb == "R(0)":
            assert f"{estimate(ages).redeemed[0]:.4f}" == words[0]
        elif verb == "breakage":
            assert estimate(ages).points == int(words[0])
        else:
            assert verb == "unknown"
            assert estimate(ages) is None


def test_the_page_has_examples():
    assert len(EXAMPLES) >= 5


def test_by_hand_with_a_horizon_of_two():
    """1 − R(0) of the page's example by hand: the later ages neither redeem nor expire."""
    ages = [Age(0, 0, 200, 40, 0), Age(1, 0, 160, 30, 0), *(Age(age, 0, 130, 0, 0) for age in range(2, HORIZON))]
    assert estimate(ages).rate == pytest.approx(0.65)


@st.composite
def any_ages(draw):
    ages = []
    for age in range(HORIZON + 1):
        at_risk = draw(st.integers(0, 10_000))
        redeemed = draw(st.integers(0, at_risk))
        expired = draw(st.integers(0, at_risk - redeemed))
        ages.append(Age(age, draw(st.integers(0, 10_000)), at_risk, redeemed, expired))
    return ages


@given(ages=any_ages())
def test_chances_are_chances_and_no_more_points_are_lost_than_there_are(ages):
    found = estimate(ages)
    if found is None:
        assert not any(age.at_risk for age in ages[:HORIZON])
        return
    assert all(-1e-9 <= chance <= 1 + 1e-9 for chance in found.redeemed)
    assert found.redeemed[HORIZON] == 0
    assert 0 <= found.points <= sum(age.outstanding for age in ages) + 1


@given(ages=any_ages())
def test_issuers_together_are_their_sum(ages):
    doubled = total_of([*ages, *ages])
    assert [(age.outstanding, age.at_risk) for age in doubled] == [(2 * a.outstanding, 2 * a.at_risk) for a in ages]
    one, two = estimate(ages), estimate(doubled)
    assert (one is None) == (two is None)
    if one is not None:
        assert two.redeemed == pytest.approx(one.redeemed)


def test_points_past_the_horizon_are_lost_whole():
    ages = [Age(0, 0, 100, 100, 0), Age(HORIZON, 40)]
    assert estimate(ages).points == 40
