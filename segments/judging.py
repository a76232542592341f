"""What a draft comes to: the tree of the rows that can be counted, and what is said at the others. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from segments.compiler import check
from segments.fields.base import Field
from segments.form import GROUPS, STEPS, Draft
from segments.operators import WITHOUT_VALUE
from segments.rules import Problem, Refused, Rules, read


@dataclass(frozen=True, slots=True)
class Judged:
    """`rules`: the tree of those rows that can be counted, at their places; None where it cannot be used as a whole.

    `unfinished` and `wrong` are by the path of the row; `whole` is about the tree.
    """

    rules: Rules | None
    unfinished: Mapping[str, Sequence[Problem]] = field(default_factory=dict)
    wrong: Mapping[str, Sequence[Problem]] = field(default_factory=dict)
    whole: Sequence[Problem] = ()

    @property
    def is_finished(self) -> bool:
        return self.rules is not None and not self.unfinished and not self.wrong

    def with_problems(self, problems: Sequence[Problem]) -> Judged:
        """With what somebody else found: at the row that it is about, or at the whole tree."""
        wrong, whole = {path: list(found) for path, found in self.wrong.items()}, list(self.whole)
        for problem in problems:
            path = re.sub(r"\.(field|op|value|window|where)(\..*)?$", "", problem.at)
            if path == problem.at:
                whole.append(problem)
            else:
                wrong.setdefault(path, []).append(problem)
        return Judged(self.rules, self.unfinished, wrong, whole)


def judge(draft: Draft, fields: Mapping[str, Field]) -> Judged:
    unfinished: dict[str, Sequence[Problem]] = {}
    wrong: dict[str, Sequence[Problem]] = {}
    for path, row in rows(draft):
        if missing := [Problem(f"{path}.{place}", "required", "") for place in _missing(row, fields)]:
            unfinished[path] = missing
        elif problems := _row_problems(path, row, fields):
            wrong[path] = problems
    try:
        rules = read(_without(draft, unfinished.keys() | wrong.keys()))
    except Refused as error:
        return Judged(None, unfinished, wrong, error.problems)
    return Judged(rules, unfinished, wrong)


def rows(draft: Draft) -> Iterator[tuple[str, Draft]]:
    """(path, condition) of every row that asks something, from top to bottom, as `rules.conditions` has them."""
    yield from _rows(draft["match"], "match")
    for place, node in enumerate(draft.get("leave_out", ())):
        yield from _rows(node, f"leave_out.{place}")


def _rows(node: Draft, path: str) -> Iterator[tuple[str, Draft]]:
    if node["type"] == "condition":
        yield path, node
    elif node["type"] == "not":
        yield from _rows(node["of"], f"{path}.of")
    elif node["type"] in GROUPS:
        for place, inner in enumerate(node["of"]):
            yield from _rows(inner, f"{path}.of.{place}")


def _missing(row: Draft, fields: Mapping[str, Field]) -> Iterator[str]:
    """What is still to be filled in, by its place in the row."""
    key = row.get("field", "")
    if not key:
        yield "field"
    asked = fields.get(key)
    if asked is None:
        return
    op = row.get("op", "")
    if _needs_value(op) and _is_empty(row.get("value")):
        yield "value"
    window = row.get("window")
    if window is not None and window["type"] == "dates" and not (window.get("first") or window.get("last")):
        yield "window.first"
    if window is not None and window["type"] in STEPS and window.get("count") in (None, ""):
        yield "window.count"
    for place, one in enumerate(row.get("where", ())):
        if not one.get("property"):
            yield f"where.{place}.property"
        elif _needs_value(one.get("op", "")) and _is_empty(one.get("value")):
            yield f"where.{place}.value"


def _needs_value(op: str) -> bool:
    return op not in WITHOUT_VALUE


def _is_empty(value: object) -> bool:
    return value in (None, "", []) or (isinstance(value, list) and "" in value)


def _row_problems(path: str, row: Draft, fields: Mapping[str, Field]) -> Sequence[Problem]:
    """What is wrong with one row alone."""
    alone = {"version": 1, "match": {"type": "all", "of": [row]}}
    try:
        check(read(alone), fields)
    except Refused as error:
        return [
            Problem(problem.at.replace("match.of.0", path, 1), problem.code, problem.message)
            for problem in error.problems
        ]
    return ()


def _without(draft: Draft, paths: set[str]) -> Draft:
    """The draft with a group of nothing in the place of these rows: the others keep their paths."""

    def cleared(node: Draft, path: str) -> Draft:
        if path in paths:
            return {"type": "all", "of": []}
        if node["type"] == "not":
            return {**node, "of": cleared(node["of"], f"{path}.of")}
        if node["type"] in GROUPS:
            return {**node, "of": [cleared(inner, f"{path}.of.{place}") for place, inner in enumerate(node["of"])]}
        return node

    left_out = [cleared(node, f"leave_out.{place}") for place, node in enumerate(draft.get("leave_out", ()))]
    return {**draft, "match": cleared(draft["match"], "match"), "leave_out": left_out}
