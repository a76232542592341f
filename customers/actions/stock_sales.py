"""What sales, refunds and cancellations do to stock: read from the event stream, never inside the sale.

Each order or refund moves a product once for ever, by the `origin` of its movement. What happened before a place was
last counted is in that count, however late it is told, and moves nothing. Imported history sends no events.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from core.actor import SYSTEM
from customers.actions.stock import StockRow, write_movements
from customers.events import ORDER_ATTACHED, ORDER_CANCELLED, ORDER_PLACED, ORDER_REFUNDED
from customers.models import Event, StockLevel
from customers.stream import stream_reader

READER = "customers.stock"

_SOLD = """
    SELECT line.product_id, place.id, -sum(line.quantity), sale.placed_at, sale.reference,
           'sold:' || sale.id || ':' || line.product_id
    FROM customers_order AS sale
    JOIN customers_stocklocation AS place ON place.business_id = sale.business_id AND place.is_default
    JOIN customers_orderline AS line ON line.order_id = sale.id AND line.quantity > 0
    JOIN customers_stocklevel AS level ON level.product_id = line.product_id AND level.location_id = place.id
    WHERE sale.code = ANY(%s) AND sale.placed_at >= level.counted_at
    GROUP BY line.product_id, place.id, sale.id
"""
_RETURNED = """
    SELECT line.product_id, place.id, sum(line.quantity), refund.refunded_at, refund.reference,
           'returned:' || refund.id || ':' || line.product_id
    FROM customers_refund AS refund
    JOIN customers_stocklocation AS place ON place.business_id = refund.business_id AND place.is_default
    JOIN customers_refundline AS line ON line.refund_id = refund.id AND line.quantity > 0
    JOIN customers_stocklevel AS level ON level.product_id = line.product_id AND level.location_id = place.id
    WHERE refund.code = ANY(%s) AND refund.refunded_at >= level.counted_at
    GROUP BY line.product_id, place.id, refund.id
"""
# A cancelled sale never was: what it took comes back where it took it, less what refunds brought. A count since then
# has found the goods.
_CANCELLED = """
    SELECT sold.product_id, sold.location_id, -sold.quantity - back.quantity, clock_timestamp(), sale.reference,
           'cancelled:' || sale.id || ':' || sold.product_id
    FROM customers_order AS sale
    JOIN customers_orderline AS line ON line.order_id = sale.id
    JOIN customers_stockmovement AS sold ON sold.origin = 'sold:' || sale.id || ':' || line.product_id
    JOIN customers_stocklevel AS level
      ON level.product_id = sold.product_id AND level.location_id = sold.location_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(came.quantity), 0) AS quantity
        FROM customers_refund AS refund
        JOIN customers_stockmovement AS came ON came.origin = 'returned:' || refund.id || ':' || sold.product_id
        WHERE refund.order_id = sale.id
    ) AS back
    WHERE sale.code = ANY(%s) AND sold.at >= level.counted_at AND -sold.quantity > back.quantity
    GROUP BY sale.id, sold.id, back.quantity
"""


@stream_reader(READER)
def follow_sales(events: Sequence[Event]) -> None:
    """Move what was sold, given back and cancelled. The caller's transaction moves the reader with it."""
    new = (ORDER_PLACED.name, ORDER_ATTACHED.name)
    sold = [str(event.data["order"]) for event in events if event.name in new]
    returned = [str(event.data["refund"]) for event in events if event.name == ORDER_REFUNDED.name]
    cancelled = [str(event.data["order"]) for event in events if event.name == ORDER_CANCELLED.name]
    if not (sold or returned or cancelled) or not StockLevel.objects.exists():
        return
    for kind, query, codes in (
        ("sold", _SOLD, sold),
        ("returned", _RETURNED, returned),
        ("returned", _CANCELLED, cancelled),
    ):
        if codes:
            write_movements(kind=kind, rows=_found(query, codes), actor=SYSTEM)


def _found(query: str, codes: Sequence[str]) -> list[StockRow]:
    with connection.cursor() as cursor:
        cursor.execute(query, [list(codes)])
        return [
            StockRow(product, place, quantity, at, reference, origin)
            for product, place, quantity, at, reference, origin in cursor.fetchall()
        ]
