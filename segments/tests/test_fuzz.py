"""Nothing that people write becomes SQL: not a tree, not a value, not the name of a field, an event or a property.

SEGMENT_EXAMPLES says how many of each are tried; `make fuzz` tries many.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from customers.models import AttributeDefinition, Customer, TrackedName
from segments import clock, compiler, rules
from segments.fields.registry import fields_of_programme
from segments.operators import OPERATORS, PATTERNS
from segments.statement import Moment, Query
from segments.tests.people import NOW, ZONE

EXAMPLES = int(os.environ.get("SEGMENT_EXAMPLES", "150"))
fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="SEGMENT_EXAMPLES" not in os.environ,
)
# What would matter to a query, a placeholder or a format string; and any other text.
NASTY = (
    "'", '"', "'; DROP TABLE customers_customer; --", "%(p0)s", "%s", "100%", "{name}", "{0}", "\\", "$1", "?", "/*",
    "\u202e",
)  # fmt: skip
MARK = "zq"  # of texts that no statement of ours can hold by itself
texts = st.one_of(
    st.sampled_from(NASTY), st.text(max_size=30), st.builds(f"{MARK}{{}}{MARK}".format, st.sampled_from(NASTY))
)
names = texts.map(lambda text: "".join(filter(str.isprintable, text)).strip()[:60]).filter(bool)
json = st.recursive(
    st.one_of(texts, st.integers(), st.floats(), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)
OPS = st.sampled_from(sorted({op for ops in OPERATORS.values() for op in ops} | set(PATTERNS)))
FIELDS = st.sampled_from(
    ["city", "orders", "spent", "tags", "birthday", "created", "churn", "items", "tier", "lot", "nothing"]
)
windows = st.one_of(
    st.none(),
    json,
    st.fixed_dictionaries({"type": st.sampled_from(["last", "over", "next"]), "count": st.integers(-5, 10**6)}),
)
filters = st.fixed_dictionaries({"property": st.sampled_from(["title", "total", "x"]), "op": OPS, "value": json})
leaves = st.fixed_dictionaries(
    {"type": st.just("condition"), "field": st.one_of(FIELDS, texts), "op": OPS, "value": json},
    optional={"window": windows, "where": st.lists(filters, max_size=1)},
)
nodes = st.recursive(
    leaves,
    lambda inner: st.fixed_dictionaries({"type": st.sampled_from(["all", "any"]), "of": st.lists(inner, max_size=3)}),
    max_leaves=4,
)
# Nearly trees: the shape is right more often than not, what is in it is anything.
documents = st.one_of(json, st.fixed_dictionaries({"version": st.sampled_from([1, 1, 1, 2]), "match": nodes}))


def asked(query: Query) -> list[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        return cursor.fetchall()


def use(tree: rules.Rules, words: list[str]) -> None:
    """Everything that is done with a tree; none of `words` is in any statement."""
    fields = fields_of_programme()
    compiler.check(tree, fields)
    before, moment = Moment(NOW.replace(year=2025), ZONE), Moment(NOW, ZONE)
    queries = [
        compiler.members(tree, fields, moment),
        compiler.counts(tree, fields, moment),
        compiler.judged(tree, fields, moment, chosen=[1]),
        *clock.passed(tree, fields, before, moment),
    ]
    clock.next_change(tree, fields, moment)
    for query in queries:
        asked(query)
        assert not [word for word in words if MARK in word and word in query.sql]


@pytest.fixture
def ann(programme) -> Customer:
    return Customer.objects.create(first_name="Ann")


def test_any_document_is_used_or_refused(ann):
    @fuzzed
    @given(documents)
    @example({"version": 1, "match": {"type": "condition", "field": "city", "op": "is", "value": "\x00"}})
    def law(document: Any) -> None:
        try:
            tree = rules.read(document)
            use(tree, [])
        except rules.Refused:
            return
        assert rules.read(rules.written(tree)) == tree

    law()


def test_values_are_parameters(ann):
    @fuzzed
    @given(texts)
    def law(text: str) -> None:
        Customer.objects.filter(pk=ann.pk).update(city=text.replace("\x00", "").encode("utf-8", "ignore").decode())
        for op in ("is", "contains", "starts_with", "ends_with", "does_not_contain"):
            tree = {"version": 1, "match": {"type": "condition", "field": "city", "op": op, "value": text}}
            try:
                use(rules.read(tree), [text])
            except rules.Refused:
                assert not text.strip() or "\x00" in text or not text.isprintable() or len(text) > 500

    law()


def test_names_of_fields_and_events_are_parameters(ann):
    @fuzzed
    @given(names, names)
    def law(name: str, other: str) -> None:
        with transaction.atomic():
            _try_names(name, other)
            transaction.set_rollback(True)

    law()


WINDOW = {"type": "last", "count": 3}


def _try_names(name: str, other: str) -> None:
    now = timezone.now()
    TrackedName.objects.create(name=name, properties={other: "text", f"{other}2": "number"}, first_at=now, last_at=now)
    AttributeDefinition.objects.create(key=name[:40], label=other[:40], kind="text")
    where = [{"property": other, "op": "contains", "value": "x"}, {"property": f"{other}2", "op": "more", "value": 1}]
    leaves = [
        {
            "field": f"event:{name}",
            "op": "at_least",
            "value": 1,
            "where": where,
            "window": {"type": "last", "count": 3},
        },
        {"field": f"event:{name}", "op": "stopped", "value": 3},
        {"field": f"last_event:{name}", "op": "is", "value": True, "where": where},
        {"field": f"attribute:{name[:40]}", "op": "is", "value": "x"},
    ]
    tree = {"version": 1, "match": {"type": "any", "of": [{"type": "condition", **leaf} for leaf in leaves]}}
    use(rules.read(tree), [name, other])
