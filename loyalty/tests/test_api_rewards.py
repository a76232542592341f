"""Rewards over HTTP: kept, redeemed, claimed with a code, captured and given back."""

from __future__ import annotations

import pytest

from loyalty.models import Account, Reward, Transaction
from loyalty.tests.given import PHONE, rows
from loyalty.tests.test_api_points import ADD, BATCH, REDEEM, post

pytestmark = pytest.mark.usefixtures("audited")

CLAIMS = "/api/v1/claims/"


@pytest.fixture
def member(api, business):
    """Somebody with 100 points: what says who and where."""
    person = {"business_id": business.code, "customer_phone_number": PHONE}
    assert post(api("write"), ADD, {**person, "amount_spent": 100}, key="sale").status_code == 201
    return person


@pytest.fixture
def coffee(programme):
    return Reward.objects.create(name="Any coffee", points=40, stock=2)


def stock_of(reward):
    return Reward.objects.values_list("stock", flat=True).get(pk=reward.pk)


def test_a_reward_is_redeemed_for_what_it_costs(api, member, coffee):
    client, body = api("write"), {**member, "reward_id": coffee.code}
    first = post(client, REDEEM, body, key="k")
    answer = first.json()
    assert (first.status_code, answer["points_redeemed"], answer["balance"]) == (201, 40, 60)
    assert (answer["reward_id"], answer["reason"]) == (coffee.code, "Any coffee")
    assert post(client, REDEEM, body, key="k").content == first.content
    assert stock_of(coffee) == 1
    assert Transaction.objects.get(kind="redeem").reward_id == coffee.pk


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"reward_id": None}, "points_to_redeem", "required"),
        ({"reward_id": None, "points_to_redeem": 5}, "reward_description", "required"),
        ({"points_to_redeem": 5}, "points_to_redeem", "invalid"),
        ({"reward_description": "Tea"}, "reward_description", "invalid"),
        ({"reward_id": 7}, "reward_id", "invalid"),
    ],
)
@pytest.mark.parametrize("url", [REDEEM, CLAIMS])
def test_points_are_for_a_reward_or_for_a_description(api, member, coffee, url, changes, field, code):
    client = api("write")
    before = rows()
    response = post(client, url, {**member, "reward_id": coffee.code, **changes}, key="k")
    assert response.status_code == 422
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert (rows(), stock_of(coffee)) == (before, 2)


def test_a_batch_redeems_rewards_one_by_one(api, member, coffee):
    item = {"type": "redeem-points", **member, "reward_id": coffee.code}
    items = [{**item, "idempotency_key": str(number)} for number in range(3)]
    results = post(api("write"), BATCH, {"operations": [*items, {**items[0], "points_to_redeem": 5}]}).json()["results"]
    assert [result["status"] for result in results] == [201, 201, 409, 422]
    assert results[2]["problem"]["code"] == "loyalty.not_enough_points"
    assert (stock_of(coffee), Account.objects.get().available) == (0, 20)


def test_a_claim_without_a_place_is_captured_where_it_is_shown(api, member, coffee):
    client, at = api("write"), member["business_id"]
    claimed = post(client, CLAIMS, {**member, "reward_id": coffee.code}, key="c").json()
    assert (claimed["held"], claimed["balance"], claimed["reward_id"]) == (40, 60, coffee.code)
    captured = post(client, f"{CLAIMS}{claimed['claim_id']}/capture", {"business_id": at}, key="d").json()
    assert (captured["points_redeemed"], captured["business_id"], captured["reward_id"]) == (40, at, coffee.code)
    assert stock_of(coffee) == 1
