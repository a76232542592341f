"""Counting what people have in common: cohorts by the month of the first order, how often they bought, where they live.

One late order can move all months of its customer to another cohort, so these counts are made anew instead of mended:
within the hour after a sale, and at once after an import or a rebuild.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from customers.models import CohortMonth, CountedAt, PeopleGroup
from programs.actions.due_work import ensure_due

PEOPLE_DUE = "customers.people_counts"
WAIT = timedelta(hours=1)  # after a sale: a million customers take seconds to count
MOST_PLACES = 200  # of one kind: what people typed as their region may be anything

COHORTS = """
    INSERT INTO customers_cohortmonth (business_id, cohort, month, customers, orders, revenue)
    WITH moved AS MATERIALIZED (
        SELECT customer_id, business_id, month, sum(orders) AS orders, sum(revenue) AS revenue
        FROM (
            SELECT customer_id, business_id, date_trunc('month', placed_at AT TIME ZONE %(zone)s)::date AS month,
                   1 AS orders, total AS revenue
            FROM customers_order WHERE status <> 'cancelled' AND customer_id IS NOT NULL
            UNION ALL
            SELECT refund.customer_id, refund.business_id,
                   date_trunc('month', refund.refunded_at AT TIME ZONE %(zone)s)::date, 0, -refund.total
            FROM customers_refund AS refund LEFT JOIN customers_order AS sale ON sale.id = refund.order_id
            WHERE sale.status IS DISTINCT FROM 'cancelled' AND refund.customer_id IS NOT NULL
        ) AS part
        GROUP BY 1, 2, 3
    )
    SELECT moved.business_id, date_trunc('month', facts.first_order_at AT TIME ZONE %(zone)s)::date, moved.month,
           count(*) FILTER (WHERE moved.orders > 0), sum(moved.orders), sum(moved.revenue)
    FROM moved JOIN customers_businesscustomerfacts AS facts
      ON facts.customer_id = moved.customer_id AND facts.business_id = moved.business_id
    WHERE facts.first_order_at IS NOT NULL GROUP BY 1, 2, 3
    UNION ALL
    SELECT NULL, date_trunc('month', facts.first_order_at AT TIME ZONE %(zone)s)::date, anywhere.month,
           count(*) FILTER (WHERE anywhere.orders > 0), sum(anywhere.orders), sum(anywhere.revenue)
    FROM (
        SELECT customer_id, month, sum(orders) AS orders, sum(revenue) AS revenue FROM moved GROUP BY 1, 2
    ) AS anywhere JOIN customers_customerfacts AS facts ON facts.customer_id = anywhere.customer_id
    WHERE facts.first_order_at IS NOT NULL GROUP BY 2, 3
"""
GROUPS = """
    INSERT INTO customers_peoplegroup (business_id, kind, key, customers, orders, revenue)
    WITH known AS MATERIALIZED (
        SELECT own.business_id, customer.country, customer.region, own.orders_count, own.total_spent
        FROM (
            SELECT customer_id, business_id, orders_count, total_spent FROM customers_businesscustomerfacts
            UNION ALL
            SELECT customer_id, NULL, orders_count, total_spent FROM customers_customerfacts
        ) AS own JOIN customers_customer AS customer ON customer.id = own.customer_id AND customer.state = 'active'
        WHERE own.orders_count > 0
    ), counted AS (
        SELECT business_id, 'orders' AS kind, least(orders_count, %(most_orders)s)::text AS key, count(*) AS customers,
               sum(orders_count) AS orders, sum(total_spent) AS revenue
        FROM known GROUP BY 1, 3
        UNION ALL
        SELECT business_id, 'country', country, count(*), sum(orders_count), sum(total_spent) FROM known GROUP BY 1, 3
        UNION ALL
        SELECT business_id, 'region', region, count(*), sum(orders_count), sum(total_spent) FROM known GROUP BY 1, 3
    )
    SELECT business_id, kind, key, customers, orders, revenue
    FROM (
        SELECT counted.*, row_number() OVER (PARTITION BY business_id, kind ORDER BY customers DESC, key) AS place
        FROM counted
    ) AS ranked WHERE place <= %(most_places)s
"""


def count_people(*, now: datetime, zone: str) -> None:
    """Count cohorts and groups of everybody. Two statements, whatever the number."""
    with transaction.atomic(), connection.cursor() as cursor:
        CountedAt.objects.update_or_create(kind=CountedAt.Kind.PEOPLE, defaults={"at": now})  # locks out a twin
        CohortMonth.objects.all().delete()
        cursor.execute(COHORTS, {"zone": zone})
        PeopleGroup.objects.all().delete()
        cursor.execute(GROUPS, {"most_orders": PeopleGroup.MOST_ORDERS, "most_places": MOST_PLACES})


def count_people_soon(*, now: datetime) -> None:
    """Within the hour, whatever happens until then."""
    ensure_due(kind=PEOPLE_DUE, by=now + WAIT)
