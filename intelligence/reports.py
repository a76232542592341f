"""RFM groups as pages and the API show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from customers.rfm_groups import RFM_GROUPS, RfmGroup
from intelligence.models import RfmRun
from intelligence.rules import SCORES

# Of the programme, or of one business: its own customers and what they spent there. Who never bought spent nothing:
# what they got back was for orders from before our history.
FIGURES = """
    SELECT facts.rfm_group, count(*), coalesce(sum({own}.total_spent) FILTER (WHERE {own}.orders_count > 0), 0),
           avg(extract(epoch FROM %(now)s - {own}.last_order_at) / 86400), avg({own}.orders_count)
    FROM customers_customerfacts AS facts
    JOIN customers_customer AS customer ON customer.id = facts.customer_id AND customer.state = 'active'
    {join}
    WHERE facts.rfm_group <> '' GROUP BY facts.rfm_group
"""
GRID = """
    SELECT facts.rfm_recency, facts.rfm_frequency, count(*)
    FROM customers_customerfacts AS facts
    JOIN customers_customer AS customer ON customer.id = facts.customer_id AND customer.state = 'active'
    {join}
    WHERE facts.rfm_recency IS NOT NULL GROUP BY 1, 2
"""
AT_BUSINESS = (
    "JOIN customers_businesscustomerfacts AS own ON own.customer_id = facts.customer_id"
    " AND own.business_id = %(business)s"
)


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """Numbers of one group: `spent` is net and in the programme's currency, `days_since` and `orders` are means."""

    group: RfmGroup
    customers: int
    share: float  # percent of all customers
    spent: Decimal
    spent_share: float  # percent of what all groups spent
    spent_each: Decimal | None
    days_since: float | None
    orders: float | None
    before: int | None  # customers at the run before; None when there was none


@dataclass(frozen=True, slots=True)
class GridCell:
    recency: int
    frequency: int
    customers: int
    heat: int  # 0 (none) to 5 (most)


@dataclass(frozen=True, slots=True)
class Move:
    source: RfmGroup | None
    target: RfmGroup
    customers: int


@dataclass(frozen=True, slots=True)
class RfmOverview:
    finished_at: datetime
    customers: int
    groups: Sequence[GroupFigures]  # all eleven, best first
    grid: Sequence[Sequence[GridCell]]  # by recency, 5 first; in it by frequency, 1 first
    moves: Sequence[Move]  # the largest, since the run before


def rfm_overview(*, business_id: int | None, now: datetime) -> RfmOverview | None:
    """The groups as the newest run found them; None before the first. People of one business see its customers only,
    counted now, without movement."""
    runs = list(RfmRun.objects.order_by("-finished_at")[:2])
    if not runs:
        return None
    figures, grid, moves, before = runs[0].figures, runs[0].grid, runs[0].moves, None
    if business_id is not None:
        figures, grid, moves = group_figures(now=now, business_id=business_id), score_grid(business_id=business_id), []
    elif len(runs) > 1:
        before = runs[1].figures
    return RfmOverview(
        finished_at=runs[0].finished_at,
        customers=sum(row["customers"] for row in figures.values()),
        groups=_groups(figures, before),
        grid=_cells(grid),
        moves=_moves(moves) if before is not None else [],
    )


def group_figures(*, now: datetime, business_id: int | None = None) -> dict[str, dict[str, Any]]:
    """JSON-safe numbers of each group that has anybody in it. One query."""
    own, join = ("facts", "") if business_id is None else ("own", AT_BUSINESS)
    with connection.cursor() as cursor:
        cursor.execute(FIGURES.format(own=own, join=join), {"now": now, "business": business_id})
        return {
            code: {
                "customers": customers,
                "spent": str(spent),
                "days_since": None if days is None else round(float(days), 1),
                "orders": None if orders is None else round(float(orders), 2),
            }
            for code, customers, spent, days, orders in cursor.fetchall()
        }


def score_grid(*, business_id: int | None = None) -> list[list[int]]:
    """[recency score, frequency score, customers] where there are any. One query."""
    with connection.cursor() as cursor:
        cursor.execute(GRID.format(join="" if business_id is None else AT_BUSINESS), {"business": business_id})
        return [list(row) for row in cursor.fetchall()]


def _groups(figures: dict[str, Any], before: dict[str, Any] | None) -> list[GroupFigures]:
    people = sum(row["customers"] for row in figures.values()) or 1
    spent = sum((Decimal(row["spent"]) for row in figures.values()), Decimal(0))
    nobody: dict[str, Any] = {"customers": 0, "spent": "0", "days_since": None, "orders": None}
    made = []
    for code, group in RFM_GROUPS.items():
        row = figures.get(code, nobody)
        amount = Decimal(row["spent"])
        made.append(
            GroupFigures(
                group=group,
                customers=row["customers"],
                share=row["customers"] / people * 100,
                spent=amount,
                spent_share=float(amount / spent * 100) if spent > 0 else 0.0,
                spent_each=amount / row["customers"] if row["customers"] else None,
                days_since=row["days_since"],
                orders=row["orders"],
                before=None if before is None else before.get(code, nobody)["customers"],
            )
        )
    return made


def _cells(grid: list[list[int]]) -> list[list[GridCell]]:
    counts = {(recency, frequency): customers for recency, frequency, customers in grid}
    most = max(counts.values(), default=1)

    def cell(recency: int, frequency: int) -> GridCell:
        customers = counts.get((recency, frequency), 0)
        return GridCell(recency, frequency, customers, -(-customers * 5 // most))

    return [[cell(recency, frequency) for frequency in SCORES] for recency in reversed(SCORES)]


def _moves(moves: list[list[Any]]) -> list[Move]:
    known = [Move(RFM_GROUPS.get(old), RFM_GROUPS[new], count) for old, new, count in moves if new in RFM_GROUPS]
    return sorted(known, key=lambda move: -move.customers)[:6]
