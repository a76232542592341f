"""Rewards on the points page: what is shown, a claim with its code, giving it back, what has run out."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from customers.models import Customer, Identifier
from loyalty.actions.points import add_points, capture_hold, hold_points
from loyalty.models import Account, Hold, Reward, Tier
from messaging.actions import sessions
from screens.portal_session import SESSION_COOKIE
from screens.tests.test_views_till_rewards import text_of


def signed_in(client, customer):
    client.cookies[SESSION_COOKIE] = sessions.open_session(customer.pk, timezone.now())
    return client


@pytest.fixture
def rich(customer, business, rate, actor):
    """The customer with 500 points (5 for each pound)."""
    now = timezone.now()
    add_points(business=business.pk, customer_id=customer.pk, amount=Decimal(100), key="rich", actor=actor, now=now)
    return customer


@pytest.fixture
def browser(client_of, rich):
    return signed_in(client_of(None), rich)


@pytest.fixture
def coffee(programme):
    return Reward.objects.create(name="Any coffee", points=350, stock=3, icon="coffee", description="Hot or iced")


def claim(browser, reward, key="k"):
    return browser.post(f"/p/rewards/{reward.code}/claim/", {"key": key})


def available():
    return Account.objects.values_list("available", flat=True).get()


@pytest.mark.parametrize("path", ["/p/rewards/", "/p/rewards/abc/", "/p/claims/abc/"])
def test_without_a_session_every_page_leads_to_sign_in(path, client_of, programme):
    response = client_of(None).get(path)
    assert (response.status_code, response.headers["Location"]) == (303, "/p/sign-in/")


def test_a_member_sees_what_is_offered_what_is_ready_and_what_comes_next(browser, coffee, business):
    now = timezone.now()
    tier = Tier.objects.create(name="Captain", rank=2, threshold=1000)
    for position, changes in enumerate(
        [
            {"name": "Bag of beans", "points": 716, "business": business},
            {"name": "Tasting", "points": 1, "tier": tier},
            {"name": "Christmas", "points": 1, "starts_at": now + timedelta(days=1)},
            {"name": "Last year", "points": 1, "ends_at": now - timedelta(days=1)},
            {"name": "Retired", "points": 1, "is_active": False},
        ]
    ):
        Reward.objects.create(position=position + 1, **changes)
    text = text_of(browser.get("/p/rewards/"))
    assert "You have 500 points." in text
    assert "Any coffee 350 points Ready for you" in text
    assert f"Bag of beans 716 points · {business.name} 216 points to go" in text
    assert "Tasting 1 point From the tier Captain on" in text
    assert not [name for name in ("Christmas", "Last year", "Retired") if name in text]


def test_a_claim_shows_its_code_until_the_points_are_given_back(browser, rich, coffee):
    assert "Hot or iced" in text_of(browser.get(f"/p/rewards/{coffee.code}/"))
    response = claim(browser, coffee)
    hold = Hold.objects.get()
    code = hold.transaction.code
    assert (response.status_code, response.headers["Location"]) == (303, f"/p/claims/{code}/")
    assert (available(), hold.points, hold.transaction.business_id) == (150, 350, None)
    assert hold.transaction.actor == f"customer:{rich.code}"
    html = browser.get(f"/p/claims/{code}/").content.decode()
    spoken = f"{code[:4]} {code[4:8]} {code[8:]}".upper()
    assert spoken in html
    assert "data:image/svg+xml" in html
    assert "Any coffee Good until" in text_of(browser.get("/p/rewards/"))
    for _twice in range(2):
        browser.post(f"/p/claims/{code}/give-back/")
    coffee.refresh_from_db()
    assert (available(), coffee.stock, Hold.objects.get().state) == (500, 3, "voided")
    text = text_of(browser.get(f"/p/claims/{code}/"))
    assert "given back" in text
    assert spoken not in text


def test_a_double_tap_makes_one_claim(browser, coffee):
    html = browser.get(f"/p/rewards/{coffee.code}/").content.decode()
    key = re.search(r'name="key" value="(\w+)"', html).group(1)
    first, again = claim(browser, coffee, key), claim(browser, coffee, key)
    assert first.headers["Location"] == again.headers["Location"]
    coffee.refresh_from_db()
    assert (Hold.objects.count(), coffee.stock, available()) == (1, 2, 150)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"points": 501}, "There are not enough points for this."),
        ({"stock": 0}, "None of this reward is left."),
        ({"is_active": False}, "This reward is not offered now."),
    ],
)
def test_what_cannot_be_had_any_more_is_said_in_plain_words(browser, coffee, changes, said):
    Reward.objects.update(**changes)
    response = claim(browser, coffee)
    assert response.status_code == 409
    text = text_of(response)
    assert "Nothing was taken from your points" in text
    assert said in text
    assert (available(), Hold.objects.count()) == (500, 0)


def test_the_last_time_is_the_last(browser, coffee):
    Reward.objects.update(points=10, member_limit=1)
    assert claim(browser, coffee, "a").status_code == 303
    refused = claim(browser, coffee, "b")
    assert (refused.status_code, "as often as it is given" in text_of(refused)) == (409, True)


def test_a_claim_that_ran_out_says_so_and_the_points_are_back(browser, coffee):
    Reward.objects.update(claim_minutes=15)
    path = claim(browser, coffee).headers["Location"]
    assert "data-countdown" in browser.get(path).content.decode()
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        assert "This code has run out. Your points are back." in text_of(browser.get(path))
        text = text_of(browser.get("/p/rewards/"))
        assert "Your code for “Any coffee” ran out. 350 points are back in your balance." in text
        assert "You have 500 points." in text
        late = browser.post(f"{path}give-back/")
        assert (late.status_code, late.headers["Location"]) == (303, path)


def test_a_claim_that_was_redeemed_says_so(browser, coffee, business, actor):
    path = claim(browser, coffee).headers["Location"]
    capture_hold(
        hold=Hold.objects.get().transaction.code, business=business.pk, key="c", actor=actor, now=timezone.now()
    )
    assert "This code was redeemed." in text_of(browser.get(path))
    assert browser.post(f"{path}give-back/").headers["Location"] == path
    assert available() == 150


def test_a_code_is_its_members_alone(browser, rich, coffee, client_of, business, actor):
    other = Customer.objects.create(first_name="Sam", phone="+447700900999")
    Identifier.objects.create(kind="phone", value=other.phone, customer=other)
    path = claim(browser, coffee).headers["Location"]
    stranger = signed_in(client_of(None), other)
    assert stranger.get(path).status_code == 404
    assert stranger.post(f"{path}give-back/").status_code == 404
    assert Hold.objects.get().state == "held"
    assert "Any coffee" in text_of(stranger.get("/p/rewards/"))
    assert claim(stranger, coffee).status_code in (404, 409), "who has no points claims nothing"


def test_rewards_of_one_programme_are_nothing_on_another(browser, coffee, client_of, other_programme):
    path = claim(browser, coffee).headers["Location"]
    with tenant_context(other_programme):
        theirs = Customer.objects.create(first_name="Lea", phone="+4915112345678")
        stranger = signed_in(client_of(None, on=other_programme), theirs)
        assert "No rewards at the moment" in text_of(stranger.get("/p/rewards/"))
        assert stranger.get(f"/p/rewards/{coffee.code}/").status_code == 404
        assert stranger.get(path).status_code == 404
        assert claim(stranger, coffee).status_code == 404


def test_times_are_the_programmes(browser, coffee, programme):
    """A code until 23:30 in London in July is not said to end at 22:30."""
    with time_machine.travel("2026-07-01T22:00:00Z", tick=False):
        Reward.objects.update(claim_minutes=30)
        again = signed_in(browser, Customer.objects.get())
        text = text_of(again.get(claim(again, coffee, "july").headers["Location"]))
    assert "Good until Wednesday 1 July, 23:30" in text


def test_a_claim_can_be_made_for_a_member_by_others_too(browser, rich, coffee):
    """A shop's own system claims; the member sees the code."""
    hold_points(business=None, customer_id=rich.pk, reward=coffee.code, key="x", actor=SYSTEM, now=timezone.now())
    assert "Any coffee Good until" in text_of(browser.get("/p/rewards/"))
