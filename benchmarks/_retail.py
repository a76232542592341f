"""The buyers of a real shop as archetypes are found by, as of a day: Online Retail II, unshifted, no database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from config.demo import retail_source
from intelligence.engine.scaling import Floats

Buyers = tuple[NDArray[np.int64], Floats]


@dataclass(slots=True)
class Buyer:
    orders: set[str] = field(default_factory=set)
    days: set[date] = field(default_factory=set)
    products: set[str] = field(default_factory=set)
    lines: int = 0
    items: int = 0
    gross: float = 0.0
    refunded: float = 0.0


def buyers_by_day(as_of: Sequence[date]) -> dict[date, Buyers]:
    """For each day, customer numbers in order and customers × features; nothing after its end is read."""
    rows = [(row, float(row.amount)) for row in retail_source.rows() if row.is_sale or row.is_refund]
    return {day: _buyers(day, rows) for day in as_of}


def _buyers(day: date, rows: Sequence[tuple[retail_source.RetailRow, float]]) -> Buyers:
    buyers: dict[str, Buyer] = defaultdict(Buyer)
    for row, amount in rows:
        on = row.invoiced_at.date()
        if on > day:
            continue
        buyer = buyers[row.customer_id]
        if row.is_refund:
            buyer.refunded -= amount
            continue
        buyer.orders.add(row.invoice)
        buyer.days.add(on)
        buyer.products.add(row.stock_code)
        buyer.lines += 1
        buyer.items += row.quantity
        buyer.gross += amount
    known = {int(number): buyer for number, buyer in buyers.items() if buyer.orders}
    numbers = sorted(known)
    return np.array(numbers), np.array([_features(known[number], day) for number in numbers])


def _features(buyer: Buyer, day: date) -> list[float]:
    first, last, orders = min(buyer.days), max(buyer.days), len(buyer.orders)
    tenure = (day - first).days
    return [
        (day - last).days,
        len(buyer.days),
        buyer.gross - buyer.refunded,
        buyer.gross / orders,
        tenure,
        buyer.lines / orders,
        buyer.items / orders,
        len(buyer.products),
        (last - first).days / (len(buyer.days) - 1) if len(buyer.days) > 1 else tenure,
        min(buyer.refunded / buyer.gross, 1.0),
    ]
