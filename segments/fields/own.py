"""The programme's own fields of a customer: one condition's field for each that is in use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from customers.attributes import definitions
from customers.models import AttributeDefinition
from segments.fields.base import Field, Says
from segments.fields.columns import Column, WrittenDay
from segments.operators import Kind

_OWN = _("Own fields")
_TEXT = "NULLIF(customer.attributes ->> {key}, '')"
_NUMBER = """
    CASE WHEN jsonb_typeof(customer.attributes -> {key}) = 'number' THEN (customer.attributes ->> {key})::numeric END
"""
_YES_NO = "customer.attributes -> {key} = 'true'::jsonb"
_HAS: Mapping[str, Says] = {
    "": (_("have “%(name)s” set to %(is)s"), _("do not have “%(name)s” set to %(is)s")),
    "contains": (_("have %(is)s in “%(name)s”"), _("do not have %(is)s in “%(name)s”")),
    "starts_with": (
        _("have “%(name)s” starting with %(is)s"), _("do not have “%(name)s” starting with %(is)s")
    ),
    "ends_with": (_("have “%(name)s” ending with %(is)s"), _("do not have “%(name)s” ending with %(is)s")),
    "within": (_("have “%(name)s”%(when)s"), _("do not have “%(name)s”%(when)s")),
    "exists": (_("have “%(name)s” filled in"), _("do not have “%(name)s” filled in")),
}  # fmt: skip
_Own = AttributeDefinition.Kind
_READ: Mapping[str, tuple[Kind, Callable[..., Column], str, Mapping[str, Any]]] = {
    _Own.TEXT: (Kind.TEXT, Column, _TEXT, {"op": "contains", "value": "oat"}),
    _Own.CHOICE: (Kind.CHOICE, Column, _TEXT, {"op": "is_one_of", "value": ["oat"]}),
    _Own.NUMBER: (Kind.NUMBER, Column, _NUMBER, {"op": "at_least", "value": 2}),
    _Own.DATE: (Kind.DAY, WrittenDay, _TEXT, {"op": "within", "window": {"type": "last", "count": 30}}),
    _Own.YES_NO: (Kind.YES_NO, Column, _YES_NO, {"op": "is", "value": True}),
}


def fields_of_customers() -> Iterator[Field]:
    """For each field of the programme's own, in its order. One query."""
    for own in definitions():
        kind, source, expression, example = _READ[own.kind]
        column = source("customer", expression, bound={"key": own.key})
        choices = f"attribute:{own.key}" if kind is Kind.CHOICE else ""
        yield Field(
            f"attribute:{own.key}", _OWN, own.label, kind, column, example, choices=choices, name=own.label, says=_HAS
        )
