"""What the ledger tells: events that fit their declarations, and readers that follow."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from customers.events import EVENT_TYPES
from customers.models import CustomerFacts, Event, Order
from customers.stream import READ_STREAM, run_readers
from loyalty.actions import points
from loyalty.actions.affiliate_commissions import settle_orders
from loyalty.actions.affiliate_customers import note_number
from loyalty.actions.affiliate_payouts import make_payout, mark_paid
from loyalty.actions.affiliates import AffiliateValues, create_affiliate
from loyalty.actions.referral_settings import ReferralValues, change_referral_settings
from loyalty.actions.referrals import complete_by_hand, track_referral
from loyalty.actions.refunds import refund_order
from loyalty.actions.rewards import RewardValues, add_stock, create_reward, set_stock
from loyalty.actions.settings import change_settings
from loyalty.errors import RewardOutOfStock
from loyalty.models import Account, EarningRule, LoyaltySettings
from loyalty.tasks import follow_points
from loyalty.tests.given import PHONE
from programs.models import DueWork

pytestmark = pytest.mark.usefixtures("audited")


@pytest.fixture
def shelf():
    """What the stream tells of rewards, and whether that fits their declaration."""

    def told():
        found = Event.objects.filter(name__startswith="loyalty.reward.").order_by("id")
        assert all(set(event.data) == set(EVENT_TYPES[event.name].fields) for event in found)
        assert not found.filter(customer__isnull=False).exists()
        return [(event.name.removeprefix("loyalty.reward."), event.data["reward_name"]) for event in found]

    return told


def test_a_reward_runs_out_and_comes_back(add, business, actor, now, shelf):
    add("100")
    mug = create_reward(values=RewardValues(name="Mug", points=10), stock=2, actor=actor)
    plenty = create_reward(values=RewardValues(name="Tea", points=1), actor=actor)
    call = {"business": business.pk, "phone": PHONE, "actor": actor, "now": now}
    for key in ("1", "2"):
        taken = points.redeem_points(**call, reward=mug.code, key=key)
        points.redeem_points(**call, reward=plenty.code, key=f"tea {key}")
    assert shelf() == [("ran_out", "Mug")]
    with pytest.raises(RewardOutOfStock):
        points.redeem_points(**call, reward=mug.code, key="3")
    undone = points.reverse_transaction(transaction=taken.transaction, key="u", actor=actor, now=now)
    assert shelf()[1:] == [("came_back", "Mug")]
    points.reverse_transaction(transaction=undone.transaction, key="uu", actor=actor, now=now)
    assert shelf()[2:] == [("ran_out", "Mug")]
    add_stock(code=mug.code, number=1, actor=actor)
    held = points.hold_points(**call, reward=mug.code, key="h")
    points.void_hold(hold=held.transaction, key="v", actor=actor, now=now)
    assert [what for what, _name in shelf()[3:]] == ["came_back", "ran_out", "came_back"]
    set_stock(code=mug.code, stock=0, actor=actor)
    set_stock(code=mug.code, stock=None, actor=actor)
    assert [what for what, _name in shelf()[6:]] == ["ran_out", "came_back"]
    set_stock(code=mug.code, stock=5, actor=actor)
    assert len(shelf()) == 8


def test_events_of_the_sql_fit_the_registry(add, redeem, undo, business, actor, now):
    earned = add("100")
    spent = redeem(10)
    undo(spent, "u1")
    undo(earned, "u2", cancels_order=True)
    points.adjust_points(points=5, reason="sorry", phone=PHONE, key="a", actor=actor, now=now)
    held = points.hold_points(business=business.pk, points=1, reason="x", phone=PHONE, key="h", actor=actor, now=now)
    points.void_hold(hold=held.transaction, key="v", actor=actor, now=now)
    change_settings(point_value=Decimal("0.01"), expiry_months=1, actor=actor)
    add("7")
    points.redeem_points(
        business=business.pk, points=1, reason="x", phone=PHONE, key="late", actor=actor, now=now + timedelta(days=60)
    )
    friend = add("5", phone="07700 900124")
    to = Account.objects.get(customer__code=friend.customer).pk
    points.transfer_points(phone=PHONE, recipient_id=to, points=1, key="t", actor=actor, now=now)
    EarningRule.objects.create(name="Review", trigger="action", action="review", effect="bonus", points=5)
    points.award_bonus(action="review", phone=PHONE, key="b", actor=actor, now=now)
    change_referral_settings(values=ReferralValues(is_active=True), actor=actor)
    referral = track_referral(
        referrer=Account.objects.get(pk=to), friend_phone="07700 900126", channel="api", actor=actor, now=now
    )
    complete_by_hand(code=referral.code, actor=actor, now=now)
    LoyaltySettings.objects.update(pending_days=3)
    add("7", phone="07700 900125")
    add("7", phone="07700 900125", now=now + timedelta(days=4))
    seen = {event.name: event.data for event in Event.objects.order_by("-id")}
    assert {name for name in EVENT_TYPES if name.startswith("loyalty.points.")} <= set(seen)
    json_types = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list}
    for name, data in seen.items():
        fields = EVENT_TYPES[name].fields
        assert set(data) <= {field.rstrip("?") for field in fields}
        assert {field for field in fields if not field.endswith("?")} <= set(data)
        assert all(isinstance(value, json_types[fields.get(key) or fields[f"{key}?"]]) for key, value in data.items())


def test_the_events_of_affiliates_are_as_declared(business, actor, now):
    affiliate = create_affiliate(
        values=AffiliateValues(name="Blog", link_code="blog", percent=Decimal(10), hold_days=0), actor=actor
    )
    note_number(link_code="blog", phone=PHONE, channel="api", actor=actor, now=now)
    sold = points.add_points(business=business.pk, phone=PHONE, amount=Decimal(50), key="a", actor=actor, now=now)
    settle_orders([Order.objects.get().pk], now=now)
    payout = make_payout(affiliate=affiliate.code, actor=actor, now=now + timedelta(minutes=1))
    mark_paid(code=payout.code, actor=actor, now=now + timedelta(minutes=1))
    refund_order(order=sold.order, everything=True, actor=actor, now=now)
    seen = {event.name: event for event in Event.objects.filter(name__startswith="loyalty.affiliate.")}
    assert set(seen) == {name for name in EVENT_TYPES if name.startswith("loyalty.affiliate.")}
    assert {name: event.data["affiliate"] for name, event in seen.items()} == dict.fromkeys(seen, affiliate.code)
    assert Decimal(seen["loyalty.affiliate.commission_taken"].data["total"]) == 5
    assert seen["loyalty.affiliate.commission_earned"].customer_id is None, "no line of a customer's timeline"
    assert seen["loyalty.affiliate.customer_came"].customer_id is not None


def test_a_sale_wakes_the_readers_and_lists_follow(add, redeem, programme):
    assert not DueWork.objects.filter(kind=READ_STREAM, programme=programme).exists()
    add("10")
    redeem(3)
    assert DueWork.objects.filter(kind=READ_STREAM, programme=programme).count() == 1


def test_facts_follow_the_account(add, redeem, now):
    add("10")
    redeem(3)
    follow_points(list(Event.objects.order_by("id")))
    facts = CustomerFacts.objects.get()
    assert (facts.balance, facts.lifetime_points, facts.is_member, facts.member_since) == (7, 10, True, now)


def test_readers_rest_when_nothing_happens(programme, now):
    assert run_readers(now=now) is None
