"""One point is never "1 points"."""

from decimal import Decimal

import pytest

from loyalty.models import EarningRate
from loyalty.reports import earning_text
from screens.reports_businesses import rate_text
from screens.reports_programme import rate_example


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (1, "1 point for each £1"),
        ("1.0000", "1 point for each £1"),
        ("0.5", "0.5 points for each £1"),
        (5, "5 points for each £1"),
    ],
)
def test_a_rate_in_words(rate: object, said: str) -> None:
    assert rate_text(EarningRate(points_per_unit=Decimal(str(rate))), "GBP") == said


@pytest.mark.parametrize(("rate", "said"), [("0.1", "£12.40 gives 1 point"), ("5", "£12.40 gives 62 points")])
def test_an_example_in_words(rate: str, said: str) -> None:
    assert rate_example(Decimal(rate), "down", "GBP") == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [("1", "£1.00 × 1 = 1 point"), ("1.50", "£1.50 × 1 = 1.5 points, rounded down"), ("2", "£2.00 × 1 = 2 points")],
)
def test_how_points_come_about(amount: str, said: str) -> None:
    assert earning_text(Decimal(amount), Decimal(1), "down", "GBP") == said
