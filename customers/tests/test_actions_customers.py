"""Adding, changing, archiving and finding customers: what is stored, who is refused, what the stream is told."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from core.errors import InvalidInput, NotFound
from core.phones import InvalidPhone
from customers.actions.customers import (
    IdentifierTaken,
    InvalidEmail,
    archive_customer,
    create_customer,
    find_or_create_by_phone,
    restore_customer,
    update_customer,
)
from customers.models import ConsentRecord, Customer, CustomerFacts, Event, Identifier
from programs.models import Programme
from workspace.models import AuditEntry

PHONE, E164 = "07700 900123", "+447700900123"


@pytest.fixture
def create(programme, actor, now):
    def call(**values):
        return create_customer(values=values, source="page", region="GB", actor=actor, now=now)

    return call


@pytest.fixture
def update(programme, actor, now):
    def call(customer, **values):
        return update_customer(customer_id=customer.pk, values=values, region="GB", actor=actor, now=now)

    return call


@pytest.fixture
def find(programme, actor, now):
    def call(phone):
        return find_or_create_by_phone(phone=phone, region="GB", source="till", actor=actor, now=now)

    return call


def identifiers():
    return set(Identifier.objects.values_list("kind", "value"))


def told():
    return list(Event.objects.order_by("pk").values_list("name", flat=True))


def rows():
    return [model.objects.count() for model in (Customer, CustomerFacts, Identifier, Event, AuditEntry)]


# -- create -----------------------------------------------------------------------------------------------------------


def test_a_customer_is_stored_normalised_with_identifiers_facts_event_and_audit(create, actor, now):
    customer = create(first_name=" Ada ", phone=PHONE, email=" Ada@Example.COM", external_id="A-1")
    customer.refresh_from_db()
    assert (customer.first_name, customer.phone, customer.phone_typed) == ("Ada", E164, PHONE)
    assert (customer.email, customer.external_id, customer.source) == ("ada@example.com", "A-1", "page")
    assert (customer.state, customer.created_at) == ("active", now)
    assert identifiers() == {("phone", E164), ("email", "ada@example.com"), ("external", "A-1")}
    assert CustomerFacts.objects.get().customer_id == customer.pk
    assert ConsentRecord.objects.count() == 0
    event = Event.objects.get()
    assert (event.name, event.customer_id, event.data) == (
        "customers.customer.created", customer.pk, {"source": "page"},
    )  # fmt: skip
    entry = AuditEntry.objects.get()
    assert (entry.subject, entry.actor) == (f"customer:{customer.code}", actor.reference)


@pytest.mark.parametrize("values", [{"first_name": "Ada"}, {"last_name": "Byron"}, {"external_id": "7"}])
def test_one_thing_to_know_somebody_by_is_enough(create, values):
    assert create(**values).pk


@pytest.mark.parametrize(
    ("values", "error", "field"),
    [
        ({}, InvalidInput, ""),
        ({"first_name": "  ", "city": "Bath"}, InvalidInput, ""),
        ({"phone": "12"}, InvalidPhone, "phone"),
        ({"email": "ada@"}, InvalidEmail, "email"),
        ({"email": f"ada@{'.'.join(['İ' * 30] * 5)}.com"}, InvalidEmail, "email"),
        ({"first_name": "Ada", "birthday": date(1899, 12, 31)}, InvalidInput, "birthday"),
        ({"first_name": "Ada", "birthday": date(2026, 6, 18)}, InvalidInput, "birthday"),
        ({"first_name": "Ada", "attributes": {str(n): n for n in range(51)}}, InvalidInput, "attributes"),
        ({"first_name": "Ada", "attributes": {"": 1}}, InvalidInput, "attributes"),
        ({"first_name": "Ada", "attributes": {"a": [1]}}, InvalidInput, "attributes"),
        ({"first_name": "Ada", "attributes": {"a": "x" * 501}}, InvalidInput, "attributes"),
        ({"first_name": "Ada", "attributes": {"a": "\x00"}}, InvalidInput, "attributes"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(create, values, error, field):
    with pytest.raises(error) as refused:
        create(**values)
    assert (refused.value.field or "") == field
    assert rows() == [0] * 5


def test_a_birthday_today_is_one(create, now):
    assert create(first_name="Ada", birthday=now.date()).birthday == now.date()


@pytest.mark.parametrize(
    ("field", "value"), [("phone", "+44 7700 900123"), ("email", "ADA@example.com"), ("external_id", "A-1")]
)
def test_what_names_somebody_else_is_taken_in_any_spelling(create, field, value):
    create(phone=PHONE, email="ada@example.com", external_id="A-1")
    before = rows()
    with pytest.raises(IdentifierTaken) as refused:
        create(first_name="Eve", **{field: value})
    assert refused.value.data["field"] == field
    assert rows() == before


# -- update -----------------------------------------------------------------------------------------------------------


def test_a_changed_number_replaces_the_old_one(create, update):
    customer = create(first_name="Ada", phone=PHONE, email="ada@example.com")
    changed = update(customer, phone="07700 900124", city="Bath")
    assert (changed.phone, changed.city) == ("+447700900124", "Bath")
    assert identifiers() == {("phone", "+447700900124"), ("email", "ada@example.com")}
    event = Event.objects.latest("pk")
    assert (event.name, event.data) == ("customers.customer.changed", {"fields": ["city", "phone"]})
    assert AuditEntry.objects.latest("pk").data == {"fields": ["city", "phone"]}
    assert create(phone=PHONE).pk, "the old number is free"


@pytest.mark.parametrize("values", [{}, {"first_name": "Ada "}, {"phone": "+44 7700 900123"}])
def test_nothing_different_writes_nothing(create, update, values):
    customer = create(first_name="Ada", phone=PHONE)
    before = rows()
    update(customer, **values)
    assert rows() == before
    customer.refresh_from_db()
    assert customer.phone_typed == PHONE


def test_an_identifier_of_somebody_else_is_refused_whole(create, update):
    create(email="eve@example.com")
    customer = create(first_name="Ada", phone=PHONE)
    before = rows()
    with pytest.raises(IdentifierTaken) as refused:
        update(customer, email="EVE@example.com", city="Bath")
    assert refused.value.data["field"] == "email"
    customer.refresh_from_db()
    assert (customer.email, customer.city, rows()) == ("", "", before)


def test_the_last_thing_that_names_somebody_stays(create, update):
    customer = create(phone=PHONE)
    with pytest.raises(InvalidInput):
        update(customer, phone="")
    assert identifiers() == {("phone", E164)}
    update(customer, first_name="Ada", phone="")
    assert identifiers() == set()


def test_a_second_identifier_of_a_kind_may_become_the_first(create, update, now):
    customer = create(first_name="Ada", phone=PHONE)
    Identifier.objects.create(customer=customer, kind="email", value="old@example.com", created_at=now)
    assert update(customer, email="old@example.com").email == "old@example.com"
    assert identifiers() == {("phone", E164), ("email", "old@example.com")}


# -- archive and restore ----------------------------------------------------------------------------------------------


def test_archiving_and_restoring_can_be_repeated(create, actor, now):
    customer = create(first_name="Ada", phone=PHONE)
    for act, state in ((archive_customer, "archived"), (restore_customer, "active")):
        for _ in range(2):
            act(customer_id=customer.pk, actor=actor, now=now)
        customer.refresh_from_db()
        assert customer.state == state
    assert told()[1:] == ["customers.customer.archived", "customers.customer.restored"]
    assert AuditEntry.objects.count() == 3
    assert identifiers() == {("phone", E164)}


@pytest.mark.parametrize("act", [archive_customer, restore_customer])
def test_an_erased_or_unknown_customer_is_not_there(act, create, update, actor, now):
    customer = create(first_name="Ada")
    Customer.objects.update(state="erased")
    for customer_id in (customer.pk, customer.pk + 1):
        with pytest.raises(NotFound):
            act(customer_id=customer_id, actor=actor, now=now)
    with pytest.raises(NotFound):
        update(customer, first_name="Eve")


# -- find or create ---------------------------------------------------------------------------------------------------


def test_a_number_in_any_spelling_is_one_customer(find):
    first = find(PHONE)
    again = [find(spelling) for spelling in ("+44 7700 900123", "(07700) 900-123", "0044 7700 900123")]
    assert first.is_new
    assert {(found.customer.pk, found.is_new) for found in again} == {(first.customer.pk, False)}
    assert told() == ["customers.customer.created"]
    assert Customer.objects.get().source == "till"


def test_who_comes_back_is_active_again(find, actor, now):
    customer = find(PHONE).customer
    archive_customer(customer_id=customer.pk, actor=actor, now=now)
    found = find(PHONE)
    assert (found.customer.pk, found.customer.state, found.is_new) == (customer.pk, "active", False)
    assert Customer.objects.get().state == "active"


def test_thirty_two_at_once_make_one_customer(committed_database, in_threads, now):

    connection.set_tenant(Programme.objects.get(slug="harbour"))

    def call():
        return find_or_create_by_phone(phone=PHONE, region="GB", source="till", actor=SYSTEM, now=now)

    results = in_threads([call] * 32)
    assert sorted(found.is_new for found in results) == [False] * 31 + [True]
    assert {found.customer.pk for found in results} == {Customer.objects.get().pk}
    assert (Identifier.objects.count(), CustomerFacts.objects.count(), Event.objects.count()) == (1, 1, 1)


def test_the_same_number_is_somebody_else_in_another_programme(find, other_programme, programme, actor, now):

    ours = find(PHONE)
    with tenant_context(other_programme):
        theirs = find_or_create_by_phone(phone=PHONE, region="GB", source="till", actor=actor, now=now)
        assert theirs.is_new
        assert theirs.customer.code != ours.customer.code
    assert Customer.objects.count() == 1
