"""Events over HTTP: who somebody is, what they did, the same message twice, what comes late, whose a browser is."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.actor import SYSTEM, Actor
from core.errors import DomainError
from customers.actions.bulk import field_values, start_bulk
from customers.actions.customers import update_customer
from customers.actions.event_policy import forget_events, keep_events_for
from customers.actions.ingestion import Taken, take_in
from customers.actions.tracked_names import count_names
from customers.bulk import Selection
from customers.ingestion import Arrival, Kind, Person
from customers.models import AttributeDefinition, Customer, Event, EventPolicy, Identifier, Order, StreamReader
from customers.stream import READERS
from customers.tests.queries import own_queries
from customers.tests.test_api_customers import order_of, problem
from programs.models import Programme, User
from screens.actions.privacy import erase_customer
from workspace.models import Business

URL = "/api/v1/events/"


@pytest.fixture
def client(api: Callable[..., Client]) -> Client:
    return api("write")


def send(client: Client, what: str, **body: Any) -> Any:
    return client.post(f"{URL}{what}", body, content_type="application/json")


def batch(client: Client, *items: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = send(client, "batch", batch=list(items), **more)
    assert answer.status_code == 200, answer.content
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def test_somebody_is_made_then_known_by_any_of_their_identifiers(client: Client) -> None:
    made = send(
        client, "identify", external_id="web-7", traits={"email": "Ada@Example.com", "first_name": "Ada", "size": 38}
    )
    assert made.status_code == 201
    ada = made.json()["customer_id"]
    assert made.json() == {"customer_id": ada, "is_new": True}
    again = send(client, "identify", email="ada@example.com", phone="020 7946 0018", traits={"city": "London"})
    assert again.json() == {"customer_id": ada, "changed": ["city"]}
    customer = Customer.objects.get()
    assert (customer.name, customer.email, customer.phone) == ("Ada", "ada@example.com", "+442079460018")
    assert (customer.city, customer.attributes, customer.source) == ("London", {"size": 38}, "events")
    assert sorted(Identifier.objects.values_list("kind", "value")) == [
        ("email", "ada@example.com"),
        ("external", "web-7"),
        ("phone", "+442079460018"),
    ]
    names = list(Event.objects.order_by("id").values_list("name", "data"))
    assert names == [
        ("customers.customer.created", {"source": "events"}),
        ("customers.customer.changed", {"fields": ["city"]}),
    ]


def test_what_they_did_is_in_the_stream_and_found_again(client: Client, business: Business) -> None:
    bought = "2026-06-01T10:30:00+02:00"
    answer = send(
        client, "track", event="Product  viewed", phone="020 7946 0018", timestamp=bought, business_id=business.code,
        properties={"sku": "A1", "price": 4.5},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["is_new"]) == (201, True)
    event = Event.objects.get(name="customers.event.tracked")
    assert (event.tracked, event.data) == (
        "Product viewed",
        {"event": "Product viewed", "properties": {"sku": "A1", "price": 4.5}},
    )
    assert event.occurred_at == datetime.fromisoformat(bought)
    assert (event.business_id, event.customer.phone) == (business.pk, "+442079460018")
    rows = client.get(f"{URL}?event=Product viewed").json()["data"]
    assert [(row["customer_id"], row["title"]) for row in rows] == [(answer.json()["customer_id"], "Product viewed")]
    assert client.get(f"{URL}?event=Other").json()["data"] == []
    assert len(client.get(f"{URL}?customer_id={answer.json()['customer_id']}").json()["data"]) == 2
    assert client.get(f"{URL}?occurred_after=2026-06-02T00:00:00Z&event=Product viewed").json()["data"] == []


def test_the_same_message_is_taken_in_once_and_another_under_its_id_is_refused(client: Client) -> None:
    seen = {"event": "Seen", "external_id": "7", "message_id": "m-1", "properties": {"page": "/a"}}
    first = send(client, "track", **seen)
    again = send(client, "track", **seen)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["customer_id"] == again.json()["customer_id"]
    problem(send(client, "track", **{**seen, "properties": {"page": "/b"}}), 409, "message_id_reused")
    results = batch(
        client,
        {"type": "track", **seen},
        *[{"type": "track", "event": "Left", "external_id": "7", "message_id": "m-2"}] * 2,
    )
    assert [result["status"] for result in results] == [200, 201, 200]
    by_header = {"HTTP_IDEMPOTENCY_KEY": "m-3"}
    body = {"event": "Left", "external_id": "7"}
    answers = [client.post(f"{URL}track", body, content_type="application/json", **by_header) for _twice in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    tracked = Event.objects.exclude(tracked="").order_by("id")
    assert list(tracked.values_list("tracked", "message_id")) == [("Seen", "m-1"), ("Left", "m-2"), ("Left", "m-3")]


def test_a_message_id_of_somebody_else_is_refused_and_a_visitor_may_repeat_theirs(client: Client) -> None:
    bought = {"event": "Bought", "message_id": "m-1"}
    assert send(client, "track", external_id="7", **bought).status_code == 201
    problem(send(client, "track", external_id="8", **bought), 409, "message_id_reused")
    problem(send(client, "track", anonymous_id="browser-1", **bought), 409, "message_id_reused")
    seen = {"event": "Seen", "message_id": "m-2", "anonymous_id": "browser-1"}
    assert [send(client, "track", **seen).status_code for _twice in range(2)] == [201, 200]
    problem(send(client, "track", **{**seen, "anonymous_id": "browser-2"}), 409, "message_id_reused")
    named = {"anonymous_id": "browser-1", "external_id": "7", "message_id": "m-3", "traits": {"city": "Leeds"}}
    assert [send(client, "identify", **named).status_code for _twice in range(2)] == [201, 200]
    problem(send(client, "identify", **{**named, "external_id": "8"}), 409, "message_id_reused")
    assert send(client, "track", **seen).status_code == 200
    assert [send(client, "track", **{**seen, "message_id": "m-4"}).status_code for _twice in range(2)] == [201, 200]
    assert list(Customer.objects.values_list("external_id", flat=True)) == ["7"]


def test_an_id_that_cannot_be_one_refuses_its_item_alone(client: Client) -> None:
    results = batch(
        client,
        {"type": "track", "event": "Seen", "customer_id": "a\0b"},
        {"type": "track", "event": "Seen", "external_id": "1"},
    )
    assert [result["status"] for result in results] == [422, 201]


def test_a_batch_answers_each_item_and_keeps_what_is_fit(client: Client) -> None:
    results = batch(
        client,
        {"type": "identify", "external_id": "1", "traits": {"first_name": "Ada"}},
        {"type": "track", "event": "Seen", "external_id": "1"},
        {"type": "track", "event": " ", "external_id": "1"},
        {"type": "track", "event": "Seen"},
        {"type": "buy", "event": "Seen", "external_id": "1"},
        {"type": "track", "event": "Seen", "external_id": "1", "colour": "red"},
        {"type": "identify", "external_id": "2", "traits": {"first_name": "x" * 81}},
        {"type": "identify", "external_id": "2", "traits": {"cart": {"a": 1}}},
        {"type": "track", "event": "Seen", "customer_id": "nobody1234"},
        {"type": "track", "event": "Seen", "phone": "12"},
        {"type": "track", "event": "Seen", "external_id": "1", "timestamp": "2031-01-01T00:00:00Z"},
        {"type": "track", "event": "Seen", "external_id": "1", "timestamp": "2026-01-01T00:00:00"},
        {"type": "track", "event": "Seen", "external_id": "1", "properties": {"a": {"b": {"c": {"d": {}}}}}},
        {"type": "identify", "anonymous_id": "browser", "traits": {"first_name": "Eve"}},
        {"type": "track", "event": "Seen", "external_id": "1", "business_id": "nothere123"},
    )
    refused = [(one["problem"]["errors"] or [{}])[0].get("field", one["problem"]["code"]) for one in results[2:]]
    assert [one["status"] for one in results] == [201, 201, *[422] * 13]
    assert refused == [
        "event", "external_id", "type", "colour", "traits.first_name", "attributes", "customer_id", "phone",
        "timestamp", "timestamp", "properties", "external_id", "business_id",
    ]  # fmt: skip
    assert (Customer.objects.count(), Event.objects.count()) == (1, 2)
    problem(send(client, "batch", batch=[{}] * 1001), 422, "too_many_events")
    problem(client.post(f"{URL}batch", "{", content_type="application/json"), 400, "malformed")


def test_queries_do_not_grow_with_the_batch(client: Client) -> None:
    def queries(start: int, count: int) -> int:
        items: list[dict[str, Any]] = []
        for number in range(start, start + count):
            items.append({"type": "identify", "external_id": f"c{number}", "traits": {"first_name": f"N{number}"}})
            items.append({"type": "track", "external_id": f"c{number}", "event": "Seen", "message_id": f"m{number}"})
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert {one["status"] for one in batch(client, *items)} == {201}
        return own_queries(captured)

    queries(0, 1)
    assert queries(10, 2) == queries(100, 60)


def test_clocks_that_are_wrong_are_put_right(client: Client) -> None:
    now = timezone.now()
    shopper = {"event": "Seen", "external_id": "1"}
    off = now + timedelta(days=3)  # this phone lives three days ahead
    send(client, "track", **shopper, timestamp=(off - timedelta(minutes=5)).isoformat(), sent_at=off.isoformat())
    send(client, "track", **shopper, timestamp=(now + timedelta(minutes=20)).isoformat())
    late, ahead = Event.objects.exclude(tracked="").order_by("id")
    assert abs(late.occurred_at - (now - timedelta(minutes=5))) < timedelta(minutes=1)
    assert ahead.occurred_at <= timezone.now()


def test_what_was_said_last_stands_in_whatever_order_it_comes(client: Client, now: datetime) -> None:
    """The newest time wins, for each field and attribute by itself; an edit by hand counts as said then."""
    moves = [
        {
            "external_id": "1",
            "timestamp": "2026-01-01T00:00:00Z",
            "traits": {"city": "Leeds", "size": 36, "email": "a@x.io"},
        },
        {"external_id": "1", "timestamp": "2026-02-01T00:00:00Z", "traits": {"city": "York", "size": 37}},
        {"external_id": "1", "timestamp": "2026-03-01T00:00:00Z", "traits": {"city": "Bath", "email": "b@x.io"}},
    ]
    for order in itertools.permutations(moves):
        Event.objects.all().delete()
        Customer.objects.all().delete()
        for move in order:
            assert send(client, "identify", **move).status_code == 201
        ada = Customer.objects.get()
        assert (ada.city, ada.attributes, ada.email) == ("Bath", {"size": 37}, "b@x.io")
        emails = Identifier.objects.filter(kind=Kind.EMAIL).values_list("value", flat=True)
        assert list(emails) == ["b@x.io"]
    update_customer(
        customer_id=ada.pk, values={"city": "Hull", "attributes": {"size": 39}}, region="GB", actor=SYSTEM, now=now
    )
    late = send(
        client, "identify", external_id="1", timestamp="2026-04-01T00:00:00Z", traits={"city": "Rye", "size": 40}
    )
    assert late.json() == {"customer_id": ada.code}
    ada.refresh_from_db()
    assert (ada.city, ada.attributes) == ("Hull", {"size": 39})
    size = AttributeDefinition.objects.create(key="size", label="Size", kind="number")
    whom = Selection(ids=[ada.pk])
    start_bulk(act="set", values=field_values(size, 41), selection=whom, is_small=True, actor=SYSTEM, now=now)
    send(client, "identify", external_id="1", timestamp="2026-05-01T00:00:00Z", traits={"size": 40})
    ada.refresh_from_db()
    assert ada.attributes == {"size": 41}
    emptied = send(client, "identify", external_id="1", traits={"city": None, "size": None})
    assert emptied.json()["changed"] == ["attributes", "city"]


def test_a_visitor_becomes_somebody_and_what_they_did_with_them(client: Client) -> None:
    for page in "ab":
        answer = send(client, "track", anonymous_id="browser-1", event="Seen", properties={"page": page})
        assert answer.json() == {"customer_id": None}
    send(client, "track", anonymous_id="browser-2", event="Seen")
    ada = send(client, "identify", anonymous_id="browser-1", email="ada@example.com").json()["customer_id"]
    after = send(client, "track", anonymous_id="browser-1", event="Bought")
    assert after.json() == {"customer_id": ada}
    own = Event.objects.filter(customer__code=ada).order_by("id")
    assert [event.tracked or event.name for event in own] == [
        "Seen", "Seen", "customers.customer.created", "customers.visitor.recognised", "Bought",
    ]  # fmt: skip
    assert own.get(name="customers.visitor.recognised").data == {"events": 2}
    eve = send(client, "identify", anonymous_id="browser-1", email="eve@example.com").json()["customer_id"]
    assert send(client, "track", anonymous_id="browser-1", event="Seen").json() == {"customer_id": eve}
    assert Event.objects.filter(customer=None).count() == 1


def test_what_belongs_to_somebody_else_stays_theirs(client: Client) -> None:
    first = send(client, "identify", external_id="1", email="home@example.com").json()["customer_id"]
    second = send(client, "identify", external_id="2", email="home@example.com").json()
    assert second["customer_id"] != first
    assert second["unlinked"] == ["email"]
    same = send(client, "track", external_id="2", email="home@example.com", event="Seen").json()
    assert same["customer_id"] == second["customer_id"]
    # An old number of the sender's system keeps its person; an old address goes.
    ada = Customer.objects.get(code=first)
    Identifier.objects.create(kind=Kind.EXTERNAL, value="old-1", customer=ada)
    assert send(client, "identify", external_id="old-1", phone="020 7946 0018").json()["customer_id"] == first
    assert set(ada.identifiers.values_list("value", flat=True)) == {
        "1", "old-1", "home@example.com", "+442079460018",
    }  # fmt: skip


def test_who_became_part_of_another_is_found_by_the_old_id(client: Client) -> None:
    ada, twin = Customer.objects.create(first_name="Ada"), Customer.objects.create(first_name="Ada L.")
    Customer.objects.filter(pk=twin.pk).update(state=Customer.State.MERGED, merged_into=ada)
    assert send(client, "track", customer_id=twin.code, event="Seen").json() == {"customer_id": ada.code}


def test_who_is_limited_to_one_business_changes_only_its_customers(
    api: Callable[..., Client], business: Business, other_business: Business
) -> None:
    ada = Customer.objects.create(first_name="Ada", external_id="1")
    Identifier.objects.create(kind=Kind.EXTERNAL, value="1", customer=ada)
    limited = api("write", business=business)
    problem(send(limited, "identify", external_id="1", traits={"first_name": "Eve"}), 403, "permission_denied")
    assert send(limited, "track", external_id="1", event="Seen").status_code == 201
    assert Event.objects.get().business_id == business.pk
    problem(send(limited, "track", external_id="1", event="Seen", business_id=other_business.code), 422, "invalid")
    order_of(ada, business, "R-1")
    assert Order.objects.count() == 1
    assert send(limited, "identify", external_id="1", traits={"first_name": "Eve"}).json()["changed"] == ["first_name"]
    problem(send(api("read"), "track", external_id="1", event="Seen"), 403, "permission_denied")


def test_names_are_kept_with_the_kinds_of_their_properties(client: Client, programme: Programme) -> None:
    for properties in ({"page": "/", "deep": True}, {"page": 3, "items": [1], "none": None}):
        send(client, "track", external_id="1", event="Seen", properties=properties)
    for _again in range(2):
        count_names(list(Event.objects.order_by("id")))
    rows = client.get(f"{URL}names").json()["data"]
    assert [(row["name"], row["count"]) for row in rows] == [("Seen", 4)]
    assert rows[0]["properties"] == {"page": "number", "deep": "yes_no", "items": "list"}


def test_the_page_shows_what_came_and_how_long_it_is_kept(
    client: Client, client_of: Callable[..., Client], owner: User, marketer: User
) -> None:
    browser = client_of(owner)
    assert "Nothing came yet" in browser.get("/customers/events/").text
    send(client, "track", email="ada@example.com", event="Seen", properties={"page": "/", "deep": True})
    send(client, "track", anonymous_id="b", event="<Left>", timestamp="2020-05-01T10:00:00Z")
    count_names(list(Event.objects.order_by("id")))
    page = browser.get("/customers/events/")
    assert [(row.name, row.who) for row in page.context["feed"].rows] == [("<Left>", ""), ("Seen", "ada@example.com")]
    assert "&lt;Left&gt;" in page.text
    assert page.context["feed"].rows[0].when.startswith("1 May 2020, ")
    only = browser.get("/customers/events/?event=Seen", headers={"HX-Request": "true", "HX-Target": "event-feed"})
    assert only.text.lstrip().startswith('<section id="event-feed"')
    assert "&lt;Left&gt;" not in only.text
    assert browser.post("/customers/events/keep/", {"keep_days": "90"}).status_code == 303
    assert browser.post("/customers/events/keep/", {"keep_days": "7"}).status_code == 422
    assert EventPolicy.objects.get().keep_days == 90
    assert client_of(marketer).post("/customers/events/keep/", {"keep_days": "180"}).status_code == 403


def test_old_events_of_others_are_forgotten_when_everybody_has_read_them(client: Client) -> None:
    send(client, "track", external_id="1", event="Seen")
    now = timezone.now() + timedelta(days=731)
    for name in READERS:
        StreamReader.objects.create(name=name, transaction_id=2**60)
    slow = StreamReader.objects.first()
    StreamReader.objects.filter(pk=slow.pk).update(transaction_id=1)
    forget_events(now=now)
    assert Event.objects.exclude(tracked="").count() == 1
    StreamReader.objects.filter(pk=slow.pk).update(transaction_id=2**60)
    assert forget_events(now=now - timedelta(days=2)) > now - timedelta(days=2)
    assert forget_events(now=now) is None
    assert list(Event.objects.values_list("name", flat=True)) == ["customers.customer.created"]
    keep_events_for(days=90, actor=SYSTEM, now=now)
    assert EventPolicy.objects.get().keep_days == 90
    with pytest.raises(DomainError):
        keep_events_for(days=1, actor=SYSTEM, now=now)


def test_who_is_erased_leaves_nothing_that_was_sent(client: Client) -> None:
    send(client, "track", anonymous_id="browser-9", event="Seen", properties={"name": "Ada Lovelace"})
    send(client, "identify", anonymous_id="browser-9", email="ada@example.com", message_id="ada-1", traits={"size": 4})
    ada = Customer.objects.get()
    erase_customer(customer_id=ada.pk, actor=SYSTEM, now=timezone.now())
    ada.refresh_from_db()
    assert (ada.said_at, ada.attributes, ada.identifiers.count()) == ({}, {}, 0)
    assert not Event.objects.exclude(tracked="").exists()
    assert not Event.objects.filter(message_id__isnull=False).exists()


def test_programmes_know_nothing_of_each_others_messages(
    api: Callable[..., Client], client: Client, other_programme: Programme
) -> None:
    seen = {"event": "Seen", "external_id": "1", "anonymous_id": "b", "message_id": "m"}
    assert send(client, "track", **seen).status_code == 201
    with tenant_context(other_programme):
        theirs = api("write", on=other_programme)
        assert send(theirs, "track", **seen).status_code == 201
        assert Customer.objects.count() == 1


def test_twins_make_one_person_and_one_event(in_threads: Callable[..., list[Any]]) -> None:
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    now = timezone.now()

    def sent() -> list[Any]:
        shopper = Person(identities={Kind.EXTERNAL: "1", Kind.EMAIL: "ada@example.com"})
        said = [
            Arrival(shopper, now, fields={"first_name": "Ada"}),
            Arrival(shopper, now, message_id="m", event="Seen"),
        ]
        return take_in(said, source="events", actor=Actor(kind="system", id="", label=""), now=now)

    results = in_threads([sent] * 8)
    assert all(isinstance(one, Taken) for result in results for one in result), results
    assert sum(result[0].is_new for result in results) == 1
    assert sum(not result[1].is_repeated for result in results) == 1
    assert (Customer.objects.count(), Event.objects.exclude(tracked="").count()) == (1, 1)


TIMES = [datetime.fromisoformat(f"2026-0{month}-01T00:00:00+00:00") for month in range(1, 5)]


@given(
    said=st.lists(
        st.tuples(st.sampled_from(TIMES), st.sampled_from(["city", "region"]), st.sampled_from(["", "a", "b"])),
        max_size=6,
        unique_by=lambda one: one[:2],
    ),
    order=st.randoms(use_true_random=False),
    cut=st.integers(0, 6),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_and_split_of_what_was_said_do_not_matter(
    programme: Programme, said: list[Any], order: Any, cut: int
) -> None:
    shopper = Person(identities={Kind.EXTERNAL: "1"})
    arrivals = [Arrival(shopper, at, fields={name: value}) for at, name, value in said]
    order.shuffle(arrivals)
    for part in (arrivals[:cut], arrivals[cut:]):
        take_in(part, source="events", actor=SYSTEM, now=TIMES[-1])
    for name in ("city", "region"):
        newest = max(((at, value) for at, of, value in said if of == name), default=(None, ""))
        found = Customer.objects.values_list(name, flat=True).first() or ""
        assert found == newest[1]
    Event.objects.all().delete()
    Customer.objects.all().delete()
