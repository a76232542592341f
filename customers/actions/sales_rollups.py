"""Sales by hour and channel, by product, and people by the days they came: all of them, or of marked business-days.

Part of `customers.actions.rollups`, which decides what is computed when and holds the lock meanwhile.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.utils import CursorWrapper

# The range lets the index find a day, two hours wider because a clock change can shift or repeat midnight; the date
# itself then decides.
OF_DAYS = """
    JOIN unnest(%(businesses)s::bigint[], %(days)s::date[]) AS stale (business_id, day)
      ON stale.business_id = {table}.business_id
     AND {table}.{column} >= stale.day::timestamp AT TIME ZONE %(zone)s - interval '2 hours'
     AND {table}.{column} < (stale.day + 1)::timestamp AT TIME ZONE %(zone)s + interval '2 hours'
     AND ({table}.{column} AT TIME ZONE %(zone)s)::date = stale.day
"""
STALE_SALES = OF_DAYS.format(table="sale", column="placed_at")
STALE_REFUNDS = OF_DAYS.format(table="refund", column="refunded_at")
STALE = "SELECT * FROM unnest(%(businesses)s::bigint[], %(days)s::date[]) AS stale (business_id, day)"

HOURS = """
    INSERT INTO customers_hourlysales (business_id, day, hour, channel, orders, revenue, refunds)
    SELECT business_id, at::date, extract(hour FROM at), channel, sum(orders), sum(revenue), sum(refunds)
    FROM (
        SELECT sale.business_id, sale.placed_at AT TIME ZONE %(zone)s AS at, sale.channel, 1 AS orders,
               sale.total AS revenue, 0 AS refunds
        FROM customers_order AS sale {sale_days} WHERE sale.status <> 'cancelled'
        UNION ALL
        SELECT refund.business_id, refund.refunded_at AT TIME ZONE %(zone)s, coalesce(sale.channel, ''), 0, 0,
               refund.total
        FROM customers_refund AS refund {refund_days}
        LEFT JOIN customers_order AS sale ON sale.id = refund.order_id
        WHERE sale.status IS DISTINCT FROM 'cancelled'
    ) AS moved
    GROUP BY 1, 2, 3, 4
"""

# A product on two lines of an order is on one order: each order's lines are put together first, by its own few rows,
# because to group all lines by order and product would sort every one of them. Rows lie in the order of days: so they
# are read.
PRODUCT_DAYS = """
    INSERT INTO customers_productday
        (business_id, product_id, day, orders, units, revenue, refunded_units, refunds)
    SELECT business_id, product_id, day, sum(orders), sum(units), sum(revenue), sum(refunded_units), sum(refunds)
    FROM (
        SELECT sale.business_id, line.product_id, (sale.placed_at AT TIME ZONE %(zone)s)::date AS day, 1 AS orders,
               line.units, line.revenue, 0 AS refunded_units, 0 AS refunds
        FROM customers_order AS sale {sale_days}
        CROSS JOIN LATERAL (
            SELECT product_id, sum(quantity) AS units, sum(total) AS revenue FROM customers_orderline
            WHERE order_id = sale.id GROUP BY product_id
        ) AS line
        WHERE sale.status <> 'cancelled'
        UNION ALL
        SELECT refund.business_id, line.product_id, (refund.refunded_at AT TIME ZONE %(zone)s)::date, 0, 0, 0,
               line.quantity, line.total
        FROM customers_refund AS refund {refund_days} JOIN customers_refundline AS line ON line.refund_id = refund.id
        LEFT JOIN customers_order AS sale ON sale.id = refund.order_id
        WHERE sale.status IS DISTINCT FROM 'cancelled'
    ) AS moved
    GROUP BY 1, 2, 3 ORDER BY day, business_id, product_id
"""
PRODUCT_MONTHS = """
    INSERT INTO customers_productmonth
        (business_id, product_id, month, orders, units, revenue, refunded_units, refunds)
    SELECT own.business_id, own.product_id, date_trunc('month', own.day)::date, sum(own.orders), sum(own.units),
           sum(own.revenue), sum(own.refunded_units), sum(own.refunds)
    FROM customers_productday AS own {months}
    GROUP BY 1, 2, 3 ORDER BY 3, 1, 2
"""
STALE_MONTHS = f"SELECT DISTINCT business_id, date_trunc('month', day)::date AS month FROM ({STALE}) AS days"

# Somebody is a member from the day of joining on, whatever the hour.
COUNTED_BUYERS = """
    SELECT seen.business_id, seen.day, seen.before, count(*),
           count(*) FILTER (WHERE (facts.member_since AT TIME ZONE %(zone)s)::date <= seen.day),
           count(*) FILTER (WHERE (facts.member_since AT TIME ZONE %(zone)s)::date <= seen.before)
    FROM ({seen}) AS seen LEFT JOIN customers_customerfacts AS facts ON facts.customer_id = seen.customer_id
    GROUP BY 1, 2, 3 ORDER BY 1, 2
"""
# Each day that somebody came, with the day before it: at that business, and in the programme.
ALL_BUYERS = """
    INSERT INTO customers_buyerday (business_id, day, before, customers, members, members_before)
    WITH visit AS MATERIALIZED (
        SELECT DISTINCT business_id, customer_id, (placed_at AT TIME ZONE %(zone)s)::date AS day
        FROM customers_order WHERE status <> 'cancelled' AND customer_id IS NOT NULL
    )
