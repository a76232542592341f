"""Rewards over HTTP: kept, redeemed, claimed with a code, captured and given back."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django_tenants.utils import tenant_context

from loyalty.models import Account, Reward, Tier, Transaction
from loyalty.tests.given import PHONE, rows
from loyalty.tests.test_actions_rewards import photo
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


# -- the catalogue --

REWARDS = "/api/v1/rewards/"


def patch(client, url, body):
    return client.patch(url, json.dumps(body), content_type="application/json")


def test_a_reward_is_kept_over_the_api(api, business):
    client = api("admin")
    made = post(client, REWARDS, {"name": "Any coffee", "points": 350, "stock": 5, "business_id": business.code})
    body = made.json()
    assert made.status_code == 201
    assert (body["name"], body["points"], body["stock"], body["is_active"]) == ("Any coffee", 350, 5, True)
    assert (body["business_id"], body["image_url"], body["icon"], body["claim_minutes"]) == (
        business.code, None, "gift", 10_080
    )  # fmt: skip
    url = f"{REWARDS}{body['id']}"
    changed = patch(client, url, {"points": 300, "stock": None, "business_id": None, "member_limit": 1}).json()
    assert (changed["points"], changed["stock"], changed["business_id"], changed["member_limit"]) == (
        300,
        None,
        None,
        1,
    )
    patch(client, url, {"stock": 7})
    assert post(client, f"{url}/stock", {"change": -2}).json()["stock"] == 5
    assert client.delete(url).status_code == 204
    assert client.get(url).json()["is_active"] is False
    assert patch(client, url, {"is_active": True}).json()["is_active"] is True


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"points": 0}, "points"),
        ({"name": ""}, "name"),
        ({"icon": "skull"}, "icon"),
        ({"colour": "blue"}, "colour"),
        ({"business_id": "nosuchcode"}, "business_id"),
        ({"tier_id": "nosuchcode"}, "tier_id"),
        ({"stock": -1}, "stock"),
        ({"stock": 10**7, "points": 3}, "stock"),
        ({"member_limit_days": 7}, "member_limit"),
        ({"claim_minutes": 10**6}, "claim_minutes"),
        ({"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}, "ends_at"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(api, coffee, changes, field):
    client = api("admin")
    for response in (
        patch(client, f"{REWARDS}{coffee.code}", changes),
        post(client, REWARDS, {"name": "Tea", "points": 5, **changes}),
    ):
        assert response.status_code == 422
        assert [error["field"] for error in response.json()["errors"]] == [field]
    assert Reward.objects.values_list("name", "points", "stock").get() == ("Any coffee", 40, 2)


def test_the_list_says_what_is_given_where_and_to_whom(api, member, coffee, business, other_business):
    Reward.objects.create(name="Dear", points=5000, position=1)
    Reward.objects.create(name="Next door", points=1, business=other_business, position=2)
    Reward.objects.create(name="Old", points=1, is_active=False, position=3)
    client = api("admin")

    def names(query=""):
        return [one["name"] for one in client.get(REWARDS + query).json()["data"]]

    who = Account.objects.get().customer.code
    assert names() == ["Any coffee", "Dear", "Next door", "Old"]
    assert names("?state=offered") == ["Any coffee", "Dear", "Next door"]
    assert names("?state=archived") == ["Old"]
    assert names(f"?business_id={business.code}&state=offered") == ["Any coffee", "Dear"]
    assert names(f"?in_reach_of={who}") == ["Any coffee", "Next door"]
    assert names(f"?in_reach_of={who}&business_id={business.code}") == ["Any coffee"]
    assert names("?business_id=nosuchcode") == []
    assert names("?ordering=-points&limit=2") == ["Dear", "Any coffee"]
    assert client.get(f"{REWARDS}?in_reach_of=nosuchcode").status_code == 404


def test_a_picture_is_put_shown_and_removed(api, coffee, settings, tmp_path, client_of):
    settings.MEDIA_ROOT = str(tmp_path)
    client, url = api("admin"), f"{REWARDS}{coffee.code}/image"
    file = SimpleUploadedFile("mine.png", photo(kind="PNG"))
    body = encode_multipart(BOUNDARY, {"image": file})
    answer = client.put(url, body, content_type=MULTIPART_CONTENT)
    assert answer.status_code == 200, answer.content
    path = urlsplit(answer.json()["image_url"]).path
    assert client_of(None).get(path).headers["Content-Type"] == "image/webp"
    wrong = encode_multipart(BOUNDARY, {"image": SimpleUploadedFile("a.svg", b"<svg/>")})
    assert client.put(url, wrong, content_type=MULTIPART_CONTENT).json()["errors"][0]["field"] == "image"
    assert client.delete(url).status_code == 204
    assert client.get(f"{REWARDS}{coffee.code}").json()["image_url"] is None


def test_each_act_asks_for_its_permission(api, coffee, member):
    reader, writer = api("read"), api("write")
    assert reader.get(REWARDS).status_code == 200
    for response in (
        post(writer, REWARDS, {"name": "Tea", "points": 1}),
        patch(writer, f"{REWARDS}{coffee.code}", {"points": 1}),
        writer.delete(f"{REWARDS}{coffee.code}"),
        post(writer, f"{REWARDS}{coffee.code}/stock", {"change": 1}),
        writer.delete(f"{REWARDS}{coffee.code}/image"),
        post(reader, f"{REWARDS}{coffee.code}/claim", {"customer_phone_number": PHONE}, key="k"),
        reader.get(f"{CLAIMS}abcdefgh2345"),
    ):
        assert response.status_code == 403


def test_a_key_of_one_business_keeps_and_sees_that_ones(api, coffee, business, other_business):
    theirs = Reward.objects.create(name="Next door", points=1, business=other_business)
    client = api("admin", business=business)
    assert [one["name"] for one in client.get(REWARDS).json()["data"]] == ["Any coffee"]
    assert client.get(f"{REWARDS}{theirs.code}").status_code == 404
    assert patch(client, f"{REWARDS}{coffee.code}", {"points": 1}).status_code == 403
    assert post(client, REWARDS, {"name": "Tea", "points": 5}).status_code == 403
    own = post(client, REWARDS, {"name": "Tea", "points": 5, "business_id": business.code})
    assert own.status_code == 201
    assert patch(client, f"{REWARDS}{own.json()['id']}", {"points": 6}).json()["points"] == 6


def test_rewards_and_claims_of_one_programme_are_nothing_on_another(api, member, coffee, programme, other_programme):
    claimed = post(api("write"), f"{REWARDS}{coffee.code}/claim", {"customer_phone_number": PHONE}, key="k").json()
    with tenant_context(other_programme):
        theirs = api("admin", on=other_programme)
        assert theirs.get(REWARDS).json()["data"] == []
        assert theirs.get(f"{REWARDS}{coffee.code}").status_code == 404
        assert theirs.get(f"{CLAIMS}{claimed['claim_id']}").status_code == 404
        assert patch(theirs, f"{REWARDS}{coffee.code}", {"points": 1}).status_code == 404
    connection.set_tenant(programme)


# -- claims --


def test_a_reward_is_claimed_looked_at_and_given_back(api, member, coffee):
    client, who = api("write"), Account.objects.get().customer
    type(who).objects.update(first_name="Priya", last_name="Nair")
    url, body = f"{REWARDS}{coffee.code}/claim", {"customer_id": who.code}
    first = post(client, url, body, key="k")
    claimed = first.json()
    assert (first.status_code, claimed["held"], claimed["balance"]) == (201, 40, 60)
    assert post(client, url, body, key="k").content == first.content
    seen = client.get(f"{CLAIMS}{claimed['claim_id']}").json()
    assert seen == {
        "claim_id": claimed["claim_id"],
        "state": "held",
        "points": 40,
        "reason": "Any coffee",
        "reward_id": coffee.code,
        "customer_name": "Priya N",
        "customer_phone": "••• ••• 123",
        "claimed_at": seen["claimed_at"],
        "expires_at": claimed["expires_at"],
    }
    assert stock_of(coffee) == 1
    assert post(client, f"{CLAIMS}{claimed['claim_id']}/void", {}, key="v").json()["balance"] == 100
    assert client.get(f"{CLAIMS}{claimed['claim_id']}").json()["state"] == "voided"
    assert stock_of(coffee) == 2


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid"),
        ({"customer_id": "nosuchcode", "customer_phone_number": PHONE}, 422, "invalid"),
        ({"customer_id": "nosuchcode"}, 404, "loyalty.unknown_member"),
        ({"customer_id": "a\0b"}, 404, "loyalty.unknown_member"),
        ({"customer_phone_number": "07700 900199"}, 404, "loyalty.unknown_member"),
        ({"customer_phone_number": PHONE, "business_id": "nosuchcode"}, 404, "unknown_business"),
        ({"customer_phone_number": PHONE, "colour": "blue"}, 422, "invalid"),
    ],
)
def test_a_claim_says_who_and_where(api, member, coffee, body, status, code):
    client = api("write")
    before = rows()
    response = post(client, f"{REWARDS}{coffee.code}/claim", body, key="k")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert (rows(), stock_of(coffee)) == (before, 2)
    assert post(client, f"{REWARDS}nosuchcode/claim", {"customer_phone_number": PHONE}, key="k").status_code == 404
    missing = post(client, f"{REWARDS}{coffee.code}/claim", {"customer_phone_number": PHONE})
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency_key_required")


def test_refusals_of_rewards_have_codes_and_replay(api, member, coffee, business, other_business, now):
    client, url = api("write"), REDEEM
    tier = Tier.objects.create(name="Captain", rank=2, threshold=1000)
    refused = {
        "loyalty.reward_out_of_stock": {"stock": 0},
        "loyalty.reward_not_available": {"is_active": False},
        "loyalty.reward_elsewhere": {"business": other_business},
        "loyalty.reward_for_tier": {"tier": tier},
        "loyalty.not_enough_points": {"points": 101},
    }
    for code, changes in refused.items():
        reward = Reward.objects.create(**{"name": "Tea", "points": 1, **changes})
        body = {**member, "reward_id": reward.code}
        answers = [post(client, url, body, key=code) for _again in range(2)]
        assert [(one.status_code, one.json()["code"]) for one in answers] == [(409, code)] * 2
        Reward.objects.filter(pk=reward.pk).update(is_active=True, stock=None, business=None, tier=None, points=1)
        assert post(client, url, body, key=code).json()["code"] == code, "the refusal is stored under its key"


def test_a_claim_is_honoured_whatever_becomes_of_the_reward(api, member, coffee):
    """Switched off, dearer, sold out: what the member was promised holds."""
    client, at = api("admin"), {"business_id": member["business_id"]}
    claimed = post(client, f"{REWARDS}{coffee.code}/claim", {"customer_phone_number": PHONE}, key="k").json()
    patch(client, f"{REWARDS}{coffee.code}", {"points": 90, "stock": 0, "is_active": False})
    captured = post(client, f"{CLAIMS}{claimed['claim_id']}/capture", at, key="c")
    assert (captured.status_code, captured.json()["points_redeemed"], captured.json()["balance"]) == (201, 40, 60)
    undone = post(client, f"/api/v1/transactions/{captured.json()['transaction_id']}/reverse", {}, key="r").json()
    assert (undone["balance"], stock_of(coffee)) == (100, 1)


def test_a_claim_of_another_business_is_not_there(api, member, coffee, business, other_business):
    client = api("write")
    claimed = post(client, f"{REWARDS}{coffee.code}/claim", {"customer_phone_number": PHONE}, key="a").json()[
        "claim_id"
    ]
    body = {"customer_phone_number": PHONE, "business_id": business.code}
    placed = post(client, f"{REWARDS}{coffee.code}/claim", body, key="b").json()["claim_id"]
    here, elsewhere = api("write", business=business), api("write", business=other_business)
    assert [here.get(f"{CLAIMS}{code}").status_code for code in (claimed, placed)] == [200, 200]
    assert [elsewhere.get(f"{CLAIMS}{code}").status_code for code in (claimed, placed)] == [200, 404]
    assert elsewhere.get(f"{CLAIMS}nosuchclaim").status_code == 404
