"""Customers over HTTP: what callers may see and change, and how they are refused."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.permissions import Role
from customers.models import Customer, CustomerFacts, Event, Identifier, Order
from workspace.models import AuditEntry

URL = "/api/v1/customers/"


def add(client, **values):
    return client.post(URL, values, content_type="application/json")


def problem(response, status, code):
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert code in {body["code"], *(error["code"] for error in body["errors"])}, body
    return body


def order_of(customer, business, reference, total="10"):
    return Order.objects.create(
        business=business,
        customer=customer,
        source="api",
        reference=reference,
        placed_at=datetime(2026, 6, 1, tzinfo=UTC),
        total=Decimal(total),
    )


def test_who_was_archived_is_restored(api):
    client = api("write")
    one = URL + add(client, first_name="Ada").json()["id"]
    client.delete(one)
    problem(api("read").post(f"{one}/restore"), 403, "permission_denied")
    for _again in range(2):
        restored = client.post(f"{one}/restore")
        assert (restored.status_code, restored.json()["state"]) == (200, "active")
    assert Event.objects.filter(name="customers.customer.restored").count() == 1
    problem(client.post(f"{URL}nobody1234/restore"), 404, "not_found")


def test_a_customer_is_added_read_changed_and_archived(api):
    client = api("write")
    made = add(client, first_name="Ada", phone="020 7946 0018", email="Ada@Example.com", attributes={"vip": True})
    assert made.status_code == 201
    body = made.json()
    assert (body["phone"], body["email"], body["state"]) == ("+442079460018", "ada@example.com", "active")
    assert (body["orders_count"], body["total_spent"], body["balance"]) == (0, "0.00", 0)
    one = URL + body["id"]
    assert client.get(one).json() == body

    changed = client.patch(one, {"phone": "+44 20 7946 0019"}, content_type="application/json")
    assert changed.json()["phone"] == "+442079460019"
    assert sorted(Identifier.objects.values_list("kind", "value")) == [
        ("email", "ada@example.com"),
        ("phone", "+442079460019"),
    ]
    assert client.delete(one).status_code == 204
    assert client.get(one).json()["state"] == "archived"
    assert client.get(URL).json()["data"] == []
    assert [row["id"] for row in client.get(URL + "?state=archived").json()["data"]] == [body["id"]]
    names = ["customers.customer.created", "customers.customer.changed", "customers.customer.archived"]
    assert list(Event.objects.order_by("id").values_list("name", flat=True)) == names
    assert list(AuditEntry.objects.filter(action__startswith="customers.").values_list("action", flat=True)) == names


def test_a_taken_identifier_is_refused_and_nothing_written(api):
    client = api("write")
    add(client, first_name="Ada", phone="020 7946 0018", external_id="A1")
    events = Event.objects.count()
    body = problem(add(client, first_name="Bo", phone="+44 (0)20 7946 0018"), 409, "identifier_taken")
    assert body["data"] == {"field": "phone"}
    problem(add(client, external_id="A1"), 409, "identifier_taken")
    assert (Customer.objects.count(), Identifier.objects.count(), Event.objects.count()) == (1, 2, events)


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"first_name": "A", "nickname": "B"}, "nickname", "unknown_field"),
        ({"first_name": "A", "id": "x"}, "id", "unknown_field"),
        ({"phone": "12"}, "phone", "invalid_phone"),
        ({"email": "nobody"}, "email", "invalid_email"),
        ({"first_name": "x" * 81}, "first_name", "max_length"),
        ({"first_name": "a\x00b"}, "first_name", "null_characters_not_allowed"),
        ({"first_name": "A", "birthday": "2999-01-01"}, "birthday", "invalid"),
        ({"first_name": "A", "attributes": {"a": {"b": 1}}}, "attributes", "invalid"),
        ({"first_name": "A", "attributes": {"a": "x\x00"}}, "attributes", "invalid"),
        ({"first_name": ["A"]}, "first_name", "invalid"),
    ],
)
def test_bad_input_names_its_field(api, values, field, code):
    body = problem(add(api("write"), **values), 422, code)
    assert {"field": field, "code": code}.items() <= body["errors"][0].items()
    assert not Customer.objects.exists()


def test_a_customer_needs_something_to_be_known_by(api):
    problem(add(api("write"), city="Leeds"), 422, "invalid")
    assert not Customer.objects.exists()


@pytest.mark.parametrize("body", ["{", "[", "[1]", "null", '"x"', '{"first_name": NaN}', '{"a": 1e999}', "[" * 5000])
def test_malformed_bodies(api, body):
    response = api("write").post(URL, body, content_type="application/json")
    assert response.status_code in (400, 422)
    assert response.json()["code"] in ("malformed", "invalid")


def test_other_media_types_methods_and_routes(api):
    client = api("write")
    problem(client.post(URL, "a=1", content_type="application/x-www-form-urlencoded"), 415, "unsupported_media_type")
    refused = client.put(URL, {}, content_type="application/json")
    problem(refused, 405, "method_not_allowed")
    assert refused.headers["Allow"] == "GET, POST, HEAD, OPTIONS"
    problem(client.get("/api/v1/nothing"), 404, "not_found")
    assert "customers/" in problem(client.get("/api/v1/customers"), 404, "not_found")["detail"]
    problem(client.get(URL + "zzzzzzzzzzzz"), 404, "not_found")
    problem(client.get(URL + "%00"), 404, "not_found")


def test_a_body_that_is_too_large(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    problem(add(api("write"), first_name="A", address="x" * 200), 413, "too_large")


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "ordering=shoe", "cursor=abc", "cursor=%00", "phonetic=1", "state=dead",
     "created_after=yesterday", "search=%00"],
)  # fmt: skip
def test_bad_queries_are_refused(api, query):
    assert api("read").get(f"{URL}?{query}").status_code == 422


def test_pages_join_without_gaps_or_doubles_in_every_order(api):
    for number in range(7):
        customer = Customer.objects.create(first_name=f"N{number % 3}", last_name="Same")
        CustomerFacts.objects.create(customer=customer, total_spent=number % 2, balance=5)
    client = api("read")
    for ordering in ("created", "-created", "name", "-spent", "orders", "-points", "last_order", "-updated"):
        seen, cursor = [], ""
        while True:
            page = client.get(URL, {"limit": 3, "ordering": ordering, **({"cursor": cursor} if cursor else {})}).json()
            seen += [row["id"] for row in page["data"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == 7, ordering


def test_a_cursor_works_only_for_its_list_order_and_programme(api, other_programme):
    for number in range(3):
        Customer.objects.create(first_name=f"N{number}")
    client = api("read")
    cursor = client.get(URL, {"limit": 1}).json()["next_cursor"]
    assert client.get(URL, {"cursor": cursor}).status_code == 200
    problem(client.get(URL, {"cursor": cursor, "ordering": "name"}), 422, "invalid_cursor")
    problem(client.get("/api/v1/orders/", {"cursor": cursor}), 422, "invalid_cursor")
    problem(client.get(URL, {"cursor": cursor[:-2] + "AA"}), 422, "invalid_cursor")


def test_a_list_costs_the_same_for_more_rows(api):
    client = api("read")

    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get(URL)
        return len(captured)

    queries()
    Customer.objects.create(first_name="A")
    few = queries()
    for number in range(10):
        Customer.objects.create(first_name=f"B{number}")
    assert queries() == few


def test_filters_and_search(api):
    client = api("write")
    ada = add(client, first_name="Ada", last_name="Lovelace", phone="020 7946 0018", external_id="X-1").json()["id"]
    add(client, first_name="Bo", email="bo@example.com")
    for query in ({"phone": "+442079460018"}, {"external_id": "X-1"}, {"search": "lovel"}, {"search": "02079460018"}):
        assert [row["id"] for row in client.get(URL, query).json()["data"]] == [ada], query
    assert client.get(URL, {"phone": "nonsense"}).json()["data"] == []
    found = client.get("/api/v1/customers/search", {"query": "lovelase"}).json()["data"]
    assert [row["id"] for row in found] == [ada]
    problem(client.get("/api/v1/customers/search"), 422, "required")
    problem(client.get("/api/v1/customers/search", {"query": "a", "limit": "99"}), 422, "invalid")


def test_a_key_of_one_business_sees_its_own_customers_orders_and_events(api, business, other_business, actor, now):
    ours, theirs = Customer.objects.create(first_name="Ours"), Customer.objects.create(first_name="Theirs")
    order_of(ours, business, "1")
    order_of(ours, other_business, "2")
    order_of(theirs, other_business, "3")
    for one in (business, other_business):
        Event.objects.create(name="customers.order.placed", customer=ours, business_id=one.pk, occurred_at=now)
    client = api("admin", business=business)
    assert [row["first_name"] for row in client.get(URL).json()["data"]] == ["Ours"]
    problem(client.get(URL + theirs.code), 404, "not_found")
    problem(client.patch(URL + theirs.code, {}, content_type="application/json"), 404, "not_found")
    assert [row["reference"] for row in client.get("/api/v1/orders/").json()["data"]] == ["1"]
    timeline = client.get(f"{URL}{ours.code}/timeline").json()["data"]
    assert [row["business_id"] for row in timeline] == [business.code]
    assert [row["id"] for row in client.get("/api/v1/businesses/").json()["data"]] == [business.code]
    problem(client.get(f"/api/v1/businesses/{other_business.code}"), 404, "not_found")


@pytest.mark.parametrize(
    ("role", "read", "write"),
    [
        (Role.OWNER, 200, 201),
        (Role.MANAGER, 200, 201),
        (Role.MARKETER, 200, 201),
        (Role.ANALYST, 200, 403),
        (Role.CASHIER, 403, 403),
    ],
)
def test_what_each_role_may(api, make_member, business, role, read, write):
    person = make_member("kit@example.com", role, business=business if role == Role.CASHIER else None)
    client = api(user=person)
    assert client.get(URL).status_code == read
    response = add(client, first_name="New")
    assert response.status_code == write
    if write == 403:
        assert problem(response, 403, "permission_denied")["data"] == {"scope": "customers:write"}


def test_nobody_without_credentials(api):
    response = api(None).get(URL)
    problem(response, 401, "not_authenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_orders_and_products(api, business, programme):
    from customers.models import OrderLine, Product

    product = Product.objects.create(sku="MUG", title="Mug", price=Decimal("4.5"))
    order = order_of(None, business, "R-1", "12.3400")
    OrderLine.objects.create(
        order=order,
        position=1,
        product=product,
        title="Mug",
        quantity=2,
        unit_price=Decimal("6.1700"),
        total=order.total,
    )
    client = api("read")
    row = client.get("/api/v1/orders/", {"search": "R-"}).json()["data"][0]
    assert (row["total"], row["customer_id"], row["business_id"]) == ("12.34", None, business.code)
    lines = client.get(f"/api/v1/orders/{order.code}").json()["lines"]
    assert lines == [
        {
            "position": 1,
            "product_id": product.code,
            "sku": "MUG",
            "title": "Mug",
            "quantity": "2",
            "unit_price": "6.17",
            "discount": "0.00",
            "total": "12.34",
        }
    ]
    assert client.get(f"/api/v1/products/{product.code}").json()["price"] == "4.50"
    assert client.get("/api/v1/orders/", {"placed_after": (order.placed_at + timedelta(1)).isoformat()}).json() == {
        "data": [],
        "next_cursor": None,
    }


def test_the_tier_is_shown_and_filtered_by(api):
    client = api("write")
    ids = [add(client, first_name=name).json()["id"] for name in ("Ada", "Ben", "Cleo")]
    for code, tier in zip(ids, ("Gold", "Silver", ""), strict=True):
        facts = {"tier": tier, "tier_rank": 2 if tier else None}
        CustomerFacts.objects.update_or_create(customer=Customer.objects.get(code=code), defaults=facts)
    assert [client.get(URL + code).json()["tier"] for code in ids] == ["Gold", "Silver", ""]
    assert [row["id"] for row in client.get(URL + "?tier=Gold").json()["data"]] == [ids[0]]
    assert client.get(URL + "?tier=Bronze").json()["data"] == []
    assert [row["tier"] for row in client.get(URL + "search?query=ben").json()["data"]] == ["Silver"]
