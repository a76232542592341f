"""Finding people by what somebody types: slips, marks on letters, numbers in any spelling and half typed."""

from __future__ import annotations

import pytest
from django.db import connection

from core.phones import phone_begin
from customers.models import Customer
from customers.search import best_matches, search_for
from customers.tests.test_views_customers import person
from programs.models import Programme


@pytest.fixture
def people(programme: Programme) -> None:
    person("John", "Smith", email="john@example.com")
    person("Jörg", "Müller", phone="+491711234567", email="Joerg@Example.com".lower())
    person("Anna", "Mueller", phone="+491711999999")
    person("Zoë", "Ångström", external_id="0171")
    person("Đặng", "Straße", phone="+4930123456")


def found(typed: str, country: str = "DE") -> list[str]:
    """First names of those found, as the list finds them: what sounds alike where nothing else is there."""
    search = search_for(typed, country=country)
    assert search is not None
    strict = Customer.objects.filter(search.strict)
    people = strict if strict or search.fuzzy is None else Customer.objects.filter(search.fuzzy)
    return list(people.order_by("pk").values_list("first_name", flat=True))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Jonh Smth", ["John"]), ("jhon smith", ["John"]), ("Smit", ["John"]), ("smithh", ["John"]),
        ("Müller", ["Jörg", "Anna"]), ("MÜLLER", ["Jörg", "Anna"]), ("Mueller", ["Jörg", "Anna"]),
        ("muller", ["Jörg"]), ("Mu\u0308ller", ["Jörg", "Anna"]), ("jorg mull", ["Jörg"]), ("joerg", ["Jörg"]),
        ("zoe", ["Zoë"]), ("angstrom", ["Zoë"]), ("Aangstroem", ["Zoë"]), ("dang", ["Đặng"]), ("STRASSE", ["Đặng"]),
        ("01711234567", ["Jörg"]), ("0171 123 45 67", ["Jörg"]), ("+49 171 1234567", ["Jörg"]),
        ("0049 (171) 1234567", ["Jörg"]), ("0171/1234567", ["Jörg"]), ("0171 12", ["Jörg"]),
        ("0171 1", ["Jörg", "Anna"]), ("+49171", ["Jörg", "Anna"]), ("0049 30", ["Đặng"]), ("0172", []),
        ("0171", ["Zoë"]), ("JOERG@EXAMPLE.COM", ["Jörg"]), ("john@example", ["John"]),
    ],
)  # fmt: skip
def test_what_is_typed_finds(people: None, typed: str, expected: list[str]) -> None:
    assert found(typed) == expected


def test_a_few_are_the_closest_not_the_newest(people: None) -> None:
    for first in ("Lucas", "Lukas", "Luca"):
        person(first, "Power")
    closest = best_matches(Customer.objects.all(), "Lucas Powr", country="DE", most=1)
    assert [one.first_name for one in closest] == ["Lucas"]
    assert found("Jorgg Muler") == ["Jörg"], "who shares most of it, without who shares a little"
    assert best_matches(Customer.objects.all(), " \x00 ", country="DE", most=2) == []


def test_what_every_address_has_is_looked_up_in_the_index(people: None) -> None:
    """Whatever is near it, some are compared and the rest is not read: the question is asked without a scan."""
    body = "SELECT prosrc, proconfig FROM pg_proc WHERE oid = 'customers_sounding_like'::regproc"
    with connection.cursor() as cursor:
        cursor.execute(body)
        source, settings = cursor.fetchone()
    assert ("LIMIT 5000" in source, settings) == (True, ["enable_seqscan=off"])


@pytest.mark.parametrize(
    ("typed", "country", "begin"),
    [
        ("0171", "DE", "+49171"), ("0171-2 3", "DE", "+4917123"), ("+49 171", "GB", "+49171"),
        ("0049171", "GB", "+49171"),
        ("06 12", "IT", "+390612"), ("06 12", "HU", "+3612"), ("171", "DE", ""), ("12346", "GB", ""), ("017", "DE", ""),
        ("0171x", "DE", ""), ("٠١٢٣", "DE", ""), ("", "DE", ""),
    ],
)  # fmt: skip
def test_how_a_number_begins(typed: str, country: str, begin: str) -> None:
    assert phone_begin(typed, country) == begin
