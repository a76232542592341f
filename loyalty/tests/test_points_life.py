"""Every way in which points run out, and that a change of it takes nobody by surprise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from loyalty import rules
from loyalty.actions import points
from loyalty.actions.settings import PointSettings, change_point_settings
from loyalty.balances import balance_of
from loyalty.models import Account, Lot, Transaction
from loyalty.tasks import apply_expiry, expire_points
from loyalty.tests.given import PHONE

VALUE = Decimal("0.01")
LONDON = ZoneInfo("Europe/London")
EDGES = (1, 15, 25, 28, 29, 30, 31)


@pytest.fixture
def live(programme, actor):
    def call(policy, months=None, day="", *, at):
        settings = PointSettings(point_value=VALUE, expiry_policy=policy, expiry_months=months, expiry_day=day)
        change_point_settings(settings=settings, actor=actor, now=at)
        apply_expiry(at)

    return call


def left(moment):
    expire_points(moment)
    return Account.objects.get().available


pytestmark = pytest.mark.usefixtures("audited")


# -- inactivity -------------------------------------------------------------------------------------------------------


def test_all_points_go_after_months_without_activity(live, add, now):
    live("inactivity", 3, at=now)
    add("100")
    add("10", now=now + timedelta(days=60))
    end = rules.expires_at(now + timedelta(days=60), 3, LONDON)
    assert left(end - timedelta(seconds=1)) == 110
    assert left(end) == 0
    assert Transaction.objects.get(kind="expire").points == -110


def test_a_redemption_or_a_claim_is_activity_and_a_gift_is_not(live, add, redeem, now, actor, business):
    live("inactivity", 1, at=now)
    add("100")
    redeem(10, now=now + timedelta(days=25))
    points.adjust_points(points=5, reason="x", phone=PHONE, key="g", actor=actor, now=now + timedelta(days=30))
    assert left(now + timedelta(days=50)) == 95
    points.hold_points(
        business=business.pk, points=5, reason="x", phone=PHONE, key="h", actor=actor, now=now + timedelta(days=54)
    )
    assert left(now + timedelta(days=80)) == 95
    assert left(now + timedelta(days=90)) == 0


def test_points_that_wait_survive(live, add, actor, now):
    live("inactivity", 1, at=now)
    add("100")
    settings = PointSettings(point_value=VALUE, expiry_policy="inactivity", expiry_months=1, pending_days=60)
    change_point_settings(settings=settings, actor=actor, now=now)
    add("40")
    assert left(now + timedelta(days=40)) == 0
    assert Account.objects.get().pending == 40
    assert left(now + timedelta(days=61)) == 40
    assert left(now + timedelta(days=120)) == 0


def test_the_card_says_when_they_go(live, add, now):
    live("inactivity", 1, at=now)
    add("100")
    balance = balance_of(Account.objects.get().pk, now=now)
    assert (balance.expires_next_at, balance.expiring_points) == (rules.expires_at(now, 1, LONDON), 100)


# -- a fixed day ------------------------------------------------------------------------------------------------------


def test_points_go_at_the_end_of_the_year(live, add, now):
    live("date", None, "12-31", at=now)
    add("100")
    end = datetime(now.year + 1, 1, 1, tzinfo=LONDON)
    assert left(end - timedelta(seconds=1)) == 100
    assert left(end) == 0


def test_a_fixed_day_can_promise_some_months(live, add):
    december = datetime(2026, 12, 20, 12, tzinfo=UTC)
    live("date", 6, "12-31", at=december)
    add("100", now=december)
    assert Lot.objects.get().expires_at == datetime(2028, 1, 1, tzinfo=LONDON)


@given(
    earned=st.datetimes(datetime(2023, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC)),
    months=st.none() | st.integers(1, 24),
    day=st.sampled_from(["02-29", "01-01", "12-31", "03-29", "10-25", "06-30"]),
    zone=st.sampled_from(["Europe/London", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Apia"]),
)
@pytest.mark.usefixtures("programme")
def test_sql_and_python_know_the_same_days(earned, months, day, zone):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT loyalty_expires_on(%s::timestamptz, %s::integer, %s, %s),"
            " loyalty_available_at(%s::timestamptz, %s::integer, %s)",
            [earned, months, day, zone, earned, months or 0, zone],
        )
        expected = (
            rules.expires_on(earned, months, day, ZoneInfo(zone)),
            rules.available_at(earned, months or 0, ZoneInfo(zone)),
        )
        assert cursor.fetchone() == expected


# -- a change takes nobody by surprise --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "months", "day", "first"),
    [
        ("months", 6, "", lambda at: rules.expires_at(at, 6, LONDON)),
        ("inactivity", 6, "", lambda at: rules.expires_at(at, 6, LONDON)),
        ("date", None, "12-31", lambda at: rules.expires_on(at, 12, "12-31", LONDON)),
    ],
)
def test_points_from_before_run_out_a_full_period_after_the_change(policy, months, day, first, live, add, now):
    add("100")
    change = now + timedelta(days=700)
    live(policy, months, day, at=change)
    end = first(change)
    assert left(end - timedelta(seconds=1)) == 100
    assert left(end) == 0


@pytest.mark.parametrize(("policy", "day"), [("months", ""), ("date", "12-31")])
def test_points_that_wait_run_out_a_full_period_after_their_day(policy, day, add, actor, now):
    """Also where they wait longer than points live."""
    settings = PointSettings(point_value=VALUE, pending_days=90)
    change_point_settings(settings=settings, actor=actor, now=now)
    posted = add("100")
    changed = replace(settings, expiry_policy=policy, expiry_months=1, expiry_day=day)
    change_point_settings(settings=changed, actor=actor, now=now)
    apply_expiry(now)
    lot = Lot.objects.get()
    assert lot.expires_at >= rules.expires_at(posted.available_at, 1, LONDON)
    assert left(now + timedelta(days=45)) == 0
    assert not Account.objects.filter(expires_next_at__lte=now + timedelta(days=45)).exists()  # the sweep is done
    assert left(posted.available_at) == 100
    assert (left(lot.expires_at - timedelta(seconds=1)), left(lot.expires_at)) == (100, 0)


def test_points_that_were_set_aside_or_spent_at_the_change_run_out_too(live, add, redeem, undo, actor, now, business):
    add("100")
    held = points.hold_points(
        business=business.pk, points=60, reason="x", minutes=40_000, phone=PHONE, key="h", actor=actor, now=now
    )
    spent = redeem(40)
    live("months", 6, at=now)
    later = now + timedelta(days=1)
    points.void_hold(hold=held.transaction, key="v", actor=actor, now=later)
    undo(spent, "u", now=later)
    assert left(rules.expires_at(now, 6, LONDON) - timedelta(seconds=1)) == 100
    assert left(rules.expires_at(later, 6, LONDON)) == 0


def test_points_that_have_a_date_keep_it(live, add, now):
    live("months", 12, at=now)
    add("100")
    live("months", 1, at=now + timedelta(days=1))
    assert Lot.objects.get().expires_at == rules.expires_at(now, 12, LONDON)
    live("months", None, at=now + timedelta(days=2))
    assert left(rules.expires_at(now, 12, LONDON)) == 0


def test_inactivity_that_ended_long_ago_does_not_strike_when_it_is_switched_on_again(live, add, now):
    live("inactivity", 1, at=now)
    add("100")
    live("months", None, at=now + timedelta(days=5))
    assert left(now + timedelta(days=300)) == 100
    live("inactivity", 1, at=now + timedelta(days=300))
    assert left(now + timedelta(days=301)) == 100
    assert left(rules.expires_at(now + timedelta(days=300), 1, LONDON)) == 0


def test_nonsense_is_refused(programme, actor, now):
    for settings, field in [
        (PointSettings(point_value=VALUE, expiry_policy="inactivity"), "expiry_months"),
        (PointSettings(point_value=VALUE, expiry_policy="date"), "expiry_day"),
        (PointSettings(point_value=VALUE, expiry_policy="date", expiry_day="02-30"), "expiry_day"),
        (PointSettings(point_value=VALUE, expiry_day="12-31"), "expiry_day"),
        (PointSettings(point_value=VALUE, expiry_policy="soon"), "expiry_policy"),
        (PointSettings(point_value=VALUE, pending_days=91), "pending_days"),
        (PointSettings(point_value=VALUE, approval_above=-1), "approval_above"),
    ]:
        with pytest.raises(InvalidInput) as refused:
            change_point_settings(settings=settings, actor=actor, now=now)
        assert refused.value.field == field


# -- three years ------------------------------------------------------------------------------------------------------


def test_three_years_day_by_day(live, business, actor):
    """Sales from 2027 to 2029 on the days where months and clocks meet (29 February 2028, six changes of the clocks).

    Points live two months: at the last second of each such day exactly the sales of two months back are left.
    """
    live("months", 2, at=datetime(2027, 1, 1, tzinfo=UTC))
    earned: dict[date, int] = {}
    for number in range((date(2030, 1, 1) - date(2027, 1, 1)).days):
        day = date(2027, 1, 1) + timedelta(days=number)
        if day.day not in EDGES:
            continue
        earned[day] = number % 7 + 1
        points.add_points(
            business=business.pk,
            phone=PHONE,
            amount=Decimal(earned[day]),
            key=f"{day}",
            actor=actor,
            now=datetime.combine(day, time(12), tzinfo=LONDON),
        )
        last_second = datetime.combine(day, time(23, 59, 59), tzinfo=LONDON)
        alive = sum(given for at, given in earned.items() if day <= rules.add_months(at, 2))
        assert balance_of(Account.objects.get().pk, now=last_second).points == alive
    assert left(datetime(2030, 3, 2, tzinfo=LONDON)) == 0
