"""Recommendations over HTTP: what a member is told, the rules, what they did, cross-promotions."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.permissions import Perm, Role
from customers.models import Customer, Order
from loyalty.actions import points
from loyalty.actions.co_visits import learn_co_visits
from loyalty.actions.recommender_settings import RuleValues, change_rule
from loyalty.models import Account, Recommendation, Reward
from loyalty.tests.given import E164, PHONE
from workspace.models import Business

V1 = "/api/v1"


@pytest.fixture
def member(add, actor):
    """100 points, 20 short of a reward; nobody is left out."""
    for name in ("near_reward", "inactive", "co_visits"):
        change_rule(name=name, values=RuleValues(is_active=name == "near_reward", hold_back=0), actor=actor)
    add("100")
    Reward.objects.create(name="Free cake", points=120)
    return Account.objects.get().customer


def ask(client, phone=PHONE):
    return client.get(f"{V1}/customers/recommendations/{quote(phone)}")


def send(client, method, url, body):
    return getattr(client, method)(f"{V1}{url}", body, content_type="application/json")


def test_what_a_member_is_told_with_rule_text_and_evidence(api, member):
    answer = ask(api("read"))
    row = Recommendation.objects.get()
    assert answer.json() == {
        "customer_id": member.code,
        "recommendations": [
            {
                "id": row.code,
                "rule": "near_reward",
                "text": "Just 20 points to go: Free cake",
                "reason": "You have 100 of 120 points.",
                "evidence": row.evidence,
            }
        ],
    }
    assert (row.channel, row.evidence["missing"], row.is_held) == ("api", 20, False)
    assert ask(api("read"), E164).json() == answer.json()
    assert Recommendation.objects.count() == 1


def test_the_members_own_language(api, member):
    Customer.objects.update(language="de")
    (told,) = ask(api("read")).json()["recommendations"]
    assert told["text"] == "Nur noch 20 Punkte: Free cake"


def test_who_is_left_out_is_told_nothing(api, member):
    ask(api("read"))
    Recommendation.objects.update(is_held=True)
    assert ask(api("read")).json()["recommendations"] == []


def test_strangers_and_wrong_numbers(api, member):
    assert ask(api("read"), "07700 900999").json()["code"] == "loyalty.unknown_member"
    assert ask(api("read"), "12").status_code == 422


def test_it_takes_both_scopes(api, member):
    assert ask(api(Perm.CUSTOMERS_VIEW)).status_code == 403
    assert ask(api(Perm.POINTS_VIEW)).status_code == 403
    assert ask(api(Perm.CUSTOMERS_VIEW, Perm.POINTS_VIEW)).status_code == 200


def test_rules_are_read_and_changed_by_name(api, programme):
    read = api("read").get(f"{V1}/recommendation-rules/").json()["data"]
    assert [rule["name"] for rule in read] == ["near_reward", "inactive", "co_visits"]
    assert read[0]["parameters"] == {"within": 50}
    client = api("admin")
    changed = send(
        client, "patch", "/recommendation-rules/co_visits", {"parameters": {"least_both": 25}, "hold_back": 20}
    )
    assert changed.status_code == 200
    assert changed.json()["parameters"]["least_both"] == 25
    assert changed.json()["parameters"]["least_percent"] == 10
    assert client.get(f"{V1}/recommendation-rules/co_visits").json() == changed.json()


@pytest.mark.parametrize(
    ("body", "field"),
    [({"parameters": {"within": 0}}, "within"), ({"hold_back": 51}, "hold_back"), ({"colour": "red"}, "colour")],
)
def test_a_change_that_makes_no_sense(api, programme, body, field):
    answer = send(api("admin"), "patch", "/recommendation-rules/near_reward", body)
    assert answer.status_code == 422
    assert field in str(answer.json())
    assert not Recommendation.objects.exists()


def test_an_unknown_rule(api, programme):
    assert api("read").get(f"{V1}/recommendation-rules/tarot").json()["code"] == "loyalty.unknown_recommender"
    assert send(api("admin"), "patch", "/recommendation-rules/tarot", {}).status_code == 404


def test_the_report_compares_who_was_told_with_who_was_not(api, member, business):
    now = timezone.now()
    made = {"rule": "inactive", "channel": "api", "at_target": False, "is_open": False}
    times = {"made_at": now - timedelta(days=40), "counts_from": now - timedelta(days=40)}
    for number in range(80):
        customer = Customer.objects.create(first_name=str(number))
        is_held = number >= 40
        back = times["made_at"] + timedelta(days=number % 10) if number < 30 or 40 <= number < 50 else None
        Recommendation.objects.create(
            customer=customer, is_held=is_held, ends_at=now - timedelta(days=10), came_back_at=back, **made, **times
        )
    (report,) = [
        one for one in api("read").get(f"{V1}/reports/recommendations").json()["data"] if one["rule"] == "inactive"
    ]
    assert report["told"] == {"members": 40, "came_back": 30, "median_days": 4}
    assert report["left_out"] == {"members": 40, "came_back": 10, "median_days": 4}
    assert (report["difference"], report["verdict"]) == (0.5, "works")
    assert 0.28 < report["low"] < 0.5 < report["high"] < 0.68


def test_cross_promotions_are_set_listed_and_deleted(api, business, other_business):
    client = api("admin")
    body = {"business_id": business.code, "other_business_id": other_business.code, "verdict": "always", "text": "Go"}
    made = send(client, "post", "/cross-promotions/", body)
    assert (made.status_code, made.json()["business_id"]) == (201, business.code)
    assert client.get(f"{V1}/cross-promotions/").json()["data"] == [made.json()]
    url = f"{V1}/cross-promotions/{made.json()['id']}"
    assert client.delete(url).status_code == 204
    assert client.delete(url).json()["code"] == "loyalty.unknown_cross_promotion"
    same = {**body, "other_business_id": business.code}
    assert "other_business_id" in str(send(client, "post", "/cross-promotions/", same).json())
    unknown = {**body, "other_business_id": "nobody"}
    assert send(client, "post", "/cross-promotions/", unknown).json()["code"] == "unknown_business"


def test_who_buys_where_too(api, business, other_business, member):
    for number in range(3):
        customer = Customer.objects.create(first_name=str(number))
        for shop in (business, other_business):
            Order.objects.create(
                business=shop, source="t", reference=str(number), customer=customer, total=5, placed_at=timezone.now()
            )
    learn_co_visits(now=timezone.now())
    pairs = api("read").get(f"{V1}/co-visits/").json()["data"]
    assert {(pair["business_id"], pair["other_business_id"], pair["both"]) for pair in pairs} == {
        (business.code, other_business.code, 3), (other_business.code, business.code, 3),
    }  # fmt: skip


def test_another_programme_has_members_rules_and_figures_of_its_own(api, member, other_programme, actor, now):
    ask(api("read"))
    with tenant_context(other_programme):
        theirs = api("read", on=other_programme)
        assert ask(theirs).status_code == 404
        shop = Business.objects.create(name="Theirs")
        points.add_points(business=shop.pk, phone=E164, amount=Decimal(7), key="k", actor=actor, now=timezone.now())
        assert ask(theirs, E164).json()["recommendations"] == []
        assert theirs.get(f"{V1}/recommendation-rules/near_reward").json()["hold_back"] == 10
        assert [one["running"] for one in theirs.get(f"{V1}/reports/recommendations").json()["data"]] == [0, 0, 0]


@pytest.mark.parametrize(("role", "status"), [(Role.MANAGER, 200), (Role.MARKETER, 403), (Role.ANALYST, 403)])
def test_who_may_change_a_rule(api, programme, make_member, role, status):
    person = api(user=make_member("kit@example.com", role))
    assert person.get(f"{V1}/recommendation-rules/").status_code == 200
    assert send(person, "patch", "/recommendation-rules/inactive", {"hold_back": 5}).status_code == status
