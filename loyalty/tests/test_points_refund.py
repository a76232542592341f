"""Refund algebra: whatever is given back in whatever order and parts, the same points are left."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from core.errors import InvalidInput
from customers.actions.refunds import CancelledOrder, MoreThanSold, RefundKnown, ReturnedLine, given_back
from customers.models import Event, Order, Refund
from loyalty.actions.refunds import UnknownOrder, claw_back_refunds, refund_order
from loyalty.earning import earning_of
from loyalty.errors import NotReversible
from loyalty.models import Account, EarningRule, Transaction
from loyalty.operations import SaleLine
from loyalty.tasks import follow_refunds

pytestmark = pytest.mark.usefixtures("audited")


@pytest.fixture
def refund(actor, now):
    def call(posting, *lines, **changes):
        said = {"lines": [ReturnedLine(*line) for line in lines], "everything": not lines and "amount" not in changes}
        return refund_order(**{"order": posting.order, "actor": actor, "now": now, **said, **changes})

    return call


@pytest.fixture
def sell(add):
    """A basket of 10 coffee (× 2), 7.50 cake (2 pieces) and 2.50 besides: 30 points, and 5 for spending 15."""

    def call(**changes):
        EarningRule.objects.get_or_create(
            name="Double coffee", effect="multiply", factor=Decimal(2), categories=["coffee"]
        )
        EarningRule.objects.get_or_create(name="Spend 15", effect="bonus", points=5, min_spend=Decimal(15))
        lines = [
            SaleLine(amount=Decimal(10), category="coffee", title="Beans"),
            SaleLine(amount=Decimal("7.50"), quantity=Decimal(2), category="cake", title="Cake"),
        ]
        return add("20", lines=lines, **changes)

    return call


def balance():
    account = Account.objects.get()
    return account.available - account.debt


def test_a_refunded_line_takes_what_it_earned(sell, refund):
    posted = sell()
    assert posted.points == 35
    done = refund(posted, (2, Decimal(1)))
    assert (done.posting.points, done.refund.total) == (-4, Decimal("3.75"))  # 31.25 are left, rounded down
    assert refund(posted, (1,)).posting.points == -25  # 10 × 2, the bonus, and the fraction of before
    assert balance() == 6


def test_everything_given_back_leaves_nothing(sell, refund):
    posted = sell()
    refund(posted)
    assert balance() == 0
    assert Order.objects.get().status == Order.Status.REFUNDED
    with pytest.raises(MoreThanSold):
        refund(posted, amount=Decimal("0.01"))


def test_points_that_an_undone_reversal_put_back_go_with_the_money(sell, refund, undo):
    """Whoever undoes a reversal has the points in another place; a refund finds them there."""
    posted = sell()
    taken = undo(posted, key="u1", points=20)
    undo(taken, key="u2")
    assert balance() == 35
    assert refund(posted, (2,)).posting is not None
    assert balance() == 22  # as if nothing had been undone: 10 × 2 and 2.50; 12.50 is too little for the bonus
    refund(posted)
    assert balance() == 0
    assert Transaction.objects.filter(key_endpoint="points.refund").count() == 3


def test_what_was_taken_back_by_hand_is_not_taken_again_by_a_refund(sell, refund, undo):
    posted = sell()
    undo(posted)
    assert refund(posted).posting is None
    assert balance() == 0


STEPS = [{"lines": [(1,)]}, {"lines": [(2, Decimal(1))]}, {"lines": [(2, Decimal(1))]}, {"amount": Decimal("1.20")}]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_any_order_of_refunds_comes_to_the_same(order, sell, refund):
    posted = sell()
    for number in order:
        step = STEPS[number]
        refund(posted, *step.get("lines", []), amount=step.get("amount"))
        back = given_back(Order.objects.get(code=posted.order))
        assert balance() == earning_of(posted.terms, back).points
    assert balance() == 1  # of 1.30


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 20])
def test_a_refund_in_steps_is_the_rule_of_what_is_left(steps, add, refund):
    """Earn, refund, keep points (odoo PR 257854, 238806; erpnext 32951): net points = rule of the net amount."""
    posted = add("19.99")
    left = Decimal("19.99")
    for number in range(steps):
        part = left if number == steps - 1 else (Decimal("19.99") / steps).quantize(Decimal("0.01"))
        left -= part
        refund(posted, amount=part)
        assert balance() == int(left)
    assert balance() == 0


def test_cancel_and_refund_commute(add, undo, refund):
    """nopCommerce 5595: cancelling took all, and the refund that followed took again."""
    first, second = add("50"), add("50")
    refund(first, amount=Decimal(20))
    undo(first, "u1", cancels_order=True)
    undo(second, "u2", cancels_order=True)
    with pytest.raises(CancelledOrder):
        refund(second, amount=Decimal(20))
    assert balance() == 0


def test_a_partial_reversal_by_hand_and_a_refund_never_take_more_than_was_earned(add, undo, refund):
    posted = add("100")
    undo(posted, "hand", points=30)
    refund(posted, amount=Decimal(50))
    assert balance() == 20
    refund(posted, amount=Decimal(50))
    assert balance() == 0


def test_the_same_reference_is_one_refund(add, refund):
    """Refund deducts points again (odoo PR 212922)."""
    posted = add("100")
    first = refund(posted, amount=Decimal(40), reference="RF-1")
    again = refund(posted, amount=Decimal(40), reference="RF-1")
    assert (again.refund, again.posting) == (first.refund, None)
    assert balance() == 60
    with pytest.raises(RefundKnown):
        refund(posted, amount=Decimal(41), reference="RF-1")


def test_spent_points_become_debt(add, redeem, refund):
    posted = add("100")
    redeem(80)
    refund(posted, amount=Decimal(50))
    account = Account.objects.get()
    assert (account.available, account.debt) == (0, 30)


def test_a_refund_counts_under_the_rules_of_the_sale(add, refund):
    double = EarningRule.objects.create(name="Double", effect="multiply", factor=Decimal(2))
    posted = add("10")
    EarningRule.objects.filter(pk=double.pk).update(factor=Decimal(10))
    assert refund(posted, amount=Decimal(5)).posting.points == -10


def test_a_refund_recorded_elsewhere_takes_its_points_once(add, now, business):
    posted = add("100")
    order = Order.objects.get(code=posted.order)
    given_back = Refund.objects.create(
        business=business, source="import", reference="X", order=order, refunded_at=now, total=Decimal(25)
    )
    assert [claw_back_refunds([given_back.code], now=now) for _again in range(2)] == [1, 0]
    assert balance() == 75


def test_the_stream_does_not_take_again_what_the_refund_took(add, refund):
    posted = add("100")
    refund(posted, amount=Decimal(25))
    follow_refunds(list(Event.objects.all()))
    assert balance() == 75


def test_what_a_refund_took_cannot_be_reversed(add, refund, undo):
    taken = refund(add("100"), amount=Decimal(25)).posting
    with pytest.raises(NotReversible):
        undo(taken)


def test_a_sale_without_points_is_refunded_all_the_same(business, actor, now):
    order = Order.objects.create(business=business, source="import", reference="A", placed_at=now, total=Decimal(10))
    done = refund_order(business=business.code, order_reference="A", everything=True, actor=actor, now=now)
    order.refresh_from_db()
    assert (done.posting, order.refunded_total) == (None, 10)


def test_nonsense_is_refused_at_its_field(sell, refund, actor, now):
    posted = sell()
    for lines, field in [
        ([(9,)], "lines.0.position"),
        ([(2, Decimal(3))], "lines.0.quantity"),
        ([(1, None, Decimal("10.01"))], "lines.0.amount"),
    ]:
        with pytest.raises(InvalidInput) as refused:
            refund(posted, *lines)
        assert refused.value.field == field
    with pytest.raises(InvalidInput):
        refund(posted, (1,), amount=Decimal(1))
    with pytest.raises(UnknownOrder):
        refund_order(order="nothing", everything=True, actor=actor, now=now + timedelta(days=1))
    assert not Transaction.objects.filter(kind="reverse").exists()
