"""Referrals over HTTP: settings, claims, the list, and what people decide; with the codes that programs compare."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from loyalty.actions.settings import PointSettings, change_point_settings
from loyalty.models import Account, Referral, Transaction
from loyalty.tests.test_api_points import ADD, post
from workspace.models import Business

SETTINGS, TRACK, COMPLETE = "/api/v1/referral-settings/", "/api/v1/referrals/track", "/api/v1/referrals/complete"
LIST = "/api/v1/referrals/"
MEMBER, FRIEND = "07700 900123", "07700 900150"


@pytest.fixture
def rewarded(api, business):
    client = api("admin")
    body = {"is_active": True, "referrer_points": 200, "friend_points": 50, "min_spend": "5.00"}
    assert client.patch(SETTINGS, body, content_type="application/json").status_code == 200
    sale = {"business_id": business.code, "customer_phone_number": MEMBER, "amount_spent": 10}
    assert post(api("write"), ADD, sale, key="sale").status_code == 201


@pytest.fixture
def claim(rewarded):
    return {"new_customer_phone_number": FRIEND, "referrer_phone_number": MEMBER}


def test_settings_are_read_changed_and_checked(api):
    client = api("admin")
    assert client.get(SETTINGS).json() == {
        "is_active": False, "referrer_points": 100, "friend_points": 100, "min_spend": "0.00", "days": 90,
        "monthly_limit": 10, "weekly_review": 5,
    }  # fmt: skip
    changed = client.patch(SETTINGS, {"days": 30, "monthly_limit": None}, content_type="application/json").json()
    assert (changed["days"], changed["monthly_limit"], changed["referrer_points"]) == (30, None, 100)
    refused = client.patch(SETTINGS, {"days": 0}, content_type="application/json")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "days")
    assert api("write").patch(SETTINGS, {"days": 1}, content_type="application/json").status_code == 403


def test_a_claim_by_number_or_code_is_one_and_the_same(api, claim):
    client = api("write")
    first = post(client, TRACK, claim, key="k")
    body = first.json()
    assert (first.status_code, body["state"], body["channel"], body["friend_id"]) == (201, "pending", "api", None)
    again = post(client, TRACK, claim, key="k")
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (body, "true")
    member = Account.objects.get().customer
    code = client.get(f"/api/v1/customers/{member.code}/referral-code").json()
    assert code["link"].endswith(f"/p/r/{code['referral_code']}/")
    by_code = {"new_customer_phone_number": FRIEND, "referral_code": code["referral_code"]}
    assert post(client, TRACK, by_code, key="c").json()["id"] == body["id"]
    assert Referral.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"referrer_phone_number": "07700 900199"}, 404, "loyalty.unknown_referrer"),
        ({"new_customer_phone_number": MEMBER}, 409, "loyalty.self_referral"),
        ({"new_customer_phone_number": "12"}, 422, "invalid_phone"),
        ({"business_id": "nowhere"}, 404, "unknown_business"),
        ({"referral_code": "ABCDEFGH"}, 422, "invalid"),
    ],
)
def test_what_cannot_be_is_refused_and_noted_nowhere(api, claim, changes, status, code):
    refused = post(api("write"), TRACK, {**claim, **changes}, key="k")
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert not Referral.objects.exists()


def test_completed_by_hand_once_with_other_points(api, claim):
    tracked = post(api("write"), TRACK, claim, key="k").json()
    body = {"new_customer_phone_number": FRIEND, "points_to_award_referrer": 7}
    assert post(api("write"), COMPLETE, body, key="c").status_code == 403
    admin = api("admin")
    done = post(admin, COMPLETE, body, key="c")
    assert (done.status_code, done.json()["state"], done.json()["referrer_points"]) == (201, "completed", 7)
    assert post(admin, COMPLETE, body, key="c").json() == done.json()
    by_id = post(admin, COMPLETE, {"referral_id": tracked["id"]}, key="d").json()
    assert by_id["referrer_transaction_id"] == done.json()["referrer_transaction_id"]
    assert sorted(Transaction.objects.filter(kind="referral").values_list("points", flat=True)) == [7, 50]
    over = post(admin, f"{LIST}{tracked['id']}/cancel", "")
    assert (over.status_code, over.json()["code"]) == (409, "loyalty.referral_over")
    gone = post(admin, COMPLETE, body, key="e")
    assert (gone.status_code, gone.json()["code"]) == (404, "loyalty.unknown_referral")


def test_more_points_than_one_person_may_give_are_not_given_by_a_referral(api, claim, actor):
    settings = PointSettings(point_value=Decimal("0.01"), approval_above=150)
    change_point_settings(settings=settings, actor=actor, now=timezone.now())
    tracked = post(api("write"), TRACK, claim, key="k").json()
    body = {"referral_id": tracked["id"], "points_to_award_referrer": 1_000_000}
    refused = post(api("admin"), COMPLETE, body)
    assert (refused.status_code, refused.json()["code"]) == (409, "loyalty.approval_required")
    assert Referral.objects.get().state == "pending"
    promised = post(api("admin"), COMPLETE, {"referral_id": tracked["id"], "points_to_award_referrer": 200})
    assert (promised.status_code, promised.json()["referrer_points"]) == (201, 200), "the owner's word allows it"


def test_the_list_filters_and_keeps_to_a_business(api, claim, business):
    post(api("write", business=business), TRACK, claim, key="k")
    second = post(api("write"), TRACK, {**claim, "new_customer_phone_number": "07700 900151"}, key="l").json()
    post(api("admin"), f"{LIST}{second['id']}/cancel", "")
    client = api("read")
    assert [row["state"] for row in client.get(LIST).json()["data"]] == ["cancelled", "pending"]
    assert [row["state"] for row in client.get(f"{LIST}?state=pending").json()["data"]] == ["pending"]
    assert client.get(f"{LIST}?referrer_id=nobody").json()["data"] == []
    other = Business.objects.create(name="Next door")
    assert api("read", business=other).get(LIST).json()["data"] == []
    assert len(api("read", business=business).get(LIST).json()["data"]) == 1


def test_another_programme_has_referrals_of_its_own(api, claim, other_programme):
    tracked = post(api("write"), TRACK, claim, key="k").json()
    with tenant_context(other_programme):
        foreign = api("admin", on=other_programme)
        assert foreign.get(LIST).json()["data"] == []
        refused = post(foreign, f"{LIST}{tracked['id']}/cancel", "")
        assert (refused.status_code, refused.json()["code"]) == (404, "loyalty.unknown_referral")
