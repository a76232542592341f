"""From a tree to one SELECT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from segments.fields.base import Field
from segments.operators import NEEDS_WINDOW, PATTERNS, WITH_WINDOW, BadValue, turned, value_of
from segments.rules import (
    All,
    Condition,
    Dates,
    Everyone,
    Node,
    Not,
    Over,
    Problem,
    Refused,
    Rules,
    conditions,
    is_of_clock,
    pruned,
)
from segments.rules import Any as AnyOf
from segments.statement import Moment, Query, Statement


def check(rules: Rules, fields: Mapping[str, Field]) -> None:
    """Raises Refused with every field, operator, value, window and filter that cannot be used."""
    problems = [problem for path, one in conditions(rules) for problem in _problems(path, one, fields)]
    if problems:
        raise Refused(*problems)


def members(rules: Rules, fields: Mapping[str, Field], moment: Moment, *, chosen: Sequence[int] | None = None) -> Query:
    """Ids of who matches. `rules` has passed `check`."""
    statement = Statement(moment, chosen)
    where = rules_sql(rules, fields, statement)
    return statement.query("customer.id", where)


def counts(rules: Rules, fields: Mapping[str, Field], moment: Moment) -> Query:
    """One row: how many match, and of each condition in the order of `conditions` how many match it alone."""
    statement = Statement(moment)
    asked = [rules_sql(rules, fields, statement), *_leaves(rules, fields, statement)]
    return statement.query(", ".join(f"count(*) FILTER (WHERE {one})" for one in asked))


def judged(rules: Rules, fields: Mapping[str, Field], moment: Moment, *, chosen: Sequence[int]) -> Query:
    """For each of these customers who can be in a segment: id, whether they match, and whether each condition holds."""
    statement = Statement(moment, chosen)
    asked = [rules_sql(rules, fields, statement), *_leaves(rules, fields, statement)]
    return statement.query(", ".join(["customer.id", *(f"({one}) IS TRUE" for one in asked)]))


def rules_sql(rules: Rules, fields: Mapping[str, Field], statement: Statement) -> str:
    match = pruned(rules.match)
    if match is None:
        return "FALSE"
    left_out = [Not(node) for node in map(pruned, rules.leave_out) if node is not None]
    return _node_sql(All((match, *left_out)), fields, statement)


def _leaves(rules: Rules, fields: Mapping[str, Field], statement: Statement) -> Sequence[str]:
    return [fields[one.field].sql(one, statement) for _path, one in conditions(rules)]


def _node_sql(node: Node, fields: Mapping[str, Field], statement: Statement, *, is_so: bool = True) -> str:
    """Negations are carried to the conditions, which turn themselves round: NULL is nobody's answer then, and the
    planner finds its indexes and anti joins."""
    match node:
        case Condition():
            asked = fields[node.field].sql(node, statement)
            return f"({asked if is_so else turned(asked)})"
        case Everyone():
            return "TRUE" if is_so else "FALSE"
        case Not(of):
            return _node_sql(of, fields, statement, is_so=not is_so)
        case All(of) | AnyOf(of):
            word = " AND " if isinstance(node, All) is is_so else " OR "
            return f"({word.join(_node_sql(inner, fields, statement, is_so=is_so) for inner in of)})"
    raise AssertionError(node)


def _problems(path: str, one: Condition, fields: Mapping[str, Field]) -> list[Problem]:
    field = fields.get(one.field)
    if field is None:
        return [Problem(f"{path}.field", "unknown_field", f"There is no field “{one.field}”.")]
    if one.op not in field.operators:
        return [Problem(f"{path}.op", "unknown_operator", f"“{one.field}” has no “{one.op}”.")]
    found = []
    try:
        value_of(field.kind, one.op, one.value)
    except BadValue as error:
        found.append(Problem(f"{path}.value", "bad_value", str(error)))
    if one.op in NEEDS_WINDOW and one.window is None:
        found.append(Problem(f"{path}.window", "required", "Say when."))
    if one.op == "restarted" and (
        isinstance(one.window, Over) or (isinstance(one.window, Dates) and not one.window.first)
    ):
        found.append(Problem(f"{path}.window", "required", "Say from when on."))
    if one.window is not None and one.op not in WITH_WINDOW and not field.source.takes_window:
        found.append(Problem(f"{path}.window", "not_allowed", f"“{one.field}” is of no window."))
    if one.window is not None and is_of_clock(one.window) and (one.op in PATTERNS or not field.source.takes_moments):
        found.append(Problem(f"{path}.window.unit", "not_allowed", f"“{one.field}” is counted in days."))
    for place, narrowing in enumerate(one.where):
        at = f"{path}.where.{place}"
        own = field.source.properties.get(narrowing.property)
        if own is None:
            found.append(Problem(f"{at}.property", "unknown_property", f"“{one.field}” has no “{narrowing.property}”."))
            continue
        if narrowing.op not in own.operators:
            found.append(Problem(f"{at}.op", "unknown_operator", f"“{narrowing.property}” has no “{narrowing.op}”."))
            continue
        try:
            value_of(own.kind, narrowing.op, narrowing.value)
        except BadValue as error:
            found.append(Problem(f"{at}.value", "bad_value", str(error)))
    return found
