"""What was undone and then put right counts as if nothing had been undone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from customers.models import Event, Order
from loyalty.actions import points
from loyalty.actions.refunds import refund_order
from loyalty.actions.rewards import RewardValues, create_reward
from loyalty.actions.tiers import TierSettings, TierValues, change_tier_settings, create_tier
from loyalty.errors import BonusLimitReached, RewardLimitReached, RewardOutOfStock
from loyalty.models import Account, EarningRule, Reward
from loyalty.reports_rewards import rewards_of_member
from loyalty.standing import standing_of
from loyalty.tasks import follow_refunds
from loyalty.tests.given import PHONE

pytestmark = pytest.mark.usefixtures("audited")


@pytest.fixture
def undo_twice(undo):
    """Undoes a posting, and that, too; returns the last one."""
    return lambda posting: undo(undo(posting, f"u-{posting.transaction}"), f"uu-{posting.transaction}")


def left():
    account = Account.objects.get()
    return account.available - account.debt


@pytest.mark.parametrize("order", ["undo, refund, undo", "undo, undo, refund", "refund, undo"])
def test_a_refund_takes_the_points_of_its_sale_whenever_they_are_there(order, add, undo, actor, now):
    posted = add("100")
    last = posted
    for number, act in enumerate(order.split(", ")):
        if act == "undo":
            last = undo(last, f"u{number}")
        else:
            refund_order(order=posted.order, amount=Decimal(60), actor=actor, now=now)
        follow_refunds(list(Event.objects.all()))
    assert left() == (0 if order == "refund, undo" else 40)
    follow_refunds(list(Event.objects.all()))
    assert left() == (0 if order == "refund, undo" else 40)


def test_a_cap_counts_it(add, undo_twice, now):
    EarningRule.objects.create(name="A day", effect="cap", points=100, per="day")
    undo_twice(add("90"))
    assert add("90", now=now + timedelta(minutes=1)).points == 10


def test_a_bonus_counts_it(add, undo_twice, actor, now):
    EarningRule.objects.create(
        name="Review", trigger="action", action="review", effect="bonus", points=5, per="ever", per_limit=1
    )
    add("10")

    def award(key):
        return points.award_bonus(action="review", phone=PHONE, key=key, actor=actor, now=now)

    undo_twice(award("a"))
    with pytest.raises(BonusLimitReached):
        award("b")


def test_a_reward_counts_it_and_leaves_the_shelf_again(add, redeem, undo, actor, now):
    add("100")
    code = create_reward(values=RewardValues(name="Coffee", points=10, member_limit=1), stock=1, actor=actor).code
    had = redeem(0, "a", reason="", reward=code)

    def stock():
        return Reward.objects.get().stock

    undone = undo(had, "u1")
    assert stock() == 1
    again = undo(undone, "u2")
    assert (stock(), left()) == (0, 90)
    assert rewards_of_member(Account.objects.get().pk, now=now).rewards[0].left == 0
    with pytest.raises(RewardLimitReached):
        redeem(0, "b", reason="", reward=code)
    undo(again, "u3")
    assert (stock(), left()) == (1, 100)
    assert redeem(0, "c", reason="", reward=code).balance == 90


def test_a_shelf_that_was_emptied_meanwhile_stays_empty(add, redeem, undo, actor):
    add("100")
    code = create_reward(values=RewardValues(name="Coffee", points=10), stock=1, actor=actor).code
    undone = undo(redeem(0, "a", reason="", reward=code), "u1")
    redeem(0, "b", reason="", reward=code)
    undo(undone, "u2")
    assert Reward.objects.get().stock == 0
    with pytest.raises(RewardOutOfStock):
        redeem(0, "c", reason="", reward=code)


def test_a_sale_that_never_happened_is_cancelled_also_after_a_refund_of_a_part(add, undo, actor, now):
    create_tier(values=TierValues(name="Silver", threshold=Decimal(50)), actor=actor, now=now)
    change_tier_settings(settings=TierSettings(tier_basis="spend"), actor=actor, now=now)
    posted = add("100")
    refund_order(order=posted.order, amount=Decimal(40), actor=actor, now=now)
    undo(posted, cancels_order=True)
    assert (Order.objects.get().status, left(), Account.objects.get().tier) == ("cancelled", 0, None)
    assert standing_of(Account.objects.get().pk, now=now).collected == 0
