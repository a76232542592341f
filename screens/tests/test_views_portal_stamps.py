"""Stamp cards on the points page: in hand, full, and their history."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.tests.queries import own_queries
from loyalty.actions.points import add_points
from loyalty.actions.stamps import give_stamps, use_reward
from loyalty.models import StampCard, StampReward
from screens.tests.test_views_portal_rewards import signed_in
from screens.tests.test_views_till_rewards import text_of


@pytest.fixture
def card(programme):
    return StampCard.objects.create(name="Coffee card", gives="A free coffee", stamps=9)


@pytest.fixture
def member(customer, business, actor, card):
    """The customer with a stamp."""
    now = timezone.now()
    add_points(business=business.pk, customer_id=customer.pk, amount=Decimal(4), key="sale", actor=actor, now=now)
    return customer


@pytest.fixture
def browser(client_of, member):
    return signed_in(client_of(None), member)


@pytest.fixture
def give(member, card, actor):
    def call(number, key):
        asked = {"card": card.code, "customer_id": member.pk, "actor": actor, "now": timezone.now()}
        return give_stamps(stamps=number, key=key, **asked)

    return call


def test_without_a_session_the_page_leads_to_sign_in(client_of, programme):
    response = client_of(None).get("/p/stamps/")
    assert (response.status_code, response.headers["Location"]) == (303, "/p/sign-in/")


def test_a_card_shows_what_is_on_it_and_what_it_gives(browser, give):
    text = text_of(browser.get("/p/"))
    assert "Coffee card 8 to go 1 of 9 stamps" in text
    assert "A full card gives: A free coffee" in text
    give(6, "k")
    assert "2 to go 7 of 9 stamps" in text_of(browser.get("/p/"))


def test_who_has_none_yet_sees_the_cards_of_the_programme(client_of, customer, card):
    StampCard.objects.create(name="Ended", gives="x", stamps=2, ends_on=timezone.now().date().replace(year=2020))
    text = text_of(signed_in(client_of(None), customer).get("/p/"))
    assert "Coffee card 9 to go 0 of 9 stamps" in text
    assert "Ended" not in text


def test_a_full_card_comes_first(browser, give):
    give(8, "k")
    text = text_of(browser.get("/p/"))
    assert text.index("Coffee card is full. Show this at the till.") < text.index("9 to go")
    assert "Show it at the till" in text


def test_the_history_says_what_came_and_went(browser, give, actor):
    give(8, "k")
    use_reward(reward=StampReward.objects.get().code, key="u", actor=actor, now=timezone.now())
    give(-1, "t")
    text = text_of(browser.get("/p/stamps/"))
    for said in ("1 stamp Coffee card", "8 stamps Coffee card", "Card full: A free coffee", "Used: A free coffee",
                 "1 stamp taken back"):  # fmt: skip
        assert said in text
    assert "Your next stamps make up for it." in text


def test_without_cards_nothing_is_said(client_of, customer):
    browser = signed_in(client_of(None), customer)
    assert "stamp" not in text_of(browser.get("/p/")).lower()
    assert "no stamp cards" in text_of(browser.get("/p/stamps/"))


def test_queries_do_not_grow(browser, give, member):
    def queries(path):
        with CaptureQueriesContext(connection) as captured:
            browser.get(path)
        return own_queries(captured)

    before = [queries("/p/"), queries("/p/stamps/")]
    for number in range(5):
        StampCard.objects.create(name=f"Card {number}", gives="x", stamps=5)
        give(10, f"k{number}")
    assert [queries("/p/"), queries("/p/stamps/")] == before
