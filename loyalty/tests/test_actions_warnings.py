"""Members hear in time, once, and only if they agreed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django_tenants.utils import tenant_context

from customers.actions.consent import record_consent
from customers.models import Customer
from loyalty import rules
from loyalty.actions.settings import PointSettings, change_point_settings
from loyalty.actions.warnings import warn_members
from loyalty.tasks import warn_of_expiry
from messaging.models import OutboundMessage


def set_life(actor, now, **changes):
    settings = PointSettings(**{"point_value": Decimal("0.01"), "expiry_months": 3, "warning_days": 30, **changes})
    change_point_settings(settings=settings, actor=actor, now=now)


@pytest.fixture
def member(programme, add, actor, now):
    set_life(actor, now)
    add("100")
    customer = Customer.objects.get()
    agree(customer, actor, now)
    return customer


def agree(customer, actor, now):
    record_consent(
        customer=customer,
        channel="sms",
        purpose="service",
        is_granted=True,
        source="till",
        wording="till-service-1",
        actor=actor,
        now=now,
    )


def bodies():
    return list(OutboundMessage.objects.order_by("pk").values_list("body", flat=True))


def test_a_warning_comes_once_and_names_points_and_day(member, now, programme):
    end = rules.expires_at(now, 3, programme.zone)
    assert warn_members(now=end - timedelta(days=31)) == 0
    assert warn_members(now=end - timedelta(days=29)) == 1
    assert warn_members(now=end - timedelta(days=28)) == 0
    last_day = (end - timedelta(seconds=1)).astimezone(programme.zone)
    day = f"{last_day.day} {last_day:%B}"
    assert bodies() == [f"{programme.name}: 100 points of yours run out after {day}. Come and use them."]


def test_what_runs_out_later_is_another_warning(member, add, now, programme):
    add("50", now=now + timedelta(days=45))
    end = rules.expires_at(now, 3, programme.zone)
    assert warn_members(now=end - timedelta(days=20)) == 1
    assert warn_members(now=end + timedelta(days=20)) == 1
    assert ["100" in body or "50" in body for body in bodies()] == [True, True]
    assert OutboundMessage.objects.count() == 2


def test_spent_points_are_no_news(member, redeem, now, programme):
    redeem(100)
    assert warn_members(now=rules.expires_at(now, 3, programme.zone) - timedelta(days=5)) == 0


def test_who_did_not_agree_hears_nothing(programme, add, actor, now):
    set_life(actor, now)
    add("100")
    assert warn_members(now=rules.expires_at(now, 3, programme.zone) - timedelta(days=5)) == 0
    assert not OutboundMessage.objects.exists()


def test_no_days_of_warning_no_text(member, actor, now, programme):
    set_life(actor, now, warning_days=0)
    assert warn_members(now=rules.expires_at(now, 3, programme.zone) - timedelta(days=5)) == 0


def test_inactivity_warns_too(programme, add, actor, now):
    set_life(actor, now, expiry_policy="inactivity", expiry_months=2)
    add("100")
    agree(Customer.objects.get(), actor, now)
    assert warn_members(now=rules.expires_at(now, 2, programme.zone) - timedelta(days=5)) == 1


def test_nobody_is_woken_at_night(member, programme):
    night = datetime(2026, 6, 20, 2, tzinfo=UTC)  # three in the morning in London
    assert warn_of_expiry(night) == datetime(2026, 6, 20, 9, tzinfo=UTC)
    noon = datetime(2026, 6, 20, 11, tzinfo=UTC)
    assert warn_of_expiry(noon) == datetime(2026, 6, 21, 9, tzinfo=UTC)


def test_another_programme_hears_nothing(member, other_programme, now, programme):
    with tenant_context(other_programme):
        assert warn_members(now=rules.expires_at(now, 3, programme.zone) - timedelta(days=5)) == 0
        assert not OutboundMessage.objects.exists()
