"""Scoring every customer by recency, frequency and spend, and putting them into groups. In SQL, whatever the number.

docs/algorithms/rfm.md says what is measured and why.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from customers.actions.facts import write_facts_from
from customers.actions.rollups import programme_zone
from customers.actions.turns import turn_to_compute
from customers.following import Figures, tell_followers
from intelligence.models import RfmRun
from intelligence.reports import group_figures, score_grid
from intelligence.rules import GROUP_OF, NO_ORDERS

JOB = "intelligence.rfm"
FIELDS = ("rfm_recency", "rfm_frequency", "rfm_monetary", "rfm_group", "rfm_at")
# Customers written with one statement and reported as one step of the progress bar.
SMALLEST_STEP, STEPS = 1000, 25

# The best fifth gets 5. ntile from the best end: where customers do not divide by five the better fifths take the
# rest, and the best of three customers still is a 5. Ties go to who came later, then to who is known longer.
SCORE = """
    CREATE TEMPORARY TABLE rfm_scored ON COMMIT PRESERVE ROWS AS
    WITH bought AS (
        SELECT customer_id, max(placed_at) AS last_at,
               count(DISTINCT (placed_at AT TIME ZONE %(zone)s)::date) AS order_days, sum(total) AS total
        FROM customers_order
        WHERE status <> 'cancelled' AND customer_id IS NOT NULL AND placed_at <= %(now)s GROUP BY customer_id
    ), returned AS (
        SELECT refund.customer_id, sum(refund.total) AS total
        FROM customers_refund AS refund LEFT JOIN customers_order AS sale ON sale.id = refund.order_id
        WHERE sale.status IS DISTINCT FROM 'cancelled' AND refund.customer_id IS NOT NULL
          AND refund.refunded_at <= %(now)s
        GROUP BY refund.customer_id
    ), features AS (
        SELECT customer.id AS customer_id, bought.last_at, bought.order_days,
               bought.total - coalesce(returned.total, 0) AS spent
        FROM customers_customer AS customer
        JOIN bought ON bought.customer_id = customer.id
        LEFT JOIN returned ON returned.customer_id = customer.id
        WHERE customer.state = 'active'
    ), scored AS (
        SELECT customer_id,
               6 - ntile(5) OVER (ORDER BY last_at DESC, customer_id) AS recency,
               6 - ntile(5) OVER (ORDER BY order_days DESC, last_at DESC, customer_id) AS frequency,
               6 - ntile(5) OVER (ORDER BY spent DESC, last_at DESC, customer_id) AS monetary
        FROM features
    )
    SELECT row_number() OVER (ORDER BY customer.id) AS position, customer.id AS customer_id,
           scored.recency, scored.frequency, scored.monetary, coalesce(grouped.name, %(no_orders)s) AS name
    FROM customers_customer AS customer
    LEFT JOIN scored ON scored.customer_id = customer.id
    LEFT JOIN unnest(%(recencies)s::int[], %(values)s::int[], %(names)s::text[]) AS grouped (recency, value, name)
      ON grouped.recency = scored.recency AND grouped.value = (scored.frequency + scored.monetary + 1) / 2
    WHERE customer.state = 'active'
"""
# `rfm_at` is when somebody came into the group, so that who stays is not written again every night.
WRITE = """
    SELECT scored.customer_id, scored.recency::smallint AS rfm_recency, scored.frequency::smallint AS rfm_frequency,
           scored.monetary::smallint AS rfm_monetary, scored.name AS rfm_group,
           CASE WHEN facts.rfm_group = scored.name THEN facts.rfm_at ELSE %s END AS rfm_at
    FROM rfm_scored AS scored
    JOIN customers_customer AS customer ON customer.id = scored.customer_id AND customer.state = 'active'
    LEFT JOIN customers_customerfacts AS facts ON facts.customer_id = scored.customer_id
    WHERE scored.position > %s AND scored.position <= %s
"""
MOVES = """
    SELECT coalesce(facts.rfm_group, ''), scored.name, count(*)
    FROM rfm_scored AS scored LEFT JOIN customers_customerfacts AS facts ON facts.customer_id = scored.customer_id
    WHERE facts.rfm_group IS DISTINCT FROM scored.name GROUP BY 1, 2
"""


def _score(now: datetime) -> None:
    """Fill the temporary table `rfm_scored`.

    Without nested loops: just after an import the planner has no statistics, takes the groups for a handful of rows
    and joins them one by one, which made 1 s into minutes.
    """
    pairs = sorted(GROUP_OF)
    values: dict[str, Any] = {
        "zone": programme_zone(),
        "now": now,
        "no_orders": NO_ORDERS,
        "recencies": [recency for recency, _ in pairs],
        "values": [value for _, value in pairs],
        "names": [GROUP_OF[pair] for pair in pairs],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS rfm_scored")
        cursor.execute("SELECT set_config('enable_nestloop', 'off', true)")
        cursor.execute(SCORE, values)
        cursor.execute("SELECT set_config('enable_nestloop', 'on', true)")
        cursor.execute("ANALYZE rfm_scored")


def score_customers(*, now: datetime, report: Callable[[int, int], None] = lambda done, total: None) -> RfmRun:
    """Score all customers, write scores and groups to their facts, and keep what the run found.

    Commits step by step and may be repeated after a crash. `report(done, total)` may raise to stop.
    """
    started_at = timezone.now()
    with connection.cursor() as cursor:
        _score(now)
        try:
            cursor.execute("SELECT count(*) FROM rfm_scored")
            total: int = cursor.fetchone()[0]
            cursor.execute(MOVES)
            moves = [list(row) for row in cursor.fetchall()]
            step = max(SMALLEST_STEP, -(-total // STEPS))
            for start in range(0, total, step):
                report(start, total)
                with transaction.atomic():
                    turn_to_compute()
                    write_facts_from(FIELDS, WRITE, [now, start, start + step])
            report(total, total)
        finally:
            if not connection.needs_rollback:
                cursor.execute("DROP TABLE IF EXISTS rfm_scored")
    with transaction.atomic():
        tell_followers(Figures.RFM)
        return RfmRun.objects.create(
            started_at=started_at,
            finished_at=now,
            customers=total,
            figures=group_figures(now=now),
            grid=score_grid(),
            moves=moves,
        )
