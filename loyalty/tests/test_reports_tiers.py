"""How many members would be where: the one query for all agrees with the judging of each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Customer
from loyalty import rules
from loyalty.actions.refunds import refund_order
from loyalty.models import Account, Tier
from loyalty.reports_tiers import collected_at_shares, members_by_tier, members_reaching
from loyalty.standing import collected_by

NOW = datetime(2026, 6, 10, 14, 0, tzinfo=UTC)
BASES = ("points", "spend", "visits")


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def members(add, actor, redeem, undo, business, other_business):
    """Nine members who bought now and then, at two businesses; some brought things back, one was archived."""
    for number in range(9):
        phone = f"07700 9001{number:02d}"
        for sale in range(number):
            moment = NOW - timedelta(days=45 * sale, hours=14 if sale % 2 else 13)
            shop = other_business if sale % 3 == 2 else business
            posted = add(str(10 + number), phone=phone, business=shop.pk, now=moment)
            if (number, sale) in ((3, 1), (5, 2)):
                refund_order(order=posted.order, amount=Decimal(4), actor=actor, now=NOW)
            if (number, sale) in ((4, 0), (6, 3)):
                undo(posted, key=f"undo-{number}", now=NOW)
            if (number, sale) == (6, 3):
                undo(undo(posted, key="undo-6", now=NOW), key="redo", now=NOW)
        if number == 7:
            redeem(20, phone=phone)
    return list(Account.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("months", [None, 1, 6])
def test_the_count_of_all_is_the_sum_of_each(members, programme, basis, months):
    since = rules.window_start(NOW, months, programme.zone)
    figures = sorted(collected_by(member, basis, since, NOW) for member in members)
    steps = sorted({figure for figure in figures if figure > 0})[::2]
    expected = [sum(figure < steps[0] for figure in figures)]
    expected += [
        sum(low <= figure < high for figure in figures)
        for low, high in zip(steps, [*steps[1:], Decimal(10**9)], strict=True)
    ]
    assert members_reaching(steps, basis=basis, window_months=months, now=NOW) == expected
    assert sum(expected) == len(members) == 8


def test_the_best_shares_collected_at_least_so_much(members):
    everybody = sorted((collected_by(one, "points", None, NOW) for one in members), reverse=True)
    half, best = collected_at_shares([0.5, 0.125], basis="points", window_months=None, now=NOW)
    assert sum(figure >= half for figure in everybody) >= 4
    assert best == everybody[1]


def test_archived_people_are_not_counted(members):
    gone = Customer.objects.get(account__pk=members[0])
    Customer.objects.filter(pk=gone.pk).update(state="archived")
    assert sum(members_reaching([Decimal(1)], basis="points", window_months=None, now=NOW)) == 7
    assert members_by_tier() == {None: 7}


def test_nobody_yet(programme):
    assert members_reaching([Decimal(1), Decimal(2)], basis="spend", window_months=12, now=NOW) == [0, 0, 0]
    assert collected_at_shares([0.4, 0.1], basis="visits", window_months=12, now=NOW) == [0, 0]
    assert members_by_tier() == {}


def test_members_now_are_those_who_hold_it(members):
    tier = Tier.objects.create(name="Silver", rank=1, threshold=10)
    Account.objects.filter(pk__in=members[:3]).update(tier=tier)
    assert members_by_tier() == {tier.pk: 3, None: 5}


@pytest.mark.parametrize("basis", BASES)
def test_one_query_however_many_members(members, basis):
    with CaptureQueriesContext(connection) as counted:
        members_reaching([Decimal(1)], basis=basis, window_months=12, now=NOW)
    assert len(counted) == 1
