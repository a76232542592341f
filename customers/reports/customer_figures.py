"""What one customer bought, from their own orders: few, and found by an index."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TypedDict

from django.db import connection

from core.clock import Period

ORDERS = """
    SELECT count(*), coalesce(sum(total), 0), min(placed_at), max(placed_at),
           count(*) FILTER (WHERE placed_at >= %(start)s AND placed_at < %(end)s),
           coalesce(sum(total) FILTER (WHERE placed_at >= %(start)s AND placed_at < %(end)s), 0),
           count(*) FILTER (WHERE placed_at >= %(before)s AND placed_at < %(before_end)s),
           coalesce(sum(total) FILTER (WHERE placed_at >= %(before)s AND placed_at < %(before_end)s), 0)
    FROM customers_order WHERE customer_id = %(customer)s AND status <> 'cancelled' AND {of_business}
"""
REFUNDS = """
    SELECT coalesce(sum(refund.total), 0),
           coalesce(sum(refund.total) FILTER (WHERE refunded_at >= %(start)s AND refunded_at < %(end)s), 0),
           coalesce(sum(refund.total) FILTER (WHERE refunded_at >= %(before)s AND refunded_at < %(before_end)s), 0)
    FROM customers_refund AS refund LEFT JOIN customers_order AS sale ON sale.id = refund.order_id
    WHERE refund.customer_id = %(customer)s AND sale.status IS DISTINCT FROM 'cancelled' AND refund.{of_business}
"""
GAP = """
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY day - before)
    FROM (
        SELECT day, lag(day) OVER (ORDER BY day) AS before
        FROM (
            SELECT DISTINCT (placed_at AT TIME ZONE %(zone)s)::date AS day FROM customers_order
            WHERE customer_id = %(customer)s AND status <> 'cancelled' AND {of_business}
        ) AS visit
    ) AS seen WHERE before IS NOT NULL
"""


class CustomerFigures(TypedDict):
    """`spent` and the figures of periods are after refunds; `days_between` is the median of days with an order."""

    orders: int
    spent: Decimal
    average_order: Decimal | None
    first_order_at: datetime | None
    last_order_at: datetime | None
    days_between: float | None
    orders_in_period: int
    net_in_period: Decimal
    orders_before: int | None
    net_before: Decimal | None


def customer_figures(
    customer_id: int, period: Period, compare: Period | None, *, business_id: int | None
) -> CustomerFigures:
    """Three queries, about as many rows as the customer has orders."""
    other = compare or period
    values = {
        "customer": customer_id, "business": business_id, "zone": period.zone.key, "start": period.start,
        "end": period.end, "before": other.start, "before_end": other.end,
    }  # fmt: skip
    of_business = "business_id IS NOT NULL" if business_id is None else "business_id = %(business)s"
    with connection.cursor() as cursor:
        cursor.execute(ORDERS.format(of_business=of_business), values)
        orders, total, first, last, in_period, sold, orders_before, sold_before = cursor.fetchone()
        cursor.execute(REFUNDS.format(of_business=of_business), values)
        back, back_in_period, back_before = cursor.fetchone()
        cursor.execute(GAP.format(of_business=of_business), values)
        (gap,) = cursor.fetchone()
    return {
        "orders": orders,
        "spent": total - back,
        "average_order": total / orders if orders else None,
        "first_order_at": first,
        "last_order_at": last,
        "days_between": None if gap is None else float(gap),
        "orders_in_period": in_period,
        "net_in_period": sold - back_in_period,
        "orders_before": orders_before if compare else None,
        "net_before": sold_before - back_before if compare else None,
    }
