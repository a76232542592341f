"""The profile: one history from rows and events, page by page, for those who may see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.actor import SYSTEM, Actor
from core.permissions import Role
from customers.actions import events
from customers.actions.consent import record_consent
from customers.actions.rollups import rebuild_rollups
from customers.events import CUSTOMER_CREATED, ORDER_PLACED
from customers.models import Customer
from customers.reports.customer_list import Scope
from customers.reports.timeline import timeline
from customers.tests.queries import own_queries
from customers.tests.test_actions_facts import refund, sale
from messaging.actions.outbox import queue_message
from programs.models import User
from screens.reports_profile import visit_map
from workspace.models import Business

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)
PART = {"HX-Request": "true", "HX-Target": "profile-history"}


@pytest.fixture
def ann(business: Business) -> Customer:
    """Forty orders, every fourth with a refund at the same moment as the next order, and her first event."""
    customer = Customer.objects.create(first_name="Ann", last_name="Lee", email="ann@example.com")
    events.append(
        CUSTOMER_CREATED,
        actor=SYSTEM,
        occurred_at=NOW - timedelta(days=50),
        customer_id=customer.pk,
        data={"source": "till"},
    )
    for number in range(40):
        at = NOW - timedelta(days=number)
        order = sale(business, customer, f"o{number}", "10.00", placed_at=at, number=f"No {number}")
        if number % 4 == 1:
            refund(business, customer, f"r{number}", "1.00", order=order, refunded_at=at + timedelta(days=1))
    events.append(
        ORDER_PLACED,
        actor=SYSTEM,
        occurred_at=NOW,
        customer_id=customer.pk,
        business_id=business.pk,
        data={"order": "x", "total": "10.00", "source": "till"},
    )
    rebuild_rollups(now=NOW)
    return customer


@pytest.fixture
def everybody() -> Actor:
    return SYSTEM


def test_the_timeline_shows_everything_once_in_order(ann: Customer, everybody: Actor) -> None:
    seen, cursor = [], ""
    while True:
        page = timeline(ann.pk, actor=everybody, cursor=cursor)
        seen += [(at, type(row).__name__, row.pk) for at, row in page.entries]
        cursor = page.earlier
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 40 + 10 + 1, "the event of an order is told by its row"
    assert [at for at, _, _ in seen] == sorted((at for at, _, _ in seen), reverse=True)


@pytest.mark.parametrize(
    "cursor", ["garbage", "1.2", "1.9.1", "1.2.3.4", f"{10**40}.1.1", "1.1.-1", f"1.1.{10**30}", "a.b.c"]
)
def test_a_damaged_cursor_is_the_newest_page(ann: Customer, everybody: Actor, cursor: str) -> None:
    assert timeline(ann.pk, actor=everybody, cursor=cursor).after is None


def test_pages_and_tabs(client_of: Callable[..., Client], owner: User, ann: Customer) -> None:
    browser, url = client_of(owner), f"/customers/{ann.code}/"
    with time_machine.travel(NOW, tick=False):
        full = browser.get(url).content.decode()
        assert "Spent so far" in full
        assert "£390.00" in full, "forty orders less ten refunds"
        assert "Today" in full
        for tab, text in {
            "orders": "No 0",
            "points": "No points earned",
            "details": "ann@example.com",
            "consent": "Never asked",
            "?": "Today",
        }.items():
            part = browser.get(url, {"tab": tab}, headers={"HX-Request": "true", "HX-Target": "profile-history"})
            assert part.content.decode().lstrip().startswith('<section id="profile-history"')
            assert text in part.content.decode()
        earlier = browser.get(
            full.split('id="profile-earlier"')[1].split('href="')[1].split('"')[0].replace("?", f"{url}?", 1),
            headers={"HX-Request": "true", "HX-Target": "profile-earlier"},
        )
        assert "Show earlier" in earlier.content.decode()
        assert "<html" not in earlier.content.decode()
        assert browser.get(url, {"cursor": "garbage"}).status_code == 200
        assert browser.get(url, {"tab": "orders", "cursor": "garbage"}).status_code == 200


def test_erased_and_unknown_people_are_not_there(client_of: Callable[..., Client], owner: User, ann: Customer) -> None:
    browser = client_of(owner)
    assert browser.get("/customers/nobody/").status_code == 404
    Customer.objects.update(state="erased")
    assert browser.get(f"/customers/{ann.code}/").status_code == 404


def test_analysts_see_no_buttons(client_of: Callable[..., Client], analyst: User, ann: Customer) -> None:
    assert "Add points" not in client_of(analyst).get(f"/customers/{ann.code}/").content.decode()


def test_people_of_one_business_see_its_history_only(
    client_of: Callable[..., Client], make_member: Callable[..., User], ann: Customer, other_business: Business
) -> None:
    sale(other_business, ann, "elsewhere", "55.55", placed_at=NOW - timedelta(hours=1), number="Elsewhere")
    rebuild_rollups(now=NOW)
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=other_business))
    with time_machine.travel(NOW, tick=False):
        for tab in ("timeline", "orders"):
            content = bound.get(f"/customers/{ann.code}/", {"tab": tab}).content.decode()
            assert "Elsewhere" in content
            assert "No 3" not in content
        assert "£390" not in content


def test_queries_do_not_grow(client_of: Callable[..., Client], owner: User, ann: Customer, business: Business) -> None:
    browser, other = client_of(owner), Customer.objects.create(first_name="Small")
    sale(business, other, "only", "1.00", placed_at=NOW)

    def queries(customer: Customer) -> int:
        browser.get(f"/customers/{customer.code}/")
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(f"/customers/{customer.code}/").status_code == 200
        return own_queries(captured)

    small, large = queries(other), queries(ann)
    assert large <= small + 1
    # Five to eight are what the rules of recommendations look at, six are about products, two are badges, one segments.
    assert large <= 40


def test_the_timeline_is_narrowed_to_a_kind(client_of: Callable[..., Client], owner: User, ann: Customer) -> None:
    queue_message(
        channel="sms", purpose="service", recipient="+447700900142", body="You have 12 points", dedupe_key="m",
        now=NOW, customer_id=ann.pk,
    )  # fmt: skip
    record_consent(
        customer=ann, channel="sms", purpose="marketing", is_granted=True, source="till", wording="till-marketing-1",
        actor=SYSTEM, now=NOW,
    )  # fmt: skip
    browser, url = client_of(owner), f"/customers/{ann.code}/"
    told = {
        "orders": "£10.00",
        "messages": "You have 12 points",
        "consent": "Said yes: Offers by text",
        "events": "Became",
    }
    with time_machine.travel(NOW, tick=False):
        for kind in (*told, "points", "notes"):
            content = browser.get(url, {"kind": kind}, headers=PART).content.decode()
            assert {one for one, text in told.items() if text in content} == ({kind} & set(told))
        assert "kind=orders&amp;cursor=" in browser.get(url, {"kind": "orders"}).content.decode()
        proofs = browser.get(url, {"tab": "consent"}, headers=PART).content.decode()
    assert "Yes: Offers by text" in proofs
    assert "Till" in proofs
    assert "Offers by text message" in proofs, "the words that were agreed to"


def test_people_of_one_business_see_no_messages(
    client_of: Callable[..., Client], make_member: Callable[..., User], ann: Customer, business: Business
) -> None:
    queue_message(
        channel="sms", purpose="service", recipient="+447700900142", body="You have 12 points", dedupe_key="m",
        now=NOW, customer_id=ann.pk,
    )  # fmt: skip
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=business))
    for query in ({}, {"kind": "messages"}):
        assert "12 points" not in bound.get(f"/customers/{ann.code}/", query).content.decode()


def test_when_they_come_is_counted_in_the_programmes_zone(ann: Customer, business: Business) -> None:
    scope = Scope(actor=SYSTEM, country="GB", zone=ZoneInfo("Europe/London"), now=NOW)
    found = visit_map(ann, scope)
    assert found.finding == "Most often on Monday, 10–12: 6 of 40 visits."
    assert [(row.hours, [cell.visits for cell in row.cells]) for row in found.rows] == [
        ("10–12", [6, 6, 6, 5, 5, 6, 6])
    ]
    assert [cell.heat for cell in found.rows[0].cells] == [5] * 7
    limited = Actor(kind="user", id="1", label="x", business_id=business.pk + 1)
    assert visit_map(ann, replace(scope, actor=limited)).rows == ()
