"""Thirty-two at once: exactly one wins, one is counted, one is made. Real commits on a database of the test's own."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from django.db import connection

from core.actor import SYSTEM
from core.idempotency import IdempotencyKeyReused
from customers.models import Customer, Order
from loyalty.actions import points
from loyalty.audit import audit
from loyalty.errors import HoldOver, NotEnoughPoints
from loyalty.models import Account
from loyalty.operations import AddPoints, CaptureHold, HoldPoints, RedeemPoints, VoidHold
from programs.models import Programme
from workspace.models import Business

PHONE = "+447700900123"
THREADS = 32


@pytest.fixture
def shop(committed_database):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    return Business.objects.create(name="Quayside")


@pytest.fixture
def call(shop, now):
    return {"business": shop.pk, "phone": PHONE, "actor": SYSTEM, "now": now}


def kept():
    return [(found.code, found.samples) for found in audit() if not found.is_kept]


def test_a_balance_for_one_redemption_has_one_winner(call, in_threads):
    """TOCTOU: 20 parallel gifts from a balance of 100 credited 2,000 (fushengqian/fuint 71)."""
    points.add_points(**call, amount=Decimal(100), key="a")

    def spend(number):
        return lambda: points.redeem_points(**call, points=100, reason="x", key=f"r{number}")

    results = in_threads([spend(number) for number in range(THREADS)])
    assert sum(isinstance(result, NotEnoughPoints) for result in results) == THREADS - 1
    assert sum(getattr(result, "points", 0) == -100 for result in results) == 1
    assert Account.objects.get().available == 0
    assert kept() == []


def test_a_balance_for_one_gift_has_one_winner(call, in_threads, now):
    """20 parallel gifts of 100 from a balance of 100 credited 2,000 (fushengqian/fuint 71)."""
    points.add_points(**call, amount=Decimal(100), key="a")
    friends = [f"+4477009004{number:02d}" for number in range(20)]
    for phone in friends:
        points.add_points(**{**call, "phone": phone}, amount=Decimal(1), key=phone)

    def give(number):
        given = {"phone": PHONE, "recipient_phone": friends[number], "points": 100, "actor": SYSTEM, "now": now}
        return lambda: points.transfer_points(**given, key=f"t{number}")

    results = in_threads([give(number) for number in range(20)])
    assert sum(isinstance(result, NotEnoughPoints) for result in results) == 19
    assert sorted(Account.objects.values_list("available", flat=True)) == [0] + [1] * 19 + [101]
    assert kept() == []


def test_gifts_that_cross_each_other_never_deadlock(call, in_threads, now):
    phones = [f"+4477009005{number:02d}" for number in range(6)]
    for phone in phones:
        points.add_points(**{**call, "phone": phone}, amount=Decimal(1000), key=phone)

    def work(number):
        chosen = random.Random(number)

        def run():
            for step in range(10):
                sender, recipient = chosen.sample(phones, 2)
                given = {"phone": sender, "recipient_phone": recipient, "points": 10, "actor": SYSTEM, "now": now}
                posted = points.transfer_points(**given, key=f"{number}-{step}")
                if step % 3 == 0:
                    undone = {"transaction": posted.transaction, "actor": SYSTEM, "now": now}
                    points.reverse_transaction(**undone, key=f"u{number}-{step}")

        return run

    assert [result for result in in_threads([work(number) for number in range(12)]) if result is not None] == []
    assert sum(Account.objects.values_list("available", flat=True)) == 6000
    assert kept() == []


def test_a_balance_for_one_hold_has_one_winner(call, in_threads):
    points.add_points(**call, amount=Decimal(100), key="a")

    def claim(number):
        return lambda: points.hold_points(**call, points=100, reason="x", key=f"h{number}")

    results = in_threads([claim(number) for number in range(THREADS)])
    assert sum(isinstance(result, NotEnoughPoints) for result in results) == THREADS - 1
    assert Account.objects.values_list("available", "held").get() == (0, 100)
    assert kept() == []


def test_a_hold_is_settled_once_by_captures_and_voids_at_once(call, in_threads, now):
    points.add_points(**call, amount=Decimal(100), key="a")
    hold = points.hold_points(**call, points=60, reason="x", key="h").transaction

    def settle(number):
        settled = {"hold": hold, "key": f"s{number}", "actor": SYSTEM, "now": now}
        return lambda: points.void_hold(**settled) if number % 2 else points.capture_hold(**settled, points=20)

    results = in_threads([settle(number) for number in range(THREADS)])
    (settled,) = [result for result in results if not isinstance(result, HoldOver)]
    left = 100 if settled.kind == "void" else 80
    assert Account.objects.values_list("available", "held").get() == (left, 0)
    assert settled.balance == left
    assert kept() == []


def test_holds_and_sales_of_the_same_members_never_deadlock(call, shop, in_threads, now):
    phones = [f"+4477009003{number:02d}" for number in range(10)]
    for phone in phones:
        points.add_points(**{**call, "phone": phone}, amount=Decimal(100), key=phone)

    def work(number):
        chosen = random.Random(number)

        def run():
            for step in range(5):
                operations = [
                    HoldPoints(business=shop.pk, phone=phone, points=5, reason="x", key=f"{number}-{step}-{phone}")
                    for phone in chosen.sample(phones, 5)
                ]
                asked = {"owner": "x", "source": "api", "actor": SYSTEM, "now": now}
                held = points.post_batch(operations=operations, **asked)
                chosen.shuffle(held)
                settling = [
                    chosen.choice([CaptureHold, VoidHold])(hold=one.transaction, key=one.transaction) for one in held
                ]
                points.post_batch(operations=settling, **asked)

        return run

    assert [result for result in in_threads([work(number) for number in range(8)]) if result is not None] == []
    assert not Account.objects.exclude(held=0).exists()
    assert kept() == []


def test_one_key_thirty_two_times_is_executed_once(call, in_threads):
    results = in_threads([lambda: points.add_points(**call, amount=Decimal(10), key="k")] * THREADS)
    assert sorted(result.is_replayed for result in results) == [False] + [True] * (THREADS - 1)
    assert {(result.transaction, result.balance) for result in results} == {(results[0].transaction, 10)}
    assert (Customer.objects.count(), Order.objects.count(), Account.objects.get().available) == (1, 1, 10)


def test_one_order_reference_thirty_two_times_is_one_order(call, in_threads):
    results = in_threads([lambda: points.add_points(**call, amount=Decimal(10), reference="R")] * THREADS)
    assert len({result.transaction for result in results}) == 1
    assert (Order.objects.count(), Account.objects.get().available) == (1, 10)


def test_thirty_two_first_sales_of_a_new_number_make_one_customer(call, in_threads):
    def sell(number):
        return lambda: points.add_points(**call, amount=Decimal(10), key=f"k{number}")

    results = in_threads([sell(number) for number in range(THREADS)])
    assert len({result.customer for result in results}) == 1
    assert sorted(result.balance for result in results) == [10 * n for n in range(1, THREADS + 1)]
    assert sum(result.is_new for result in results) == 1
    assert Customer.objects.count() == 1
    assert kept() == []


def test_one_key_for_different_members_counts_once_and_makes_one_customer(call, in_threads):
    def sell(number):
        phone = f"+4477009001{number:02d}"
        return lambda: points.add_points(**{**call, "phone": phone}, amount=Decimal(10), key="k")

    results = in_threads([sell(number) for number in range(THREADS)])
    assert sum(isinstance(result, IdempotencyKeyReused) for result in results) == THREADS - 1
    assert (Customer.objects.count(), Order.objects.count()) == (1, 1)


def test_batches_that_cross_each_other_never_deadlock(call, shop, in_threads, now):
    phones = [f"+4477009002{number:02d}" for number in range(20)]

    def batch(number):
        order = random.Random(number).sample(phones, len(phones))
        operations = [
            AddPoints(business=shop.pk, phone=phone, amount=Decimal(10), key=f"{number}-{phone}") for phone in order
        ] + [
            RedeemPoints(business=shop.pk, phone=phone, points=5, reason="x", key=f"{number}-{phone}")
            for phone in reversed(order)
        ]
        return lambda: points.post_batch(operations=operations, owner="x", source="api", actor=SYSTEM, now=now)

    results = in_threads([batch(number) for number in range(8)])
    assert all(not isinstance(outcome, Exception) for result in results for outcome in result)
    assert list(Account.objects.values_list("available", flat=True)) == [40] * 20
    assert kept() == []
