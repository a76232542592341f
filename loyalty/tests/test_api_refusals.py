"""Bad input to each act on points but the sale: a code for each, and nothing written. (Sales: test_api_points.)"""

from __future__ import annotations

import pytest

from loyalty.models import Transaction
from loyalty.tests.given import PHONE, rows
from loyalty.tests.test_api_points import ADD, post

pytestmark = pytest.mark.usefixtures("audited")

KEYED = ("redeem", "adjust", "reverse")


@pytest.fixture
def acts(api, business):
    """Somebody with 100 points; act → its address and a body that it takes."""
    sale = {"business_id": business.code, "customer_phone_number": PHONE, "amount_spent": 100}
    earned = post(api("admin"), ADD, sale, key="sale").json()["transaction_id"]
    person = {"customer_phone_number": PHONE}
    spending = {"business_id": business.code, **person, "points_to_redeem": 5, "reward_description": "Cake"}
    bodies = {
        "redeem": ("redeem-points", spending),
        "adjust": ("adjust", {**person, "points": 5, "reason": "Sorry"}),
        "reverse": (f"{earned}/reverse", {}),
        "simulate": ("simulate", {"business_id": business.code, "amount_spent": 5}),
    }
    return {name: (f"/api/v1/transactions/{path}", body) for name, (path, body) in bodies.items()}


@pytest.mark.parametrize(
    ("name", "changes", "status", "code", "field"),
    [
        ("redeem", {"points_to_redeem": 101}, 409, "loyalty.not_enough_points", None),
        ("redeem", {"points_to_redeem": 0}, 422, "invalid", "points_to_redeem"),
        ("redeem", {"points_to_redeem": -5}, 422, "invalid", "points_to_redeem"),
        ("redeem", {"points_to_redeem": 10**18}, 422, "invalid", "points_to_redeem"),
        ("redeem", {"points_to_redeem": 10**30}, 422, "invalid", "points_to_redeem"),
        ("redeem", {"points_to_redeem": 1.5}, 422, "invalid", "points_to_redeem"),
        ("redeem", {"points_to_redeem": "5"}, 422, "invalid", "points_to_redeem"),
        ("redeem", {"reward_description": "x" * 201}, 422, "invalid", "reward_description"),
        ("redeem", {"reward_description": "a\0b"}, 422, "invalid", "reward_description"),
        ("redeem", {"customer_phone_number": "12"}, 422, "invalid_phone", "customer_phone_number"),
        ("redeem", {"customer_phone_number": "07700 900199"}, 404, "loyalty.unknown_member", None),
        ("redeem", {"business_id": "nosuchcode"}, 404, "unknown_business", None),
        ("redeem", {"colour": "blue"}, 422, "invalid", "colour"),
        ("adjust", {"points": -101}, 409, "loyalty.not_enough_points", None),
        ("adjust", {"points": 0}, 422, "invalid", "points"),
        ("adjust", {"points": 10**18}, 422, "invalid", "points"),
        ("adjust", {"reason": " "}, 422, "invalid", "reason"),
        ("adjust", {"customer_phone_number": "call me"}, 422, "invalid_phone", "customer_phone_number"),
        ("adjust", {"colour": "blue"}, 422, "invalid", "colour"),
        ("reverse", {"points": 0}, 422, "invalid", "points"),
        ("reverse", {"points": 5, "cancels_order": True}, 422, "invalid", "points"),
        ("reverse", {"reason": "x" * 201}, 422, "invalid", "reason"),
        ("reverse", {"colour": "blue"}, 422, "invalid", "colour"),
        ("simulate", {"amount_spent": "12,40"}, 422, "invalid", "amount_spent"),
        ("simulate", {"amount_spent": "NaN"}, 422, "invalid", "amount_spent"),
        ("simulate", {"amount_spent": -1}, 422, "invalid", "amount_spent"),
        ("simulate", {"amount_spent": 10**18}, 422, "invalid", "amount_spent"),
        ("simulate", {"customer_phone_number": "12"}, 422, "invalid_phone", "customer_phone_number"),
        ("simulate", {"business_id": "nosuchcode"}, 404, "unknown_business", None),
        ("simulate", {"colour": "blue"}, 422, "invalid", "colour"),
    ],
)
def test_what_cannot_be_is_refused_and_writes_nothing(api, acts, name, changes, status, code, field):
    client, (url, body) = api("admin"), acts[name]
    before = rows()
    response = post(client, url, {**body, **changes}, key="k")
    assert (response.status_code, response.json()["code"]) == (status, code), response.json()
    assert response.headers["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in response.json()["errors"]] == ([field] if field else [])
    assert rows() == before


@pytest.mark.parametrize("name", KEYED)
def test_each_act_needs_a_key_that_fits(api, acts, name):
    client, (url, body) = api("admin"), acts[name]
    before = rows()
    missing, long = post(client, url, body), post(client, url, body, key="k" * 256)
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency_key_required")
    assert (long.status_code, long.json()["errors"][0]["field"]) == (422, "idempotency_key")
    assert rows() == before


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("redeem", {"points_to_redeem": 6}),
        ("redeem", {"reward_description": "Tea"}),
        ("redeem", {"customer_phone_number": "07700 900199"}),
        ("adjust", {"points": -5}),
        ("adjust", {"reason": "Again"}),
        ("reverse", {"points": 5}),
        ("reverse", {"cancels_order": True}),
    ],
)
def test_a_key_replays_the_same_bytes_and_nothing_else(api, acts, name, changes):
    client, (url, body) = api("admin"), acts[name]
    first = post(client, url, body, key="k")
    assert first.status_code == 201
    before = rows()
    again = post(client, url, body, key="k")
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    other = post(client, url, {**body, **changes}, key="k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert rows() == before


def test_a_key_of_one_business_reaches_nothing_of_another(api, acts, other_business):
    client = api("admin", business=other_business)
    before = rows()
    for name, code in (
        ("redeem", "unknown_business"), ("simulate", "unknown_business"), ("reverse", "loyalty.unknown_transaction")
    ):  # fmt: skip
        url, body = acts[name]
        response = post(client, url, body, key="k")
        assert (response.status_code, response.json()["code"]) == (404, code)
    assert rows() == before


def test_the_reference_of_another_business_s_order_says_nothing_about_it(api, acts, business, other_business):
    """References are a business's own: the same one elsewhere is another sale, and the first is not touched."""
    sale = {"business_id": business.code, "customer_phone_number": PHONE, "amount_spent": 7, "order_ref": "R"}
    elsewhere = api("write", business=other_business)
    ours = post(api("write"), ADD, sale).json()
    theirs = post(elsewhere, ADD, {**sale, "business_id": other_business.code}).json()
    assert (theirs["order_ref"], theirs["order_id"] != ours["order_id"], theirs["balance"]) == ("R", True, 114)
    before = rows()
    assert post(elsewhere, ADD, sale).json()["code"] == "unknown_business"
    assert rows() == before
    assert Transaction.objects.filter(kind="earn").count() == 3
