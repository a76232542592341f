"""A night counts whose windows move, and says what counting everybody says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.db import transaction
from django_tenants.utils import tenant_context
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from customers.actions.rollups import rebuild_rollups
from customers.models import Customer, RollupState
from customers.tests.test_actions_facts import refund
from customers.tests.test_analytics_identities import DAYS, SALES, START, Shops
from intelligence.actions import features
from intelligence.actions.feature_nights import count_features
from intelligence.actions.features import mark_features, rebuild_features
from intelligence.models import CustomerFeatures, FeatureRun, StaleFeatures
from intelligence.tests.test_actions_features import rows, sell
from programs.models import Programme
from workspace.models import Business

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)  # a Wednesday
MONDAY = NOW - timedelta(days=2)


def days(number: int) -> timedelta:
    return timedelta(days=number)


@pytest.fixture
def ann(programme: Programme) -> Customer:
    return Customer.objects.create(first_name="Ann")


@settings(
    max_examples=12,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
@given(
    sales=SALES,
    built=st.integers(0, 8),
    first=st.integers(0, DAYS + 370),
    nights=st.lists(st.integers(0, 80), min_size=1, max_size=3),
)
def test_nights_in_steps_equal_counting_everybody(
    programme, business, other_business, sales, built, first, nights
) -> None:
    """Whatever is sold meanwhile, marked as the roll-ups do; some sales lie ahead of the day that is counted."""
    now = START + days(first)
    with transaction.atomic(), patch("intelligence.actions.feature_nights._days_alone_passed", return_value=True):
        shops = Shops([business, other_business])
        for number, values in enumerate(sales[:built]):
            shops.sell(number, values)
        rebuild_features(now=now)
        for number, values in enumerate(sales[built:], built):
            shops.sell(number, values)
        mark_features(shops.touched["customers"])
        for passed in nights:
            now += days(passed)
            count_features(now=now)
        stepwise = rows()
        rebuild_features(now=now)
        assert stepwise == rows()
        transaction.set_rollback(True)


def test_only_those_are_counted_whose_windows_move(business: Business, ann: Customer) -> None:
    sell(business, ann, "10.00", days=31)  # on the first day of the window on Monday
    ben, cem, dan = (Customer.objects.create(first_name=name) for name in ("Ben", "Cem", "Dan"))
    sell(business, ben, "5.00", days=20)
    sell(business, cem, "7.00", days=200)
    refund(business, cem, "r", "2.00", refunded_at=NOW - days(91))
    full = rebuild_features(now=MONDAY)
    CustomerFeatures.objects.filter(customer=ben).update(orders_count=9)  # would be mended by counting everybody
    sell(business, dan, "3.00", days=1)
    mark_features({dan.pk})
    asked: list[tuple[int, int]] = []
    run = count_features(now=NOW, report=lambda done, total: asked.append((done, total)))
    assert asked == [(0, 3), (3, 3), (3, 3)]
    assert (run.as_of, run.full_on, run.zone) == (NOW.date(), MONDAY.date(), "Europe/London")
    assert (run.customers, run.changed) == (4, 3)
    assert run.figures["orders_30"] == [4, 0, 0, 1]
    assert full.figures["orders_30"] == [3, 0, 1, 1]
    kept = CustomerFeatures.objects.in_bulk()
    assert [kept[one.pk].orders_30 for one in (ann, ben, cem, dan)] == [0, 1, 0, 1]
    assert (kept[cem.pk].spend_90, kept[ben.pk].orders_count) == (0, 9)
    assert not StaleFeatures.objects.exists()
    assert count_features(now=NOW).changed == 0


def test_everybody_is_counted_weekly_and_when_all_was_read_anew(business: Business, ann: Customer) -> None:
    sell(business, ann, "1.00", days=9)

    def is_full(now: datetime) -> bool:
        CustomerFeatures.objects.update(orders_count=9)
        count_features(now=now)
        return CustomerFeatures.objects.get().orders_count == 1

    assert is_full(MONDAY), "nobody was counted yet"
    assert not is_full(MONDAY)
    assert is_full(MONDAY - days(1)), "a day that was before"
    assert not is_full(NOW + days(2))
    assert is_full(NOW + days(5)), "a Monday, whose Sunday was missed"
    rebuild_rollups(now=NOW + days(5))
    assert is_full(NOW + days(5))
    assert not is_full(NOW + days(5))
    Programme.objects.update(time_zone="Asia/Tokyo")
    assert RollupState.objects.get().zone == "Europe/London"
    assert is_full(NOW + days(5))


def test_a_night_that_is_stopped_goes_on_where_it_was(
    business: Business, ann: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "STEP", 1)
    ben = Customer.objects.create(first_name="Ben")
    for customer in (ann, ben):
        sell(business, customer, "10.00", days=31)
    rebuild_features(now=MONDAY)

    def stop(done: int, total: int) -> None:
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        count_features(now=NOW, report=stop)
    assert list(StaleFeatures.objects.values_list("pk", flat=True)) == [ben.pk]
    assert FeatureRun.objects.count() == 1
    assert count_features(now=NOW).changed == 1
    assert not CustomerFeatures.objects.filter(orders_30__gt=0).exists()


def test_a_night_is_that_of_its_programme(business: Business, ann: Customer, other_programme: Programme) -> None:
    sell(business, ann, "10.00", days=31)
    rebuild_features(now=MONDAY)
    with tenant_context(other_programme):
        assert count_features(now=NOW).changed == 0
    assert CustomerFeatures.objects.get().orders_30 == 1
    assert count_features(now=NOW).changed == 1
