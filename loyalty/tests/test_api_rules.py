"""Earning rules over HTTP: made, read, changed, moved, deleted; and the acts that go by them."""

from __future__ import annotations

import json

import pytest

from customers.models import Customer, Identifier
from loyalty.models import Account, EarningRule, Tier, Transaction
from workspace.models import AuditEntry

RULES = "/api/v1/earning-rules/"
PHONE = "07700 900123"
TUESDAY = {"name": "Double coffee", "effect": "multiply", "factor": "2", "categories": ["Coffee"], "weekdays": [2]}


def send(client, method, url, body, key=""):
    headers = {"idempotency-key": key} if key else {}
    return getattr(client, method)(url, json.dumps(body), content_type="application/json", headers=headers)


def post(client, url, body, key=""):
    return send(client, "post", url, body, key)


def test_a_rule_is_made_read_changed_and_deleted(api, business):
    silver = Tier.objects.create(name="Silver", rank=1, threshold=100)
    client = api("admin")
    made = post(client, RULES, {**TUESDAY, "business_id": business.code, "tier_id": silver.code})
    assert made.status_code == 201
    rule = made.json()
    assert rule["sentence"] == "Double points on coffee, Tuesday, for Silver and above, at Quayside"
    assert [rule[name] for name in ("factor", "categories", "min_spend", "business_id", "is_active")] == [
        "2.00", ["coffee"], "0.00", business.code, True,
    ]  # fmt: skip
    assert client.get(f"{RULES}{rule['id']}").json() == rule
    changed = send(
        client,
        "patch",
        f"{RULES}{rule['id']}",
        {"from_time": "08:00", "to_time": "11:00", "tier_id": None, "business_id": None, "is_active": False},
    )
    assert (changed.status_code, changed.json()["sentence"]) == (200, "Double points on coffee, Tuesday, 8:00–11:00")
    assert (changed.json()["is_active"], changed.json()["tier_id"]) == (False, None)
    assert [one["id"] for one in client.get(RULES).json()["data"]] == [rule["id"]]
    assert client.delete(f"{RULES}{rule['id']}").status_code == 204
    assert client.get(f"{RULES}{rule['id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**TUESDAY, "hat": 1}, "hat"),
        ({**TUESDAY, "factor": "0.5", "min_spend": "10"}, "min_spend"),
        ({**TUESDAY, "weekdays": [8]}, "weekdays"),
        ({**TUESDAY, "from_time": "08:00"}, "to_time"),
        ({**TUESDAY, "tier_id": "nothing0"}, "tier_id"),
        ({"name": "x", "effect": "cap", "points": 5}, "per"),
        ({"name": "x", "trigger": "join", "effect": "multiply", "factor": "2"}, "effect"),
        ({"effect": "bonus", "points": 5}, "name"),
    ],
)
def test_what_no_rule_can_be_is_refused_at_its_field(body, field, api):
    response = post(api("admin"), RULES, body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"].startswith(field)
    assert not EarningRule.objects.exists()
    assert not AuditEntry.objects.filter(action__startswith="loyalty.rule").exists()


def test_a_rule_is_moved_to_its_place(api):
    client = api("admin")
    ids = [post(client, RULES, {**TUESDAY, "name": name}).json()["id"] for name in "abc"]
    send(client, "patch", f"{RULES}{ids[2]}", {"position": 1})
    assert [rule["name"] for rule in client.get(RULES).json()["data"]] == ["c", "a", "b"]
    post(client, RULES, {**TUESDAY, "name": "d", "position": 2, "is_active": False})
    assert [(rule["name"], rule["is_active"]) for rule in client.get(RULES).json()["data"]] == [
        ("c", True), ("d", False), ("a", True), ("b", True),
    ]  # fmt: skip


def test_reading_needs_one_scope_and_changing_another(api):
    rule = EarningRule.objects.create(name="x", effect="bonus", points=5)
    read = api("read")
    assert read.get(RULES).status_code == read.get(f"{RULES}{rule.code}").status_code == 200
    assert post(read, RULES, TUESDAY).status_code == 403
    assert send(read, "patch", f"{RULES}{rule.code}", {"points": 6}).status_code == 403
    assert read.delete(f"{RULES}{rule.code}").status_code == 403
    assert api(None).get(RULES).status_code == 401


def test_a_caller_of_one_business_sees_and_changes_its_own(api, business, other_business):
    everywhere = EarningRule.objects.create(name="everywhere", effect="bonus", points=5)
    EarningRule.objects.create(name="elsewhere", effect="bonus", points=5, business=other_business)
    client = api("admin", business=business)
    made = post(client, RULES, TUESDAY)
    assert (made.status_code, made.json()["business_id"]) == (201, business.code)
    assert [rule["name"] for rule in client.get(RULES).json()["data"]] == ["everywhere", "Double coffee"]
    assert send(client, "patch", f"{RULES}{everywhere.code}", {"points": 6}).status_code == 403
    assert send(client, "patch", f"{RULES}{made.json()['id']}", {"position": 1}).status_code == 403
    assert post(client, RULES, {**TUESDAY, "business_id": other_business.code}).status_code in (404, 422)


def test_a_rule_of_another_programme_is_not_there(api, other_programme):
    rule = EarningRule.objects.create(name="x", effect="bonus", points=5)
    assert api("admin").get(f"{RULES}{rule.code}").status_code == 200
    assert api("admin", on=other_programme).get(f"{RULES}{rule.code}").status_code in (401, 404)


# -- acts by rules ----------------------------------------------------------------------------------------------------


@pytest.fixture
def sale(business):
    lines = [{"title": "Flat white", "category": "Coffee", "amount": "8", "quantity": 2}, {"sku": "CUP", "amount": 4}]
    return {"business_id": business.code, "customer_phone_number": PHONE, "amount_spent": "15.50", "lines": lines}


STEPS = [
    {"text": "£15.50 × 1 = 15.5 points, rounded down", "points": 15},
    {"text": "Double: ×2 on £8.00", "points": 8, "type": "multiply"},
]


def test_a_sale_with_lines_is_explained_as_it_was_previewed(api, sale):
    rule = EarningRule.objects.create(name="Double", effect="multiply", factor=2, categories=["coffee"])
    steps = [STEPS[0], {**STEPS[1], "rule_id": rule.code}]
    client = api("write")
    preview = post(client, "/api/v1/transactions/simulate", sale).json()
    assert preview == {"points": 23, "explanation": steps, "balance_after": None}
    added = post(client, "/api/v1/transactions/add-points", sale, key="k")
    body = added.json()
    assert (added.status_code, body["points"], body["steps"]) == (201, 23, steps)
    assert body["explanation"] == "£15.50 × 1 = 15.5 points, rounded down; Double: ×2 on £8.00 (+8)"
    rule.delete()
    again = post(client, "/api/v1/transactions/add-points", sale, key="k")
    assert (again.content, again.headers["Idempotency-Replayed"]) == (added.content, "true")


def test_a_preview_knows_the_hour_of_the_sale(api, sale):
    EarningRule.objects.create(name="Double", effect="multiply", factor=2, weekdays=[2])
    client = api("write")
    url = "/api/v1/transactions/simulate"
    days = [{**sale, "placed_at": f"2026-06-{day}T12:00:00Z"} for day in (16, 17)]
    points = [post(client, url, sold).json()["points"] for sold in days]
    assert points == [31, 15]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lines": [{"amount": "20"}]}, "lines"),
        ({"lines": [{"amount": "1", "hat": 2}]}, "lines.0.hat"),
        ({"lines": [{"amount": "0"}]}, "lines.0.amount"),
        ({"lines": [{"amount": "1", "quantity": 0}]}, "lines.0.quantity"),
        ({"lines": [{"title": "x"}]}, "lines.0.amount"),
        ({"placed_at": "2026-06-16T12:00:00"}, "placed_at"),
    ],
)
@pytest.mark.parametrize("act", ["simulate", "add-points"])
def test_lines_that_are_none_are_refused_at_their_field(act, change, field, api, sale):
    response = post(api("write"), f"/api/v1/transactions/{act}", {**sale, **change}, key="k")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)
    assert not Customer.objects.exists()


