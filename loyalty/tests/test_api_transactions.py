"""Reading transactions over HTTP: pages, filters, and what a caller may see."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from core.permissions import Role
from customers.models import Customer
from loyalty.actions import points
from loyalty.errors import NotEnoughPoints
from workspace.models import Business

URL = "/api/v1/transactions/"
ANN, BEN = "07700 900123", "07700 900124"


@pytest.fixture
def sell(business, now):
    def call(amount, *, phone=ANN, at=business, days=0, key=""):
        moment = now + timedelta(days=days)
        return points.add_points(
            business=at.pk,
            phone=phone,
            amount=Decimal(amount),
            key=key or f"{amount}-{phone}",
            actor=SYSTEM,
            now=moment,
        )

    return call


def ids(response):
    assert response.status_code == 200, response.content
    return [row["transaction_id"] for row in response.json()["data"]]


def test_a_row_says_what_happened(api, sell, business, actor, now):
    earned = sell("12.40")
    undone = points.reverse_transaction(
        transaction=earned.transaction, points=2, reason="too many", key="u", actor=actor, now=now
    )
    newest, oldest = api("read").get(URL).json()["data"]
    assert oldest == {
        "transaction_id": earned.transaction,
        "type": "earn",
        "points": 12,
        "balance": 12,
        "customer_id": earned.customer,
        "business_id": business.code,
        "order_id": earned.order,
        "order_ref": earned.reference or earned.order,
        "amount_spent": "12.40",
        "reason": "",
        "reverses": None,
        "reversed_points": 2,
        "held": 0,
        "by": oldest["by"],
        "at": now.isoformat().replace("+00:00", "Z"),
    }
    assert (newest["transaction_id"], newest["type"], newest["points"]) == (undone.transaction, "reverse", -2)
    assert (newest["reverses"], newest["amount_spent"], newest["by"]) == (earned.transaction, None, "Maya")


def test_refusals_are_not_in_it(api, sell, business, now):
    earned = sell("5")
    with pytest.raises(NotEnoughPoints):
        points.redeem_points(business=business.pk, phone=ANN, points=99, reason="x", key="r", actor=SYSTEM, now=now)
    assert ids(api("read").get(URL)) == [earned.transaction]


def test_filters(api, sell, business, other_business, now):
    first = sell("1")
    there = sell("2", at=other_business, days=1)
    bens = sell("3", phone=BEN, days=2)
    taken = points.redeem_points(
        business=business.pk, phone=BEN, points=1, reason="x", key="r", actor=SYSTEM, now=now + timedelta(days=3)
    )
    client = api("read")

    def found(**query):
        return ids(client.get(f"{URL}?{urlencode(query)}"))

    everything = [one.transaction for one in (taken, bens, there, first)]
    assert found() == everything
    assert found(ordering="at") == everything[::-1]
    assert found(business_id=other_business.code) == [there.transaction]
    assert found(type="redeem") == [taken.transaction]
    assert found(customer_id=bens.customer) == [taken.transaction, bens.transaction]
    edge, end = (now + timedelta(days=days) for days in (1, 3))
    assert found(after=edge.isoformat(), before=end.isoformat()) == [bens.transaction, there.transaction]
    assert found(business_id="nobody22") == found(customer_id="nobody22") == []
    for wrong in ({"type": "gift"}, {"after": "yesterday"}, {"colour": "blue"}, {"limit": "0"}, {"ordering": "points"}):
        assert client.get(f"{URL}?{urlencode(wrong)}").status_code == 422, wrong


def test_pages_follow_each_other_while_others_write(api, sell):
    posted = [sell(str(number)).transaction for number in range(1, 6)]
    client, seen, cursor = api("read"), [], ""
    while cursor is not None:
        page = client.get(f"{URL}?{urlencode({'limit': 2, 'cursor': cursor} if cursor else {'limit': 2})}")
        seen += ids(page)
        cursor = page.json()["next_cursor"]
        sell(f"{100 + len(seen)}")
    assert seen == posted[::-1]


def test_a_page_costs_the_same_for_more_rows(api, sell):
    client = api("read")

    def queries():
        client.get(URL)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(URL).status_code == 200
        return len(captured)

    sell("1")
    few = queries()
    for number in range(2, 12):
        sell(str(number), phone=f"07700 9001{number:02}")
    assert queries() == few


def test_the_ledger_of_a_customer_has_the_balance(api, sell, now):
    sell("3", phone=BEN)
    one, two = sell("10"), sell("5.50")
    client = api("read")
    answer = client.get(f"/api/v1/customers/{one.customer}/ledger?limit=1").json()
    assert answer["balance"] == {
        "is_member": True,
        "points": 15,
        "held": 0,
        "debt": 0,
        "lifetime_points": 15,
        "worth": "0.15",
        "joined_at": now.isoformat().replace("+00:00", "Z"),
        "expires_next_at": None,
        "expiring_points": 0,
    }
    assert [row["transaction_id"] for row in answer["data"]] == [two.transaction]
    url = f"/api/v1/customers/{one.customer}/ledger?{urlencode({'limit': 1, 'cursor': answer['next_cursor']})}"
    assert ids(client.get(url)) == [one.transaction]
    assert ids(client.get(f"/api/v1/customers/{one.customer}/ledger?type=redeem")) == []

    stranger = Customer.objects.create(first_name="Cleo")
    nobody = client.get(f"/api/v1/customers/{stranger.code}/ledger").json()
    assert (nobody["balance"]["is_member"], nobody["balance"]["points"], nobody["data"]) == (False, 0, [])
    assert client.get("/api/v1/customers/nobody22/ledger").status_code == 404


def test_a_key_of_one_business_sees_that_ones(api, sell, business, other_business):
    ours, theirs = sell("1"), sell("2", phone=BEN, at=other_business)
    elsewhere = sell("4", at=other_business)
    client = api("read", business=business)
    assert ids(client.get(URL)) == [ours.transaction]
    assert ids(client.get(f"{URL}?business_id={other_business.code}")) == []
    assert ids(client.get(f"{URL}?customer_id={theirs.customer}")) == []
    assert client.get(f"/api/v1/customers/{theirs.customer}/ledger").status_code == 404
    ledger = client.get(f"/api/v1/customers/{ours.customer}/ledger")
    assert ids(ledger) == [ours.transaction]
    assert ledger.json()["balance"]["points"] == 5, "points are shared by all businesses"
    assert elsewhere.transaction not in ids(ledger)


def test_another_programme_has_its_own(api, sell, now, other_programme, programme):
    ours = sell("1")
    with tenant_context(other_programme):
        shop = Business.objects.create(name="Theirs")
        theirs = points.add_points(
            business=shop.pk, phone="030 901820", amount=Decimal(9), key="k", actor=SYSTEM, now=now
        )
        meadow = api("read", on=other_programme)
        assert ids(meadow.get(URL)) == [theirs.transaction]
        assert meadow.get(f"/api/v1/customers/{ours.customer}/ledger").status_code == 404
    page = api("read").get(f"{URL}?limit=1")
    assert ids(page) == [ours.transaction]


@pytest.mark.parametrize(
    ("role", "status"), [(Role.OWNER, 200), (Role.MANAGER, 200), (Role.ANALYST, 200), (Role.CASHIER, 403)]
)
def test_who_may_read(api, make_member, business, sell, role, status):
    customer = sell("1").customer
    person = make_member("kit@example.com", role, business=business if role == Role.CASHIER else None)
    client = api(user=person)
    assert client.get(URL).status_code == status
    assert client.get(f"/api/v1/customers/{customer}/ledger").status_code == status
    assert api(None).get(URL).status_code == 401
