"""What several answers about segments share: rules as JSON, and how they are refused at their places."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from segments.rules import Refused

TAG = "Segments"
EXAMPLE = {
    "version": 1,
    "match": {
        "type": "condition",
        "field": "orders",
        "op": "at_least",
        "value": 2,
        "window": {"type": "last", "count": 90},
    },
}


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": True,
        "description": "A tree of conditions: `GET segments/schema` is its JSON Schema, `GET segments/fields` says what"
        " it can be about. Null: nobody is found, people are put in by hand.",
        "example": EXAMPLE,
    }
)
class RulesField(serializers.JSONField):
    """Any JSON: what is wrong with it is told at its places by whoever reads it as rules."""


@contextmanager
def refusals_at(field: str) -> Iterator[None]:
    """Problems of a tree become errors of the field, each at its path and with its own code."""
    try:
        yield
    except Refused as refused:
        errors: dict[str, list[ErrorDetail]] = {}
        for problem in refused.problems:
            path = f"{field}.{problem.at}" if problem.at else field
            errors.setdefault(path, []).append(ErrorDetail(problem.message, code=problem.code))
        raise ValidationError(errors) from refused
