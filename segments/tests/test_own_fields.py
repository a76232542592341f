"""The programme's own fields as conditions."""

from __future__ import annotations

import pytest
from django.db import connection
from django_tenants.utils import tenant_context

from customers.models import AttributeDefinition, Customer
from segments.compiler import check, members
from segments.fields.own import fields_of_customers
from segments.rules import Refused, read
from segments.statement import Moment
from segments.tests.people import NOW, ZONE

HOSTILE = "milk'); DROP TABLE customers_customer; -- {key} %s"
KINDS = {"milk": "text", "cups": "number", "since": "date", "vegan": "yes_no", "size": "choice", HOSTILE[:60]: "text"}
SAID = {
    "A": {"milk": "Oat", "cups": 3, "since": "2026-11-03", "vegan": True, "size": "large", HOSTILE[:60]: "yes"},
    "B": {"milk": "", "cups": "3", "since": "2026-02-30", "vegan": False, "size": "small"},
    "C": {},
}


@pytest.fixture
def people(programme) -> None:
    for position, (key, kind) in enumerate(KINDS.items()):
        AttributeDefinition.objects.create(key=key, label=key, kind=kind, position=position)
    for name, said in SAID.items():
        Customer.objects.create(first_name=name, attributes=said)


def found(key: str, op: str, value: object = None, window: object = None) -> str:
    fields = {field.key: field for field in fields_of_customers()}
    condition = {"type": "condition", "field": f"attribute:{key}", "op": op, "value": value, "window": window}
    rules = read({"version": 1, "match": condition})
    check(rules, fields)
    query = members(rules, fields, Moment(NOW, ZONE))
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        keys = [pk for (pk,) in cursor.fetchall()]
    return "".join(sorted(Customer.objects.filter(pk__in=keys).values_list("first_name", flat=True)))


@pytest.mark.parametrize(
    ("key", "op", "value", "who"),
    [
        ("milk", "is", "OAT", "A"),
        ("milk", "is_not", "oat", "BC"),
        ("milk", "missing", None, "BC"),
        ("cups", "at_least", 3, "A"),  # a number that came as text is none
        ("cups", "is_not", 3, "BC"),
        ("cups", "missing", None, "BC"),
        ("vegan", "is", True, "A"),
        ("vegan", "is", False, "BC"),
        ("size", "is_one_of", ["large", "medium"], "A"),
        ("size", "is_none_of", ["large"], "BC"),
        (HOSTILE[:60], "contains", HOSTILE, ""),
        (HOSTILE[:60], "exists", None, "A"),
    ],
)
def test_a_field_of_ones_own(people, key, op, value, who):
    assert found(key, op, value) == who


def test_a_day_that_is_none_breaks_nothing(people):
    assert found("since", "within", window={"type": "last", "count": 1}) == "A"
    assert found("since", "within", window={"type": "over", "count": 1}) == "B"
    assert found("since", "not_within", window={"type": "calendar", "unit": "year"}) == "C"


def test_a_field_that_is_archived_or_of_another_programme_is_unknown(people, other_programme):
    AttributeDefinition.objects.filter(key="milk").update(is_archived=True)
    with pytest.raises(Refused):
        found("milk", "exists")
    with tenant_context(other_programme):
        assert list(fields_of_customers()) == []
