"""Points of a period: each figure, by business, from counted days and from the ledger; people; the most points."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.clock import Period
from customers.models import Customer
from loyalty.actions import points
from loyalty.actions.point_days import count_points, recount
from loyalty.actions.referral_settings import ReferralValues, change_referral_settings
from loyalty.actions.referrals import follow_purchases, track_referral
from loyalty.actions.settings import change_settings
from loyalty.models import Account, EarningRule, PointAge, PointCount, PointDay, Transaction
from loyalty.querysets import FLOW_RULES
from loyalty.reports_points import (
    breakage_report,
    days_of_points,
    member_figures,
    point_report,
    top_members,
)
from loyalty.tasks import _expire_batch, count_points_of_days
from loyalty.tests.given import PHONE

pytestmark = pytest.mark.usefixtures("audited")
START = datetime(2026, 6, 10, 12, tzinfo=UTC)
OTHER = "07700 900124"


@pytest.fixture
def now():
    return START


@pytest.fixture
def june(programme):
    return Period(date(2026, 6, 1), date(2026, 6, 30), programme.zone)


@pytest.fixture
def life(add, redeem, undo, business, other_business, actor, now):
    """May and June of two members at two businesses."""
    may = now - timedelta(days=20)
    change_settings(point_value=Decimal("0.01"), expiry_months=1, actor=actor)
    call = {"actor": actor, "now": now}
    add("40", now=may)
    add("100")
    add("60", business=other_business.pk)
    add("10", phone=OTHER)
    redeem(130, business=other_business.pk)  # 40 of May and 90 of June
    undo(redeem(5, key="r2"), "u1")
    undo(add("7", phone=OTHER), "u2")
    points.adjust_points(phone=OTHER, points=9, reason="Sorry", key="a1", **call)
    points.adjust_points(phone=OTHER, points=-4, reason="Slip", key="a2", **call)
    points.transfer_points(phone=PHONE, recipient_phone=OTHER, points=20, key="t", **call)


def figures(one):
    return (one.issued, one.taken_back, one.redeemed, one.expired, one.outstanding)


def by_name(report):
    return {row.business.name if row.business else "": row for row in report.businesses}


@pytest.mark.usefixtures("life")
def test_every_figure_of_a_period_and_the_one_before(june, business, other_business):
    report = point_report(june, actor=None)
    assert figures(report.total) == (186, 11, 130, 0, 85)
    assert figures(report.before) == (40, 0, 0, 0, 40)
    assert report.total.liability == Decimal("0.85")
    rows = by_name(report)
    assert figures(rows[business.name].figures) == (117, 7, 0, 0, 16)
    assert figures(rows[other_business.name].figures) == (60, 0, 130, 0, 60)
    assert figures(rows[""].figures) == (9, 4, 0, 0, 9)


@pytest.mark.usefixtures("life")
def test_people_of_one_business_see_only_that_one(june, business, other_business):
    bound = Actor(kind="user", id="9", label="Sam", business_id=business.pk)
    for report in (point_report(june, actor=bound), point_report(june, actor=None, business_id=business.pk)):
        assert figures(report.total) == (117, 7, 0, 0, 16)
        assert [row.business for row in report.businesses] == [business]
    asked = point_report(june, actor=bound, business_id=other_business.pk)
    assert [row.business for row in asked.businesses] == [business]
    assert len(top_members(june, actor=bound)) == 2


@pytest.mark.usefixtures("life")
def test_expired_points_are_of_who_issued_them(programme, business, other_business, now):
    later = now + timedelta(days=40)
    _expire_batch(later)
    july = Period(date(2026, 7, 1), date(2026, 7, 30), programme.zone)
    rows = by_name(point_report(july, actor=None))
    expired = {name: row.figures.expired for name, row in rows.items()}
    assert expired == {business.name: 16, other_business.name: 60, "": 9}
    assert {row.figures.outstanding for row in rows.values()} == {0}


@pytest.mark.usefixtures("life")
def test_the_sums_of_the_transactions_behind_a_figure_are_the_figure(june):
    total = point_report(june, actor=None).total
    for flow, sign, wanted in (
        ("issued", 1, total.issued),
        ("taken", -1, total.taken_back),
        ("redeemed", -1, total.redeemed),
        ("expired", -1, total.expired),
    ):
        found = Transaction.objects.done().within(june).of_flow(flow).values_list("points", flat=True)
        assert sign * sum(found) == wanted, flow


def test_points_for_bringing_a_friend_are_issued_and_taken_back(add, undo, june, actor, now):
    values = ReferralValues(is_active=True, referrer_points=200, friend_points=50, min_spend=Decimal(5))
    change_referral_settings(values=values, actor=actor)
    add("10")
    referrer = Account.objects.get()
    track_referral(referrer=referrer, friend_phone=OTHER, channel="link", actor=actor, now=now)
    posted = add("20", phone=OTHER, placed_at=now)
    follow_purchases([posted.order], now=now)
    undo(SimpleNamespace(transaction=Transaction.objects.get(kind="referral", points=50).code))
    assert figures(point_report(june, actor=None).total) == (280, 50, 0, 0, 230)
    sums = {flow: sum(Transaction.objects.of_flow(flow).values_list("points", flat=True)) for flow in FLOW_RULES}
    assert sums == {"issued": 280, "taken": -50, "redeemed": 0, "expired": 0}


@pytest.mark.usefixtures("life")
def test_days_add_up_to_the_period(june, business):
    for only in (None, business.pk):
        days = days_of_points(june, actor=None, business_id=only).values()
        total = point_report(june, actor=None, business_id=only).total
        sums = [sum(getattr(day, name) for day in days) for name in ("issued", "taken_back", "redeemed", "expired")]
        assert sums == list(figures(total)[:4])


# -- the roll-up ------------------------------------------------------------------------------------------------------


def rolled():
    names = ("day", "issuer", "business", "flow", "points", "debt")
    ages = ("issuer", "age", "outstanding", "at_risk", "redeemed", "expired")
    return set(PointDay.objects.values_list(*names)), set(PointAge.objects.values_list(*ages))


@pytest.mark.usefixtures("life")
def test_counted_days_say_what_the_ledger_says(june, add, now):
    before = point_report(june, actor=None)
    assert not PointDay.objects.exists()
    count_points(now=now + timedelta(days=1))
    assert PointDay.objects.exists()
    assert point_report(june, actor=None) == before
    add("3", now=now + timedelta(days=1))  # today
    add("4", now=now)  # of a counted day
    assert point_report(june, actor=None).total.issued == before.total.issued + 7
    count_points(now=now + timedelta(days=3))
    assert point_report(june, actor=None).total.issued == before.total.issued + 7


@pytest.mark.usefixtures("life")
def test_counting_night_by_night_gives_what_counting_anew_gives(add, redeem, undo, now):
    for night in range(4):
        count_points(now=now + timedelta(days=night))
        undo(redeem(1, key=f"n{night}", now=now + timedelta(days=night)), f"nu{night}", now=now)
        add("2", now=now - timedelta(days=night))
    count_points(now=now + timedelta(days=5))
    counted = rolled()
    recount(now=now + timedelta(days=5))
    assert rolled() == counted
    assert counted[0]


def test_undone_debt_is_counted_where_it_happened(add, redeem, undo, june, other_business, now):
    earned = add("100")
    redeem(80, business=other_business.pk)
    undo(earned, "u1")  # 80 are debt
    add("50", business=other_business.pk)  # repays 50 of it
    count_points(now=now + timedelta(days=1))
    report = point_report(june, actor=None)
    assert figures(report.total) == (150, 100, 80, 0, 0)


def test_another_zone_counts_its_own_days(life, june, programme, now):
    count_points(now=now + timedelta(days=1))
    before = rolled()[0]
    programme.time_zone = "Pacific/Auckland"
    programme.save()
    connection.set_tenant(programme)
    with tenant_context(programme):
        moved = Period(june.first_day, june.last_day, programme.zone)
        live = days_of_points(moved, actor=None)
        count_points(now=now + timedelta(days=1))
        assert PointCount.objects.get().zone == "Pacific/Auckland"
        assert days_of_points(moved, actor=None) == live
        assert {row[0] for row in rolled()[0]} == {row[0] + timedelta(days=1) for row in before}


@pytest.mark.usefixtures("life")
def test_the_tick_counts_at_night(programme, now):
    next_at = count_points_of_days(now)
    assert next_at == datetime(2026, 6, 11, 0, 0, tzinfo=UTC), "one in the morning in London"
    assert PointCount.objects.get().last_day == date(2026, 6, 9)


@pytest.mark.usefixtures("life")
def test_a_report_asks_the_same_questions_whatever_the_size(june, add, now):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            point_report(june, actor=None)
            member_figures(june, actor=None)
            top_members(june, actor=None)
            breakage_report(actor=None)
        return len(queries)

    before = asked()
    for number in range(5):
        add("3", phone=f"07700 90013{number}")
    assert asked() == before


@pytest.mark.usefixtures("life")
def test_another_programme_counts_nothing_of_this_one(other_programme, june, now):
    count_points(now=now + timedelta(days=1))
    with tenant_context(other_programme):
        count_points(now=now + timedelta(days=1))
        assert not PointDay.objects.exists()
        assert figures(point_report(june, actor=None).total) == (0, 0, 0, 0, 0)
        assert top_members(june, actor=None) == []


# -- people -----------------------------------------------------------------------------------------------------------


def test_who_took_part_and_who_was_active(add, redeem, undo, june, business, other_business, now, actor):
    add("10", now=now - timedelta(days=30))
    add("10", phone=OTHER)
    undo(add("5", phone="07700 900125"), "u1")
    EarningRule.objects.create(name="Review", trigger="action", action="review", effect="bonus", points=7)
    points.award_bonus(action="review", key="b", phone=PHONE, actor=actor, now=now)
    people, before = member_figures(june, actor=None)
    assert (people.unique, people.active, people.members, people.new_members) == (3, 1, 3, 2)
    assert (before.unique, before.active, before.members, before.new_members) == (1, 1, 1, 1)
    here, _before = member_figures(june, actor=None, business_id=other_business.pk)
    assert (here.unique, here.active, here.members) == (0, 0, None)
    undo(undo(add("1", phone="07700 900125", business=other_business.pk), "u2"), "u3")  # bought after all
    assert member_figures(june, actor=None, business_id=other_business.pk)[0].active == 1


@pytest.mark.usefixtures("life")
def test_members_with_the_most_points(june, other_business):
    first, second = top_members(june, actor=None)
    people = {customer.pk: customer for customer in Customer.objects.all()}
    assert first.customer in people.values()
    assert (first.points, first.points_before, first.redeemed, first.sales, first.spent) == (160, 40, 130, 2, 160)
    assert (second.points, second.points_before, second.redeemed, second.sales, second.spent) == (15, 0, 0, 1, 10)
    assert [one.points for one in top_members(june, actor=None, most=1)] == [160]
    there = top_members(june, actor=None, business_id=other_business.pk)
    assert [(one.points, one.redeemed) for one in there] == [(60, 130)]


# -- breakage ---------------------------------------------------------------------------------------------------------


def test_breakage_follows_the_points_of_the_ledger(add, redeem, undo, business, actor, now):
    day = timedelta(days=1)
    add("100", now=now - 65 * day)
    add("100", phone=OTHER, now=now - 65 * day)
    redeem(40, now=now - 60 * day)  # in the first period
    redeem(30, key="r2", now=now - 20 * day)  # in the second
    undo(redeem(20, key="r3", now=now - 19 * day), "u", now=now - 18 * day)  # leaves the count, begins anew
    add("50", phone=OTHER, now=now)
    count_points(now=now)
    ages = {row.age: row for row in PointAge.objects.filter(issuer=business)}
    seen = {age: (row.outstanding, row.at_risk, row.redeemed) for age, row in ages.items()}
    assert seen == {0: (70, 200, 40), 1: (0, 140, 30), 2: (110, 0, 0)}
    report = breakage_report(actor=None)
    assert report.outstanding == 180
    assert report.breakage is not None
    assert report.breakage.observed == 2
    assert Counter(report.breakage.redeemed)[0.0] == 1  # only what is past the horizon
    assert breakage_report(actor=None, business_id=business.pk).ages == report.ages


def test_breakage_is_unknown_at_first(add, now):
    assert breakage_report(actor=None).breakage is None
    add("100")
    count_points(now=now)
    report = breakage_report(actor=None)
    assert (report.breakage, report.outstanding) == (None, 100)
