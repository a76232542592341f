"""The SQL of each family of features: one row per customer who bought, as of the end of a day.

Days are those of the programme's zone. Nothing placed or given back after the day is read, so that a day's features
stay what they were when more is written later. A cancelled order counts nowhere, whenever it was cancelled: the
moment is not kept. A refund counts on its own day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.clock import day_start

WINDOWS = (30, 90, 365)  # days, the last one included
# From these hours of the programme's zone on it is afternoon and evening.
AFTERNOON, EVENING = 12, 18
NULLABLE = frozenset({"favourite_product_id"})
# Everybody's orders and lines are read along their indexes, which keep what is asked for and the order of customers:
# rows are sorted a few at a time, by several workers. The planner would rather put them all into hash tables.
# Where few customers are read, workers cost more than they bring.
FOR_EVERYBODY: Mapping[str, str] = {
    "work_mem": "256MB",
    "random_page_cost": "1.1",
    "enable_nestloop": "off",
    "enable_hashjoin": "off",
    "enable_hashagg": "off",
}
FOR_FEW: Mapping[str, str] = {"work_mem": "64MB", "random_page_cost": "1.5", "max_parallel_workers_per_gather": "0"}


@dataclass(frozen=True, slots=True)
class Family:
    """`sql` gives customer_id and `columns`; it may join the rows of the family `orders`, which comes first.

    Placeholders: those of `values_for`, and in braces those of EVERYBODY and FEW. Who has no row in a family that
    `is_of_some` has 0 in its columns, and nothing in NULLABLE.
    """

    key: str
    label: str | Promise
    columns: Sequence[str]
    sql: str
    is_of_some: bool = False


# Every family reads these rows under the name `sale`: of few customers they are looked up once for all families.
SALES = """
    SELECT sale.id, sale.customer_id, sale.business_id, sale.channel, sale.total, sale.placed_at,
           sale.placed_at AT TIME ZONE %(zone)s AS local
    FROM customers_order AS sale
    WHERE sale.status <> 'cancelled' AND sale.placed_at < %(until)s AND sale.customer_id {chosen}
