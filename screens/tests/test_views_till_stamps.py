"""Stamp cards at the till: seen with the customer, stamped by a tap, a full one given once, undone for a minute."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from loyalty.models import StampBook, StampCard, StampEntry, StampReward
from screens.tests.test_views_till_rewards import text_of
from screens.tests.till import sell


@pytest.fixture
def card(programme):
    return StampCard.objects.create(name="Coffee card", gives="A free coffee", stamps=3)


@pytest.fixture
def stamp(till, customer, card):
    keys = iter(range(100))

    def call(number=1, key="", back=""):
        body = {"stamps": number, "key": key or f"k{next(keys)}", "back": back}
        return till.post(f"/till/customers/{customer.code}/stamps/{card.code}/", body)

    return call


@pytest.fixture
def full(till, customer, card, stamp):
    """A full card that waits."""
    stamp(3)
    return StampReward.objects.get()


def shown(till, customer):
    return text_of(till.get(f"/till/customers/{customer.code}/"))


def on_card():
    return StampBook.objects.values_list("stamps", flat=True).get()


def test_a_sale_gives_its_stamp_and_says_so(till, customer, card):
    assert "Coffee card 0 of 3 stamps" in shown(till, customer)
    done = till.get(sell(till, customer).headers["Location"])
    assert "1 stamp on Coffee card" in text_of(done)
    assert "Coffee card 1 of 3 stamps" in shown(till, customer)


def test_a_stamp_by_hand_is_one_tap_and_undone_within_a_minute(till, customer, stamp):
    response = stamp(key="k")
    assert (response.status_code, response.headers["Location"]) == (303, f"/till/customers/{customer.code}/")
    stamp(key="k")
    assert on_card() == 1
    assert "1 stamp was given on Coffee card." in shown(till, customer)
    undo = f"/till/customers/{customer.code}/stamps/{StampEntry.objects.get().code}/undo/"
    assert till.post(undo).status_code == 303
    assert on_card() == 0
    assert "was given" not in shown(till, customer)
    till.post(undo)
    assert on_card() == 0


def test_after_a_minute_a_till_undoes_nothing(till, customer, stamp):
    stamp()
    entry = StampEntry.objects.get()
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert "was given" not in shown(till, customer)
        assert till.post(f"/till/customers/{customer.code}/stamps/{entry.code}/undo/").status_code == 409
    assert on_card() == 1


@pytest.mark.parametrize("number", ["6", "0", "-1", "x", "", "²"])
def test_a_till_gives_a_few_stamps_at_once(number, stamp):
    assert stamp(number).status_code == 422
    assert not StampEntry.objects.exists()


def test_a_full_card_is_given_with_one_tap(till, customer, full):
    assert "A free coffee Coffee card is full." in shown(till, customer)
    url = f"/till/customers/{customer.code}/full-cards/{full.code}/"
    response = till.post(url, {"key": "g", "back": "rewards"})
    assert (response.status_code, response.headers["Location"]) == (303, f"/till/customers/{customer.code}/rewards/")
    full.refresh_from_db()
    assert full.state == "used"
    text = text_of(till.get(response.headers["Location"]))
    assert "A free coffee was given." in text
    assert till.post(url, {"key": "other"}).status_code == 409
    assert till.post(f"{url}undo/", {"key": "u"}).status_code == 303
    full.refresh_from_db()
    assert full.state == "ready"


def test_a_full_card_that_ran_out_is_not_shown(till, customer, full):
    StampReward.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    assert "Good until" in shown(till, customer)
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert "is full" not in shown(till, customer)


def test_a_card_of_another_business_is_not_here(till, customer, card, stamp, other_business):
    StampCard.objects.update(business=other_business)
    assert "Coffee card" not in shown(till, customer)
    assert stamp().status_code == 404


def test_without_stamp_cards_the_till_says_nothing_of_them(till, customer):
    assert "Stamp cards" not in shown(till, customer)


def test_somebody_erased_gets_nothing(till, customer, card, stamp):
    customer.state = "erased"
    customer.save()
    assert stamp().status_code == 404
