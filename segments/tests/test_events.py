"""What others send about people, as conditions: how often, how it was the last time, how it goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django_tenants.utils import tenant_context

from customers.models import Customer, Event, TrackedName
from segments.compiler import check, members
from segments.fields.events import fields_of_events
from segments.fields.registry import FIELDS
from segments.rules import read
from segments.statement import Moment
from segments.tests.people import NOW, ZONE

NAME = "Newsletter Opened"
KNOWN = {"stars": "number", "theme": "text", "is_mobile": "yes_no", "links": "list"}


@pytest.fixture
def people(programme) -> dict[str, Customer]:
    TrackedName.objects.create(name=NAME, properties=KNOWN, first_at=NOW, last_at=NOW)
    return {name: Customer.objects.create(first_name=name) for name in "ABC"}


@pytest.fixture
def did(people) -> Callable[..., None]:
    def make(who: str, days_ago: float, *, name: str = NAME, **properties: object) -> None:
        Event.objects.create(
            name="customers.event.tracked", tracked=name, customer=people[who],
            occurred_at=NOW - timedelta(days=days_ago), data={"event": name, "properties": properties},
        )  # fmt: skip

    return make


def found(*, now=NOW, **condition: object) -> str:
    """First names of whom the condition finds."""
    fields = {**FIELDS, **{field.key: field for field in fields_of_events()}}
    rules = read({"version": 1, "match": {"type": "condition", "field": f"event:{NAME}", **condition}})
    check(rules, fields)
    query = members(rules, fields, Moment(now, ZONE))
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        keys = [pk for (pk,) in cursor.fetchall()]
    return "".join(sorted(Customer.objects.filter(pk__in=keys).values_list("first_name", flat=True)))


def last(count: int, unit: str = "day") -> dict[str, object]:
    return {"type": "last", "count": count, "unit": unit}


def test_zero_times_finds_who_never_did_and_who_did_something_else(did):
    did("A", 1, name="Page Viewed")
    did("B", 1)
    assert found(op="is", value=0) == "AC"
    did("A", 0)
    assert found(op="is", value=0) == "C"


def test_fewer_than_two_times_finds_who_never_did(did):
    did("B", 1)
    did("C", 1)
    did("C", 2)
    assert found(op="less", value=2) == "AB"
    assert found(op="at_least", value=2) == "C"


def test_an_event_grows_older_than_the_window(did):
    did("A", 5)
    assert found(op="is", value=0, window=last(7)) == "BC"
    assert found(op="is", value=0, window=last(7), now=NOW + timedelta(days=2)) == "ABC"


def test_properties_narrow_what_counts(did):
    did("A", 1, stars=5, theme="Autumn", is_mobile=True)
    did("B", 1, stars=3, theme="autumn sale")
    did("B", 2, stars="5", theme="")
    assert found(op="at_least", value=1, where=[{"property": "stars", "op": "at_least", "value": 4}]) == "A"
    assert found(op="at_least", value=1, where=[{"property": "stars", "op": "missing"}]) == "B"
    assert found(op="at_least", value=1, where=[{"property": "theme", "op": "contains", "value": "AUTUMN"}]) == "AB"
    assert found(op="at_least", value=1, where=[{"property": "theme", "op": "missing"}]) == "B"
    assert found(op="at_least", value=1, where=[{"property": "is_mobile", "op": "is", "value": False}]) == "B"
    both = [{"property": "stars", "op": "is", "value": 3}, {"property": "theme", "op": "is", "value": "AUTUMN SALE"}]
    assert found(op="at_least", value=1, where=both) == "B"


def test_what_is_no_text_number_or_yes_is_not_offered(people):
    offered = next(field for field in fields_of_events() if field.key == f"event:{NAME}")
    assert sorted(offered.source.properties) == ["is_mobile", "stars", "theme"]


def test_the_newest_event_is_judged_and_no_older_one(did):
    few = [{"property": "stars", "op": "less", "value": 4}]
    did("A", 9, stars=5)
    did("A", 1, stars=2)
    did("B", 9, stars=2)
    did("B", 1, stars=5)
    asked = {"field": f"last_event:{NAME}", "op": "is", "where": few}
    assert found(**asked, value=True) == "A"
    assert found(**asked, value=False) == "BC"
    assert found(**asked, value=True, window={"type": "over", "count": 5}) == "B"


def test_two_at_the_same_moment_the_later_written_is_the_newest(did):
    did("A", 1, stars=2)
    did("A", 1, stars=5)
    few = [{"property": "stars", "op": "less", "value": 4}]
    assert found(field=f"last_event:{NAME}", op="is", value=True, where=few) == ""


def test_first_time_within_a_week(did):
    did("A", 20)
    did("A", 4)
    did("B", 4)
    assert found(op="first_time", window=last(7)) == "B"


def test_stopped_was_there_lately_and_is_not_now(did):
    did("A", 10)
    did("B", 10)
    did("B", 3)
    did("C", 30)
    assert found(op="stopped", value=7, window=last(14)) == "A"
    assert found(op="stopped", value=7) == "AC"


def test_restarted_after_a_pause(did):
    for who, days in (("A", (20, 1)), ("B", (20, 5, 1)), ("C", (1,))):
        for ago in days:
            did(who, ago)
    assert found(op="restarted", value=5, window=last(2)) == "A"


def test_minutes_are_counted_from_now(people):
    Customer.objects.filter(pk=people["A"].pk).update(created_at=NOW - timedelta(seconds=30))
    Customer.objects.filter(pk=people["B"].pk).update(created_at=NOW - timedelta(seconds=90))
    Customer.objects.filter(pk=people["C"].pk).update(created_at=NOW - timedelta(days=9))
    asked = {"field": "created", "op": "within", "window": last(1, "minute")}
    assert found(**asked) == "A"
    assert found(**asked, now=NOW + timedelta(minutes=20)) == ""


def test_a_name_is_never_sql(people, did):
    name = "x'); DROP TABLE customers_customer; -- %s {name}"
    TrackedName.objects.create(name=name, properties={name: "text"}, first_at=NOW, last_at=NOW)
    did("A", 1, name=name, **{name: name})
    where = [{"property": name, "op": "contains", "value": name}]
    assert found(field=f"event:{name}", op="at_least", value=1, where=where) == "A"


def test_events_of_another_programme_are_not_offered(people, other_programme):
    with tenant_context(other_programme):
        assert list(fields_of_events()) == []