def test_a_bonus_for_an_action(api, business):
    EarningRule.objects.create(
        name="Review", trigger="action", effect="bonus", action="review", points=5, per="ever", per_limit=1
    )
    client, url = api("write"), "/api/v1/transactions/award-bonus"
    body = {"customer_phone_number": PHONE, "action": "Review", "business_id": business.code}
    given = post(client, url, body, key="a")
    assert given.status_code == 201
    assert {name: given.json()[name] for name in ("type", "points", "balance", "action", "reason")} == {
        "type": "bonus", "points": 5, "balance": 5, "action": "review", "reason": "Review",
    }  # fmt: skip
    assert post(client, url, body, key="a").content == given.content
    assert post(client, url, body, key="b").json()["code"] == "loyalty.bonus_limit_reached"
    assert post(client, url, {**body, "action": "like"}, key="c").json()["code"] == "loyalty.no_such_action"
    assert post(client, url, {**body, "action": "birthday:x"}, key="d").status_code == 422
    assert post(client, url, body).status_code == 400
    assert post(api("read"), url, body, key="e").status_code == 403
    batch = {"operations": [{"type": "award-bonus", **body, "idempotency_key": "a"}]}
    results = post(client, "/api/v1/transactions/batch", batch).json()["results"]
    assert (results[0]["is_replayed"], results[0]["result"]) == (True, given.json())


def test_points_pass_from_one_member_to_the_other(api, sale):
    client, url = api("admin"), "/api/v1/transactions/transfer"
    post(client, "/api/v1/transactions/add-points", sale, key="k")
    post(client, "/api/v1/transactions/add-points", {**sale, "customer_phone_number": "07700 900124"}, key="l")
    body = {"customer_phone_number": PHONE, "recipient_phone_number": "07700 900124", "points": 10, "reason": "A gift"}
    passed = post(client, url, body, key="t")
    recipient = Identifier.objects.get(value="+447700900124").customer
    assert (passed.status_code, passed.json()["points"], passed.json()["recipient_id"]) == (201, -10, recipient.code)
    assert sorted(Account.objects.values_list("available", flat=True)) == [5, 25]
    assert post(client, url, body, key="t").content == passed.content
    assert post(client, url, {**body, "recipient_phone_number": PHONE}, key="u").status_code == 404
    assert post(client, url, {**body, "points": 99}, key="v").json()["code"] == "loyalty.not_enough_points"
    assert post(api("write"), url, body, key="w").status_code == 403
    assert Transaction.objects.done().filter(kind="transfer").count() == 2
