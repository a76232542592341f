"""Points by phone number over HTTP."""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import quote

import pytest
from django_tenants.utils import tenant_context

from core.permissions import Perm, Role
from customers.models import Customer, Identifier
from loyalty.actions import points
from loyalty.tests.given import E164, PHONE
from workspace.models import Business

URL = "/api/v1/customers/points/"


def ask(client, phone=PHONE, query=""):
    return client.get(f"{URL}{quote(phone)}{query}")


def test_points_and_the_last_transactions_with_business_names(api, add, redeem, business, other_business):
    add("10")
    add("20.50", business=other_business.pk, reference="R-2")
    spent = redeem(5)
    answer = ask(api("read")).json()
    customer = Customer.objects.get()
    assert {name: answer[name] for name in answer if name != "recent_transactions"} == {
        "customer_id": customer.code,
        "total_points": 25,
        "held": 0,
        "worth": "0.25",
        "expires_next_at": None,
        "expiring_points": 0,
        "tier": None,
        "stamps": [],
        "stamp_rewards": [],
    }
    newest, *older = answer["recent_transactions"]
    assert (newest["transaction_id"], newest["points"], newest["reason"]) == (spent.transaction, -5, "Coffee")
    assert [(row["business_name"], row["points"], row["amount_spent"], row["order_ref"]) for row in older] == [
        ("Mill Lane", 20, "20.50", "R-2"),
        ("Quayside", 10, "10.00", older[1]["order_id"]),
    ]


def test_five_are_shown_or_as_many_as_asked_for(api, add):
    for _ in range(7):
        add("1")
    client = api("read")
    shown = [len(ask(client, query=query).json()["recent_transactions"]) for query in ("", "?n=1", "?n=50")]
    assert shown == [5, 1, 7]
    for query in ("?n=0", "?n=51", "?n=x", "?colour=blue"):
        assert ask(client, query=query).status_code == 422, query


@pytest.mark.parametrize("spelling", [E164, "07700900123", "+44 (0)7700 900123", "0044 7700 900123"])
def test_any_spelling_finds_the_member(api, add, spelling):
    add()
    assert ask(api("read"), spelling).json()["total_points"] == 10


@pytest.mark.parametrize("typed", ["12", "call me", "+999 1234567", "0" * 41])
def test_what_is_no_number_is_refused(api, typed):
    response = ask(api("read"), typed)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_phone")


def test_unknown_numbers_and_people_without_points_are_the_same_404(api, programme):
    customer = Customer.objects.create(first_name="Ruth", phone=E164)
    Identifier.objects.create(kind="phone", value=E164, customer=customer)
    client = api("read")
    answers = [ask(client), ask(client, "07700 900199")]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "loyalty.unknown_member")] * 2
    assert answers[0].content == answers[1].content


def test_a_key_of_one_business_sees_its_own_customers_and_transactions(api, add, business, other_business):
    add("10")
    there = api("read", business=other_business)
    assert ask(there).status_code == 404
    add("20", business=other_business.pk)
    answer = ask(there).json()
    assert (answer["total_points"], [row["points"] for row in answer["recent_transactions"]]) == (30, [20])


def test_another_programme_has_its_own(api, add, other_programme, actor, now):
    add("10")
    with tenant_context(other_programme):
        assert ask(api("read", on=other_programme), E164).status_code == 404
        shop = Business.objects.create(name="Theirs")
        points.add_points(business=shop.pk, phone=E164, amount=Decimal(7), key="k", actor=actor, now=now)
        assert ask(api("read", on=other_programme), E164).json()["total_points"] == 7


@pytest.mark.parametrize(
    ("role", "status"), [(Role.OWNER, 200), (Role.MARKETER, 200), (Role.ANALYST, 200), (Role.CASHIER, 403)]
)
def test_who_may_ask(api, add, make_member, business, role, status):
    add()
    person = make_member("kit@example.com", role, business=business if role == Role.CASHIER else None)
    assert ask(api(user=person)).status_code == status
    assert ask(api(None)).status_code == 401


@pytest.mark.parametrize("scope", [Perm.CUSTOMERS_VIEW, Perm.POINTS_VIEW])
def test_both_permissions_are_needed(api, add, scope):
    add()
    response = ask(api(scope.value))
    assert response.status_code == 403
    assert response.json()["data"]["scope"] in {Perm.CUSTOMERS_VIEW.value, Perm.POINTS_VIEW.value} - {scope.value}


def test_no_number_reaches_the_logs(api, add, caplog):
    add()
    caplog.set_level("DEBUG")
    ask(api("read"), E164)
    ask(api("read"), "07700 900199")
    logged = " ".join(
        str(record.__dict__) for record in caplog.records if record.name.split(".")[0] not in ("django", "psycopg")
    )
    assert "request.finished" in logged
    assert not re.search(r"7700.?900.?(123|199)", logged)
