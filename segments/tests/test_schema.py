"""The JSON Schema takes what the product takes, and refuses what it refuses where a schema can know."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator, meta

from customers.models import AttributeDefinition, TrackedName
from segments.compiler import check
from segments.fields.document import BEGIN
from segments.fields.events import fields_of_events
from segments.fields.own import fields_of_customers
from segments.fields.registry import FIELDS
from segments.rules import MAX_DEPTH, All, Everyone, Node, Refused, Rules, depth, read, written
from segments.schema import NAME, document, rules_schema
from segments.tests.people import NOW
from segments.tests.test_laws import examples
from segments.tests.trees import trees

SCHEMA = Draft202012Validator(rules_schema(FIELDS))
# What a schema cannot say.
DISORDER = {"The first number is above the second.", "The last day is before the first."}
CODES = {
    name: ["k3v9w2p8"]
    for name in ("tags", "archetypes", "businesses", "products", "tiers", "stamp_cards", "rewards", "segments")
}


def is_taken(tree: object) -> bool:
    """But for what a schema cannot say."""
    try:
        check(read(tree), FIELDS)
    except Refused as refused:
        return {problem.message for problem in refused.problems} <= DISORDER
    return True


def test_the_page_is_current():
    assert (settings.BASE_DIR / "docs" / "api" / NAME).read_text() == document(), "run `manage.py segment_schema_doc`"
    assert BEGIN in (settings.BASE_DIR / "docs" / "segment-fields.md").read_text()


def test_it_is_a_schema():
    meta.validate(rules_schema(FIELDS, is_open=True))


@pytest.mark.parametrize("key", FIELDS)
def test_it_takes_the_example_of_each_field(key):
    condition = {"type": "condition", "field": key, **FIELDS[key].example}
    SCHEMA.validate({"version": 1, "match": condition})


def conditions(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if node.get("type") == "condition":
            yield node
        for value in node.values():
            yield from conditions(value)
    elif isinstance(node, list):
        for value in node:
            yield from conditions(value)


def put(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda condition: condition.update({name: value})


def into(name: str, key: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(condition: dict[str, Any]) -> None:
        of = condition.get(name)
        if isinstance(of, dict):
            of[key] = value
        elif of:
            of[0][key] = value

    return change


OPS = ("is", "is_one_of", "within", "missing", "first_time", "restarted", "between", "surprise")
VALUES = (None, True, 5, 101, "tea", "1e3", "", [], ["a"], [1, 2], [2, 1], {"a": 1}, 10**16)
BROKEN = (
    *(put("op", op) for op in OPS),
    *(put("value", value) for value in VALUES),
    *(put("field", field) for field in ("orders", "points", "birthday", "tags", "created", "texts", "surprise", "")),
    *(put("window", window) for window in (None, {"type": "last", "count": 0}, {"type": "last", "count": 9}, "today")),
    *(put("window", {"type": "next", "count": 3, "unit": unit}) for unit in ("minute", "hour", "month", "decade")),
    put("window", {"type": "dates"}),
    put("window", {"type": "dates", "last": "2026-03-01"}),
    put("window", {"type": "dates", "first": "1066-10-14"}),
    put("window", {"type": "calendar", "unit": "year", "offset": 101}),
    put("where", [{"property": "surprise", "op": "is", "value": 1}]),
    put("where", [{"property": "business", "op": "is_one_of", "value": ["k3v9w2p8"]}]),
    put("surprise", 1),
    into("window", "count", 36_501),
    into("window", "offset", 1.5),
    into("where", "op", "exists"),
    into("where", "value", "5"),
    into("where", "surprise", 1),
)  # fmt: skip


def test_it_takes_what_is_taken_and_refuses_what_is_refused():
    strategy = trees(FIELDS, CODES)

    @examples(400)
    @given(
        strategy, st.lists(strategy, max_size=1).map(tuple), st.sampled_from(BROKEN), st.randoms(use_true_random=False)
    )
    def law(node: Node, left_out: tuple[Node, ...], break_it: Callable[[dict[str, Any]], None], chance: Any) -> None:
        rules = Rules(1, All((Everyone(), node)), left_out)
        assume(max(map(depth, (rules.match, *left_out))) <= MAX_DEPTH)
        tree = json.loads(json.dumps(written(rules)))
        SCHEMA.validate(tree)
        found = list(conditions(tree))
        if found:
            break_it(chance.choice(found))
            assert SCHEMA.is_valid(tree) is is_taken(tree)

    law()


def test_of_a_programme_it_knows_its_own_fields_and_events(programme):
    AttributeDefinition.objects.create(key="cups", label="Cups", kind="number")
    TrackedName.objects.create(name="Ad Seen", properties={"stars": "number"}, first_at=NOW, last_at=NOW)
    own = {field.key: field for family in (fields_of_customers(), fields_of_events()) for field in family}
    exact, page = (Draft202012Validator(rules_schema(*asked)) for asked in (({**FIELDS, **own},), (FIELDS,)))
    every = Draft202012Validator(rules_schema(FIELDS, is_open=True))

    def takes(field: str, op: str, value: object, **more: object) -> tuple[bool, bool, bool]:
        tree = {"version": 1, "match": {"type": "condition", "field": field, "op": op, "value": value, **more}}
        return exact.is_valid(tree), page.is_valid(tree), every.is_valid(tree)

    few = [{"property": "stars", "op": "less", "value": 4}]
    assert takes("attribute:cups", "at_least", 3) == (True, False, True)
    assert takes("attribute:cups", "contains", "3") == (False, False, True)
    assert takes("event:Ad Seen", "at_least", 3, where=few) == (True, False, True)
    assert takes("event:Surprise", "at_least", 3) == (False, False, True)
    assert takes("last_event:Ad Seen", "is", True, where=few) == (True, False, True)
