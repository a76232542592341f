"""The last stamp, a full card: by many at once, exactly one wins. Real commits."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from django.db import connection

from core.actor import SYSTEM
from loyalty.actions import points, stamps
from loyalty.actions.stamp_cards import CardValues, create_card
from loyalty.audit import audit
from loyalty.models import Account, StampBook, StampEntry, StampReward
from loyalty.tests.given import PHONE
from programs.models import Programme
from workspace.models import Business

THREADS = 8


@pytest.fixture
def shop(committed_database):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    return Business.objects.create(name="Quayside")


@pytest.fixture
def card(shop, now):
    return create_card(values=CardValues(name="Coffee card", gives="A coffee", stamps=10), actor=SYSTEM, now=now)


@pytest.fixture
def asked(shop, now):
    return {"actor": SYSTEM, "now": now}


@pytest.fixture
def sell(shop, asked):
    def call(key):
        return points.add_points(business=shop.pk, phone=PHONE, amount=Decimal(4), key=key, **asked)

    return call


def kept():
    return [(found.code, found.samples) for found in audit() if not found.is_kept]


def test_a_full_card_is_used_once(card, sell, asked, in_threads):
    sell("first")
    stamps.give_stamps(card=card.code, customer_id=Account.objects.get().pk, stamps=9, key="fill", **asked)
    code = StampReward.objects.get().code

    def use(number):
        return lambda: stamps.use_reward(reward=code, key=f"till-{number}", **asked)

    results = in_threads([use(number) for number in range(THREADS)])
    assert Counter(type(one).__name__ for one in results) == {"StampAnswer": 1, "StampRewardOver": THREADS - 1}
    assert kept() == []


def test_one_key_uses_it_once_and_all_get_the_answer(card, sell, asked, in_threads):
    sell("first")
    stamps.give_stamps(card=card.code, customer_id=Account.objects.get().pk, stamps=9, key="fill", **asked)
    code = StampReward.objects.get().code
    results = in_threads([lambda: stamps.use_reward(reward=code, key="one", **asked) for _thread in range(THREADS)])
    assert Counter(one.is_replayed for one in results) == {False: 1, True: THREADS - 1}


def test_the_last_stamp_fills_one_card(card, sell, asked, in_threads):
    """Half of them sell, half stamp by hand."""
    sell("first")
    customer = Account.objects.get().pk
    stamps.give_stamps(card=card.code, customer_id=customer, stamps=8, key="fill", **asked)

    def act(number):
        if number % 2:
            return lambda: sell(f"sale-{number}")
        return lambda: stamps.give_stamps(card=card.code, customer_id=customer, stamps=1, key=f"k-{number}", **asked)

    in_threads([act(number) for number in range(THREADS)])
    book = StampBook.objects.get()
    assert (book.total, book.completed, book.stamps) == (9 + THREADS, 1, THREADS - 1)
    assert StampReward.objects.count() == 1
    assert kept() == []


def test_a_key_that_two_members_use_at_once_is_one_act(card, shop, asked, in_threads):
    for phone in (PHONE, "+447700900124"):
        points.add_points(business=shop.pk, phone=phone, amount=Decimal(4), key=phone, **asked)

    def give(customer_id):
        return lambda: stamps.give_stamps(card=card.code, customer_id=customer_id, stamps=1, key="same", **asked)

    results = in_threads([give(pk) for pk in Account.objects.values_list("pk", flat=True)])
    assert sorted(type(one).__name__ for one in results) == ["IdempotencyKeyReused", "StampAnswer"]
    assert StampEntry.objects.filter(kind="hand").count() == 1
