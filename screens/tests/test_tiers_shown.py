"""A member's tier at the till and on the points page."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from loyalty.actions.points import add_points
from loyalty.actions.tiers import TierSettings, TierValues, change_tier_settings, create_tier
from loyalty.models import Reward
from screens.tests.test_views_portal import make_customer, sign_in
from screens.tests.till import sell


@pytest.fixture
def customer(programme):
    return make_customer()


@pytest.fixture
def tiers(programme, actor):
    now = timezone.now()
    for name, threshold, factor in (("Mate", 100, "1"), ("Captain", 300, "2")):
        values = TierValues(name=name, threshold=Decimal(threshold), factor=Decimal(factor))
        create_tier(values=values, actor=actor, now=now)
    return now


@pytest.fixture
def buy(business, customer, actor):
    def call(amount, **changes):
        given = {"business": business.pk, "customer_id": customer.pk, "key": amount, "actor": actor}
        return add_points(**{**given, "amount": Decimal(amount), "now": timezone.now(), **changes})

    return call


def test_the_points_page_says_how_far_it_is_and_what_comes_then(client_of, tiers, buy):
    buy("40")
    html = sign_in(client_of(None)).get("/p/").content.decode()
    assert "Your first tier: Mate" in html
    assert "60 points to Mate" in html
    assert "40 points in the last 12 months" in html


def test_the_points_page_says_how_long_a_tier_is_kept(client_of, tiers, buy):
    buy("150")
    html = sign_in(client_of(None)).get("/p/").content.decode()
    assert "You are Mate" in html
    assert "150 points to Captain" in html
    assert "Captain: 2 times the points" in html
    assert "Mate is yours until" in html


def test_the_points_page_at_the_top(client_of, tiers, buy, actor):
    change_tier_settings(settings=TierSettings(tier_keep_months=None), actor=actor, now=tiers)
    buy("400")
    html = sign_in(client_of(None)).get("/p/").content.decode()
    assert "You are Captain" in html
    assert "That is the highest tier." in html
    assert "is yours until" not in html


def test_without_tiers_nothing_is_said(client_of, buy):
    buy("40")
    assert 'id="h-tier"' not in sign_in(client_of(None)).get("/p/").content.decode()


def test_a_ring_shows_how_far_the_next_reward_is(client_of, buy):
    Reward.objects.create(name="Bag of beans", points=200)
    buy("50")
    html = sign_in(client_of(None)).get("/p/").content.decode()
    assert 'aria-valuenow="25" aria-valuemin="0" aria-valuemax="100" aria-label="Progress to Bag of beans"' in html
    assert '<b class="font-semibold text-ink">150 more</b> for Bag of beans' in html


def test_the_till_shows_the_tier_and_says_when_a_sale_reaches_one(till, customer, tiers):
    """Five points for each pound."""
    assert "None yet" in till.get(f"/till/customers/{customer.code}/").content.decode()
    html = till.get(sell(till, customer, "24").headers["Location"]).content.decode()
    assert "Priya reached Mate" in html
    assert "180 points to go" in html
    again = till.get(sell(till, customer, "1", key="again").headers["Location"]).content.decode()
    assert "reached Mate" not in again
