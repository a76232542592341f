"""Reports over HTTP: figures with the period before, one business, who may, settlement by month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django_tenants.utils import tenant_context

from loyalty.actions import points
from loyalty.actions.point_days import count_points
from loyalty.actions.settlement import close_month
from loyalty.tests.given import PHONE

BASE = "/api/v1/reports/"
NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)
REPORTS = (
    "total-points-issued", "total-redemptions", "customer-count", "top-customers", "liability", "breakage",
    "settlement",
)  # fmt: skip
JULY = {"from": "2026-07-01", "to": "2026-07-31"}


@pytest.fixture
def now():
    return NOW


@pytest.fixture(autouse=True)
def july():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def life(add, redeem, undo, business, other_business, now):
    june = now - timedelta(days=30)
    add("100", now=june)
    redeem(80, key="june", business=other_business.pk, now=june)
    add("300")
    undo(add("7"), "u")
    redeem(50, business=other_business.pk)


@pytest.mark.usefixtures("life")
def test_points_issued_and_taken_back_with_the_period_before(api, business, other_business):
    answer = api("read").get(f"{BASE}total-points-issued", JULY).json()
    assert (answer["from"], answer["to"], answer["before_from"]) == ("2026-07-01", "2026-07-31", "2026-05-31")
    assert (answer["issued"], answer["taken_back"], answer["expired"]) == (307, 7, 0)
    assert answer["before"] == {"issued": 100, "taken_back": 0, "expired": 0}
    assert {row["business_id"]: row["issued"] for row in answer["businesses"]} == {
        business.code: 307, other_business.code: 0,
    }  # fmt: skip


@pytest.mark.usefixtures("life")
def test_redemptions_where_they_were(api, business, other_business):
    answer = api("read").get(f"{BASE}total-redemptions", JULY).json()
    assert (answer["redeemed"], answer["worth"], answer["before"]) == (50, "0.50", {"redeemed": 80, "worth": "0.80"})
    there = api("read").get(f"{BASE}total-redemptions", {**JULY, "business": business.code}).json()
    assert (there["redeemed"], there["business_id"]) == (0, business.code)
    assert [row["business_id"] for row in there["businesses"]] == [business.code]


@pytest.mark.usefixtures("life")
def test_people_and_the_most_points(api):
    people = api("read").get(f"{BASE}customer-count", JULY).json()
    assert [people[name] for name in ("unique", "active", "members", "new_members")] == [1, 1, 1, 0]
    assert people["before"] == {"unique": 1, "active": 1, "members": 1, "new_members": 1}
    (top,) = api("read").get(f"{BASE}top-customers", {**JULY, "n": 5}).json()["customers"]
    assert {name: top[name] for name in top if name != "customer_id"} == {
        "points": 300, "points_before": 100, "redeemed": 50, "sales": 1, "spent": "300.00",
    }  # fmt: skip


@pytest.mark.usefixtures("life")
def test_what_is_owed_at_the_end_of_a_period(api):
    july = api("read").get(f"{BASE}liability", JULY).json()
    assert (july["outstanding"], july["liability"], july["point_value"]) == (270, "2.70", "0.010000")
    assert july["before"] == {"outstanding": 20, "liability": "0.20"}
    june = api("read").get(f"{BASE}liability", {"from": "2026-06-01", "to": "2026-06-30"}).json()
    assert (june["outstanding"], june["before"]["outstanding"]) == (20, 0)


@pytest.mark.usefixtures("life")
def test_breakage_names_its_method(api, now):
    client = api("read")
    early = client.get(f"{BASE}breakage").json()
    assert (early["points"], early["rate"], early["counted_on"], early["ages"][0]["at_risk"]) == (None, None, None, 0)
    count_points(now=now)
    late = client.get(f"{BASE}breakage").json()
    assert (late["method"], late["counted_on"], late["outstanding"]) == ("aalen-johansen", "2026-07-19", 270)
    assert late["ages"] == [{"age": 0, "outstanding": 270, "at_risk": 100, "redeemed": 80, "expired": 0}]
    assert (late["rate"], late["points"]) == (0.0, 0), "of a fifth of a fifth, 24 times, nothing is left"


@pytest.mark.usefixtures("life")
def test_a_month_is_closed_once_and_in_order(api, business, other_business):
    owner, url = api("admin"), "/api/v1/settlement"
    closed = owner.post(f"{url}/2026-06/close")
    assert (closed.status_code, closed.json()["month"], len(closed.json()["digest"])) == (200, "2026-06", 64)
    assert closed.json()["debts"][0]["points"] == 80
    assert owner.post(f"{url}/2026-06/close").json() == closed.json()
    assert owner.post(f"{url}/2026-07/close").json()["code"] == "loyalty.month_not_over"
    assert owner.post(f"{url}/2026-13/close").json()["code"] == "loyalty.unknown_month"
    assert api("write").post(f"{url}/2026-06/close").status_code == 403


@pytest.mark.usefixtures("life")
def test_settlement_month_by_month(api, business, other_business, actor, now):
    close_month(month=datetime(2026, 6, 1).date(), actor=actor, now=now)
    answer = api("read").get(f"{BASE}settlement", {"from": "2026-05-15", "to": "2026-07-20"}).json()
    june, july = answer["months"]
    assert (june["month"], july["month"]) == ("2026-06", "2026-07")
    assert june["closed_at"] is not None
    assert len(june["digest"]) == 64
    assert (july["closed_at"], july["digest"]) == (None, None)
    debt = {"debtor_id": business.code, "creditor_id": other_business.code}
    assert june["debts"] == [{**debt, "points": 80, "amount": "0.80"}]
    assert july["debts"] == [{**debt, "points": 50, "amount": "0.50"}]
    assert june["netted"] == [{"payer_id": business.code, "payee_id": other_business.code, "amount": "0.80"}]


@pytest.mark.usefixtures("life")
def test_a_key_of_one_business_sees_that_one(api, make_key, business, other_business, actor):
    third_points = {"phone": PHONE, "actor": actor, "now": NOW}
    points.adjust_points(points=30, reason="Sorry", key="g", **third_points)
    points.redeem_points(business=other_business.pk, points=280, reason="Mug", key="all", **third_points)
    client = api("read", business=business)
    issued = client.get(f"{BASE}total-points-issued", JULY).json()
    assert (issued["business_id"], [row["business_id"] for row in issued["businesses"]]) == (
        business.code, [business.code],
    )  # fmt: skip
    settled = client.get(f"{BASE}settlement", JULY).json()["months"][0]["debts"]
    assert {(row["debtor_id"], row["creditor_id"]) for row in settled} == {(business.code, other_business.code)}
    for report in REPORTS:
        answer = client.get(f"{BASE}{report}", {"business": other_business.code})
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_business"), report


@pytest.mark.parametrize("report", REPORTS)
def test_who_may_and_what_is_refused(api, report, business):
    client = api("read")
    assert client.get(BASE + report).status_code == 200
    assert client.post(BASE + report).status_code in (403, 405)
    assert api("customers:read").get(BASE + report).status_code == 403
    assert client.get(BASE + report, {"nonsense": "1"}).status_code == 422
    assert client.get(BASE + report, {"business": "nobody12"}).status_code == 404
    if report != "breakage":
        for given in ({"from": "x"}, {"from": "2026-07-02", "to": "2026-07-01"}, {"from": "2020-01-01"}):
            assert client.get(BASE + report, given).status_code == 422, given


def test_the_number_of_top_customers_is_bounded(api):
    for number, status in ((0, 422), (1, 200), (100, 200), (101, 422)):
        assert api("read").get(f"{BASE}top-customers", {"n": number}).status_code == status


@pytest.mark.usefixtures("life")
def test_another_programme_reports_its_own(other_programme, now):
    from loyalty.reports_settlement import first_month

    with tenant_context(other_programme):
        assert first_month(other_programme.zone) is None


def test_a_programme_without_points_answers(api):
    assert api("read").get(f"{BASE}settlement").json() == {"business_id": None, "months": []}
    assert api("read").get(f"{BASE}total-points-issued").json()["businesses"] == []
    assert Decimal(api("read").get(f"{BASE}liability").json()["liability"]) == 0
