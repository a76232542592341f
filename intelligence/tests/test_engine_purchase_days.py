"""What was known on a day, and what came after it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intelligence.engine.purchase_days import PurchaseDays

rows = st.lists(
    st.tuples(st.integers(1, 6), st.integers(0, 40), st.integers(1, 900)),
    min_size=1,
    max_size=40,
    unique_by=lambda row: row[:2],
)


def history(bought, back=()):
    return PurchaseDays(*zip(*bought, strict=True), back=tuple(zip(*back, strict=True)) if back else ((), (), ()))


def test_a_life_of_purchases():
    known = history([(7, 100, 20.0), (7, 114, 30.0), (7, 121, 50.0), (3, 121, 5.0), (9, 130, 1.0)]).until(128)
    assert list(known.customers) == [3, 7]  # the third comes later
    assert list(known.frequency) == [0, 2]
    assert list(known.recency) == [0, 3]
    assert list(known.age) == [1, 4]
    assert list(known.days) == [1, 3]
    assert list(known.mean_spend) == [5, pytest.approx(100 / 3)]


def test_refunds_count_on_their_own_day_and_never_as_purchases():
    of = history([(1, 10, 100.0), (1, 20, 100.0)], back=[(1, 25, 50.0), (1, 35, 500.0), (8, 12, 9.0)])
    assert [of.until(day).mean_spend[0] for day in (24, 25, 35)] == [100, 75, 0]
    assert of.until(40).frequency[0] == 1
    came = of.between(of.customers, 20, 25)
    assert (came.days[0], came.spend[0]) == (0, -50)
    assert of.between(of.customers, 19, 20).spend[0] == 100


@settings(max_examples=60)
@given(rows, rows, st.integers(0, 40), st.randoms())
def test_nothing_after_the_day_is_looked_at(bought, back, day, random):
    if min(row[1] for row in bought) > day:
        return
    early = history([row for row in bought if row[1] <= day], [row for row in back if row[1] <= day])
    random.shuffle(bought)
    whole = history(bought, back).until(day)
    alone = early.until(day)
    for name in alone.__slots__:
        assert getattr(whole, name) == pytest.approx(getattr(alone, name)), name


@settings(max_examples=60)
@given(rows, rows, st.integers(0, 40))
def test_periods_add_up(bought, back, day):
    of = history(bought, back)
    whole = of.between(of.customers, -1, 40)
    parts = [of.between(of.customers, -1, day), of.between(of.customers, day, 40)]
    assert np.add(*[part.days for part in parts]) == pytest.approx(whole.days)
    assert np.add(*[part.spend for part in parts]) == pytest.approx(whole.spend)
    assert whole.days.sum() == len(bought)
