"""Amounts as people type them; what cannot be one sale is refused, never rounded."""

from decimal import Decimal

import pytest

from core.errors import InvalidInput
from core.money import check_amount, parse_amount, quantise


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("12.40", "12.40"),
        ("12,40", "12.40"),
        ("12.4", "12.4"),
        ("12", "12"),
        (" 12.40 ", "12.40"),
        ("1,200.50", "1200.50"),
        ("1.200,50", "1200.50"),
        ("1 200,50", "1200.50"),
        ("1'200.50", "1200.50"),
        ("0.01", "0.01"),
        ("999999999.99", "999999999.99"),
    ],
)
def test_amounts_as_typed(typed, amount):
    assert parse_amount(typed, "GBP") == Decimal(amount)


@pytest.mark.parametrize(
    "typed",
    ["", "abc", "NaN", "nan", "Infinity", "-5", "-0.01", "0", "0.00", "1e3", "1e18", "1000000000000000000", "12.345",
     "1,2,3", "12,", ".5.", "£12", "12 40", "0x10", "٣", "1000000000"],
)  # fmt: skip
def test_refused_amounts(typed):
    with pytest.raises(InvalidInput) as refused:
        parse_amount(typed, "GBP", field="amount_spent")
    assert refused.value.field == "amount_spent"


def test_the_currency_decides_about_digits_after_the_point():
    assert parse_amount("500", "JPY") == 500
    assert parse_amount("25,000,000", "VND") == 25_000_000
    with pytest.raises(InvalidInput):
        parse_amount("500.5", "JPY")
    assert parse_amount("1.250", "KWD") == Decimal("1.250")


def test_a_decimal_from_a_program_is_checked_like_a_typed_one():
    for value in ("NaN", "Infinity", "-1", "1E+18", "0.001"):
        with pytest.raises(InvalidInput):
            check_amount(Decimal(value), "GBP")


def test_display_rounds_half_to_even():
    assert quantise(Decimal("2.345"), "GBP") == Decimal("2.34")
    assert quantise(Decimal("2.355"), "GBP") == Decimal("2.36")
