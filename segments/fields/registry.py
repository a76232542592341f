"""Every field that a condition can be about."""

from __future__ import annotations

from collections.abc import Mapping

from segments.fields import forecasts, loyalty, orders, people, reach, segments
from segments.fields.base import Field
from segments.fields.events import fields_of_events
from segments.fields.own import fields_of_customers

# Those of every programme.
FIELDS: Mapping[str, Field] = {
    field.key: field for family in (people, orders, loyalty, forecasts, reach, segments) for field in family.FIELDS
}


def fields_of_programme() -> Mapping[str, Field]:
    """Those of the active programme: with its own fields of customers, and its events. Two queries."""
    return {**FIELDS, **{field.key: field for field in (*fields_of_customers(), *fields_of_events())}}
