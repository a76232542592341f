"""Tiers over HTTP: the ladder, what counts towards it, and one member's standing."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context

from customers.models import Customer
from loyalty.models import Account, EarningRule, LoyaltySettings, Reward, Tier, TierChange
from loyalty.tasks import apply_tiers
from loyalty.tests.given import PHONE
from workspace.models import AuditEntry

TIERS = "/api/v1/tiers/"
SETTINGS = "/api/v1/tier-settings/"
SILVER = {"name": "Silver", "threshold": "100", "factor": "1.5", "benefits": "A free refill"}


def send(client, method, url, body=None):
    return getattr(client, method)(url, json.dumps(body or {}), content_type="application/json")


def post(client, body):
    return send(client, "post", TIERS, body)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def ladder(api, business):
    """Silver from 100, Gold from 300."""
    client = api("admin")
    return [post(client, body).json() for body in (SILVER, {"name": "Gold", "threshold": "300"})]


def standing(client, customer):
    return client.get(f"/api/v1/customers/{customer.code}/tier").json()


# -- tiers ------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("business")
def test_a_tier_is_made_read_changed_ended_and_brought_back(api):
    client = api("admin")
    made = post(client, SILVER)
    assert made.status_code == 201
    tier = made.json()
    assert {name: tier[name] for name in ("name", "rank", "threshold", "factor", "benefits", "is_active")} == {
        "name": "Silver", "rank": 1, "threshold": "100", "factor": "1.50", "benefits": "A free refill",
        "is_active": True,
    }  # fmt: skip
    url = f"{TIERS}{tier['id']}"
    assert client.get(url).json() == tier
    changed = send(client, "patch", url, {"threshold": "150", "is_active": False})
    assert (changed.status_code, changed.json()["threshold"], changed.json()["is_active"]) == (200, "150", False)
    assert changed.json()["factor"] == "1.50"
    assert send(client, "patch", url, {"is_active": True}).json()["is_active"] is True
    acts = AuditEntry.objects.filter(subject=f"tier:{tier['id']}").order_by("pk").values_list("action", flat=True)
    assert list(acts) == [f"loyalty.tier.{act}" for act in ("created", "changed", "ended", "restored")]


def test_the_list_goes_from_the_lowest_to_the_highest(api, ladder):
    client = api("admin")
    bronze = post(client, {"name": "Bronze", "threshold": "20", "is_active": False}).json()
    assert [tier["name"] for tier in client.get(TIERS).json()["data"]] == ["Silver", "Gold", "Bronze"]
    send(client, "patch", f"{TIERS}{bronze['id']}", {"is_active": True})
    assert [tier["rank"] for tier in client.get(TIERS).json()["data"]] == [1, 2, 3]
    assert [tier["name"] for tier in client.get(f"{TIERS}?ordering=-rank").json()["data"]] == [
        "Gold", "Silver", "Bronze",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**SILVER, "hat": 1}, "hat"),
        ({"name": "x"}, "threshold"),
        ({**SILVER, "name": "silver", "threshold": "5"}, "name"),
        ({"name": "x", "threshold": "100"}, "threshold"),
        ({"name": "x", "threshold": "1.5"}, "threshold"),
        ({"name": "x", "threshold": "5", "factor": "0.5"}, "factor"),
        ({"name": "", "threshold": "5"}, "name"),
    ],
)
def test_what_no_tier_can_be_is_refused_at_its_field(body, field, api, ladder):
    response = post(api("admin"), body)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)
    assert Tier.objects.count() == 2


def test_a_refused_change_changes_nothing(api, ladder):
    silver = ladder[0]
    response = send(api("admin"), "patch", f"{TIERS}{silver['id']}", {"name": "New", "threshold": "300"})
    assert response.status_code == 422
    assert api("read").get(f"{TIERS}{silver['id']}").json() == silver


def test_a_tier_that_nobody_had_is_deleted(api, ladder):
    client, url = api("admin"), f"{TIERS}{ladder[0]['id']}"
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404
    assert Tier.objects.get().rank == 1
    assert AuditEntry.objects.get(action="loyalty.tier.deleted").data["name"] == "Silver"


@pytest.mark.parametrize("named_by", ["member", "history", "rule", "reward"])
def test_a_tier_that_something_names_ends_instead(api, ladder, add, named_by):
    tier = Tier.objects.get(name="Silver")
    if named_by == "rule":
        EarningRule.objects.create(name="x", effect="bonus", points=5, tier=tier)
    elif named_by == "reward":
        Reward.objects.create(name="x", points=5, tier=tier)
    else:
        add("100")
    if named_by == "history":
        Account.objects.update(tier=None)
    client = api("admin")
    assert client.delete(f"{TIERS}{tier.code}").status_code == 204
    assert client.get(f"{TIERS}{tier.code}").json()["is_active"] is False


def test_reading_needs_one_scope_and_changing_another(api, ladder):
    read, url = api("read"), f"{TIERS}{ladder[0]['id']}"
    assert read.get(TIERS).status_code == read.get(url).status_code == read.get(SETTINGS).status_code == 200
    for client in (read, api("write")):
        assert post(client, SILVER).status_code == 403
        assert send(client, "patch", url, {"threshold": "5"}).status_code == 403
        assert send(client, "patch", SETTINGS, {"grace_days": 1}).status_code == 403
        assert client.delete(url).status_code == 403
    assert api(None).get(TIERS).status_code == 401


def test_a_caller_of_one_business_reads_and_changes_nothing(api, ladder, business):
    client, url = api("admin", business=business), f"{TIERS}{ladder[0]['id']}"
    assert client.get(TIERS).status_code == client.get(url).status_code == client.get(SETTINGS).status_code == 200
    answers = [
        post(client, {"name": "x", "threshold": "5"}),
        send(client, "patch", url, {}),
        send(client, "patch", url, {"is_active": False}),
        send(client, "patch", SETTINGS, {"grace_days": 1}),
        client.delete(url),
    ]
    assert [answer.status_code for answer in answers] == [403] * 5


def test_tiers_of_another_programme_are_not_there(api, ladder, other_programme):
    assert api("admin").get(f"{TIERS}nothing0").json()["code"] == "loyalty.unknown_tier"
    with tenant_context(other_programme):
        theirs = api("admin", on=other_programme)
        assert theirs.get(TIERS).json()["data"] == []
        assert theirs.get(f"{TIERS}{ladder[0]['id']}").status_code == 404
        assert theirs.delete(f"{TIERS}{ladder[0]['id']}").status_code == 404
    assert Tier.objects.count() == 2


# -- what counts ------------------------------------------------------------------------------------------------------


def test_settings_are_read_and_changed_in_part(api, ladder):
    client = api("admin")
    assert client.get(SETTINGS).json() == {
        "basis": "points", "window_months": 12, "keep_months": 12, "grace_days": 30, "drops_to": "earned",
    }  # fmt: skip
    changed = send(client, "patch", SETTINGS, {"basis": "spend", "keep_months": None, "drops_to": "next"})
    assert changed.json() == {
        "basis": "spend", "window_months": 12, "keep_months": None, "grace_days": 30, "drops_to": "next",
    }  # fmt: skip
    kept = LoyaltySettings.objects.get()
    assert (kept.tier_basis, kept.tier_keep_months) == ("spend", None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"basis": "hats"}, "basis"),
        ({"window_months": 0}, "window_months"),
        ({"keep_months": 61}, "keep_months"),
        ({"grace_days": 367}, "grace_days"),
        ({"drops_to": "nothing"}, "drops_to"),
        ({"tier_basis": "spend"}, "tier_basis"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_their_field(body, field, api, ladder):
    response = send(api("admin"), "patch", SETTINGS, body)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)


def test_a_basis_that_a_threshold_does_not_fit_is_refused(api, ladder):
    client = api("admin")
    send(client, "patch", SETTINGS, {"basis": "spend"})
    post(client, {"name": "Bronze", "threshold": "9.50"})
    response = send(client, "patch", SETTINGS, {"basis": "visits"})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "basis")


# -- of one member ----------------------------------------------------------------------------------------------------


def test_where_a_member_stands(api, ladder, add):
    add("120")
    customer = Customer.objects.get()
    shown = standing(api("read"), customer)
    assert (shown["tier"]["name"], shown["next_tier"]["name"]) == ("Silver", "Gold")
    assert [shown[name] for name in ("basis", "collected", "missing", "percent", "to_keep", "is_in_grace")] == [
        "points", "120", "180", 40, "100", False,
    ]  # fmt: skip
    assert shown["kept_until"] is not None
    (step,) = shown["history"]
    assert {name: step[name] for name in ("text", "cause", "tier_id", "before_id", "by")} == {
        "text": "Reached Silver", "cause": "reached", "tier_id": ladder[0]["id"], "before_id": None, "by": "",
    }  # fmt: skip


def test_what_the_next_tier_gives_is_said(api, ladder, add):
    add("10")
    Reward.objects.create(name="Tasting", points=5, tier=Tier.objects.get(name="Silver"))
    shown = standing(api("read"), Customer.objects.get())
    assert (shown["tier"], shown["missing"], shown["percent"]) == (None, "90", 10)
    assert shown["gains"] == ["1.5 times the points", "A free refill", "Reward: Tasting"]


def test_without_tiers_nobody_has_one(api, add):
    add("10")
    shown = standing(api("read"), Customer.objects.get())
    assert (shown["tier"], shown["next_tier"], shown["missing"], shown["history"]) == (None, None, "0", [])


def test_a_tier_by_hand_and_back(api, ladder, add):
    add("10")
    customer, client = Customer.objects.get(), api("admin")
    url, gold = f"/api/v1/customers/{customer.code}/tier", ladder[1]
    until = (timezone.now() + timedelta(days=40)).date().isoformat()
    given = send(client, "put", url, {"tier_id": gold["id"], "until": until, "reason": "A friend"})
    assert (given.status_code, given.json()["tier"]["name"], given.json()["kept_until"]) == (200, "Gold", until)
    step = given.json()["history"][0]
    assert (step["cause"], step["reason"], step["kept_until"], bool(step["by"])) == ("set", "A friend", until, True)
    taken = send(client, "put", url, {"tier_id": None})
    assert (taken.status_code, taken.json()["tier"]) == (200, None)
    assert [step["cause"] for step in taken.json()["history"]] == ["set", "set"]


def test_by_hand_needs_its_scope_all_businesses_and_something_that_is_there(api, ladder, add, business):
    add("10")
    customer, gold = Customer.objects.get(), ladder[1]["id"]
    url = f"/api/v1/customers/{customer.code}/tier"
    for client in (api("read"), api("write"), api("admin", business=business)):
        assert send(client, "put", url, {"tier_id": gold}).status_code == 403
    client = api("admin")
    assert send(client, "put", url, {}).json()["errors"][0]["field"] == "tier_id"
    assert send(client, "put", url, {"tier_id": "nothing0"}).json()["code"] == "loyalty.unknown_tier"
    past = send(client, "put", url, {"tier_id": gold, "until": "2020-01-01"})
    assert (past.status_code, past.json()["errors"][0]["field"]) == (422, "until")
    stranger = Customer.objects.create()
    refused = send(client, "put", f"/api/v1/customers/{stranger.code}/tier", {"tier_id": gold})
    assert refused.json()["code"] == "loyalty.unknown_member"
    assert not TierChange.objects.filter(cause="set").exists()


def test_a_customer_of_another_business_is_not_there(api, ladder, add, other_business):
    add("10")
    customer = Customer.objects.get()
    client = api("read", business=other_business)
    assert client.get(f"/api/v1/customers/{customer.code}/tier").status_code == 404


def test_points_by_phone_name_the_tier_and_the_next(api, ladder, add):
    add("120")
    told = api("read").get(f"/api/v1/customers/points/{PHONE}").json()["tier"]
    assert (told["id"], told["name"], told["missing"]) == (ladder[0]["id"], "Silver", "180")
    assert told["next_tier"] == {"id": ladder[1]["id"], "name": "Gold"}
    Tier.objects.update(is_active=False)
    assert api("read").get(f"/api/v1/customers/points/{PHONE}").json()["tier"] is None


def test_points_by_phone_without_a_tier_yet(api, ladder, add):
    add("10")
    told = api("read").get(f"/api/v1/customers/points/{PHONE}").json()["tier"]
    assert (told["id"], told["name"], told["since"], told["missing"]) == (None, "", None, "90")


def test_the_ladder_has_no_query_for_each_tier(api, ladder):
    client = api("read")
    client.get(TIERS)
    counts = []
    for first in (3, 6):
        Tier.objects.bulk_create(Tier(name=f"T{rank}", rank=rank, threshold=rank) for rank in range(first, first + 3))
        with CaptureQueriesContext(connection) as counted:
            client.get(TIERS)
        counts.append(len(counted))
    assert counts[0] == counts[1]


def test_members_of_before_are_sorted_by_the_work_that_is_due(api, add):
    add("150")
    post(api("admin"), SILVER)
    customer = Customer.objects.get()
    assert standing(api("read"), customer)["tier"] is None
    apply_tiers(timezone.now())
    assert standing(api("read"), customer)["tier"]["name"] == "Silver"
