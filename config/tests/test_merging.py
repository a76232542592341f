"""Merging customers: every column that names one moves or says why not; pages, API, privacy, late arrivals, threads."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.actor import SYSTEM
from core.errors import NotFound
from customers.actions.consent import record_consent
from customers.actions.duplicates import find_duplicates
from customers.actions.merging import merge_customers, move_late_arrivals, undo_merge
from customers.actions.notes import write_note
from customers.actions.tags import tag_customer
from customers.consent import has_consent
from customers.merging import EXEMPT, MOVERS
from customers.models import (
    ConsentRecord,
    Customer,
    CustomerFacts,
    CustomerMerge,
    CustomerTag,
    DuplicatePair,
    KeptApart,
    Note,
    Order,
)
from loyalty.actions.points import add_points
from loyalty.audit import audit
from loyalty.models import Account
from programs.models import Programme
from screens.actions.privacy import erase_customer
from workspace.models import AuditEntry, Business

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)


def person(first="Ada", last="Byron", **values):
    customer = Customer.objects.create(first_name=first, last_name=last, **values)
    CustomerFacts.objects.create(customer=customer)
    for kind, value in (("phone", customer.phone), ("email", customer.email)):
        if value:
            customer.identifiers.create(kind=kind, value=value)
    return customer


@pytest.fixture
def pair(programme):
    return person(phone="+447700900001"), person("Ada", "Lovelace", phone="+447700900002", email="ada@example.com")


def merged(pair, **choose):
    survivor, duplicate = pair
    return merge_customers(survivor_id=survivor.pk, duplicate_id=duplicate.pk, choose=choose, actor=SYSTEM, now=NOW)


def test_every_column_that_names_a_customer_moves_or_says_why_not():
    named = {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model in (Customer, Account)
    }
    moving = {column for mover in MOVERS.values() for column in mover.columns}
    assert sorted(named - moving - set(EXEMPT)) == [], "add a mover to the app's merging_rules.py, or the reason"
    assert sorted((moving | set(EXEMPT)) - named) == [], "no such column any more"
    assert moving & set(EXEMPT) == set()


def test_fields_that_are_not_chosen_fill_gaps_only(pair):
    survivor, duplicate = pair
    Customer.objects.filter(pk=survivor.pk).update(attributes={"size": "M"})
    Customer.objects.filter(pk=duplicate.pk).update(attributes={"size": "L", "vip": True}, city="Bath")
    merged(pair, last_name="duplicate")
    survivor.refresh_from_db()
    assert (survivor.last_name, survivor.phone, survivor.email, survivor.city) == (
        "Lovelace", "+447700900001", "ada@example.com", "Bath",
    )  # fmt: skip
    assert survivor.attributes == {"size": "M", "vip": True}


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        (None, [True], True),
        (None, [True, False], False),
        ([True], [True, False], False),
        ([True, False], [True], False),
    ],
)
def test_a_no_never_becomes_a_yes(pair, mine, theirs, expected):
    for customer, statements in zip(pair, (mine, theirs), strict=True):
        for number, granted in enumerate(statements or []):
            record_consent(
                customer=customer, channel="sms", purpose="marketing", is_granted=granted, source="till",
                wording="till-marketing-1", actor=SYSTEM, now=NOW - timedelta(hours=5 - number),
            )  # fmt: skip
    own = has_consent(customer_id=pair[0].pk, channel="sms", purpose="marketing")
    merge = merged(pair)
    assert has_consent(customer_id=pair[0].pk, channel="sms", purpose="marketing") is expected
    undo_merge(code=merge.code, actor=SYSTEM, now=NOW)
    assert has_consent(customer_id=pair[0].pk, channel="sms", purpose="marketing") is own


def test_what_arrives_late_moves_as_well_and_comes_back(pair, business):
    survivor, duplicate = pair
    merge = merged(pair)
    order = Order.objects.create(
        business=business, customer=duplicate, source="import:x", reference="L1", placed_at=NOW, total=Decimal(5)
    )
    assert move_late_arrivals(now=NOW + timedelta(minutes=10)) is not None
    order.refresh_from_db()
    assert order.customer_id == survivor.pk
    undo_merge(code=merge.code, actor=SYSTEM, now=NOW)
    order.refresh_from_db()
    assert order.customer_id == duplicate.pk
    assert move_late_arrivals(now=NOW + timedelta(days=2)) is None


def test_erasing_the_survivor_forgets_the_duplicate(pair):
    survivor, duplicate = pair
    record_consent(
        customer=duplicate, channel="sms", purpose="service", is_granted=True, source="till",
        wording="till-service-1", actor=SYSTEM, now=NOW,
    )  # fmt: skip
    merge = merged(pair)
    erase_customer(customer_id=survivor.pk, actor=SYSTEM, now=NOW)
    merge.refresh_from_db()
    duplicate.refresh_from_db()
    assert (merge.before, merge.moved, duplicate.state) == ({}, {}, "erased")
    assert not ConsentRecord.objects.exists()
    text = str(list(AuditEntry.objects.values())) + str(list(CustomerMerge.objects.values()))
    assert "Lovelace" not in text
    assert "ada@example.com" not in text


def test_pages_from_the_suggestion_to_the_undo(pair, owner, client_of):
    survivor, duplicate = pair
    Customer.objects.update(last_name="Byron", birthday=date(1990, 1, 2))
    assert find_duplicates(now=NOW) == 1
    browser = client_of(owner)
    listed = browser.get("/customers/duplicates/").text
    assert "Same name and birthday" in listed
    assert f"/customers/{survivor.code}/merge/{duplicate.code}/" in listed
    assert "This may be the same person as" in browser.get(f"/customers/{survivor.code}/").text
    assert duplicate.code in browser.get(f"/customers/{survivor.code}/merge/?q=ada").text
    url = f"/customers/{survivor.code}/merge/{duplicate.code}/"
    assert "They differ" in browser.get(url).text
    answer = browser.post(url, {"phone": "duplicate"})
    assert (answer.status_code, answer["Location"]) == (303, f"/customers/{survivor.code}/")
    assert Customer.objects.get(pk=survivor.pk).phone == "+447700900002"
    assert browser.post(url, {"phone": "duplicate"})["Location"] == answer["Location"], "sent twice"
    assert CustomerMerge.objects.count() == 1
    gone = browser.get(f"/customers/{duplicate.code}/")
    assert (gone.status_code, gone["Location"]) == (302, f"/customers/{survivor.code}/")
    merge = CustomerMerge.objects.get()
    assert f"/customers/merges/{merge.code}/" in browser.get(f"/customers/{survivor.code}/").text
    assert "Goes back" in browser.get(f"/customers/merges/{merge.code}/").text
    assert browser.post(f"/customers/merges/{merge.code}/undo/").status_code == 303
    assert browser.get(f"/customers/{duplicate.code}/").status_code == 200
    assert "was undone" in browser.get(f"/customers/merges/{merge.code}/").text
    find_duplicates(now=NOW)
    two = {"first": duplicate.code, "second": survivor.code}
    assert browser.post("/customers/duplicates/apart/", two).status_code == 303
    assert (find_duplicates(now=NOW), KeptApart.objects.count()) == (0, 1)


def test_a_page_from_before_the_merge_writes_for_the_survivor(pair, owner, client_of, api):
    survivor, duplicate = pair
    merged(pair)
    browser, here = client_of(owner), f"/customers/{survivor.code}/"
    assert browser.post(f"/customers/{duplicate.code}/notes/", {"text": "Likes oat milk"})["Location"] == here
    assert browser.post(f"/customers/{duplicate.code}/tags/", {"name": "VIP"})["Location"] == here
    assert Note.objects.get().customer == survivor
    assert CustomerTag.objects.get().customer == survivor
    assert "Nobody is selected" in browser.get(f"/customers/bulk/?act=archive&selected={duplicate.code}").text
    body = {"act": "archive", "ids": [duplicate.code]}
    assert api("write").post("/api/v1/customers/bulk", body, content_type="application/json").status_code == 422
    for write in (
        lambda: write_note(customer_id=duplicate.pk, text="Hello", actor=SYSTEM, now=NOW),
        lambda: tag_customer(customer_id=duplicate.pk, names=["New"], actor=SYSTEM, now=NOW),
    ):
        with pytest.raises(NotFound):
            write()


def test_who_may_not_merge_sees_nothing_of_it(pair, business, analyst, make_member, client_of):
    survivor, duplicate = pair
    url = f"/customers/{survivor.code}/merge/{duplicate.code}/"
    browser = client_of(analyst)
    assert [browser.get(url).status_code, browser.post(url).status_code] == [403, 403]
    assert "In the list twice" not in browser.get(f"/customers/{survivor.code}/").text
    assert Customer.objects.filter(state="merged").count() == 0


def test_the_api_previews_merges_and_undoes(pair, api):
    survivor, duplicate = pair
    body = {"survivor_id": survivor.code, "duplicate_id": duplicate.code, "choose": {"last_name": "duplicate"}}

    def send(client, path, sent=None):
        return client.post(f"/api/v1/customers/{path}", sent or {}, content_type="application/json")

    assert send(api("write"), "merge", body).status_code == 403
    client = api("admin")
    tried = send(client, "merge", {**body, "dry_run": True}).json()
    assert tried["id"] is None
    names = {"survivor": "Byron", "duplicate": "Lovelace", "chosen": "duplicate"}
    assert {"field": "last_name", **names} in tried["choices"]
    assert Customer.objects.filter(state="merged").count() == 0
    assert send(client, "merge", {**body, "choose": {"shoe": "survivor"}}).status_code == 422
    made = send(client, "merge", body).json()
    assert send(client, "merge", body).json()["id"] == made["id"]
    gone = client.get(f"/api/v1/customers/{duplicate.code}")
    assert (gone.status_code, gone.json()["code"], gone.json()["data"]["merged_into"]) == (
        404, "customer_merged", survivor.code,
    )  # fmt: skip
    assert send(client, f"merges/{made['id']}/undo").json()["undone_at"] is not None
    Customer.objects.update(last_name="Byron", postcode="BA1 1AA")
    find_duplicates(now=NOW)
    found = client.get("/api/v1/customers/duplicates").json()["data"]
    assert [(one["customer_ids"], one["reasons"]) for one in found] == [([survivor.code, duplicate.code], ["postcode"])]
    assert send(client, "duplicates/keep-apart", {"customer_ids": found[0]["customer_ids"]}).status_code == 204
    assert client.get("/api/v1/customers/duplicates").json()["data"] == []


@pytest.mark.parametrize(
    ("one", "other", "reasons"),
    [
        ({"email": "a.byron+x@example.com"}, {"email": "abyron@example.com", "first": "Bo"}, ["email"]),
        ({"address": "1 High St."}, {"address": "1 high st"}, ["address"]),
        ({"phone": "+447700900123"}, {"phone": "+17700900123"}, ["phone"]),
        ({"phone": "+447700900123"}, {"phone": "+17700900123", "first": "Zofia", "last": "Maj"}, None),
        ({"birthday": date(1990, 1, 2)}, {"birthday": date(1990, 1, 3)}, None),
        ({"birthday": date(1990, 1, 2)}, {"birthday": date(1990, 1, 2), "state": "archived"}, None),
    ],
)
def test_what_makes_two_alike(programme, one, other, reasons):
    person(**one)
    person(**other)
    find_duplicates(now=NOW)
    assert [pair.reasons for pair in DuplicatePair.objects.all()] == ([reasons] if reasons else [])


def test_the_list_of_duplicates_costs_the_same_for_many(programme, owner, client_of):
    browser = client_of(owner)
    browser.get("/customers/duplicates/")
    counts = []
    for number in range(12):
        for _twin in range(2):
            person("Ada", f"Byron{number}", birthday=date(1990, 1, 2))
        if number in (1, 11):
            find_duplicates(now=NOW)
            with CaptureQueriesContext(connection) as queries:
                browser.get("/customers/duplicates/")
            counts.append(len(queries))
    assert counts[0] == counts[1]


def test_another_programme_is_not_there(pair, api, programme, client_of, outsider):
    survivor, duplicate = pair
    assert client_of(outsider).get(f"/customers/{survivor.code}/merge/{duplicate.code}/").status_code in (403, 404)


def test_sales_and_merges_at_once_lose_nothing(committed_database, in_threads):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    shop = Business.objects.create(name="Quayside")
    phones = [f"+44770090000{number}" for number in range(3)]

    def sell(phone, key):
        return lambda: add_points(
            business=shop.pk, phone=phone, amount=Decimal(10), key=key, actor=SYSTEM, now=timezone.now()
        )

    for phone in phones:
        sell(phone, f"first{phone}")()
    first, second, third = (Customer.objects.get(phone=phone).pk for phone in phones)

    def merge(survivor, duplicate):
        return lambda: merge_customers(
            survivor_id=survivor, duplicate_id=duplicate, choose={}, actor=SYSTEM, now=timezone.now()
        )

    sales = [sell(phones[number % 3], f"k{number}") for number in range(9)]
    merges = [merge(first, second), merge(second, first), merge(first, third), merge(first, second)]
    results = in_threads([*sales[:4], *merges, *sales[4:]])
    assert [one for one in results[:4] + results[8:] if isinstance(one, Exception)] == []
    left = Customer.objects.filter(state="active")
    total = sum(Account.objects.values_list("available", flat=True))
    assert total == 120
    assert sum(Account.objects.filter(customer__in=left).values_list("available", flat=True)) == 120
    assert not Order.objects.exclude(customer__in=left).exists()
    assert not Customer.objects.filter(state="merged", merged_into__state="merged").exists()
    assert [(found.code, found.samples) for found in audit() if not found.is_kept] == []
