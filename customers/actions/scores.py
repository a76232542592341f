"""Writing what models expect of customers: many rows at once, by binary COPY. Only jobs import this (numpy)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from itertools import pairwise

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from core.binary_copy import staged
from customers.models import CustomerScores

STEP = 50_000  # customers in one transaction
MONEY = ("value_3", "value_6", "value_12", "value_12_low", "value_12_high", "value_at_risk")
COLUMNS = ("churn", "band", "next_days", *MONEY)
# A day that cannot be told is NaN. Values are rounded to the hundredth, so that equal ones are equal.
WRITE = f"""
    INSERT INTO customers_customerscores AS own
        (customer_id, churn, horizon_days, band, {", ".join(MONEY)}, next_purchase_on, computed_on)
    SELECT staged.customer_id, round(staged.churn::numeric, 4)::float8, %(horizon)s,
           (%(bands)s::text[])[staged.band::int + 1],
           {", ".join(f"round(staged.{name}::numeric, 2)" for name in MONEY)},
           CASE WHEN staged.next_days <> 'NaN' THEN %(day)s::date + ceil(staged.next_days)::int END, %(day)s
    FROM scores_staged AS staged
    JOIN customers_customer AS customer ON customer.id = staged.customer_id AND customer.state = 'active'
    WHERE staged.customer_id > %(after)s AND staged.customer_id <= %(until)s
    ON CONFLICT (customer_id) DO UPDATE SET churn = EXCLUDED.churn, horizon_days = EXCLUDED.horizon_days,
        band = EXCLUDED.band, {", ".join(f"{name} = EXCLUDED.{name}" for name in MONEY)},
        next_purchase_on = EXCLUDED.next_purchase_on, computed_on = EXCLUDED.computed_on, updated_at = now()
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
        edges = [0, *customers[STEP - 1 : -1 : STEP].tolist(), np.iinfo(np.int64).max]
        for step, (after, until) in enumerate(pairwise(edges)):
            report(min(step * STEP, len(customers)), len(customers))
            values = {"after": after, "until": until, "horizon": horizon_days, "day": day}
            with transaction.atomic():
                cursor.execute(CLEAR, values)
                cursor.execute(WRITE, {**values, "bands": CustomerScores.Band.values})
                written += cursor.rowcount
    report(len(customers), len(customers))
    return written
