"""Features as arrays for models, by binary COPY: no row of a customer becomes an object. Only jobs import this.

Each array has one element for each customer who bought until the end of the day, sorted by customer id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from core.binary_copy import read_numbers
from customers.actions.rollups import programme_zone
from intelligence.features.families import FOR_EVERYBODY, ORDERS, REFUNDS, features_sql, values_for
from intelligence.features.registry import FEATURES, reading_sql

Floats = NDArray[np.float64]

# Refunds up to the first order day lower what was spent then, later ones what was spent on the days after.
_LIFETIMES = """
    SELECT customer_id, (order_days - 1)::float8, (last_order_on - first_order_on) / 7.0::float8,
           (%(today)s::date - first_order_on) / 7.0::float8,
           coalesce(greatest(gross_spend - first_day_spend - refunded_later, 0) / nullif(order_days - 1, 0), 0)::float8,
           greatest(first_day_spend - (refunded - refunded_later), 0)::float8
    FROM ({features}) AS own ORDER BY customer_id
"""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """What models of buying and dropping out are fitted on. Order days count, not orders; weeks are 7 days.

    `monetary` is 0 for who bought on one day; no value is below 0.
    """

    customer_ids: NDArray[np.int64]
    frequency: Floats  # order days after the first
    recency: Floats  # weeks from the first to the last order day
    age: Floats  # weeks from the first order day to the day that it is read for
    monetary: Floats  # mean net spend of an order day after the first
    first_value: Floats  # net spend of the first order day


def features_as_of(as_of: date) -> Lifetimes:
    """What was known at the end of `as_of`, a day of the programme's zone: nothing later is read."""
    query = _LIFETIMES.format(features=features_sql(families=(ORDERS, REFUNDS)))
    ids, columns = _copy(query, {**values_for(as_of, _zone()), "today": as_of}, 5)
    return Lifetimes(ids, *columns)


def matrix_as_of(as_of: date, keys: Sequence[str]) -> tuple[NDArray[np.int64], Floats]:
    """(customer ids, one column for each of the numeric features `keys`) as known at the end of `as_of`.

    NaN where there is nothing to say. Raises KeyError for a feature that does not exist, ValueError for a word or day.
    """
    return _matrix(keys, f"({features_sql()})", {**values_for(as_of, _zone()), "today": as_of})


def stored_matrix(today: date, keys: Sequence[str]) -> tuple[NDArray[np.int64], Floats]:
    """As `matrix_as_of`, from the rows that are kept: seconds less, for scoring at night after `rebuild_features`."""
    return _matrix(keys, "intelligence_customerfeatures", {"today": today})


def _matrix(keys: Sequence[str], source: str, values: Mapping[str, Any]) -> tuple[NDArray[np.int64], Floats]:
    if words := [key for key in keys if not FEATURES[key].kind.is_number]:
        raise ValueError(f"no numbers: {', '.join(words)}")
    columns = ", ".join(f"coalesce({key}::float8, 'NaN')" for key in keys)
    query = f"SELECT customer_id, {columns} FROM ({reading_sql(keys, source)}) AS read ORDER BY customer_id"
    ids, read = _copy(query, values, len(keys))
    return ids, np.column_stack(read)


def _zone() -> ZoneInfo:
    return ZoneInfo(programme_zone())


def _copy(query: str, values: Mapping[str, Any], columns: int) -> tuple[NDArray[np.int64], list[Floats]]:
    with transaction.atomic(), connection.cursor() as cursor:
        for name, value in FOR_EVERYBODY.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        return read_numbers(cursor, query, values, columns=columns)
