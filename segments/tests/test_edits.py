"""What each button of the builder does to a tree, and that no edit ever breaks one."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segments.edits import edited, inside, kind_of
from segments.fields.registry import FIELDS
from segments.form import opened
from segments.judging import judge, rows
from segments.rules import Rules, written
from segments.tests.test_form import TREES
from segments.tests.test_laws import examples


def row(name: str) -> dict:
    return {"type": "condition", "field": name}


def group(kind: str, *of: dict) -> dict:
    return {"type": kind, "of": list(of)}


A, B, C, D, NEW = row("a"), row("b"), row("c"), row("d"), {"type": "condition"}


def tree(match: dict, *left_out: dict) -> dict:
    return {"version": 1, "match": match, **({"leave_out": list(left_out)} if left_out else {})}


NESTED = tree(group("all", A, group("any", B, C), {"type": "not", "of": group("any", D)}))


@pytest.mark.parametrize(
    ("asked", "after", "focus"),
    [
        ("add:match", group("all", *NESTED["match"]["of"], NEW), "match.of.3"),
        ("group:match", group("all", *NESTED["match"]["of"], group("any", NEW)), "match.of.3.of.0"),
        ("add:match.of.2", group("all", A, group("any", B, C), {"type": "not", "of": group("any", D, NEW)}),
         "match.of.2.of.of.1"),
        ("group:match.of.1", group("all", A, group("any", B, C, group("all", NEW)), NESTED["match"]["of"][2]),
         "match.of.1.of.2.of.0"),
        ("remove:match.of.1", group("all", A, NESTED["match"]["of"][2]), ""),
        ("up:match.of.1", group("all", group("any", B, C), A, NESTED["match"]["of"][2]), "match.of.0"),
        ("down:match.of.1.of.0", group("all", A, group("any", C, B), NESTED["match"]["of"][2]), "match.of.1.of.1"),
        ("in:match.of.2", group("all", A, group("any", B, C, NESTED["match"]["of"][2])), "match.of.1.of.2"),
        ("out:match.of.1.of.0", group("all", A, group("any", C), B, NESTED["match"]["of"][2]), "match.of.2"),
        ("out:match.of.2.of.of.0", group("all", A, group("any", B, C), {"type": "not", "of": group("any")}, D),
         "match.of.3"),
        ("move:match.of.0:match.of.1.of.1", group("all", group("any", B, A, C), NESTED["match"]["of"][2]),
         "match.of.0.of.1"),
        ("move:match.of.0:match.of.3", group("all", group("any", B, C), NESTED["match"]["of"][2], A), "match.of.2"),
        ("kind:match.of.1:none", group("all", A, {"type": "not", "of": group("any", B, C)}, NESTED["match"]["of"][2]),
         "match.of.1"),
        ("kind:match.of.2:all", group("all", A, group("any", B, C), group("all", D)), "match.of.2"),
        ("kind:match:any", group("any", *NESTED["match"]["of"]), "match"),
        ("where:match.of.0", group("all", {**A, "where": [{"property": ""}]}, *NESTED["match"]["of"][1:]),
         "match.of.0.where.0"),
    ],
)  # fmt: skip
def test_what_an_edit_does(asked, after, focus):
    before = deepcopy(NESTED)
    done = edited(NESTED, asked)
    assert before == NESTED
    assert done.draft == tree(after)
    assert done.focus == focus


def test_rows_go_to_those_to_leave_out_and_back():
    there = edited(NESTED, "move:match.of.0:leave_out.0").draft
    assert there == tree(group("all", *NESTED["match"]["of"][1:]), A)
    assert edited(there, "move:leave_out.0:match.of.0").draft == NESTED
    assert edited(there, "remove:leave_out.0").draft == tree(group("all", *NESTED["match"]["of"][1:]))
    assert edited(NESTED, "add:leave_out").draft == {**NESTED, "leave_out": [NEW]}


def test_a_negation_of_one_row_is_a_group_of_it():
    single = tree(group("all", A, {"type": "not", "of": B}))
    negation = single["match"]["of"][1]
    assert kind_of(negation) == "none"
    assert inside(negation, "match.of.1") == [("match.of.1.of", B)]
    assert edited(single, "add:match.of.1").draft == tree(group("all", A, {"type": "not", "of": group("any", B, NEW)}))
    assert edited(single, "remove:match.of.1.of").draft == tree(group("all", A))
    assert edited(single, "kind:match.of.1:any").draft == tree(group("all", A, group("any", B)))


@pytest.mark.parametrize(
    "asked",
    [
        "", "add", "add:", "add:nowhere", "add:match.of.0", "up:match.of.0", "down:match.of.2", "up:match",
        "in:match.of.0", "in:match.of.1", "remove:match", "remove:match.of.9", "remove:match.of.²", "kind:match:none",
        "kind:match.of.0:any", "kind:match.of.1:some", "move:match.of.1:match.of.1.of.0", "move:match.of.0:match.of.9",
        "move:match.of.0:match.of.-1", "move:match.of.0", "where:match.of.1", "unwhere:match.of.0.where.0",
        "drop:match", "out:match.of.0",
    ],
)  # fmt: skip
def test_what_has_no_place_changes_nothing(asked):
    done = edited(NESTED, asked)
    assert done.draft == NESTED
    assert done.focus == ""


def test_a_hundred_conditions_are_enough():
    full = tree(group("all", *[A] * 100))
    assert edited(full, "add:match").draft == full


VERBS = ("add", "group", "remove", "up", "down", "in", "out", "where")


@examples(150)
@given(TREES, st.data())
def test_whatever_is_done_the_rest_is_still_there(match, data):
    draft = opened(written(Rules(1, match)), FIELDS)
    before = sorted(str(one) for _path, one in rows(draft))
    paths = ["match", "leave_out", *(path for path, _row in rows(draft))]
    paths += [path.rpartition(".of.")[0] for path in paths if ".of." in path]
    path, other = data.draw(st.sampled_from(paths)), data.draw(st.sampled_from(paths))
    verb = data.draw(st.sampled_from(VERBS))
    judge(edited(draft, f"{verb}:{path}").draft, FIELDS)
    moved = edited(draft, f"move:{path}:{other}").draft
    turned = edited(moved, f"kind:{other}:{data.draw(st.sampled_from(['all', 'any', 'none', 'not_all']))}").draft
    judge(turned, FIELDS)
    assert sorted(str(one) for _path, one in rows(turned)) == before
