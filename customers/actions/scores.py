"""Writing what models expect of customers: many rows at once, by binary COPY. Only jobs import this (numpy)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from itertools import pairwise

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from core.binary_copy import staged
from customers.actions.turns import turn_to_compute
from customers.following import Figures, tell_followers
from customers.models import CustomerScores

STEP = 50_000  # customers in one transaction
MONEY = ("value_3", "value_6", "value_12", "value_12_low", "value_12_high", "value_at_risk")
COLUMNS = ("churn", "band", "next_days", *MONEY)
# A day that cannot be told is NaN. Values are rounded to the hundredth, so that equal ones are equal.
FOUND = f"""
    SELECT customer_id, round(churn::numeric, 4)::float8 AS churn, %(horizon)s AS horizon_days,
           (%(bands)s::text[])[band::int + 1] AS band,
           {", ".join(f"round({name}::numeric, 2) AS {name}" for name in MONEY)},
           CASE WHEN next_days <> 'NaN' THEN %(day)s::date + ceil(next_days)::int END AS next_purchase_on,
           %(day)s::date AS computed_on
    FROM scores_staged WHERE customer_id > %(after)s AND customer_id <= %(until)s
"""
NAMES = ("churn", "horizon_days", "band", *MONEY, "next_purchase_on", "computed_on")
CHANGE = f"""
    UPDATE customers_customerscores AS own
    SET {", ".join(f"{name} = found.{name}" for name in NAMES)}, updated_at = now()
    FROM ({FOUND}) AS found WHERE found.customer_id = own.customer_id
"""
ADD = f"""
    INSERT INTO customers_customerscores (customer_id, {", ".join(NAMES)})
    SELECT found.customer_id, {", ".join(f"found.{name}" for name in NAMES)} FROM ({FOUND}) AS found
    JOIN customers_customer AS customer ON customer.id = found.customer_id AND customer.state = 'active'
    WHERE NOT EXISTS (SELECT FROM customers_customerscores AS own WHERE own.customer_id = found.customer_id)
    ORDER BY found.customer_id
"""
CLEAR = """
    DELETE FROM customers_customerscores AS own
    WHERE own.customer_id > %(after)s AND own.customer_id <= %(until)s
      AND NOT EXISTS (SELECT FROM scores_staged AS staged WHERE staged.customer_id = own.customer_id)
"""


def write_scores(
    columns: Mapping[str, NDArray[np.float64]],
    *,
    customers: NDArray[np.int64],
    horizon_days: int,
    day: date,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Make the scores of these customers (sorted) all that there are; returns how many are written.

    `columns` has COLUMNS, one value for each customer: `band` is a place in `CustomerScores.Band`, `next_days` are days
    from `day` or NaN. Commits step by step and may be repeated; `report(done, total)` may raise to stop.
    """
    written = 0
    with staged("scores_staged", {name: columns[name] for name in COLUMNS}, customers=customers) as cursor:
        cursor.execute("CREATE INDEX ON scores_staged (customer_id)")  # each step reads its part only
        edges = [0, *customers[STEP - 1 : -1 : STEP].tolist(), np.iinfo(np.int64).max]
        for step, (after, until) in enumerate(pairwise(edges)):
            report(min(step * STEP, len(customers)), len(customers))
            values = {"after": after, "until": until, "horizon": horizon_days, "day": day}
            with transaction.atomic():
                turn_to_compute()
                cursor.execute(CLEAR, values)
                for statement in (CHANGE, ADD):
                    cursor.execute(statement, {**values, "bands": CustomerScores.Band.values})
                    written += cursor.rowcount
    tell_followers(Figures.SCORES)
    report(len(customers), len(customers))
    return written
