"""Numbers, amounts and comparisons in words and figures. No database."""

from __future__ import annotations

import pytest

from segments.words.numbers import comparison_at, number_at
from segments.words.text import Text


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("5", 5), ("1,000", 1000), ("1 000", 1000), ("1k", 1000), ("2.5k", 2500), ("8.50", 8.5), ("twelve", 12),
        ("twenty-five", 25),
        ("a hundred", 100), ("a thousand", 1000), ("one hundred and fifty", 150), ("two thousand five hundred", 2500),
        ("a dozen", 12), ("half a dozen", 6), ("a couple of", 2), ("twice", 2), ("£1,000", 1000), ("1,000 €", 1000),
        ("a hundred pounds", 100), ("two grand", 2000), ("three million", 3_000_000), ("60 %", 60), ("5 per cent", 5),
        ("ninety nine", 99), ("one thousand two hundred and one", 1201),
    ],
)  # fmt: skip
def test_numbers(words, value):
    text = Text(words)
    number = number_at(text, 0)
    assert number is not None
    assert (float(number.value), number.end) == (value, len(text))


@pytest.mark.parametrize("words", ["a", "an order", "many", "1st", "several", "first", "", "1.000", "8,50", "hundreds"])
def test_no_numbers(words):
    assert number_at(Text(words), 0) is None


@pytest.mark.parametrize(
    ("words", "op", "low", "high"),
    [
        ("over 5", "more", 5, None), ("more than £1k", "more", 1000, None), ("at least twice", "at_least", 2, None),
        ("5 or more", "at_least", 5, None), ("£500+", "at_least", 500, None), ("5 orders or more", "at_least", 5, None),
        ("up to 10", "at_most", 10, None), ("no more than 3", "at_most", 3, None), ("under 20", "less", 20, None),
        ("fewer than 5 orders", "less", 5, None), ("exactly one", "is", 1, None),
        ("between 5 and 10", "between", 5, 10),
        ("5-10", "between", 5, 10), ("5 to 10 orders", "between", 5, 10), ("one or two", "between", 1, 2),
        ("from £20 to £50", "between", 20, 50), ("only 3", "is", 3, None), ("10 or fewer", "at_most", 10, None),
        ("not less than 4", "at_least", 4, None), ("a maximum of 7", "at_most", 7, None),
    ],
)  # fmt: skip
def test_comparisons(words, op, low, high):
    text = Text(words)
    one = comparison_at(text, 0, lambda text, at: at + 1 if text.word(at) == "order" else None)
    assert one is not None
    assert (one.op, float(one.value), one.high and float(one.high), one.end) == (op, low, high, len(text))
