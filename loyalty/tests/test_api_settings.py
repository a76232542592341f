"""Settings of points and adjustments that wait, over HTTP."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from customers.models import Customer
from loyalty.actions.settings import PointSettings, change_point_settings
from loyalty.models import Account, AdjustmentRequest, LoyaltySettings

SETTINGS = "/api/v1/point-settings/"
REQUESTS = "/api/v1/adjustment-requests/"


def send(client, method, url, body=None, key=""):
    headers = {"idempotency-key": key} if key else {}
    return getattr(client, method)(url, json.dumps(body or {}), content_type="application/json", headers=headers)


@pytest.fixture
def limited(actor, add, now):
    change_point_settings(settings=PointSettings(point_value=Decimal("0.01"), approval_above=100), actor=actor, now=now)
    add("50")
    return Customer.objects.get()


@pytest.mark.usefixtures("programme")
def test_settings_are_read_and_changed_in_part(api):
    admin = api("admin")
    assert admin.get(SETTINGS).json()["expiry_policy"] == "months"
    changed = send(admin, "patch", SETTINGS, {"expiry_policy": "inactivity", "expiry_months": 12, "pending_days": 14})
    assert changed.status_code == 200, changed.content
    kept = LoyaltySettings.objects.get()
    assert (kept.expiry_policy, kept.expiry_months, kept.pending_days) == ("inactivity", 12, 14)
    assert kept.point_value == Decimal("0.01")
    wrong = send(admin, "patch", SETTINGS, {"expiry_months": None})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "expiry_months"
    assert send(api("read"), "patch", SETTINGS, {"pending_days": 1}).status_code == 403


@pytest.mark.usefixtures("programme")
@pytest.mark.parametrize("day", ["02-30", "12-1٣", "12- 1", "1-01"])
def test_a_day_of_the_year_is_written_as_the_database_reads_it(api, day):
    wrong = send(api("admin"), "patch", SETTINGS, {"expiry_policy": "date", "expiry_months": 12, "expiry_day": day})
    assert (wrong.status_code, [error["field"] for error in wrong.json()["errors"]]) == (422, ["expiry_day"])
    assert not LoyaltySettings.objects.filter(expiry_policy="date").exists()


def test_one_key_asks_and_another_approves(api, limited):
    first, second = api("admin"), api("admin")
    body = {"customer_id": limited.code, "points": 500, "reason": "Sorry"}
    refused = send(
        first,
        "post",
        "/api/v1/transactions/adjust",
        {"customer_phone_number": "07700 900123", "points": 500, "reason": "x"},
        key="a",
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "loyalty.approval_required")
    asked = send(first, "post", REQUESTS, body, key="k")
    assert (asked.status_code, asked.json()["state"]) == (201, "waiting")
    assert send(first, "post", REQUESTS, body, key="k").json() == asked.json()
    own = send(first, "post", f"{REQUESTS}{asked.json()['id']}/approve")
    assert (own.status_code, own.json()["code"]) == (409, "loyalty.own_request")
    approved = send(second, "post", f"{REQUESTS}{asked.json()['id']}/approve")
    assert approved.json()["state"] == "approved"
    assert Account.objects.get().available == 550
    assert [row["id"] for row in first.get(f"{REQUESTS}?state=approved").json()["data"]] == [asked.json()["id"]]


def test_declined_over_the_api(api, limited):
    asked = send(api("admin"), "post", REQUESTS, {"customer_id": limited.code, "points": -9, "reason": "x"}, key="k")
    second = api("admin")
    assert send(second, "post", f"{REQUESTS}{asked.json()['id']}/decline").json()["state"] == "declined"
    assert send(second, "post", f"{REQUESTS}nothing/decline").status_code == 404
    assert AdjustmentRequest.objects.get().state == "declined"


def test_a_question_needs_a_key(api, limited):
    answer = send(api("admin"), "post", REQUESTS, {"customer_id": limited.code, "points": 5, "reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")
