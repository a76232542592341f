"""The form of a tree says all that the tree says, whatever a browser sends is a draft, and a row is judged alone."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from segments.compiler import check
from segments.fields.registry import FIELDS
from segments.form import draft_of, fields_of, number_of, opened
from segments.judging import judge, rows
from segments.operators import value_of
from segments.rules import (
    MAX_DEPTH,
    All,
    Any,
    Condition,
    Everyone,
    Not,
    Refused,
    Rules,
    conditions,
    depth,
    read,
    written,
)
from segments.tests.test_laws import ASKED, examples
from segments.tests.trees import trees

CODES = {"tags": ["vip", "wholesale"], "businesses": ["quayside"], "archetypes": ["k3v9w2p8"], "tiers": ["Gold"]}
TREES = trees({key: FIELDS[key] for key in ASKED}, CODES)
ORDERS = {"type": "condition", "field": "orders", "op": "at_least", "value": 2}


def sent(draft) -> dict:
    """What comes back when the form of a draft is sent."""
    return draft_of(QueryDict(urlencode(fields_of(draft, FIELDS))).lists(), FIELDS)


def posted(**said) -> dict:
    """The first row of a form that says this."""
    names = {f"match.of.0.{name.replace('__', '.')}": value for name, value in said.items()}
    data = QueryDict(urlencode({"match.type": "all", "match.of.0.type": "condition", **names}, doseq=True))
    return draft_of(data.lists(), FIELDS)["match"]["of"][0]


def meaning(rules: Rules) -> object:
    """The tree with numbers as they are bound: 50 and "50.00" are one."""

    def bound(node):
        if isinstance(node, Condition):
            own = FIELDS[node.field].source.properties
            where = tuple(
                replace(one, value=str(value_of(own[one.property].kind, one.op, one.value))) for one in node.where
            )
            value = str(value_of(FIELDS[node.field].kind, node.op, node.value))
            return replace(node, value=value, where=where)
        if isinstance(node, All | Any):
            return type(node)(tuple(map(bound, node.of)))
        return Not(bound(node.of)) if isinstance(node, Not) else node

    return Rules(1, bound(rules.match), tuple(map(bound, rules.leave_out)))


@examples(150)
@given(TREES, st.lists(TREES, max_size=2))
def test_a_tree_is_the_same_after_its_form(match, left_out):
    rules = Rules(1, All((Everyone(), match)), tuple(left_out))
    if any(depth(node) > MAX_DEPTH for node in (rules.match, *left_out)):
        return
    draft = sent(written(rules))
    assert sent(draft) == draft
    assert meaning(read(draft)) == meaning(rules)


CODE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=12)


@examples(80)
@given(st.lists(CODE.filter(str.strip), min_size=1, max_size=40))
def test_values_are_the_same_after_their_form(codes):
    """One field of the form, whatever a code is made of."""
    tags = {"type": "condition", "field": "tags", "op": "has_one_of", "value": codes}
    tree = read({"version": 1, "match": {"type": "all", "of": [tags]}})
    draft = written(tree)
    assert sum(1 for name, _value in fields_of(draft, FIELDS) if name != "match.type") <= 3
    assert meaning(read(sent(draft))) == meaning(tree)


@examples(100)
@given(TREES)
def test_a_finished_tree_is_counted_as_it_is(match):
    rules = Rules(1, match)
    if depth(match) >= MAX_DEPTH:
        return
    judged = judge(opened(written(rules), FIELDS), FIELDS)
    if judged.whole:
        assert {problem.code for problem in judged.whole} == {"only_negations"}
    else:
        check(judged.rules, FIELDS)
        assert judged.is_finished


PARTS = st.sampled_from(
    ["match", "leave_out", "of", "0", "1", "9999", "type", "field", "op", "value", "window", "where"]
)
NAMES = st.lists(PARTS, min_size=1, max_size=9).map(".".join)
SAID = st.sampled_from(
    ["all", "any", "not", "condition", "orders", "spent", "within:last", "last", "²", "-1", "{}", ""]
)


@examples(300)
@given(st.lists(st.tuples(NAMES, st.one_of(SAID, st.text(max_size=8))), max_size=25))
def test_whatever_is_sent_becomes_a_draft(pairs):
    data = QueryDict(mutable=True)
    for name, value in [("match.type", "all"), *pairs]:
        data.appendlist(name, value)
    draft = draft_of(data.lists(), FIELDS)
    judge(draft, FIELDS)
    assert sent(draft) == draft


def test_a_row_begins_without_a_value_and_is_not_wrong():
    row = posted(field="orders")
    assert row == {"type": "condition", "field": "orders", "op": "at_least"}
    judged = judge({"version": 1, "match": {"type": "all", "of": [ORDERS, row, {"type": "condition"}]}}, FIELDS)
    assert list(judged.unfinished) == ["match.of.1", "match.of.2"]
    assert [problem.at for problem in judged.unfinished["match.of.1"]] == ["match.of.1.value"]
    assert not judged.wrong
    assert [path for path, _one in conditions(judged.rules)] == ["match.of.0"]  # the others are left out of the count
    assert not judged.is_finished


def test_values_are_said_together_or_box_by_box():
    row = posted(field="tags", op="has_one_of", value=["vip\nwholesale", "regular", "vip", "  "])
    assert row["value"] == ["vip", "wholesale", "regular"]
    assert "value" not in posted(field="city", was="tags", op="is", value="vip\nwholesale")


def test_another_field_keeps_what_fits():
    spent = {"field": "spent", "was": "orders", "op": "more", "value": "50"}
    window = {"window__type": "last", "window__count": "90", "window__unit": "day"}
    assert posted(**spent, **window) == {
        "type": "condition", "field": "spent", "op": "more", "value": 50,
        "window": {"type": "last", "count": 90, "unit": "day"},
    }  # fmt: skip
    assert posted(field="points", was="spent", op="more", value="50", **window)["value"] == 50
    assert "window" not in posted(field="points", was="spent", op="more", value="50", **window)
    assert posted(field="city", was="country", op="is_one_of", value=["GB"]) == {
        "type": "condition", "field": "city", "op": "is", "value": "GB",
    }  # fmt: skip
    assert "value" not in posted(field="tags", was="country", op="is_one_of", value=["GB"])
    assert "value" not in posted(field="points", was="city", op="is", value="Leeds")
    assert posted(field="orders", was="orders_with", where__0__property="category", where__0__was="category") == {
        "type": "condition", "field": "orders", "op": "at_least",
    }  # fmt: skip


def test_days_are_asked_in_one_word():
    row = posted(field="last_order", was="last_order", op="within:over", window__count="21", window__unit="day")
    assert row == {
        "type": "condition", "field": "last_order", "op": "within",
        "window": {"type": "over", "count": 21, "unit": "day"},
    }  # fmt: skip
    assert posted(field="last_order")["window"] == {"type": "last", "count": 30, "unit": "day"}
    assert "window" not in posted(field="last_order", was="last_order", op="exists")


@pytest.mark.parametrize(
    ("typed", "number"),
    [("50", 50), ("1,000", 1000), ("1 000.5", 1000.5), ("12,50", 12.5), ("-3", -3), ("many", "many"), ("1e9", "1e9")],
)
def test_numbers_as_people_type_them(typed, number):
    assert number_of(typed) == number


def test_what_is_typed_wrong_stays_and_is_said_at_its_place():
    row = posted(field="spent", was="spent", op="more", value="a lot", window__type="last", window__count="soon")
    assert (row["value"], row["window"]["count"]) == ("a lot", "soon")
    judged = judge({"version": 1, "match": {"type": "any", "of": [ORDERS, row]}}, FIELDS)
    assert [problem.at for problem in judged.wrong["match.of.1"]] == ["match.of.1.window.count"]
    assert [path for path, _one in conditions(judged.rules)] == ["match.of.0"]


def test_a_condition_without_inputs_is_kept_as_it_is():
    gone = {"type": "condition", "field": "attribute:size", "op": "is", "value": "L"}
    draft = {"version": 1, "match": {"type": "all", "of": [gone]}}
    assert sent(draft) == draft
    assert judge(draft, FIELDS).wrong["match.of.0"][0].code == "unknown_field"
    assert posted(kept='{"type": "all", "of": []}') == {"type": "condition"}


def test_problems_of_the_whole_tree_are_no_row_s():
    negation = {"version": 1, "match": {"type": "all", "of": [{"type": "not", "of": ORDERS}]}}
    judged = judge(negation, FIELDS)
    assert judged.rules is None
    assert [problem.code for problem in judged.whole] == ["only_negations"]
    with pytest.raises(Refused):
        read(negation)
    assert [path for path, _row in rows(negation)] == ["match.of.0.of"]
