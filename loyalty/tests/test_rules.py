"""Rules without a database, and that the SQL does the same arithmetic."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty import rules

amounts = st.decimals("0.01", "999999999.99", places=2)
rates = st.decimals(0, 10_000, places=4)
roundings = st.sampled_from(["down", "nearest", "up"])
same_database = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(
    ("amount", "rate", "rounding", "expected"),
    [
        ("3.85", "1", "down", 3),
        ("3.85", "10", "down", 38),  # POS-Awesome 45 divided instead of multiplying
        ("12.40", "1.5", "down", 18),
        ("12.40", "1.5", "nearest", 19),
        ("0.99", "1", "down", 0),
        ("0.01", "1", "up", 1),
        ("0.50", "1", "nearest", 1),
        ("999999999.99", "10000", "down", 9_999_999_999_900),
    ],
)
def test_points_for(amount, rate, rounding, expected):
    assert rules.points_for(Decimal(amount), Decimal(rate), rounding) == expected


@given(amounts, amounts, rates, roundings)
def test_more_money_never_gives_fewer_points(one, other, rate, rounding):
    low, high = sorted([one, other])
    assert rules.points_for(low, rate, rounding) <= rules.points_for(high, rate, rounding)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 6, 30), 120, date(2036, 6, 30)),
    ],
)
def test_add_months(day, months, expected):
    assert rules.add_months(day, months) == expected


def test_points_live_through_their_last_day_in_the_shop_s_zone():
    zone = ZoneInfo("Europe/London")
    late = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
    assert rules.expires_at(late, 1, zone) == datetime(2026, 3, 29, 0, 0, tzinfo=UTC)  # clocks change that night
    assert rules.expires_at(late, None, zone) is None


@same_database
@given(amounts, rates, roundings)
def test_the_database_rounds_alike(programme, amount, rate, rounding):
    with connection.cursor() as cursor:
        cursor.execute("SELECT loyalty_points_for(%s::numeric, %s::numeric, %s::text)", [amount, rate, rounding])
        assert cursor.fetchone()[0] == rules.points_for(amount, rate, rounding)


@same_database
@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)),
    st.integers(1, 120),
    st.sampled_from(["Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "UTC"]),
)
def test_the_database_expires_alike(programme, earned_at, months, zone):
    with connection.cursor() as cursor:
        cursor.execute("SELECT loyalty_expires_at(%s::timestamptz, %s::integer, %s::text)", [earned_at, months, zone])
        assert cursor.fetchone()[0] == rules.expires_at(earned_at, months, ZoneInfo(zone))
