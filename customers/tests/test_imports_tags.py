"""Tags of customers in a file: added, never taken away."""

import pytest

from core.actor import SYSTEM
from customers.actions.tags import tag_customer, untag_customer
from customers.models import Customer, CustomerTag, Tag
from customers.tests.imports_fixtures import import_csv
from customers.tests.test_imports_run import errors_of
from customers.tests.test_imports_undo import undo

PEOPLE = """\
Email,Tags
ann@example.com,"VIP, Tea  lover; vip"
bob@example.com,tea lover
bob@example.com,Early;
cy@example.com,
"""


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def marked():
    rows = CustomerTag.objects.order_by("customer__email", "tag__name")
    return [f"{email.partition('@')[0]} {name}" for email, name in rows.values_list("customer__email", "tag__name")]


def test_tags_are_added_to_those_that_somebody_has(business, now):
    ann = Customer.objects.create(email="ann@example.com")
    ann.identifiers.create(kind="email", value="ann@example.com")
    tag_customer(customer_id=ann.pk, names=["Own", "VIP"], actor=SYSTEM, now=now)
    run = import_csv(PEOPLE, business)
    assert (run.kind, run.mapping, run.rows_failed) == ("customers", {"email": 0, "tags": 1}, 0)
    assert marked() == ["ann Own", "ann Tea lover", "ann VIP", "bob Early", "bob Tea lover"]
    assert run.counts["tags_added"] == 3
    again = import_csv(PEOPLE + "\n", business)
    assert again.counts["tags_added"] == 0
    assert len(marked()) == 5


def test_undoing_takes_back_the_added_ones_only(business, now):
    ann = Customer.objects.create(email="ann@example.com")
    ann.identifiers.create(kind="email", value="ann@example.com")
    tag_customer(customer_id=ann.pk, names=["Own", "VIP"], actor=SYSTEM, now=now)
    run = import_csv(PEOPLE, business)
    tea = Tag.objects.named("tea lover")
    untag_customer(customer_id=ann.pk, tags=[tea], actor=SYSTEM, now=now)
    tag_customer(customer_id=ann.pk, names=["tea lover"], actor=SYSTEM, now=now)
    counts = undo(run)
    assert marked() == ["ann Own", "ann Tea lover", "ann VIP"]
    assert (counts["tags_removed"], counts["customers_removed"]) == (3, 2)
    assert Customer.objects.get() == ann


def test_the_order_of_the_rows_changes_nothing(business):
    header, *rows = PEOPLE.splitlines()
    import_csv("\n".join([header, *reversed(rows), ""]), business)
    assert [name.lower() for name in marked()] == ["ann tea lover", "ann vip", "bob early", "bob tea lover"]


def test_tags_that_cannot_be_are_the_rows_problem(business, now, monkeypatch):
    monkeypatch.setattr("customers.imports.tags.MAX_TAGS", 3)
    monkeypatch.setattr("customers.imports.tags.MAX_TAGS_OF_CUSTOMER", 2)
    ann = Customer.objects.create(email="ann@example.com")
    ann.identifiers.create(kind="email", value="ann@example.com")
    tag_customer(customer_id=ann.pk, names=["Own"], actor=SYSTEM, now=now)
    rows = ["ann@example.com,a;b", f"bob@example.com,{'x' * 41}", "cy@example.com,c;d", "di@example.com,e"]
    run = import_csv("\n".join(["Email,Tags", *rows, ""]), business)
    assert run.problems == {"tag": 1, "tags_of_customer": 1, "tags_of_programme": 1}
    assert [row["Email"][:2] for row in errors_of(run)] == ["an", "bo", "di"]
    assert marked() == ["ann Own", "cy c", "cy d"]
