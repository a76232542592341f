"""Keys and order references: what is sent twice happens once, and says the same."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection

from core.actor import SYSTEM
from customers.models import Customer, Identifier, Order
from loyalty import errors
from loyalty.actions import points
from loyalty.models import Account, EarningRule, Transaction
from loyalty.operations import AddPoints, RedeemPoints
from loyalty.tests.given import E164, PHONE, rows
from workspace.models import Business

pytestmark = pytest.mark.usefixtures("audited")


def test_a_repeated_key_returns_the_first_answer_and_writes_nothing(add):
    first = add("10", key="k")
    add("5")
    before = rows()
    again = add("10.00", key="k")
    assert again.is_replayed
    assert (again.transaction, again.balance) == (first.transaction, 10)
    assert rows() == before


def test_the_same_key_with_other_content_is_refused(add, other_business):
    add("10", key="k")
    before = rows()
    for changes in ({"amount": "11"}, {"phone": "07700 900999"}, {"business": other_business.pk}):
        with pytest.raises(errors.IdempotencyKeyReused):
            add(changes.pop("amount", "10"), key="k", **changes)
    assert rows() == before


def test_an_adjustment_at_another_business_is_another_act(add, business, other_business, actor, now):
    add("10")
    call = {"points": 5, "reason": "Sorry", "phone": PHONE, "key": "k", "actor": actor, "now": now}
    first = points.adjust_points(**call, business=business.pk)
    assert points.adjust_points(**call, business=business.pk).transaction == first.transaction
    before = rows()
    for elsewhere in (other_business.pk, None):
        with pytest.raises(errors.IdempotencyKeyReused):
            points.adjust_points(**call, business=elsewhere)
    assert rows() == before


def test_a_bonus_and_a_transfer_at_another_business_are_other_acts(add, business, other_business, actor, now):
    EarningRule.objects.create(name="Review", trigger="action", action="review", effect="bonus", points=5)
    add("10")
    friend = add("10", phone="07700 900999")
    to = Account.objects.get(customer__code=friend.customer).pk
    call = {"phone": PHONE, "key": "k", "actor": actor, "now": now}
    acts = (
        lambda place: points.award_bonus(**call, action="review", business=place),
        lambda place: points.transfer_points(**call, points=5, recipient_id=to, business=place),
    )
    for act in acts:
        first = act(business.pk)
        assert act(business.pk).transaction == first.transaction
        before = rows()
        for elsewhere in (other_business.pk, None):
            with pytest.raises(errors.IdempotencyKeyReused):
                act(elsewhere)
        assert rows() == before


def test_keys_of_two_owners_do_not_meet(add):
    add("10", key="k", owner="api:one")
    assert not add("10", key="k", owner="api:two").is_replayed
    assert Account.objects.get().available == 20


def test_a_till_and_a_batch_share_keys(add, business, actor, now):
    first = add("10", key="k", owner="till:1")
    operation = AddPoints(business=business.code, phone=E164, amount=Decimal("10.0"), key="k")
    (again,) = points.post_batch(operations=[operation], owner="till:1", source="till", actor=actor, now=now)
    assert (again.transaction, again.is_replayed) == (first.transaction, True)


def test_without_a_key_the_order_reference_serves(add):
    first = add("10", reference="R")
    again = add("10", reference="R", owner="api:other")
    assert (again.transaction, again.is_replayed) == (first.transaction, True)
    before = rows()
    with pytest.raises(errors.IdempotencyKeyReused):
        add("11", reference="R")
    assert rows() == before


def test_neither_key_nor_reference_is_refused(add):
    with pytest.raises(errors.IdempotencyKeyRequired):
        add(key="")
    assert Order.objects.count() == 0


def test_a_new_key_for_an_order_that_gave_points_repeats_the_first_answer(add):
    """Offline resync doubles points (OCA/pos PR 185): the same sale sent again under a fresh key."""
    first = add("10", reference="R", key="one")
    assert add("10", reference="R", key="two").transaction == first.transaction
    assert add("10", reference="R", key="two").is_replayed
    before = rows()
    with pytest.raises(errors.OrderAlreadyEarned):
        add("11", reference="R", key="three")
    with pytest.raises(errors.OrderAlreadyEarned):
        add("11", reference="R", key="three")
    with pytest.raises(errors.IdempotencyKeyReused):
        add("12", reference="R", key="two")
    assert rows() == before
    assert Account.objects.get().available == 10


def test_another_business_s_reference_is_another_order(add, other_business):
    add("10", reference="R")
    assert not add("10", reference="R", business=other_business.pk).is_replayed
    assert Order.objects.count() == 2


def test_an_imported_order_gets_its_points_once(add, business, now):
    order = Order.objects.create(
        business=business, source="import", reference="R", placed_at=now, total=Decimal("12.40")
    )
    posted = add("12.40", reference="R")
    assert (posted.order, posted.points) == (order.code, 12)
    order.refresh_from_db()
    assert order.customer.phone == E164
    assert add("12.40", reference="R").is_replayed
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"total": Decimal(99)}, errors.OrderTotalDiffers),
        ({"status": Order.Status.CANCELLED}, errors.OrderCancelled),
    ],
)
def test_an_order_that_says_otherwise_is_refused_and_the_refusal_replays(add, business, now, changes, error):
    given = {"business": business, "source": "x", "reference": "R", "placed_at": now, "total": Decimal(10), **changes}
    Order.objects.create(**given)
    add("1")  # the member exists, so that a refusal has nothing to make
    before = rows()
    for _ in range(2):
        with pytest.raises(error):
            add("10", reference="R", key="k")
    assert rows() == before
    assert Transaction.objects.filter(status="refused", points=0).count() == 1


@pytest.mark.parametrize("is_known", [False, True], ids=["new number", "customer without points"])
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"total": Decimal(99)}, errors.OrderTotalDiffers),
        ({"status": Order.Status.CANCELLED}, errors.OrderCancelled),
        ({"customer": "other"}, errors.OrderOfAnotherCustomer),
    ],
)
def test_a_refused_sale_makes_no_customer_and_no_account(add, business, now, changes, error, is_known):
    other = Customer.objects.create(phone="+447700900555")
    if is_known:
        Identifier.objects.create(kind="phone", value=E164, customer=Customer.objects.create(phone=E164))
    given = {"business": business, "source": "x", "reference": "R", "placed_at": now, "total": Decimal(10), **changes}
    Order.objects.create(**{**given, "customer": other if "customer" in changes else None})
    before = rows()
    for _ in range(2):
        with pytest.raises(error):
            add("10", reference="R", key="k")
    assert rows() == before
    assert not Transaction.objects.exists()


def test_the_key_of_a_refusal_that_left_nobody_is_free(add, business, now):
    other = Customer.objects.create(phone="+447700900555")
    Order.objects.create(business=business, source="x", reference="R", placed_at=now, total=Decimal(10), customer=other)
    with pytest.raises(errors.OrderOfAnotherCustomer):
        add("10", reference="R", key="k")
    assert (add("5", key="k").points, add("5", key="k").is_replayed) == (5, True)


def test_the_others_of_a_batch_do_not_notice_a_refused_new_number(business, actor, now):
    """Two new numbers name one sale: the first gets it, the second stays unknown; what follows is judged without it."""
    shop = {"business": business.pk}
    operations = [
        AddPoints(**shop, phone=PHONE, amount=Decimal(7), reference="R", key="1"),
        AddPoints(**shop, phone="07700 900124", amount=Decimal(7), reference="R", key="2"),
        RedeemPoints(**shop, phone="07700 900124", points=1, reason="x", key="3"),
        AddPoints(**shop, phone="07700 900125", amount=Decimal(5), key="4"),
        AddPoints(**shop, phone="07700 900125", amount=Decimal(7), reference="R", key="5"),
    ]
    for is_repeated, refused in ((False, errors.OrderOfAnotherCustomer), (True, errors.OrderAlreadyEarned)):
        outcomes = points.post_batch(operations=operations, owner="t", source="api", actor=actor, now=now)
        assert [getattr(outcome, "points", type(outcome)) for outcome in outcomes] == [
            7, refused, errors.UnknownMember, 5, errors.OrderAlreadyEarned,
        ]  # fmt: skip
        assert [outcomes[place].is_replayed for place in (0, 3)] == [is_repeated] * 2
    assert list(Customer.objects.order_by("pk").values_list("phone", flat=True)) == [E164, "+447700900125"]


def test_an_order_of_another_customer_is_refused(add, business, now):
    other = Customer.objects.create(phone="+447700900555")
    Order.objects.create(business=business, source="x", reference="R", placed_at=now, total=Decimal(10), customer=other)
    with pytest.raises(errors.OrderOfAnotherCustomer):
        add("10", reference="R", key="k")


def test_two_programmes_know_nothing_of_each_other(add, programme, other_programme, now):
    add("10", key="k")
    connection.set_tenant(other_programme)
    assert Account.objects.count() == Customer.objects.count() == Transaction.objects.count() == 0
    shop = Business.objects.create(name="Wiese")
    posted = points.add_points(
        business=shop.pk, phone=E164, amount=Decimal(7), key="k", actor=SYSTEM, now=now, owner="user:1"
    )
    assert (posted.is_replayed, posted.balance) == (False, 7)
    connection.set_tenant(programme)
    assert Account.objects.get().available == 10
