"""Claims over HTTP: set aside, redeem, give back; with the codes that programs compare."""

from __future__ import annotations

import pytest
from django_tenants.utils import tenant_context

from loyalty.audit import audit
from loyalty.models import Account, Reward, Transaction
from loyalty.tests.test_api_points import ADD, BATCH, post
from workspace.models import Business

CLAIMS = "/api/v1/claims/"


@pytest.fixture
def wanted(api, business):
    """A member with 100 points, and the body of a claim for 60 of them."""
    member = {"business_id": business.code, "customer_phone_number": "07700 900123"}
    assert post(api("write"), ADD, {**member, "amount_spent": 100}, key="sale").status_code == 201
    return {**member, "points_to_redeem": 60, "reward_description": "Hamper"}


@pytest.fixture
def claim(api, wanted):
    response = post(api("write"), CLAIMS, wanted, key="claim")
    assert response.status_code == 201
    return response.json()["claim_id"]


def test_a_claim_says_what_was_set_aside_and_until_when(api, wanted, business):
    client = api("write")
    first = post(client, CLAIMS, {**wanted, "minutes": 5}, key="k")
    body = first.json()
    row = Transaction.objects.get(kind="hold")
    assert body == {
        "transaction_id": row.code,
        "type": "hold",
        "points": 0,
        "balance": 40,
        "held": 60,
        "claim_id": row.code,
        "expires_at": body["expires_at"],
        "customer": {"id": row.account.customer.code, "is_new": False},
        "business_id": business.code,
        "reason": "Hamper",
    }
    again = post(client, CLAIMS, {**wanted, "minutes": 5}, key="k")
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    ledger = client.get(f"/api/v1/customers/{row.account.customer.code}/ledger").json()
    assert (ledger["balance"]["points"], ledger["balance"]["held"]) == (40, 60)
    assert [(line["type"], line["points"], line["held"]) for line in ledger["data"]] == [
        ("hold", 0, 60),
        ("earn", 100, 0),
    ]


def test_a_part_is_captured_and_the_claim_is_over(api, claim):
    client = api("write")
    response = post(client, f"{CLAIMS}{claim}/capture", {"points": 25}, key="c")
    body = response.json()
    assert (response.status_code, body["type"], body["points_redeemed"], body["balance"]) == (201, "redeem", 25, 75)
    assert (body["claim_id"], body["held"]) == (claim, -25)
    for act in ("capture", "void"):
        refused = post(client, f"{CLAIMS}{claim}/{act}", "", key=f"again-{act}")
        assert (refused.status_code, refused.json()["code"]) == (409, "loyalty.hold_over")
    assert [found.code for found in audit() if not found.is_kept] == []


def test_a_void_gives_everything_back(api, claim):
    body = post(api("write"), f"{CLAIMS}{claim}/void", {}, key="v").json()
    assert (body["type"], body["points"], body["held"], body["balance"]) == ("void", 0, -60, 100)
    assert Account.objects.values_list("available", "held").get() == (100, 0)


@pytest.mark.parametrize(
    ("path", "changes", "status", "code"),
    [
        ("", {"points_to_redeem": 101}, 409, "loyalty.not_enough_points"),
        ("", {"points_to_redeem": 0}, 422, "invalid"),
        ("", {"minutes": 43_201}, 422, "invalid"),
        ("", {"customer_phone_number": "07700 900199"}, 404, "loyalty.unknown_member"),
        ("", {"business_id": "nosuchcode"}, 404, "unknown_business"),
        ("", {"colour": "blue"}, 422, "invalid"),
        ("nosuchclaim/capture", None, 404, "loyalty.unknown_hold"),
        ("nosuchclaim/void", None, 404, "loyalty.unknown_hold"),
        ("{claim}/capture", {"points": 61}, 409, "loyalty.more_than_held"),
        ("{claim}/capture", {"points": "many"}, 422, "invalid"),
        ("{claim}/void", {"points": 1}, 422, "invalid"),
    ],
)
def test_what_cannot_be_is_refused_and_moves_nothing(api, wanted, claim, path, changes, status, code):
    before = Account.objects.values().get()
    body = changes if path else {**wanted, **changes}
    response = post(api("write"), CLAIMS + path.format(claim=claim), "" if body is None else body, key="k")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert Account.objects.values().get() == before


@pytest.mark.parametrize("path", ["", "{claim}/capture", "{claim}/void"])
def test_each_act_needs_a_key_and_the_permission_to_write(api, wanted, claim, path):
    url = CLAIMS + path.format(claim=claim)
    body = "" if path else wanted
    refused = post(api("write"), url, body)
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency_key_required")
    assert post(api("read"), url, body, key="k").status_code == 403


def test_a_key_of_another_business_does_not_find_the_claim(api, claim):
    other = Business.objects.create(name="Next door")
    for act in ("capture", "void"):
        response = post(api("write", business=other), f"{CLAIMS}{claim}/{act}", "", key="k")
        assert (response.status_code, response.json()["code"]) == (404, "loyalty.unknown_hold")


@pytest.fixture
def reward_claim(api, wanted):
    """reward_claim(business) → the code of a claim without a place, of a reward that only that one gives."""

    def make(only_at):
        reward = Reward.objects.create(name="Tea", points=10, business=only_at)
        body = {"customer_phone_number": wanted["customer_phone_number"]}
        response = post(api("write"), f"/api/v1/rewards/{reward.code}/claim", body, key=reward.code)
        assert response.status_code == 201
        return response.json()["claim_id"]

    return make


