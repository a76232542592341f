"""Who somebody is: by customer number, phone or e-mail."""

from decimal import Decimal

import pytest

from core.tests.test_phones import SPELLINGS
from customers.models import Customer, Identifier, Order, Refund
from customers.tests.imports_fixtures import csv_of, import_csv

HEADER = "Customer ID,Phone,Email,First name,Last name,Birthday"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def people(*rows, business, **options):
    return import_csv(csv_of(*rows, header=HEADER), business, kind="customers", **options)


def identifiers(customer):
    return sorted(customer.identifiers.values_list("kind", "value"))


def test_a_row_becomes_a_customer_with_its_identifiers(business):
    people("17850.0,07700 900123,Ann@Example.COM ,Ann,Lee,1980-02-29", business=business)
    ann = Customer.objects.get()
    assert (ann.external_id, ann.phone, ann.email, ann.name) == ("17850", "+447700900123", "ann@example.com", "Ann Lee")
    assert identifiers(ann) == [("email", "ann@example.com"), ("external", "17850"), ("phone", "+447700900123")]
    assert ann.birthday.isoformat() == "1980-02-29"


def test_a_known_phone_is_the_same_person_and_gets_the_number(business):
    people(",07700 900123,,Ann,,", business=business)
    people("7,+44 7700 900123,,,Lee,", business=business)
    ann = Customer.objects.get()
    assert (ann.external_id, ann.name) == ("7", "Ann Lee")
    assert identifiers(ann) == [("external", "7"), ("phone", "+447700900123")]


def test_an_empty_cell_erases_nothing_and_a_value_replaces(business):
    people("7,,a@example.com,Ann,Lee,", business=business)
    run = people("7,,b@example.com,,Ley,", business=business)
    ann = Customer.objects.get()
    assert (ann.first_name, ann.last_name, ann.email) == ("Ann", "Ley", "b@example.com")
    assert run.counts["customers_updated"] == 1
    assert {value for kind, value in identifiers(ann) if kind == "email"} == {"a@example.com", "b@example.com"}


def test_rows_of_one_person_in_one_file_are_one_customer(business):
    people(
        "7,07700 900123,,Ann,,",
        ",07700 900123,ann@example.com,,Lee,",
        ",,ann@example.com,Annie,,",
        business=business,
    )
    ann = Customer.objects.get()
    assert (ann.last_name, ann.email) == ("Lee", "ann@example.com")
    assert len(identifiers(ann)) == 3


def test_twenty_spellings_are_one_person_and_impossible_numbers_nobody(business):
    rows = [f',"{spelling.strip()}",,,Lee,' for spelling in SPELLINGS]
    run = people(*rows, ",07700 90014,,,,", ",+999 123 456 789,,,,", ",call me,,,,", business=business)
    assert Customer.objects.get().phone == "+447700900142"
    assert run.problems == {"phone": 3}
    assert run.rows_total == len(SPELLINGS) + 3


def test_identifiers_of_two_customers_in_one_row_are_refused(business):
    people("7,,a@example.com,Ann,,", "8,07700 900124,,Bob,,", business=business)
    run = people("7,07700 900124,,Ann,,", "9,,a@example.com,Cy,,", business=business)
    assert run.problems == {"identity": 2}
    assert Customer.objects.count() == 2


def test_two_numbers_with_one_address_in_a_file_keep_the_first(business):
    run = people("7,,a@example.com,Ann,,", "8,,a@example.com,Bob,,", ",07700900123,,,,", business=business)
    assert run.problems == {"shared": 1}
    assert set(Customer.objects.values_list("external_id", flat=True)) == {"7", ""}


def test_rows_without_anybody_and_with_impossible_values_are_refused(business):
    run = people(",,,Ann,,", "8,12,,,,", "9,,not-an-address,,,", "10,,,,,2999-01-01", business=business)
    assert run.problems == {"email": 1, "future": 1, "nobody": 1, "phone": 1}
    assert not Identifier.objects.exists()


def test_a_bought_order_makes_the_person(business):
    header = "Order number,Date,Total,Email,Phone"
    run = import_csv(
        csv_of(
            "1,2026-01-05,12.40,ann@example.com,",
            "2,2026-01-06,-3.40,ann@example.com,",
            "1,2026-01-07,9,bob@example.com,",
            header=header,
        ),
        business,
    )
    assert run.kind == "orders"
    assert run.problems == {"twice": 1}
    assert Order.objects.get().total == Decimal("12.40")
    assert Refund.objects.get().total == Decimal("3.40")
    assert Customer.objects.get().email == "ann@example.com"
