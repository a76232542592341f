"""Rewards at the till: one tap each, refusals in place, claims by the customer's code."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from core.actor import SYSTEM
from loyalty.actions.points import add_points, hold_points, void_hold
from loyalty.models import Account, Hold, Reward, Tier, Transaction
from screens.tests.till import set_up
from workspace.models import TillDevice


@pytest.fixture
def rich(customer, business, rate, actor):
    """The customer with 500 points (5 for each pound)."""
    now = timezone.now()
    add_points(business=business.pk, customer_id=customer.pk, amount=Decimal(100), key="rich", actor=actor, now=now)
    return customer


@pytest.fixture
def coffee(programme):
    return Reward.objects.create(name="Any coffee", points=350, stock=3, icon="coffee")


@pytest.fixture
def claimed(rich, coffee):
    return hold_points(
        business=None, customer_id=rich.pk, reward=coffee.code, key="c", actor=SYSTEM, now=timezone.now()
    ).transaction


def available():
    return Account.objects.values_list("available", flat=True).get()


def take(till, customer, reward, key="k"):
    return till.post(f"/till/customers/{customer.code}/rewards/", {"reward": reward.code, "key": key})


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_the_rewards_say_which_are_in_reach_and_why_others_are_not(till, rich, coffee, other_business):
    tier = Tier.objects.create(name="Captain", rank=2, threshold=1000)
    for number, changes in enumerate(
        ({"name": "Bag of beans", "points": 716}, {"name": "Tasting", "points": 1, "tier": tier},
         {"name": "Mug", "points": 1, "stock": 0}, {"name": "Elsewhere", "points": 1, "business": other_business},
         {"name": "Retired", "points": 1, "is_active": False})
    ):  # fmt: skip
        Reward.objects.create(position=number + 1, **changes)
    text = text_of(till.get(f"/till/customers/{rich.code}/rewards/"))
    assert "1 ready" in text
    assert "Any coffee 350 points · Only 3 left" in text
    assert "Bag of beans 216 points to go" in text
    assert "Tasting From the tier Captain on" in text
    assert "Mug None left at the moment" in text
    assert "Elsewhere" not in text
    assert "Retired" not in text


def test_a_reward_is_redeemed_with_one_tap_and_undone_within_the_minute(till, rich, coffee):
    response = take(till, rich, coffee)
    assert response.status_code == 303
    coffee.refresh_from_db()
    assert (available(), coffee.stock) == (150, 2)
    entry = Transaction.objects.get(kind="redeem")
    assert (entry.key_owner, entry.business_id) == (f"till:{TillDevice.objects.get().code}", till_business())
    shown = text_of(till.get(response.headers["Location"]))
    assert "350 points redeemed" in shown
    assert "Any coffee" in shown
    assert take(till, rich, coffee).headers["Location"] == response.headers["Location"]
    till.post(f"/till/undo/{entry.code}/")
    coffee.refresh_from_db()
    assert (available(), coffee.stock) == (500, 3)


def till_business():
    return TillDevice.objects.get().business_id


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stock": 0}, "None of this reward is left."),
        ({"points": 501}, "There are not enough points for this."),
        ({"is_active": False}, "This reward is not offered now."),
        ({"member_limit": 1}, "as often as it is given"),
    ],
)
def test_a_refusal_is_said_in_place_and_moves_nothing(till, rich, coffee, changes, said):
    if "member_limit" in changes:
        Reward.objects.update(points=100)
        take(till, rich, coffee, key="first")
    Reward.objects.update(**changes)
    before = available()
    response = take(till, rich, coffee)
    assert response.status_code == 409
    text = text_of(response)
    assert "Nothing was redeemed" in text
    assert said in text
    assert available() == before


def test_a_reward_of_another_business_or_of_none_is_refused(till, rich, coffee, other_business):
    Reward.objects.update(business=other_business)
    assert "belongs to another business" in text_of(take(till, rich, coffee))
    response = till.post(f"/till/customers/{rich.code}/rewards/", {"reward": "nosuchcode", "key": "x"})
    assert response.status_code == 404
    assert till.post(f"/till/customers/{rich.code}/rewards/", {"key": "x"}).status_code == 422
    assert till.get("/till/customers/nosuchcode/rewards/").status_code == 404


@pytest.mark.parametrize("spelling", [str, str.upper, lambda code: f" {code[:4]} {code[4:8]}-{code[8:]} "])
def test_a_code_shows_the_reward_and_whose_it_is_and_is_redeemed_once(till, rich, coffee, claimed, spelling):
    page = till.post("/till/claim/", {"code": spelling(claimed)})
    assert page.status_code == 200
    text = text_of(page)
    assert "Any coffee" in text
    assert "350 points set aside" in text
    assert rich.phone not in text
    body = {"code": claimed, "key": "k"}
    first, again = (till.post("/till/claim/redeem/", body) for _twice in range(2))
    assert (first.status_code, first.headers["Location"]) == (303, again.headers["Location"])
    entry = Transaction.objects.get(kind="redeem")
    assert (entry.points, entry.business_id, available()) == (-350, till_business(), 150)
    assert "350 points redeemed" in text_of(till.get(first.headers["Location"]))
    till.post(f"/till/undo/{entry.code}/")
    coffee.refresh_from_db()
    assert (available(), coffee.stock) == (500, 3)


def test_a_code_that_is_scanned_into_the_field_of_the_number_is_found(till, claimed):
    scanned = till.post("/till/", {"phone": claimed.upper()})
    assert scanned.status_code == 200
    assert "/till/claim/redeem/" in scanned.content.decode()
    wrong = till.post("/till/", {"phone": "abcd efgh jkmn"})
    assert wrong.status_code == 422
    assert "Nothing is claimed under this code here" in text_of(wrong)


def test_a_code_that_is_over_says_so(till, rich, coffee, claimed, actor):
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        assert "has run out" in text_of(till.post("/till/claim/", {"code": claimed}))
    void_hold(hold=claimed, key="v", actor=actor, now=timezone.now())
    for path, extra in (("/till/claim/", {}), ("/till/claim/redeem/", {"key": "k"})):
        response = till.post(path, {"code": claimed, **extra})
        assert (response.status_code, "given this back" in text_of(response)) == (409, True)
    again = hold_points(
        business=None, customer_id=rich.pk, reward=coffee.code, key="d", actor=actor, now=timezone.now()
    )
    till.post("/till/claim/redeem/", {"code": again.transaction, "key": "e"})
    assert "has been redeemed" in text_of(till.post("/till/claim/", {"code": again.transaction}))


@pytest.mark.parametrize("code", ["", "nosuchcode", "a\0b", "x" * 41])
def test_a_code_that_nobody_has_is_asked_for_again(till, claimed, code):
    for path in ("/till/claim/", "/till/claim/redeem/"):
        response = till.post(path, {"code": code, "key": "k"})
        assert response.status_code == 422
    assert Hold.objects.get().state == "held"


def test_a_claim_for_another_business_is_not_found_here(till, rich, coffee, other_business, client_of, owner):
    placed = hold_points(
        business=other_business.pk, customer_id=rich.pk, reward=coffee.code, key="c", actor=SYSTEM, now=timezone.now()
    ).transaction
    assert till.post("/till/claim/", {"code": placed}).status_code == 422
    owners = set_up(client_of(owner), TillDevice.objects.get().business, name="Till 9")
    assert owners.post("/till/claim/redeem/", {"code": placed, "key": "k"}).status_code == 422
    assert (
        set_up(client_of(owner), other_business, name="Till 8").post("/till/claim/", {"code": placed}).status_code
        == 200
    )


def test_looking_codes_up_is_counted(till, claimed, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "till-lookup": (3, 10**9)}
    answers = [till.post("/till/claim/", {"code": f"wrong{number:07}"}).status_code for number in range(4)]
    assert answers == [422, 422, 422, 429]
    assert till.post("/till/claim/", {"code": claimed}).status_code == 429


@pytest.mark.parametrize("role", ["marketer", "analyst", "outsider"])
def test_roles_without_the_till_are_refused(role, client_of, request, customer):
    browser = client_of(request.getfixturevalue(role))
    for path in (f"/till/customers/{customer.code}/rewards/", "/till/claim/"):
        assert browser.get(path).status_code == 403