def test_a_reward_of_one_business_is_neither_redeemed_nor_given_back_by_another(
    api, reward_claim, business, other_business
):
    claimed, elsewhere = reward_claim(business), api("write", business=other_business)
    for act, body in (("capture", {}), ("capture", {"business_id": other_business.code}), ("void", {})):
        response = post(elsewhere, f"{CLAIMS}{claimed}/{act}", body, key=f"{act}{len(body)}")
        assert (response.status_code, response.json()["code"]) == (404, "loyalty.unknown_hold")
    assert Account.objects.values_list("available", "held").get() == (90, 10)
    refused = post(api("write"), f"{CLAIMS}{claimed}/capture", {"business_id": other_business.code}, key="k")
    assert (refused.status_code, refused.json()["code"]) == (409, "loyalty.reward_elsewhere")


@pytest.mark.parametrize("is_anywhere", [True, False])
def test_a_key_of_one_business_redeems_there_without_saying_so(api, reward_claim, business, is_anywhere):
    claimed = reward_claim(None if is_anywhere else business)
    body = post(api("write", business=business), f"{CLAIMS}{claimed}/capture", {}, key="c").json()
    assert (body["points_redeemed"], body["business_id"]) == (10, business.code)
    assert Transaction.objects.get(kind="redeem").business_id == business.pk


@pytest.mark.parametrize("is_anywhere", [True, False])
def test_who_sees_every_business_says_where_a_reward_is_given(api, reward_claim, business, is_anywhere):
    client, claimed = api("write"), reward_claim(None if is_anywhere else business)
    refused = post(client, f"{CLAIMS}{claimed}/capture", {}, key="c")
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_business")
    assert Account.objects.values_list("available", "held").get() == (90, 10)
    said = post(client, f"{CLAIMS}{claimed}/capture", {"business_id": business.code}, key="c")
    assert (said.status_code, said.json()["business_id"]) == (201, business.code)
    over = post(client, f"{CLAIMS}{claimed}/capture", {}, key="d")
    assert (over.status_code, over.json()["code"]) == (409, "loyalty.hold_over")


def test_the_same_key_at_another_business_is_another_capture(api, reward_claim, business, other_business):
    url, client = f"{CLAIMS}{reward_claim(None)}/capture", api("write")
    first = post(client, url, {"business_id": business.code}, key="c")
    for body in ({"business_id": business.code}, {}):
        assert post(client, url, body, key="c").content == first.content
    for named in (other_business.code, "nowhere"):
        refused = post(client, url, {"business_id": named}, key="c")
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")


def test_a_batch_claims_redeems_and_gives_back(api, wanted, claim):
    client = api("write")
    second = post(client, CLAIMS, {**wanted, "points_to_redeem": 10}, key="second").json()["claim_id"]
    Reward.objects.create(name="Tea", points=10, code="teateateatea")
    buyer = {name: wanted[name] for name in ("business_id", "customer_phone_number")}
    operations = [
        {"type": "capture", "claim_id": claim, "points": 20},
        {"type": "void", "claim_id": second},
        {"type": "claim", **buyer, "reward_id": "teateateatea"},
        {"type": "claim", **wanted, "minutes": 5},
        {"type": "claim", **buyer},
        {"type": "capture", "claim_id": "nothing-here"},
        {"type": "capture", "claim_id": claim, "hat": 1},
    ]
    body = {"operations": [{**item, "idempotency_key": str(n)} for n, item in enumerate(operations)]}
    results = post(client, BATCH, body).json()["results"]
    assert [result["status"] for result in results] == [201, 201, 201, 201, 422, 404, 422]
    assert [result["result"]["held"] for result in results[:4]] == [-20, -10, 10, 60]
    # The act alone knows the key of the batch.
    again = post(client, f"{CLAIMS}{claim}/capture", {"points": 20}, key="0")
    assert again.json() == results[0]["result"]
    assert Account.objects.values_list("available", "held").get() == (10, 70)


def test_a_batch_passes_points_on_for_who_may(api, wanted):
    sale = {"business_id": wanted["business_id"], "customer_phone_number": "07700 900124", "amount_spent": 100}
    post(api("write"), ADD, sale, key="other")
    transfer = {
        "type": "transfer",
        "customer_phone_number": "07700 900123",
        "recipient_phone_number": "07700 900124",
        "points": 30,
        "idempotency_key": "t",
    }
    refused, done = (
        post(api(role), BATCH, {"operations": [transfer]}).json()["results"][0] for role in ("write", "admin")
    )
    assert (refused["status"], done["status"]) == (403, 201)
    assert sorted(Account.objects.values_list("available", flat=True)) == [70, 130]


def test_a_business_that_was_closed_redeems_no_reward(api, reward_claim, business):
    claimed, client = reward_claim(None), api("write", business=business)
    Business.objects.update(is_active=False)
    for body in ({}, {"business_id": business.code}):
        refused = post(client, f"{CLAIMS}{claimed}/capture", body, key="c")
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown_business")


def test_a_claim_of_one_programme_is_nothing_on_another(api, claim, programme, other_programme):
    foreign = api("write", on=other_programme)
    with tenant_context(other_programme):
        their_own = api("write", on=other_programme)
    for act in ("capture", "void"):
        url = f"{CLAIMS}{claim}/{act}"
        assert post(foreign, url, "", key="k").status_code == 401
        assert post(their_own, url, "", key="k").json()["code"] == "loyalty.unknown_hold"
    with tenant_context(programme):
        assert Account.objects.get().held == 60
