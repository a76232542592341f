"""A stock of one, a claim of one, one more for a member: by many at once, exactly one wins. Real commits."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from core.actor import SYSTEM
from loyalty.actions import points, rewards
from loyalty.actions.rewards import RewardValues
from loyalty.audit import audit
from loyalty.errors import HoldOver, NotEnoughPoints, RewardLimitReached, RewardOutOfStock
from loyalty.models import Account, Hold, Reward, Transaction
from programs.models import Programme
from workspace.models import Business

THREADS = 8
PHONES = [f"+4477009003{number:02d}" for number in range(THREADS)]


@pytest.fixture
def shop(committed_database):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    return Business.objects.create(name="Quayside")


@pytest.fixture
def members(shop, now):
    """Eight people with 100 points each."""
    for phone in PHONES:
        points.add_points(business=shop.pk, phone=phone, amount=Decimal(100), key=phone, actor=SYSTEM, now=now)
    return PHONES


@pytest.fixture
def asked(shop, now):
    return {"business": shop.pk, "actor": SYSTEM, "now": now}


@pytest.fixture
def coffee(shop):
    def make(stock=None, **changes):
        values = replace(RewardValues(name="Coffee", points=40), **changes)
        return rewards.create_reward(values=values, stock=stock, actor=SYSTEM)

    return make


def kept():
    return [(found.code, found.samples) for found in audit() if not found.is_kept]


def stock():
    return Reward.objects.values_list("stock", flat=True).get()


def kinds(results):
    return Counter(type(result).__name__ for result in results)


def test_a_stock_of_one_has_one_winner(asked, members, coffee, in_threads):
    """Half of them take it at once, half set it aside for later."""
    code = coffee(stock=1).code

    def take(number, phone):
        act = points.hold_points if number % 2 else points.redeem_points
        return lambda: act(**asked, phone=phone, reward=code, key="k" + phone)

    results = in_threads([take(number, phone) for number, phone in enumerate(members)])
    assert kinds(results) == {"Posting": 1, "RewardOutOfStock": THREADS - 1}
    assert (stock(), kept()) == (0, [])
    assert sum(account.available + account.held for account in Account.objects.all()) in (800, 760)
    assert all(isinstance(one, RewardOutOfStock) or one.reward == code for one in results)


def test_the_last_time_for_a_member_has_one_winner(asked, members, coffee, in_threads):
    code = coffee(member_limit=1, stock=5).code
    results = in_threads(
        [
            lambda key=key: points.redeem_points(**asked, phone=members[0], reward=code, key=f"k{key}")
            for key in range(8)
        ]
    )
    assert kinds(results) == {"Posting": 1, "RewardLimitReached": 7}
    assert (stock(), kept()) == (4, [])
    assert sum(isinstance(one, RewardLimitReached) for one in results) == 7


def test_points_for_two_are_spent_twice(asked, members, coffee, in_threads):
    code = coffee(stock=5).code
    results = in_threads(
        [
            lambda key=key: points.redeem_points(**asked, phone=members[0], reward=code, key=f"k{key}")
            for key in range(8)
        ]
    )
    assert sum(isinstance(one, NotEnoughPoints) for one in results) == 6
    assert (stock(), Account.objects.get(customer__phone=members[0]).available, kept()) == (3, 20, [])


def test_a_claim_is_captured_or_voided_once(asked, members, coffee, in_threads, now, shop):
    code = coffee(stock=1).code
    claim = points.hold_points(**asked, phone=members[0], reward=code, key="c").transaction

    def settle(number):
        act = {"hold": claim, "key": f"s{number}", "actor": SYSTEM, "now": now}
        return lambda: points.void_hold(**act) if number % 2 else points.capture_hold(**act)

    results = in_threads([settle(number) for number in range(THREADS)])
    (settled,) = [one for one in results if not isinstance(one, HoldOver)]
    was_void = settled.kind == "void"
    assert stock() == (1 if was_void else 0)
    assert Account.objects.get(customer__phone=members[0]).available == (100 if was_void else 60)
    assert kept() == []


def test_a_claim_that_runs_out_is_given_back_once(asked, members, coffee, in_threads, now):
    """Captures at the very moment find it over; whoever touches the account first gives it back, the others nothing."""
    code = coffee(stock=1, claim_minutes=5).code
    claim = points.hold_points(**asked, phone=members[0], reward=code, key="c").transaction
    later = now + timedelta(minutes=5)

    def capture(number):
        return lambda: points.capture_hold(hold=claim, key=f"s{number}", actor=SYSTEM, now=later)

    results = in_threads([capture(number) for number in range(THREADS)])
    assert all(isinstance(one, HoldOver) and one.data["state"] == "expired" for one in results)
    assert (stock(), Account.objects.get(customer__phone=members[0]).available, kept()) == (1, 100, [])


def test_what_is_sold_while_the_stock_is_changed_stays_counted(asked, members, coffee, in_threads):
    code = coffee(stock=10).code

    def sell(phone):
        return lambda: points.redeem_points(**asked, phone=phone, reward=code, key=phone)

    def deliver(_number):
        return lambda: rewards.add_stock(code=code, number=3, actor=SYSTEM)

    results = in_threads([*(sell(phone) for phone in members), *(deliver(number) for number in range(4))])
    assert [one for one in results if isinstance(one, Exception)] == []
    assert (stock(), kept()) == (10 - THREADS + 4 * 3, [])


def test_an_edit_of_the_reward_loses_no_sale(asked, members, coffee, in_threads):
    reward = coffee(stock=20)
    values = rewards.values_of(reward)

    def edit(number):
        changed = replace(values, description=f"Edition {number}")
        return lambda: rewards.change_reward(code=reward.code, values=changed, actor=SYSTEM)

    def sell(phone):
        return lambda: points.redeem_points(**asked, phone=phone, reward=reward.code, key=phone)

    in_threads([*(sell(phone) for phone in members), *(edit(number) for number in range(4))])
    assert (stock(), kept()) == (20 - THREADS, [])


def test_one_key_takes_one_from_the_shelf(asked, members, coffee, in_threads):
    code = coffee(stock=5).code
    claim = {**asked, "business": None, "phone": members[0], "reward": code, "key": "k"}
    results = in_threads([lambda: points.hold_points(**claim)] * THREADS)
    assert {one.transaction for one in results} == {Transaction.objects.get(kind="hold").code}
    assert (stock(), Hold.objects.count(), kept()) == (4, 1, [])


def test_rewards_taken_crosswise_never_deadlock(asked, members, coffee, in_threads):
    codes = [coffee(stock=100, points=1).code for _number in range(3)]

    def work(number):
        def run():
            for step in range(6):
                code = codes[(number + step) % 3] if number % 2 else codes[(number - step) % 3]
                held = points.hold_points(**asked, phone=members[number], reward=code, key=f"{number}-{step}")
                if step % 2:
                    points.void_hold(hold=held.transaction, key=held.transaction, actor=SYSTEM, now=asked["now"])

        return run

    assert [one for one in in_threads([work(number) for number in range(THREADS)]) if one is not None] == []
    assert sum(Reward.objects.values_list("stock", flat=True)) == 300 - THREADS * 3
    assert kept() == []
