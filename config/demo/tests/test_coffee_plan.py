"""The plan of the coffee programme: the same every time, and it shows what the demo promises to show."""

from collections import Counter

import pytest

from config.demo.coffee_plan import (
    DAYS,
    LANE,
    MEMBERS,
    QUAY,
    SALES,
    SHOPS,
    co_visit_share,
    make_plan,
)


@pytest.fixture(scope="module")
def plan():
    return make_plan(5)  # begins in May


def test_it_is_the_same_every_time(plan):
    assert (len(plan.members), len(plan.sales)) == (MEMBERS, SALES)
    assert sum(sale.pence for sale in plan.sales) == 30_610_490
    assert (len(plan.redemptions), sum(r.points for r in plan.redemptions)) == (2_172, 737_350)


def test_every_member_comes_at_least_once_and_never_before_joining(plan):
    first = {}
    for sale in plan.sales:
        first.setdefault(sale.member, sale.day)
    assert len(first) == MEMBERS
    assert all(first[member.index] == member.joined_day for member in plan.members)


def test_sales_are_in_order_of_time_and_inside_the_plan(plan):
    moments = [(sale.day, sale.minute) for sale in plan.sales]
    assert moments == sorted(moments)
    assert moments[0][0] >= 0
    assert moments[-1][0] < DAYS
    assert all(7 * 60 <= minute < 20 * 60 for _, minute in moments)


def test_nobody_comes_after_lapsing_and_a_quarter_lapses(plan):
    last = {sale.member: sale.day for sale in plan.sales}
    lapsed = [member for member in plan.members if member.lapses_day is not None and member.lapses_day < DAYS]
    assert all(last[member.index] < member.lapses_day for member in lapsed)
    assert 0.15 < len(lapsed) / MEMBERS < 0.25


def test_a_visit_to_the_quay_is_often_followed_by_the_bakery(plan):
    assert 0.14 < co_visit_share(plan.sales) < 0.18


def test_december_beats_january_by_a_third(plan):
    # The plan begins in May: December is its eighth month, the January after it the ninth.
    months = Counter(int(sale.day / 30.44) for sale in plan.sales)
    assert months[7] > months[8] * 1.2


def test_mornings_belong_to_the_quay_and_weekends_to_the_bakery(plan):
    early = Counter(sale.shop for sale in plan.sales if sale.minute < 9 * 60)
    weekend = Counter(sale.shop for sale in plan.sales if sale.day % 7 >= 5)
    assert early[QUAY] > 4 * early[LANE]
    assert weekend[LANE] > weekend[QUAY] * 0.8


def test_nobody_spends_points_that_are_not_there(plan):
    rates = {shop.key: shop.points_per_unit for shop in SHOPS}
    spent = {redemption.after_sale: redemption.points for redemption in plan.redemptions}
    balances = Counter()
    for index, sale in enumerate(plan.sales):
        balances[sale.member] += int(sale.pence * rates[sale.shop] / 100)
        balances[sale.member] -= spent.get(index, 0)
        assert balances[sale.member] >= 0
