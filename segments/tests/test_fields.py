"""Every field of the registry: its example works as it is written, and no word of a tree becomes SQL."""

from __future__ import annotations

import pytest
from django.db import connection

from segments.compiler import check, members
from segments.fields.registry import FIELDS
from segments.operators import KNOWN, PATTERNS, WITHOUT_VALUE, Kind
from segments.rules import read
from segments.statement import Moment
from segments.tests.people import NOW, ZONE

HOSTILE = "x'); DROP TABLE customers_customer; -- %(p0)s %s {name} \\ \" $$ ;"


def run(document: dict[str, object], *, chosen: list[int] | None = None) -> list[int]:
    rules = read({"version": 1, "match": {"type": "all", "of": [{"type": "everyone"}, document]}})
    check(rules, FIELDS)
    query = members(rules, FIELDS, Moment(NOW, ZONE), chosen=chosen)
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        return [pk for (pk,) in cursor.fetchall()]


@pytest.mark.parametrize("key", FIELDS)
def test_example_of_a_field_runs(programme, key):
    field = FIELDS[key]
    run({"type": "condition", "field": key, **field.example})
    run({"type": "condition", "field": key, **field.example}, chosen=[1, 2])


@pytest.mark.parametrize(
    "key", [key for key, field in FIELDS.items() if field.kind in (Kind.TEXT, Kind.CHOICE, Kind.CHOICES)]
)
def test_words_of_a_tree_are_never_sql(programme, key):
    field = FIELDS[key]
    for op in field.operators:
        if op in WITHOUT_VALUE:
            continue
        value = HOSTILE if field.kind is Kind.TEXT else [HOSTILE]
        rules = read({"version": 1, "match": {"type": "condition", "field": key, "op": op, "value": value}})
        query = members(rules, FIELDS, Moment(NOW, ZONE))
        assert "DROP" not in query.sql
        with connection.cursor() as cursor:
            cursor.execute(query.sql, query.params)


def test_every_operator_is_one_of_some_field():
    offered = {op for field in FIELDS.values() for op in field.operators}
    assert offered >= {*PATTERNS, *KNOWN, "has_all_of", "between", "ends_with"}
