"""The hot acts over HTTP: what they take, give and refuse, with the codes that programs compare."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from core.actor import SYSTEM
from core.permissions import Perm
from customers.models import Customer, Order
from loyalty.models import Account, Transaction
from workspace.actions.api_keys import rotate_key

ADD = "/api/v1/transactions/add-points"
REDEEM = "/api/v1/transactions/redeem-points"
BATCH = "/api/v1/transactions/batch"


@pytest.fixture
def sale(business):
    return {"business_id": business.code, "customer_phone_number": "07700 900123", "amount_spent": "12.40"}


def post(client, url, body, key="", **headers):
    if key:
        headers["idempotency-key"] = key
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(url, data, content_type="application/json", headers=headers)


def test_add_points(api, sale):
    response = post(api("write"), ADD, {**sale, "order_ref": "R-1"}, key="k")
    assert response.status_code == 201
    body = response.json()
    order, customer = Order.objects.get(), Customer.objects.get()
    assert body == {
        "transaction_id": Transaction.objects.get().code,
        "type": "earn",
        "points": 12,
        "points_earned": 12,
        "balance": 12,
        "customer": {"id": customer.code, "is_new": True},
        "business_id": sale["business_id"],
        "order_id": order.code,
        "order_ref": "R-1",
        "explanation": "£12.40 × 1 = 12.4 points, rounded down",
    }
    assert order.source == "api"


def test_a_repeated_key_gets_the_same_bytes(api, sale):
    client = api("write")
    first = post(client, ADD, sale, key="k")
    post(client, ADD, sale, key="other")
    again = post(client, ADD, sale, key="k")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers


def test_a_rotated_api_key_repeats_what_the_old_one_did(api, make_key, sale, now):
    old, client = make_key("write"), api("write")
    client.defaults["HTTP_X_API_KEY"] = old.secret
    first = post(client, ADD, sale, key="k")
    client.defaults["HTTP_X_API_KEY"] = rotate_key(client=old.client, actor=SYSTEM, now=now, overlap_hours=0).secret
    again = post(client, ADD, sale, key="k")
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    assert post(client, ADD, sale, key="k", **{"x-api-key": old.secret}).status_code == 401


def test_the_same_key_with_other_content_is_422(api, sale):
    client = api("write")
    post(client, ADD, sale, key="k")
    response = post(client, ADD, {**sale, "amount_spent": 1}, key="k")
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("changes", "status", "code", "field", "field_code"),
    [
        ({"amount_spent": "12,40"}, 422, "invalid", "amount_spent", "invalid"),
        ({"amount_spent": "NaN"}, 422, "invalid", "amount_spent", "invalid"),
        ({"amount_spent": -1}, 422, "invalid", "amount_spent", "invalid"),
        ({"amount_spent": 10**18}, 422, "invalid", "amount_spent", "invalid"),
        ({"amount_spent": "1e400"}, 422, "invalid", "amount_spent", "invalid"),
        ({"amount_spent": None}, 422, "invalid", "amount_spent", "invalid"),
        ({"customer_phone_number": "12"}, 422, "invalid_phone", "customer_phone_number", "invalid_phone"),
        ({"colour": "blue"}, 422, "invalid", "colour", "unknown_field"),
        ({"order_ref": "x" * 121}, 422, "invalid", "order_ref", "invalid"),
        ({"order_ref": "a\u0000b"}, 422, "invalid", "order_ref", "invalid"),
        ({"placed_at": "yesterday"}, 422, "invalid", "placed_at", "invalid"),
        ({"placed_at": "2026-01-05T10:00:00"}, 422, "invalid", "placed_at", "invalid"),
        ({"placed_at": "0001-01-01T00:00:00+14:00"}, 422, "invalid", "placed_at", "invalid"),
        ({"placed_at": "9999-12-31T23:59:59-12:00"}, 422, "invalid", "placed_at", "invalid"),
        ({"business_id": "nosuchcode"}, 404, "unknown_business", None, None),
        ({"business_id": "a\u0000b"}, 404, "unknown_business", None, None),
    ],
)
def test_bad_input_has_a_code_and_writes_nothing(api, sale, changes, status, code, field, field_code):
    response = post(api("write"), ADD, {**sale, **changes}, key="k")
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code), body
    assert response.headers["Content-Type"] == "application/problem+json"
    if field:
        assert [(error["field"], error["code"]) for error in body["errors"]] == [(field, field_code)]
    assert Customer.objects.count() == Transaction.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "malformed"),
        (b"\xff", 400, "malformed"),
        ('{"amount_spent": NaN}', 400, "malformed"),
        ("[]", 422, "invalid"),
    ],
)
def test_a_body_that_is_no_object(api, body, status, code):
    response = post(api("write"), ADD, body, key="k")
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_a_missing_field_is_named(api, sale):
    del sale["customer_phone_number"]
    error = post(api("write"), ADD, sale, key="k").json()["errors"][0]
    assert (error["field"], error["code"]) == ("customer_phone_number", "required")


def test_another_content_type_is_415(api):
    response = api("write").post(ADD, {"a": 1}, headers={"idempotency-key": "k"})
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_neither_key_nor_reference_is_400(api, sale):
    response = post(api("write"), ADD, sale)
    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_required")
    assert post(api("write"), ADD, {**sale, "order_ref": "R"}).status_code == 201


def test_a_key_bound_to_one_business_does_not_find_another(api, sale, other_business):
    response = post(api("write", business=other_business), ADD, sale, key="k")
    assert (response.status_code, response.json()["code"]) == (404, "unknown_business")


def test_a_reading_key_cannot_write(api, sale):
    assert post(api("read"), ADD, sale, key="k").status_code == 403
    assert post(api(None), ADD, sale, key="k").status_code == 401
    assert api("write").get(ADD).status_code == 405


def test_redeem_refuse_and_reverse(api, sale, business):
    client = api("write")
    post(client, ADD, {**sale, "amount_spent": 100}, key="k")
    redeem = {
        "business_id": business.code,
        "customer_phone_number": "+447700900123",
        "points_to_redeem": 40,
        "reward_description": "Flat white",
    }
    done = post(client, REDEEM, redeem, key="r")
    assert (done.status_code, done.json()["points_redeemed"], done.json()["balance"]) == (201, 40, 60)
    refused = post(client, REDEEM, {**redeem, "points_to_redeem": 61}, key="r2")
    assert (refused.status_code, refused.json()["code"]) == (409, "loyalty.not_enough_points")
    assert (refused.json()["data"]["balance"], refused.json()["data"]["requested"]) == (60, 61)
    assert post(client, REDEEM, {**redeem, "points_to_redeem": 61}, key="r2").content == refused.content

    reverse = f"/api/v1/transactions/{done.json()['transaction_id']}/reverse"
    assert post(client, reverse, {"reason": "mistake"}, key="v").json()["balance"] == 100
    assert post(client, reverse, {}, key="v2").json()["code"] == "loyalty.already_reversed"
    assert post(client, "/api/v1/transactions/nosuchcode1/reverse", {}, key="v3").status_code == 404


def test_a_cashier_s_token_undoes_its_own_shop_s_last_minute_only(api, sale, cashier):
    client = api(user=cashier)
    made = post(client, ADD, sale, key="k").json()["transaction_id"]
    old = post(client, ADD, sale, key="k2").json()["transaction_id"]
    assert post(client, f"/api/v1/transactions/{made}/reverse", {}, key="v").status_code == 201
    row = Transaction.objects.get(code=old)
    row.at -= timedelta(days=365)
    row.save()
    refused = post(client, f"/api/v1/transactions/{old}/reverse", {}, key="v2")
    assert (refused.status_code, refused.json()["code"]) == (409, "loyalty.undo_window_passed")
    adjust = {"customer_phone_number": "07700900123", "points": 5, "reason": "x"}
    assert post(client, "/api/v1/transactions/adjust", adjust, key="a").status_code == 403


def test_adjust(api, sale):
    client = api("admin")
    post(client, ADD, sale, key="k")
    body = {"customer_phone_number": "07700900123", "points": -2, "reason": "typed twice"}
    assert post(client, "/api/v1/transactions/adjust", body, key="a").json()["balance"] == 10


def test_an_adjustment_belongs_to_a_business_that_the_caller_may_see(api, sale, business, other_business):
    url, body = "/api/v1/transactions/adjust", {"customer_phone_number": "07700900123", "points": 5, "reason": "x"}
    limited, unlimited = api("admin", business=business), api("admin")
    post(unlimited, ADD, sale, key="k")
    for client, code in ((limited, other_business.code), (unlimited, "nowhere")):
        refused = post(client, url, {**body, "business_id": code}, key="a")
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown_business")
        item = {"type": "adjust", **body, "business_id": code, "idempotency_key": "b"}
        result = post(client, BATCH, {"operations": [item]}).json()["results"][0]
        assert (result["status"], result["problem"]["code"]) == (404, "unknown_business")
    assert post(limited, url, body, key="c").json()["business_id"] == business.code
    assert Transaction.objects.get(kind="adjust").business == business


def test_a_cashiers_token_does_not_walk_through_numbers(api, cashier, sale, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "till-lookup": (3, 10**9)}
    client = api(user=cashier)
    redeem = {**sale, "points_to_redeem": 5, "reward_description": "x"}
    del redeem["amount_spent"]
    simulate = "/api/v1/transactions/simulate"
    acts = [(simulate, sale), (ADD, sale), (REDEEM, redeem), (simulate, sale), (ADD, sale), (REDEEM, redeem)]
    answers = [post(client, url, body, key=str(index)).status_code for index, (url, body) in enumerate(acts)]
    assert answers == [200, 201, 201, 429, 429, 429]
    assert post(api("write"), simulate, sale).status_code == 200


def test_simulate_explains_and_writes_nothing(api, sale):
    response = post(api("write"), "/api/v1/transactions/simulate", sale)
    assert response.status_code == 200
    assert response.json() == {
        "points": 12,
        "explanation": [{"text": "£12.40 × 1 = 12.4 points, rounded down", "points": 12}],
        "balance_after": None,
    }
    assert Customer.objects.count() == Transaction.objects.count() == 0


def test_a_batch_has_a_key_and_a_result_for_each(api, sale, business):
    phone = {"business_id": business.code, "customer_phone_number": "07700 900123"}
    operations = [
        {"type": "add-points", **sale, "idempotency_key": "a"},
        {"type": "add-points", **sale, "amount_spent": "x", "idempotency_key": "b"},
        {"type": "add-points", **sale, "hat": 1, "idempotency_key": "c"},
        {"type": "redeem-points", **phone, "points_to_redeem": 5, "reward_description": "x", "idempotency_key": "d"},
        {"type": "redeem-points", **phone, "points_to_redeem": 50, "reward_description": "x", "idempotency_key": "e"},
        {"type": "adjust", "customer_phone_number": "07700900123", "points": 1, "reason": "x", "idempotency_key": "f"},
        {"type": "fly", "idempotency_key": "g"},
        {"type": "add-points", **sale, "idempotency_key": "a"},
        {"type": "add-points", **sale},
    ]
    response = post(api("write"), BATCH, {"operations": operations})
    assert response.status_code == 200
    results = response.json()["results"]
    assert [result["status"] for result in results] == [201, 422, 422, 201, 409, 403, 422, 201, 400]
    assert results[7]["is_replayed"] is True
    assert results[7]["result"] == results[0]["result"]
    assert results[2]["problem"]["errors"][0] == {
        "field": "hat", "message": "There is no such field.", "code": "unknown_field"
    }  # fmt: skip
    assert results[4]["problem"]["code"] == "loyalty.not_enough_points"
    assert Account.objects.get().available == 7


def test_a_code_that_nothing_can_have_is_not_there(api, sale):
    """And stops no other operation of a batch."""
    adjust = {"business_id": "a\u0000b", "customer_phone_number": "07700 900123", "points": 5, "reason": "x"}
    reverse = {"type": "reverse", "transaction_id": "a\u0000b", "idempotency_key": "b"}
    operations = [reverse, {"type": "add-points", **sale, "idempotency_key": "a"}]
    results = post(api("write"), BATCH, {"operations": operations}).json()["results"]
    assert [result["status"] for result in results] == [404, 201]
    for path, body in (
        ("/api/v1/transactions/simulate", {**sale, "business_id": "a\u0000b"}),
        ("/api/v1/transactions/adjust", adjust),
    ):
        assert post(api("admin"), path, body, key="c").json()["code"] == "unknown_business", path


def test_a_batch_of_too_many_is_refused_whole(api, sale):
    operations = [{"type": "add-points", **sale, "idempotency_key": str(n)} for n in range(1001)]
    response = post(api("write"), BATCH, {"operations": operations})
    assert (response.status_code, response.json()["code"]) == (422, "loyalty.too_many_operations")
    assert Transaction.objects.count() == 0


def test_one_programme_s_key_is_nothing_on_another(api, sale, other_programme):
    response = post(api("write", on=other_programme), ADD, sale, key="k")
    assert response.status_code == 401


def test_every_act_says_what_it_needs():
    from loyalty import api_points as acts

    needed = {name: getattr(acts, name).required for name in ("add_points", "redeem_points", "reverse", "adjust")}
    assert needed["adjust"] == {"POST": Perm.POINTS_ADJUST}
    assert needed["add_points"] == {"POST": Perm.POINTS_WRITE}


def test_amounts_as_numbers_and_texts_are_one_request(api, sale):
    client = api("write")
    first = post(client, ADD, {**sale, "amount_spent": 12.4}, key="k")
    assert post(client, ADD, {**sale, "amount_spent": "12.40"}, key="k").content == first.content
    assert Order.objects.get().total == Decimal("12.40")
