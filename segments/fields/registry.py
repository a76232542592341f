"""Every field that a condition can be about."""

from __future__ import annotations

from collections.abc import Mapping

from segments.fields import forecasts, loyalty, orders, people, reach
from segments.fields.base import Field

FIELDS: Mapping[str, Field] = {
    field.key: field for family in (people, orders, loyalty, forecasts, reach) for field in family.FIELDS
}