"""
# How the rows are found. The lines of few orders come from one pass through the index, in which keys that lie side by
# side cost one look: the planner would rather read all lines, or start again for each order.
EVERYBODY: Mapping[str, str] = {
    "chosen": "IS NOT NULL",
    "lines": "customers_orderline",
}
FEW: Mapping[str, str] = {
    "chosen": "= ANY(%(customers)s::bigint[])",
    "lines": "(SELECT * FROM customers_orderline WHERE order_id = ANY(ARRAY(SELECT id FROM sales)))",
}
RETURNS = (
    "customers_refund AS refund LEFT JOIN customers_order AS sale ON sale.id = refund.order_id",
    "sale.status IS DISTINCT FROM 'cancelled' AND refund.refunded_at < %(until)s AND refund.customer_id {chosen}",
)

# The gaps between a customer's days add up to last day - first day; only their squares have to be looked at.
ORDERS = Family(
    "orders",
    _("Orders"),
    (
        "orders_count",
        "order_days",
        "first_order_on",
        "last_order_on",
        "gross_spend",
        "first_day_spend",
        "day_spend_squares",
        "gap_squares",
    ),
    """
    SELECT customer_id, sum(orders)::int AS orders_count, count(*)::int AS order_days,
           min(day) AS first_order_on, max(day) AS last_order_on, sum(spend) AS gross_spend,
           sum(spend) FILTER (WHERE gap IS NULL) AS first_day_spend,
           sum(spend * spend)::float8 AS day_spend_squares, coalesce(sum(gap * gap), 0)::bigint AS gap_squares
    FROM (
        SELECT customer_id, day, count(*) AS orders, sum(total) AS spend,
               day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS gap
        FROM (SELECT customer_id, total, local::date AS day FROM sales) AS dated GROUP BY customer_id, day
    ) AS visit GROUP BY customer_id
    """,
)
REFUNDS = Family(
    "refunds",
    _("Spend and refunds"),
    ("refunds_count", "refunded", "refunded_later"),
    f"""
    SELECT refund.customer_id, count(*)::int AS refunds_count, sum(refund.total) AS refunded,
           coalesce(sum(refund.total) FILTER (
               WHERE (refund.refunded_at AT TIME ZONE %(zone)s)::date > orders.first_order_on
           ), 0) AS refunded_later
    FROM {RETURNS[0]} JOIN orders ON orders.customer_id = refund.customer_id
    WHERE {RETURNS[1]} GROUP BY refund.customer_id
    """,
    is_of_some=True,
)
# Sorted first, so that different products are counted as they pass: there would be almost as many groups for each
# customer and product as lines. Of several products on as many lines the newest is the favourite.
BASKETS = Family(
    "baskets",
    _("Baskets"),
    ("lines_count", "items", "products_count", "favourite_product_id"),
    """
    SELECT customer_id, count(*)::int AS lines_count, sum(quantity) AS items,
           count(DISTINCT product_id)::int AS products_count,
           mode() WITHIN GROUP (ORDER BY product_id DESC) AS favourite_product_id
    FROM (
        SELECT sale.customer_id, line.product_id, line.quantity
        FROM sales AS sale JOIN {lines} AS line ON line.order_id = sale.id
        ORDER BY sale.customer_id, line.product_id
    ) AS bought GROUP BY customer_id
    """,
    is_of_some=True,
)
LATELY = Family(
    "windows",
    _("Lately"),
    (*(f"orders_{days}" for days in WINDOWS), *(f"spend_{days}" for days in WINDOWS)),
    f"""
    SELECT customer_id,
           {", ".join(f"sum(orders) FILTER (WHERE at >= %(since_{days})s)::int AS orders_{days}" for days in WINDOWS)},
           {", ".join(f"sum(amount) FILTER (WHERE at >= %(since_{days})s) AS spend_{days}" for days in WINDOWS)}
    FROM (
        SELECT sale.customer_id, sale.placed_at AS at, 1 AS orders, sale.total AS amount
        FROM sales AS sale WHERE sale.placed_at >= %(since_{WINDOWS[-1]})s
        UNION ALL
        SELECT refund.customer_id, refund.refunded_at, 0, -refund.total
        FROM {RETURNS[0]} WHERE {RETURNS[1]} AND refund.refunded_at >= %(since_{WINDOWS[-1]})s
    ) AS moved GROUP BY customer_id
    """,
    is_of_some=True,
)
# First by business and channel: so few rows are left that the sort for the usual channel costs little.
HABITS = Family(
    "habits",
    _("Habits"),
    ("weekend_orders", "morning_orders", "evening_orders", "main_channel", "channels_count", "businesses_count"),
    f"""
    SELECT customer_id, sum(weekend)::int AS weekend_orders, sum(morning)::int AS morning_orders,
           sum(evening)::int AS evening_orders,
           (array_agg(channel ORDER BY on_channel DESC, channel))[1] AS main_channel,
           count(DISTINCT channel)::smallint AS channels_count,
           count(DISTINCT business_id)::smallint AS businesses_count
    FROM (
        SELECT customer_id, business_id, channel, weekend, morning, evening,
               sum(orders) OVER (PARTITION BY customer_id, channel) AS on_channel
        FROM (
            SELECT customer_id, business_id, channel, count(*) AS orders,
                   count(*) FILTER (WHERE date_part('isodow', local) > 5) AS weekend,
                   count(*) FILTER (WHERE local::time < '{AFTERNOON}:00') AS morning,
                   count(*) FILTER (WHERE local::time >= '{EVENING}:00') AS evening
            FROM sales GROUP BY customer_id, business_id, channel
        ) AS place
    ) AS ranked GROUP BY customer_id
    """,
)
FAMILIES = (ORDERS, REFUNDS, BASKETS, LATELY, HABITS)
# Nothing is known any more of whom somebody erased was; a duplicate's orders are the survivor's.
KNOWN = "customer.state IN ('active', 'archived')"


def features_sql(*, families: Sequence[Family] = FAMILIES, only_chosen: bool = False) -> str:
    """A SELECT of customer_id and the columns of these families, one row for each customer who bought.

    `families` begins with ORDERS. With `only_chosen` it takes the customers of `values_for(customers=…)` alone.
    """
    ways, once = (FEW, "MATERIALIZED") if only_chosen else (EVERYBODY, "NOT MATERIALIZED")
    parts = [f"sales AS {once} ({SALES.format(**ways)})"]
    parts += [f"{family.key} AS MATERIALIZED ({family.sql.format(**ways)})" for family in families]
    columns = [_column(family, column) for family in families for column in family.columns]
    others = [f"LEFT JOIN {family.key} ON {family.key}.customer_id = orders.customer_id" for family in families[1:]]
    return (
        f"WITH {', '.join(parts)} SELECT orders.customer_id, {', '.join(columns)} FROM orders"
        f" JOIN customers_customer AS customer ON customer.id = orders.customer_id AND {KNOWN} {' '.join(others)}"
    )


def _column(family: Family, column: str) -> str:
    value = f"{family.key}.{column}"
    return f"coalesce({value}, 0) AS {column}" if family.is_of_some and column not in NULLABLE else value


def values_for(as_of: date, zone: ZoneInfo, *, customers: Sequence[int] = ()) -> dict[str, Any]:
    """The parameters of `features_sql` for the end of a day of the zone."""
    since = {f"since_{days}": day_start(as_of - timedelta(days=days - 1), zone) for days in WINDOWS}
    until = day_start(as_of + timedelta(days=1), zone)
    return {"zone": zone.key, "until": until, "customers": list(customers), **since}
