"""Notes about a customer: on the profile, in the timeline, by API; whose they are and who may take them away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from core.permissions import Role
from customers.actions.notes import write_note
from customers.models import Customer, Note
from customers.tests.test_actions_facts import sale
from customers.tests.test_api_customers import problem
from customers.tests.test_views_customers import person
from programs.models import Programme, User
from screens.actions.privacy import erase_customer
from screens.personal_data import sections
from workspace.models import AuditEntry, Business

HTMX = {"HX-Request": "true", "HX-Target": "customer-notes"}


@pytest.fixture
def ada(programme: Programme) -> Customer:
    return person("Ada", phone="+447700900142")


@pytest.fixture
def browser(client_of: Callable[..., Client], owner: User) -> Client:
    return client_of(owner)


def test_a_note_is_written_changed_pinned_and_deleted(browser: Client, ada: Customer) -> None:
    url = f"/customers/{ada.code}/notes/"
    assert browser.post(url, {"text": "Allergic to nuts.\r\nAsk twice."})["Location"] == f"/customers/{ada.code}/"
    part = browser.post(url, {"text": "Likes oat milk"}, headers=HTMX)
    assert part.text.lstrip().startswith('<section id="customer-notes"')
    for wrong in ("  ", "x" * 2001, "a\x00b"):
        refused = browser.post(url, {"text": wrong}, headers=HTMX)
        assert refused.status_code == 422
    first = Note.objects.get(text="Allergic to nuts.\nAsk twice.")
    one = f"/customers/notes/{first.code}/"
    assert browser.post(one, {"text": "Allergic to all nuts"}).status_code == 303
    browser.post(f"{one}pin/", {"pinned": "yes"})
    page = browser.get(f"/customers/{ada.code}/")
    shown = [(row["note"].text, row["note"].is_pinned) for row in page.context["notes"]]
    assert shown == [("Allergic to all nuts", True), ("Likes oat milk", False)]
    titles = [entry.title for day in page.context["history"].days for entry in day.entries]
    assert titles == ["Likes oat milk", "Allergic to all nuts"]
    browser.post(f"{one}delete/")
    assert list(Note.objects.values_list("text", flat=True)) == ["Likes oat milk"]
    acts = AuditEntry.objects.filter(action__startswith="customers.note.").order_by("id")
    assert [act.action.rpartition(".")[2] for act in acts] == ["written", "written", "changed", "pinned", "deleted"]
    assert not any("nuts" in str(act.data) for act in acts)


def test_words_are_changed_by_who_wrote_them_alone(
    browser: Client, ada: Customer, client_of: Callable[..., Client], make_member: Callable[..., User], analyst: User
) -> None:
    browser.post(f"/customers/{ada.code}/notes/", {"text": "Mine"})
    one = f"/customers/notes/{Note.objects.get().code}/"
    marketer = client_of(make_member("mo@example.com", Role.MARKETER))
    answers = [marketer.post(one, {"text": "Theirs"}), marketer.post(f"{one}delete/")]
    assert [answer.status_code for answer in answers] == [403, 403]
    manager = client_of(make_member("max@example.com", Role.MANAGER))
    assert manager.post(one, {"text": "Theirs"}).status_code == 403
    assert client_of(analyst).post(f"{one}pin/", {"pinned": "yes"}).status_code == 403
    assert Note.objects.get().text == "Mine"
    assert manager.post(f"{one}delete/").status_code == 303
    assert not Note.objects.exists()


def test_notes_of_a_business_stay_there(
    browser: Client, ada: Customer, client_of: Callable[..., Client], make_member: Callable[..., User],
    business: Business, other_business: Business, other_programme: Programme,
) -> None:  # fmt: skip
    for place in (business, other_business):
        sale(place, ada, "a1", "5.00", placed_at=timezone.now())
    here, there = (
        client_of(make_member(f"{place.code}@example.com", Role.MANAGER, business=place))
        for place in (business, other_business)
    )
    here.post(f"/customers/{ada.code}/notes/", {"text": "Here"})
    browser.post(f"/customers/{ada.code}/notes/", {"text": "Everywhere"})
    own = Note.objects.get(text="Here")
    assert there.post(f"/customers/notes/{own.code}/delete/").status_code == 404
    page = there.get(f"/customers/{ada.code}/")
    assert [row["note"].text for row in page.context["notes"]] == ["Everywhere"]
    assert "Here" not in [entry.title for day in page.context["history"].days for entry in day.entries]
    assert len(here.get(f"/customers/{ada.code}/").context["notes"]) == 2
    with tenant_context(other_programme):
        assert not Note.objects.exists()


def test_notes_are_in_the_data_of_the_person_and_go_with_them(ada: Customer) -> None:
    write_note(customer_id=ada.pk, text="Likes oat milk", actor=SYSTEM, now=timezone.now())
    section = next(one for one in sections() if one.name == "notes")
    assert [row["text"] for row in section.rows(ada)] == ["Likes oat milk"]
    erase_customer(customer_id=ada.pk, actor=SYSTEM, now=timezone.now())
    assert not Note.objects.exists()


def test_notes_over_the_api(api: Callable[..., Client], ada: Customer) -> None:
    client, call = api("write"), {"content_type": "application/json"}
    url = f"/api/v1/customers/{ada.code}/notes"
    made = client.post(url, {"text": "Likes oat milk", "is_pinned": True}, **call)
    assert (made.status_code, made.json()["author"], made.json()["is_pinned"]) == (201, "Web shop", True)
    one = f"{url}/{made.json()['id']}"
    assert client.patch(one, {"text": "Likes milk", "is_pinned": False}, **call).json()["text"] == "Likes milk"
    problem(api("write").patch(one, {"text": "Other", "is_pinned": True}, **call), 403, "permission_denied")
    assert Note.objects.get().is_pinned is False, "all of it or nothing"
    problem(api("read").post(url, {"text": "x"}, **call), 403, "permission_denied")
    problem(client.post(url, {"text": " "}, **call), 422, "blank")
    assert [row["text"] for row in client.get(url).json()["data"]] == ["Likes milk"]
    assert client.delete(one).status_code == 204
    problem(client.delete(one), 404, "not_found")
