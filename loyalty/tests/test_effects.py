"""Shares and their differences: published examples, and what must hold for any counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.effects import difference, wilson

counts = st.integers(1, 500).flatmap(lambda number: st.tuples(st.integers(0, number), st.just(number)))


def test_the_published_example_of_a_difference():
    """Newcombe (1998), table II, row (a), method 10: 56/70 less 48/80 is 0.2000, from 0.0524 to 0.3339."""
    effect = difference(56, 70, 48, 80)
    assert (effect.difference, effect.interval.low, effect.interval.high) == pytest.approx(
        (0.2, 0.0524, 0.3339), abs=5e-5
    )
    assert effect.is_clear


def test_the_published_example_with_nobody_in_one_group():
    """The same, row (h): 10/10 less 0/10."""
    effect = difference(10, 10, 0, 10)
    assert (effect.interval.low, effect.interval.high) == pytest.approx((0.6075, 1.0), abs=5e-5)


@given(counts, counts)
def test_the_difference_lies_in_its_interval_and_turns_with_its_groups(one, other):
    effect, turned = difference(*one, *other), difference(*other, *one)
    assert -1 <= effect.interval.low <= effect.difference <= effect.interval.high <= 1
    assert (turned.interval.low, turned.interval.high) == pytest.approx((-effect.interval.high, -effect.interval.low))


@given(counts)
def test_more_people_with_the_same_share_say_more(count):
    hits, number = count
    few, many = wilson(hits, number), wilson(hits * 10, number * 10)
    assert few.low <= hits / number <= few.high
    assert many.high - many.low < few.high - few.low


def test_nobody_says_nothing():
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0, 1)
    assert difference(0, 0, 3, 5) is None
    assert difference(3, 5, 0, 0) is None
