"""Consent that others write down: by API, by the team; its proof, its history, what it cannot do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django_tenants.utils import tenant_context

from customers.consent import has_consent
from customers.models import ConsentRecord, Customer, Event
from customers.tests.test_api_customers import problem
from customers.tests.test_views_customers import person
from programs.models import Programme, User

WORDS = "Yes, send me offers by text. I can stop at any time."


@pytest.fixture
def ada(programme: Programme) -> Customer:
    return person("Ada", phone="+447700900142")


def test_a_yes_needs_its_words_and_the_newest_statement_counts(api: Callable[..., Client], ada: Customer) -> None:
    client, url = api("write"), f"/api/v1/customers/{ada.code}/consents"

    def say(is_granted: bool, words: str = "") -> int:
        said = {"channel": "sms", "purpose": "marketing", "is_granted": is_granted, "words": words}
        answer = client.post(url, said, content_type="application/json")
        return int(answer.status_code)

    assert say(is_granted=False) == 204
    assert say(is_granted=True) == 422
    assert not ConsentRecord.objects.exists()
    assert say(is_granted=True, words=WORDS) == 201
    assert has_consent(customer_id=ada.pk, channel="sms", purpose="marketing")
    assert say(is_granted=True, words=f" {WORDS}") == 200
    assert say(is_granted=False) == 201
    assert say(is_granted=True, words=f"{WORDS} Really.") == 201
    rows = client.get(url).json()["data"]
    assert [(row["is_granted"], row["words"], row["source"]) for row in rows] == [
        (True, f"{WORDS} Really.", "api"),
        (False, "", "api"),
        (True, WORDS, "api"),
    ]
    assert [row["is_granted"] for row in client.get(f"{url}?current=true").json()["data"]] == [True]
    assert Event.objects.filter(name="customers.consent.changed").count() == 3
    problem(api("read").post(url, {}, content_type="application/json"), 403, "permission_denied")


def test_the_other_programme_knows_nobody(
    api: Callable[..., Client], ada: Customer, other_programme: Programme
) -> None:
    with tenant_context(other_programme):
        theirs = api("write", on=other_programme)
        problem(theirs.get(f"/api/v1/customers/{ada.code}/consents"), 404, "not_found")


def test_the_team_writes_down_what_somebody_said(
    client_of: Callable[..., Client], owner: User, analyst: User, ada: Customer
) -> None:
    browser, url = client_of(owner), f"/customers/{ada.code}/consent/"
    assert url in browser.get(f"/customers/{ada.code}/?tab=consent").text
    refused = browser.post(url, {"asked": "email-marketing", "answer": "yes", "words": ""})
    assert refused.status_code == 422
    assert "they are the proof" in refused.text
    assert browser.post(url, {"asked": "email-marketing", "answer": "yes", "words": WORDS}).status_code == 303
    record = ConsentRecord.objects.get()
    assert (record.source, record.proof["text"], record.is_granted) == ("staff", WORDS, True)
    assert browser.post(url, {"asked": "email-marketing", "answer": "no"}).status_code == 303
    assert not has_consent(customer_id=ada.pk, channel="email", purpose="marketing")
    assert "Written down by your team" in browser.get(f"/customers/{ada.code}/?tab=consent").text
    assert client_of(analyst).get(url).status_code == 403
    assert browser.get("/customers/nobody1234/consent/").status_code == 404