""" + COUNTED_BUYERS.format(
    seen="""
        SELECT business_id, customer_id, day,
               lag(day) OVER (PARTITION BY business_id, customer_id ORDER BY day) AS before
        FROM visit
        UNION ALL
        SELECT NULL, customer_id, day, lag(day) OVER (PARTITION BY customer_id ORDER BY day)
        FROM (SELECT DISTINCT customer_id, day FROM visit) AS once"""
)
DAY_BEFORE = """
    SELECT (earlier.placed_at AT TIME ZONE %(zone)s)::date FROM customers_order AS earlier
    WHERE earlier.customer_id = visit.customer_id AND earlier.status <> 'cancelled'
      AND earlier.placed_at < visit.day::timestamp AT TIME ZONE %(zone)s + interval '2 hours'
      AND (earlier.placed_at AT TIME ZONE %(zone)s)::date < visit.day {here}
    ORDER BY earlier.placed_at DESC LIMIT 1
"""
STALE_BUYERS = f"""
    INSERT INTO customers_buyerday (business_id, day, before, customers, members, members_before)
    WITH here AS (
        SELECT DISTINCT sale.business_id, sale.customer_id, stale.day
        FROM customers_order AS sale {STALE_SALES} WHERE sale.status <> 'cancelled' AND sale.customer_id IS NOT NULL
    ), anywhere AS (
        SELECT DISTINCT sale.customer_id, stale.day
        FROM (SELECT DISTINCT day FROM ({STALE}) AS marked) AS stale
        JOIN customers_order AS sale
          ON sale.placed_at >= stale.day::timestamp AT TIME ZONE %(zone)s - interval '2 hours'
         AND sale.placed_at < (stale.day + 1)::timestamp AT TIME ZONE %(zone)s + interval '2 hours'
         AND (sale.placed_at AT TIME ZONE %(zone)s)::date = stale.day
        WHERE sale.status <> 'cancelled' AND sale.customer_id IS NOT NULL
    )
""" + COUNTED_BUYERS.format(
    seen=f"""
        SELECT visit.business_id, visit.customer_id, visit.day,
               ({DAY_BEFORE.format(here="AND earlier.business_id = visit.business_id")}) AS before
        FROM here AS visit
        UNION ALL
        SELECT NULL, visit.customer_id, visit.day, ({DAY_BEFORE.format(here="")}) FROM anywhere AS visit"""
)
# The visits right after a touched day have another day before them now. The one before at the same business is never
# later than the one before anywhere, so it decides for both.
FOLLOWING = """
    SELECT DISTINCT business_id, day
    FROM (
        SELECT business_id, day, lag(day) OVER (PARTITION BY customer_id, business_id ORDER BY day) AS before
        FROM (
            SELECT DISTINCT customer_id, business_id, (placed_at AT TIME ZONE %(zone)s)::date AS day
            FROM customers_order WHERE customer_id = ANY(%(customers)s::bigint[]) AND status <> 'cancelled'
        ) AS visit
    ) AS seen
    WHERE EXISTS (
        SELECT FROM unnest(%(days)s::date[]) AS touched (day)
        WHERE touched.day < seen.day AND touched.day >= coalesce(seen.before, '-infinity')
    )
"""


def rebuild_sales(cursor: CursorWrapper, zone: str) -> None:
    """Every day and month, from raw rows."""
    for table in ("hourlysales", "productday", "productmonth"):
        cursor.execute(f"DELETE FROM customers_{table}")
    cursor.execute(HOURS.format(sale_days="", refund_days=""), {"zone": zone})
    cursor.execute(PRODUCT_DAYS.format(sale_days="", refund_days=""), {"zone": zone})
    cursor.execute(PRODUCT_MONTHS.format(months=""))
    rebuild_buyers(cursor, zone)


def rebuild_buyers(cursor: CursorWrapper, zone: str) -> None:
    """Who came on each day, and which of them are members."""
    cursor.execute("DELETE FROM customers_buyerday")
    cursor.execute(ALL_BUYERS, {"zone": zone})


def refresh_sales(cursor: CursorWrapper, values: dict[str, Any]) -> None:
    """These business-days again, with their months: `values` has `zone`, `businesses` and their `days`."""
    for table in ("hourlysales", "productday", "buyerday"):
        cursor.execute(
            f"DELETE FROM customers_{table} AS own USING ({STALE}) AS stale"
            " WHERE own.business_id = stale.business_id AND own.day = stale.day",
            values,
        )
    cursor.execute("DELETE FROM customers_buyerday WHERE business_id IS NULL AND day = ANY(%(days)s::date[])", values)
    cursor.execute(
        f"DELETE FROM customers_productmonth AS own USING ({STALE_MONTHS}) AS stale"
        " WHERE own.business_id = stale.business_id AND own.month = stale.month",
        values,
    )
    cursor.execute(HOURS.format(sale_days=STALE_SALES, refund_days=STALE_REFUNDS), values)
    cursor.execute(PRODUCT_DAYS.format(sale_days=STALE_SALES, refund_days=STALE_REFUNDS), values)
    months = (
        f"JOIN ({STALE_MONTHS}) AS stale ON stale.business_id = own.business_id"
        " AND own.day >= stale.month AND own.day < stale.month + interval '1 month'"
    )
    cursor.execute(PRODUCT_MONTHS.format(months=months), values)
    cursor.execute(STALE_BUYERS, values)


def following_days(cursor: CursorWrapper, customers: set[int], days: set[Any], zone: str) -> set[tuple[int, Any]]:
    """(business, day) of the visits of these customers that come right after one of `days`."""
    cursor.execute(FOLLOWING, {"customers": sorted(customers), "days": sorted(days), "zone": zone})
    return set(cursor.fetchall())
