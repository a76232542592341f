"""Three years of expiry and tier cycles under a frozen clock: DST twice a year, 29 February, the last of each month.

The nights' work runs each midnight of the programme and nothing else looks at a member who does not come.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.actor import SYSTEM
from core.clock import day_start
from loyalty import rules
from loyalty.actions import points
from loyalty.actions.refunds import refund_order
from loyalty.actions.settings import PointSettings, change_point_settings
from loyalty.actions.tiers import TierSettings, TierValues, change_tier_settings, create_tier
from loyalty.audit import audit
from loyalty.models import Account, Tier, Transaction
from loyalty.tasks import expire_points, judge_due_tiers
from loyalty.tests.given import PHONE
from loyalty.tests.tier_model import NONE, Member, Rules, Sale

LONDON = ZoneInfo("Europe/London")
FIRST_DAY = date(2026, 10, 20)  # 29 February 2028 lies within
DAYS = 3 * 365
NAMES = ["Bronze", "Silver", "Gold"]

decisions = st.builds(
    Rules,
    thresholds=st.sampled_from([[3, 6, 9], [50, 120, 300], [1, 100, 250]]),
    basis=st.sampled_from(["points", "spend", "visits"]),
    window_months=st.sampled_from([1, 3, 12, None]),
    keep_months=st.sampled_from([1, 6, 12, None]),
    grace_days=st.sampled_from([0, 1, 30]),
    drops_to=st.sampled_from(["earned", "next"]),
    zone=st.just(LONDON),
)
# Days on which something happens: a sale of some size, or the whole return of one of the sales so far.
happenings = st.dictionaries(
    st.integers(0, DAYS - 1)
    | st.sampled_from([(day - FIRST_DAY).days for day in (date(2026, 10, 25), date(2028, 2, 29), date(2027, 3, 28))]),
    st.tuples(st.sampled_from([0, 30, 12 * 60, 24 * 60 - 1]), st.integers(1, 150) | st.none(), st.integers(0, 50)),
    min_size=1,
    max_size=25,
)


@pytest.mark.usefixtures("programme")
@settings(max_examples=5, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(decided=decisions, days=happenings)
def test_three_years_of_tiers(business, decided, days):
    with transaction.atomic():
        _live(business, decided, days)
        transaction.set_rollback(True)


def _live(business, decided, days):
    begin = day_start(FIRST_DAY, LONDON)
    change_tier_settings(
        settings=TierSettings(
            tier_basis=decided.basis,
            tier_window_months=decided.window_months,
            tier_keep_months=decided.keep_months,
            tier_grace_days=decided.grace_days,
            tier_drops_to=decided.drops_to,
        ),
        actor=SYSTEM,
        now=begin,
    )
    for name, threshold in zip(NAMES, decided.thresholds, strict=True):
        create_tier(values=TierValues(name=name, threshold=Decimal(threshold)), actor=SYSTEM, now=begin)
    places = {tier.pk: NAMES.index(tier.name) for tier in Tier.objects.all()}
    member, orders = Member(decided), []
    for number in range(DAYS):
        day = FIRST_DAY + timedelta(days=number)
        midnight = day_start(day, LONDON)
        next_midnight = judge_due_tiers(midnight)
        assert next_midnight == day_start(day + timedelta(days=1), LONDON)
        if member.kept_until is not None and midnight in (
            member.kept_until,
            member.grace_ends(member.kept_until),
        ):
            member.judge(midnight)
        if number in days:
            minute, amount, which = days[number]
            moment = midnight + timedelta(minutes=minute)
            if amount is not None:
                posted = points.add_points(
                    business=business.pk, phone=PHONE, amount=Decimal(amount), reference=f"R{number}", actor=SYSTEM,
                    now=moment,
                )  # fmt: skip
                orders.append(posted.order)
                member.sales.append(Sale(moment, amount))
                member.judge(moment)
            elif orders and member.sales[which % len(orders)].net:
                sale = which % len(orders)
                refund_order(order=orders[sale], reference=f"G{number}", everything=True, actor=SYSTEM, now=moment)
                member.sales[sale].net = 0
                member.judge(moment)
        account = Account.objects.filter(version__gt=0).first()
        if account is not None:
            assert (places.get(account.tier_id, NONE), account.tier_kept_until) == (member.tier, member.kept_until), day
    assert [one.code for one in audit() if not one.is_kept] == []


def test_a_leap_day_is_kept_to_the_28th(programme, actor, business):
    """Bought on 29 February, kept for a year: through 28 February; in London that is midnight UTC."""
    leap = datetime(2028, 2, 29, 12, tzinfo=UTC)
    change_tier_settings(settings=TierSettings(tier_keep_months=12), actor=actor, now=leap)
    create_tier(values=TierValues(name="Silver", threshold=Decimal(10)), actor=actor, now=leap)
    points.add_points(business=business.pk, phone=PHONE, amount=Decimal(10), key="a", actor=actor, now=leap)
    assert Account.objects.get().tier_kept_until == datetime(2029, 3, 1, tzinfo=UTC)


def test_three_years_of_points_that_run_out(programme, actor, business):
    """Points live three months. Sales on the first and last days of months: those for whose day there is none three
    months later go with the last day of that month, and every night only what is due then goes.
    """
    begin = datetime.combine(FIRST_DAY, time(15), tzinfo=LONDON)
    settings = PointSettings(point_value=Decimal("0.01"), expiry_months=3)
    change_point_settings(settings=settings, actor=actor, now=begin)
    expected: Counter[date] = Counter()
    for number in range(DAYS):
        day = FIRST_DAY + timedelta(days=number)
        expire_points(day_start(day, LONDON))
        if 3 <= day.day <= 27:
            continue
        moment = datetime.combine(day, time(15), tzinfo=LONDON).astimezone(UTC)
        points.add_points(
            business=business.pk, phone=PHONE, amount=Decimal(1), reference=f"R{number}", actor=actor, now=moment
        )
        expected[rules.add_months(day, 3)] += 1
    gone = {
        (one.at.astimezone(LONDON).date() - timedelta(days=1)): -one.points
        for one in Transaction.objects.filter(kind="expire")
    }
    last = FIRST_DAY + timedelta(days=DAYS - 2)
    assert gone == {day: number for day, number in expected.items() if day <= last}
    assert (gone[date(2027, 2, 28)], gone[date(2028, 2, 29)]) == (3, 2)  # of 28, 29 and 30 November; of 29 and 30
    assert Account.objects.get().available == sum(expected.values()) - sum(gone.values())
    assert not [one.code for one in audit() if not one.is_kept]
