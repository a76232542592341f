"""What users of other loyalty programmes complained about, each with its source: none of it happens here.

More of them where they belong: refunds (odoo PR 257854, 212922, nopCommerce 5595) in test_points_refund, parallel
spending (fushengqian/fuint 71, medusajs/medusa PR 16347, Azuriom/Plugin-Shop 285) in test_ledger_threads, offline
resync (OCA/pos PR 185) in screens/tests/test_views_till_offline, lists of many members (open-loyalty 129) in
`make bench NAME=pages`.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings as django_settings

from customers.actions.refunds import ReturnedLine
from customers.models import Customer
from loyalty import errors
from loyalty.actions import points
from loyalty.actions.refunds import refund_order
from loyalty.actions.settings import PointSettings, change_settings
from loyalty.models import Account, EarningRule, Lot, Reward
from loyalty.operations import SaleLine
from loyalty.rules import points_for
from loyalty.tests.given import PHONE
from workspace.models import Business

pytestmark = pytest.mark.usefixtures("audited")
VALUE = Decimal("0.01")


def account():
    return Account.objects.get(customer__phone="+447700900123")


def test_a_voided_line_gives_no_points(add, actor, now):
    """FloCafe 720: points stayed on lines that were voided."""
    posted = add("20", lines=[SaleLine(amount=Decimal(8)), SaleLine(amount=Decimal(12))])
    refund_order(order=posted.order, lines=[ReturnedLine(2)], actor=actor, now=now)
    assert account().available == 8


def test_expired_points_take_their_spending_along(add, redeem, actor, now):
    """FloCafe 78: expired credits dropped out of the balance, old debits stayed: it collapsed."""
    change_settings(point_value=VALUE, expiry_months=1, actor=actor)
    add("100")
    redeem(80)
    later = now + timedelta(days=40)
    assert add("50", now=later).balance == 50


def test_no_way_of_getting_points_escapes_expiry(add, redeem, undo, actor, now, business):
    """liberusoftware/ecommerce-laravel PR 1056: expiry went by a label that some writers forgot."""
    change_settings(point_value=VALUE, expiry_months=3, actor=actor)
    EarningRule.objects.create(name="Welcome", trigger="join", effect="bonus", points=5)
    EarningRule.objects.create(name="Review", trigger="action", action="review", effect="bonus", points=5)
    call = {"phone": PHONE, "actor": actor, "now": now}
    earned = add("100")
    points.adjust_points(points=10, reason="x", key="a", **call)
    points.award_bonus(action="review", key="b", **call)
    undo(redeem(30), "u1")
    undo(undo(earned, "u2"), "u3")
    held = points.hold_points(business=business.pk, points=9, reason="x", key="h", **call)
    points.void_hold(hold=held.transaction, key="v", actor=actor, now=now)
    add("10", phone="07700 900124")
    friend = Customer.objects.get(phone="+447700900124").pk
    points.transfer_points(points=20, recipient_id=friend, key="t", **call)
    undo(points.transfer_points(points=5, recipient_id=friend, key="t2", **call), "u4")
    assert Lot.objects.filter(remaining__gt=0).count() > 5
    assert not Lot.objects.filter(remaining__gt=0, expires_at=None).exists()


def test_no_setting_is_dead():
    """FloCafe 62: a setting for expiry that nothing read. Each field is read by the ledger or by what tells members."""
    root = django_settings.BASE_DIR / "loyalty"
    readers = [*root.glob("migrations/sql/*.sql"), *root.glob("balances.py"), root / "ledger.py", root / "reports.py"]
    code = "\n".join(path.read_text() for path in [*readers, root / "actions/warnings.py"])
    assert [field.name for field in fields(PointSettings) if field.name not in code] == []


def test_spending_does_not_lower_what_was_earned(add, redeem):
    """DivanteLtd/open-loyalty 131: tiers went by the balance, so that spending cost people their tier."""
    add("100")
    redeem(100)
    assert (account().available, account().lifetime) == (0, 100)


def test_what_fails_is_undone_whole_and_not_paid_back_twice(add, redeem, business, actor, now):
    """The-Leetcode-City 690: a failed purchase was "rolled back" by crediting a balance read earlier."""
    add("100")
    reward = Reward.objects.create(name="Mug", points=60, stock=0)
    with pytest.raises(errors.RewardOutOfStock):
        redeem(0, "mug", reward=reward.code)
    redeem(70, "other")
    with pytest.raises(errors.RewardOutOfStock):
        redeem(0, "mug", reward=reward.code)  # the refusal of before, again
    assert account().available == 30


def test_what_is_over_gives_nothing(add, redeem, now):
    """odoo PR 208134: a programme that had ended went on issuing cards."""
    yesterday = (now - timedelta(days=1)).date()
    EarningRule.objects.create(name="Over", effect="multiply", factor=Decimal(2), ends_on=yesterday)
    Reward.objects.create(name="Over", points=1, ends_at=now, code="over")
    assert add("10").points == 10
    with pytest.raises(errors.RewardNotAvailable):
        redeem(0, reward="over")
    Business.objects.update(is_active=False)
    with pytest.raises(errors.UnknownBusiness):
        add("10")


def test_a_rate_multiplies():
    """POS-Awesome 45: $1,540 was shown for $3.85, as the rate divided."""
    assert points_for(Decimal("3.85"), Decimal(400), "down") == 1540
    assert points_for(Decimal("3.85"), Decimal("0.0025"), "down") == 0


def test_any_number_of_points_can_be_spent(add, redeem):
    """odoo 264931: the cashier could not choose how many points to spend."""
    add("100")
    assert redeem(37).balance == 63
