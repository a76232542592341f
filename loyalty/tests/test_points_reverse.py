"""Undoing: once, never below zero, never for more than it was."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from core.actor import Actor
from core.errors import InvalidInput
from customers.models import Event, Order
from loyalty import errors
from loyalty.actions.settings import change_settings
from loyalty.models import Account, Lot
from loyalty.tests.given import rows

pytestmark = pytest.mark.usefixtures("audited")


def test_who_is_limited_to_a_business_reaches_no_other(add, redeem, undo, business, other_business, now):
    bound = Actor(kind="api", id="x", label="Key", business_id=other_business.pk)
    before = add("10")
    with pytest.raises(errors.UnknownBusiness):
        add(actor=bound)
    with pytest.raises(errors.UnknownBusiness):
        redeem(1, actor=bound)
    with pytest.raises(errors.UnknownTransaction):
        undo(before, actor=bound)
    assert redeem(1, key="own", actor=bound, business=other_business.pk).balance == 9  # shared points, own shop


def test_reversing_an_earn_takes_its_own_lot_first(add, undo):
    add("10")
    second = add("20")
    assert undo(second).balance == 10
    assert list(Lot.objects.order_by("id").values_list("remaining", flat=True)) == [10, 0]


def test_spent_points_that_are_clawed_back_become_debt_and_the_next_earn_repays(add, redeem, undo):
    first = add("100")
    redeem(80)
    undone = undo(first)
    assert (undone.points, undone.balance, undone.debt) == (-100, 0, 80)
    repaid = add("50")
    assert (repaid.balance, repaid.debt) == (0, 30)
    assert add("50").balance == 20
    assert Account.objects.get().lifetime == 100


def test_a_thing_is_reversed_once(add, redeem, undo):
    earned, spent = add("10"), redeem(4)
    undo(spent, "a")
    undo(earned, "b")
    before = rows()
    for posting, key in ((earned, "c"), (spent, "d")):
        with pytest.raises(errors.AlreadyReversed):
            undo(posting, key)
    assert rows() == before


@pytest.mark.usefixtures("audited")
def test_a_reversal_is_undone_once_like_anything_else(add, redeem, undo):
    earned = add("100")
    redeem(30)
    taken = undo(earned)
    assert (taken.balance, taken.debt) == (0, 30)
    given = undo(taken, "sorry")
    account = Account.objects.get()
    assert (given.points, account.available, account.debt, account.lifetime) == (100, 70, 0, 100)
    for posting in (earned, taken):
        with pytest.raises(errors.AlreadyReversed):
            undo(posting, f"again-{posting.transaction}")


def test_a_reversal_that_cancelled_the_sale_stands(add, undo):
    undone = undo(add("10"), cancels_order=True)
    with pytest.raises(errors.NotReversible):
        undo(undone, "again")


def test_refunds_in_any_steps_come_to_the_same(add, undo):
    """Earn, refund, keep points (odoo PR 257854): the parts of a refund never exceed what was earned."""
    posted = add("100")
    for number, part in enumerate([30, 30, 30, 30]):
        undo(posted, f"part-{number}", points=part)
    assert Account.objects.get().available == 0
    with pytest.raises(errors.AlreadyReversed):
        undo(posted, "more", points=1)


def test_a_reversed_redemption_comes_back_with_a_last_chance(add, redeem, undo, actor, now):
    change_settings(point_value=Decimal("0.01"), expiry_months=1, reinstated_days=30, actor=actor)
    add("10")
    spent = redeem(10)
    later = now + timedelta(days=60)
    assert undo(spent, now=later).balance == 10
    assert Lot.objects.get(remaining__gt=0).expires_at == later + timedelta(days=30)


def test_a_cashier_undoes_within_a_minute(add, undo, now):
    quick, slow = add("10"), add("20")
    assert undo(quick, "a", now=now + timedelta(seconds=59), within_undo_window=True).points == -10
    with pytest.raises(errors.UndoWindowPassed):
        undo(slow, "b", now=now + timedelta(seconds=61), within_undo_window=True)
    assert undo(quick, "a", now=now + timedelta(hours=1), within_undo_window=True).is_replayed


def test_an_undone_sale_is_no_sale(add, undo):
    """Points on voided lines (FloCafe 720)."""
    undo(add("10"), cancels_order=True)
    assert Order.objects.get().status == Order.Status.CANCELLED
    assert Event.objects.filter(name="customers.order.cancelled").count() == 1


def test_a_sale_that_never_happened_keeps_no_points(add, undo):
    """Earn, refund, keep points (odoo PR 257854): its order cannot be cancelled for a part of them."""
    posted = add("100")
    before = rows()
    with pytest.raises(InvalidInput) as refused:
        undo(posted, points=10, cancels_order=True)
    assert refused.value.field == "points"
    assert rows() == before
    undo(posted, "part", points=10)
    assert undo(posted, "rest", cancels_order=True).balance == 0
    assert Order.objects.get().status == Order.Status.CANCELLED
