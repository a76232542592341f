"""Points that members pass on: nothing is won by it, nothing is lost, and one undo undoes both sides."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from loyalty import errors
from loyalty.actions import points
from loyalty.actions.settings import PointSettings, change_point_settings, change_settings
from loyalty.models import Account, Lot, Transaction
from loyalty.operations import RedeemPoints, ReverseTransaction
from loyalty.tests.given import rows

pytestmark = pytest.mark.usefixtures("audited")
ANNA, BEN, CLEO = "+447700900001", "+447700900002", "+447700900003"


@pytest.fixture
def give(actor, now):
    def call(number, key="t", **changes):
        given = {"phone": ANNA, "recipient_phone": BEN, "points": number, "key": key, "actor": actor, "now": now}
        return points.transfer_points(**{**given, **changes})

    return call


@pytest.fixture
def both(add):
    add("100", phone=ANNA)
    add("10", phone=BEN)


def account(phone):
    return Account.objects.get(customer__phone=phone)


@pytest.mark.usefixtures("both")
def test_both_sides_name_each_other(give):
    posted = give(30, reason="Birthday")
    out, into = Transaction.objects.filter(kind="transfer").order_by("points")
    assert (posted.transaction, posted.points, posted.balance) == (out.code, -30, 70)
    assert (out.counterpart, into.counterpart, into.points) == (into, out, 30)
    assert (account(ANNA).available, account(BEN).available) == (70, 40)
    assert account(BEN).lifetime == 10  # what others give is not earned


def test_the_expiry_travels_with_the_points(add, give, actor, now, business):
    change_settings(point_value=Decimal("0.01"), expiry_months=1, actor=actor)
    add("10", phone=ANNA)
    other = type(business).objects.create(name="Other")
    change_settings(point_value=Decimal("0.01"), expiry_months=6, actor=actor)
    add("20", phone=ANNA, business=other.pk)
    add("5", phone=BEN)
    dates = list(Lot.objects.filter(account=account(ANNA)).order_by("pk").values_list("expires_at", "issuer_id"))
    give(15)
    moved = Lot.objects.filter(account=account(BEN)).order_by("pk").values_list("amount", "expires_at", "issuer_id")
    assert list(moved)[1:] == [(10, *dates[0]), (5, *dates[1])]


@pytest.mark.usefixtures("both")
def test_the_same_key_moves_them_once(give):
    first, again = give(30), give(30)
    assert (again.transaction, again.is_replayed) == (first.transaction, True)
    assert account(BEN).available == 40
    with pytest.raises(errors.IdempotencyKeyReused):
        give(31)
    with pytest.raises(errors.IdempotencyKeyReused):
        give(30, phone=BEN, recipient_phone=ANNA)


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("side", [0, 1])
def test_either_side_undoes_both(side, give, redeem, actor, now):
    give(30)
    redeem(35, phone=BEN)  # of his own 10 and 25 of hers
    named = Transaction.objects.filter(kind="transfer").order_by("points")[side]
    undone = points.reverse_transaction(transaction=named.code, key="u", actor=actor, now=now)
    assert undone.points == -named.points
    assert (account(ANNA).available, account(BEN).available, account(BEN).debt) == (100, 0, 25)
    for code in Transaction.objects.filter(kind="transfer").values_list("code", flat=True):
        with pytest.raises(errors.AlreadyReversed):
            points.reverse_transaction(transaction=code, key=code, actor=actor, now=now)


@pytest.mark.usefixtures("both")
def test_debt_of_the_other_is_repaid_first(give, add, redeem, undo):
    posted = add("50", phone=BEN)
    redeem(60, phone=BEN)
    undo(posted)
    assert account(BEN).debt == 50
    give(80)
    assert (account(BEN).available, account(BEN).debt) == (30, 0)


@pytest.mark.usefixtures("both")
def test_what_cannot_be_passed_on(give):
    before = rows()
    with pytest.raises(errors.NotEnoughPoints):
        give(101)
    for changes in ({"recipient_phone": ANNA}, {"recipient_phone": "+447700900009"}):
        with pytest.raises(errors.UnknownRecipient):
            give(1, "x", **changes)
    with pytest.raises(errors.UnknownMember):
        give(1, "y", phone="+447700900009")
    assert rows() == before


def test_points_that_wait_stay(add, give, actor, now):
    change_point_settings(settings=PointSettings(point_value=Decimal("0.01"), pending_days=3), actor=actor, now=now)
    add("100", phone=ANNA)
    add("10", phone=BEN)
    with pytest.raises(errors.NotEnoughPoints):
        give(1)
    assert give(1, "later", now=now + timedelta(days=4)).balance == 99


@pytest.mark.usefixtures("both")
def test_one_call_undoes_both_sides_once(give, actor, now):
    give(30)
    sides = Transaction.objects.filter(kind="transfer")
    undo = [ReverseTransaction(transaction=side.code, key=side.code) for side in sides]
    done, refused = points.post_batch(operations=undo, owner="x", source="api", actor=actor, now=now)
    assert (abs(done.points), type(refused)) == (30, errors.AlreadyReversed)
    assert (account(ANNA).available, account(BEN).available) == (100, 10)


@pytest.mark.usefixtures("both")
def test_one_call_undoes_what_two_gave_to_one(add, give, actor, now):
    add("50", phone=CLEO)
    undo = [
        ReverseTransaction(transaction=give(30, key="a", recipient_phone=CLEO).transaction, key="ua"),
        ReverseTransaction(transaction=give(10, key="b", phone=BEN, recipient_phone=CLEO).transaction, key="ub"),
        RedeemPoints(business=Transaction.objects.first().business_id, points=20, reason="x", phone=CLEO, key="r"),
    ]
    points.post_batch(operations=undo, owner="x", source="api", actor=actor, now=now)
    assert [account(phone).available for phone in (ANNA, BEN, CLEO)] == [100, 10, 30]


@pytest.mark.usefixtures("both")
def test_a_transfer_that_was_undone_is_over(give, undo):
    posted = give(30)
    undone = undo(posted)
    taken = Transaction.objects.exclude(code=undone.transaction).get(kind="reverse")
    for side in (undone.transaction, taken.code):
        with pytest.raises(errors.NotReversible):
            undo(replace(undone, transaction=side), key=f"again-{side}")
    assert (account(ANNA).available, account(BEN).available) == (100, 10)
