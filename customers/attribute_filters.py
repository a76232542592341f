"""Narrowing a list of customers by fields of the programme's own.

A value, and that there is one, come from the index on `Customer.attributes`; a part of a text and a range look at the
customers that have the field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.db.models import BooleanField, CharField, F, Func, JSONField, Q, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, IContains

from customers.attributes import Value as Stored

Op = Literal["is", "contains", "between", "empty", "filled"]


@dataclass(frozen=True, slots=True)
class AttributeFilter:
    """`value` is what is asked for; of a range the lowest, with `highest` (None: open). Days are ISO texts."""

    key: str
    op: Op
    value: Stored | None = None
    highest: Stored | None = None


class Between(Func):
    """Whether a value of a JSON document is inside a range, by JSON path: a value of another type never is."""

    function = "jsonb_path_match"
    output_field = BooleanField()


def narrowed(rows: QuerySet, filters: Sequence[AttributeFilter], *, prefix: str = "") -> QuerySet:  # type: ignore[type-arg]
    """`rows` whose customer, reached by `prefix` (such as "customer__"), fits all of the filters."""
    column = f"{prefix}attributes"
    for one in filters:
        text = Coalesce(KeyTextTransform(one.key, F(column)), Value(""), output_field=CharField())
        has_key = Q(**{f"{column}__has_key": one.key})
        if one.op == "is":
            rows = rows.filter(**{f"{column}__contains": {one.key: one.value}})
        elif one.op == "contains":
            rows = rows.filter(has_key, IContains(text, one.value))
        elif one.op == "between":
            rows = rows.filter(has_key, _between(column, one))
        elif one.op == "filled":
            rows = rows.filter(has_key, ~Q(Exact(text, Value(""))))
        else:
            rows = rows.filter(Exact(text, Value("")))
    return rows


def _between(column: str, one: AttributeFilter) -> Between:
    quoted = one.key.replace("\\", "\\\\").replace('"', '\\"')
    edges = {"low": (one.value, ">="), "high": (one.highest, "<=")}
    asked = {name: value for name, (value, _sign) in edges.items() if value is not None}
    path = " && ".join(f'$."{quoted}" {sign} ${name}' for name, (value, sign) in edges.items() if value is not None)
    variables = Value(asked, output_field=JSONField())
    return Between(F(column), JsonPath(Value(path)), variables, Value(True))


class JsonPath(Func):
    template = "(%(expressions)s)::jsonpath"
