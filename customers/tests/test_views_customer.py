"""Adding, changing, archiving and restoring one customer by page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.permissions import Role
from customers.actions.rollups import rebuild_rollups
from customers.models import Customer, Event, Identifier
from customers.tests.test_actions_facts import sale
from customers.tests.test_views_customers import LIST, names, person
from programs.models import Programme, User
from workspace.models import Business

HTMX = {"HX-Request": "true"}


@pytest.fixture
def ada(programme: Programme) -> Customer:
    return person("Ada", "Byron", phone="+447700900142", email="ada@example.com", country="GB")


@pytest.fixture
def browser(client_of: Callable[..., Client], owner: User) -> Client:
    return client_of(owner)


def page_of(customer: Customer, act: str = "edit") -> str:
    return f"/customers/{customer.code}/{act}/"


def form_of(browser: Client, customer: Customer, **changes: str) -> dict[str, str]:
    form = browser.get(page_of(customer)).context["form"]
    return {**{name: form[name].value() or "" for name in form.fields}, **changes}


def test_adding_a_customer(browser: Client, analyst: User, client_of: Callable[..., Client]) -> None:
    assert client_of(analyst).get("/customers/new/").status_code == 403
    assert "Add customer" in browser.get(LIST).content.decode()
    answer = browser.post("/customers/new/", {"first_name": "Zofia", "phone": "07700 900318"})
    made = Customer.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/customers/{made.code}/")
    assert names(browser.get(LIST)) == ["Zofia"], "at once, not after the next roll-up"
    for wrong in ({}, {"phone": "123"}, {"email": "no@"}, {"phone": "+44 7700 900 318"}):
        assert browser.post("/customers/new/", wrong).status_code == 422
    assert Customer.objects.count() == 1


def test_changing_what_is_known(browser: Client, ada: Customer) -> None:
    assert page_of(ada) in browser.get(f"/customers/{ada.code}/").text
    sent = form_of(browser, ada, phone="07700 900 187", birthday="1980-02-29", city="Bath", country="")
    answer = browser.post(page_of(ada), sent)
    assert (answer.status_code, answer["Location"]) == (303, f"/customers/{ada.code}/")
    ada.refresh_from_db()
    assert (ada.phone, str(ada.birthday), ada.city, ada.country) == ("+447700900187", "1980-02-29", "Bath", "")
    assert ada.email == "ada@example.com"
    assert set(Identifier.objects.values_list("value", flat=True)) == {"+447700900187", "ada@example.com"}
    told = Event.objects.get(name="customers.customer.changed")
    assert told.data == {"fields": ["birthday", "city", "country", "phone"]}


def test_who_has_no_name_is_called_by_the_number(browser: Client, programme: Programme) -> None:
    nameless = person("", phone="+447700900142")
    page = browser.get(page_of(nameless)).text
    assert "Archive 07700 900142?" in page
    assert f">{nameless.code}<" not in page


def test_a_form_sent_as_it_was_changes_nothing(browser: Client, ada: Customer) -> None:
    assert browser.post(page_of(ada), form_of(browser, ada)).status_code == 303
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"phone": "12"}, "phone"),
        ({"phone": "07700 900999"}, "phone"),  # somebody else's
        ({"email": "no@"}, "email"),
        ({"birthday": "2999-01-01"}, "birthday"),
        ({"birthday": "soon"}, "birthday"),
        ({"city": "x" * 121}, "city"),
        ({"first_name": "A\x00da"}, "first_name"),
        ({"first_name": "", "last_name": "", "phone": "", "email": ""}, "__all__"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(
    browser: Client, ada: Customer, changes: dict[str, str], field: str
) -> None:
    person("Ben", phone="+447700900999")
    answer = browser.post(page_of(ada), form_of(browser, ada, **changes))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert Customer.objects.get(pk=ada.pk).phone == "+447700900142"
    assert not Event.objects.exists()


def test_a_field_is_judged_when_it_is_left(browser: Client, ada: Customer) -> None:
    for url in (page_of(ada), "/customers/new/"):
        part = browser.post(url, {"phone": "12", "_check": "phone"}, headers=HTMX)
        assert "not a complete phone number" in part.text
        assert "<html" not in part.text


def test_archiving_takes_out_of_the_list_and_restoring_brings_back(browser: Client, ada: Customer) -> None:
    rebuild_rollups(now=timezone.now())
    assert f'href="{page_of(ada, "archive")}"' in browser.get(page_of(ada)).text, "a link where no script runs"
    asked = browser.get(page_of(ada, "archive"))
    assert "Archive Ada Byron?" in asked.text
    assert Customer.objects.get().state == "active", "looking changes nothing"
    assert browser.post(page_of(ada, "archive")).status_code == 303
    assert names(browser.get(LIST)) == []
    assert names(browser.get(LIST, {"state": "archived"})) == ["Ada Byron"]
    assert "Archived" in browser.get(f"/customers/{ada.code}/").text
    assert page_of(ada, "restore") in browser.get(page_of(ada)).text
    assert browser.post(page_of(ada, "restore")).status_code == 303
    assert names(browser.get(LIST)) == ["Ada Byron"]
    assert browser.get(page_of(ada, "restore")).status_code == 405


@pytest.mark.parametrize("act", ["edit", "archive", "restore"])
def test_who_may(
    client_of: Callable[..., Client],
    make_member: Callable[..., User],
    analyst: User,
    outsider: User,
    ada: Customer,
    business: Business,
    other_business: Business,
    other_programme: Programme,
    act: str,
) -> None:
    sale(other_business, ada, "1", "5.00", placed_at=timezone.now())
    assert client_of(analyst).post(page_of(ada, act)).status_code == 403
    assert page_of(ada) not in client_of(analyst).get(f"/customers/{ada.code}/").text
    there = client_of(make_member("bo@example.com", Role.MARKETER, business=other_business))
    elsewhere = client_of(make_member("kim@example.com", Role.MARKETER, business=business))
    assert there.post(page_of(ada, act), form_of(there, ada)).status_code == 303
    assert elsewhere.post(page_of(ada, act)).status_code == 404
    Customer.objects.update(state="erased")
    assert there.post(page_of(ada, act)).status_code == 404
    with tenant_context(other_programme):
        Customer.objects.create(pk=ada.pk, first_name="Same key")
    assert client_of(outsider, on=other_programme).post(page_of(ada, act)).status_code == 404
