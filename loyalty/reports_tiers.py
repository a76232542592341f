"""How many members each tier has, and would have: counted over all of them at once, never one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count

from core.tenancy import active_programme
from customers.models import Customer
from loyalty import rules
from loyalty.models import Account, LoyaltySettings

Basis = LoyaltySettings.TierBasis

# What every member collected in a window: `loyalty_tier_figure` (migrations/sql/tiers.sql) for all at once.
_FIGURES = {
    Basis.POINTS: """
        SELECT t.account_id AS member,
               sum(CASE WHEN t.reversed_points = 0 THEN t.points ELSE ledger_net_of(t.id) END) AS figure
        FROM loyalty_transaction t
        WHERE t.kind = 'earn' AND t.status = 'done' AND t.at >= %(since)s::timestamptz AND t.at <= %(now)s
        GROUP BY t.account_id
    """,
    Basis.SPEND: """
        SELECT o.customer_id AS member, sum(greatest(o.total - o.refunded_total, 0)) AS figure
        FROM customers_order o
        WHERE o.status <> 'cancelled' AND o.placed_at >= %(since)s::timestamptz AND o.placed_at <= %(now)s
        GROUP BY o.customer_id
    """,
    Basis.VISITS: """
        SELECT o.customer_id AS member,
               count(DISTINCT (o.business_id, (o.placed_at AT TIME ZONE %(zone)s)::date)) AS figure
        FROM customers_order o
        WHERE o.status <> 'cancelled' AND o.total > o.refunded_total
        AND o.placed_at >= %(since)s::timestamptz AND o.placed_at <= %(now)s
        GROUP BY o.customer_id
    """,
}
_MEMBERS = """
    FROM loyalty_account a JOIN customers_customer c ON c.id = a.customer_id AND c.state = 'active'
    LEFT JOIN ({figures}) f ON f.member = a.customer_id
"""


def members_by_tier() -> dict[int | None, int]:
    """How many members have each tier now, by its key; None: no tier. Archived people are not counted. One query."""
    members = Account.objects.filter(customer__state=Customer.State.ACTIVE)
    return dict(members.values_list("tier_id").annotate(Count("pk")).order_by())


def members_reaching(
    thresholds: Sequence[Decimal], *, basis: str, window_months: int | None, now: datetime
) -> list[int]:
    """How many members reach none of the rising `thresholds` at `now`, then how many each as their highest.

    By what they collected in the window alone: whoever still keeps a tier of before keeps it besides. One query.
    """
    ask = "SELECT width_bucket(coalesce(f.figure, 0), %(thresholds)s::numeric[]), count(*) {of_all} GROUP BY 1"
    found = dict(_rows(ask, basis, window_months, now, thresholds=list(thresholds)))
    return [found.get(step, 0) for step in range(len(thresholds) + 1)]


def collected_at_shares(
    shares: Sequence[float], *, basis: str, window_months: int | None, now: datetime
) -> list[Decimal]:
    """What the best `shares` (0.4: two in five) of the members collected at least; zeros without members. One query."""
    ask = """
        SELECT percentile_disc(%(shares)s::double precision[]) WITHIN GROUP (ORDER BY coalesce(f.figure, 0)::numeric)
        {of_all}
    """
    ((found,),) = _rows(ask, basis, window_months, now, shares=[1 - share for share in shares])
    return [Decimal(figure) for figure in found] if found else [Decimal(0)] * len(shares)


def _rows(ask: str, basis: str, window_months: int | None, now: datetime, **values: Any) -> list[tuple[Any, ...]]:
    """`ask` of all active members (a) with what they collected (f.figure; null: nothing)."""
    programme = active_programme()
    since = rules.window_start(now, window_months, programme.zone)
    given = {"since": since or "-infinity", "now": now, "zone": programme.time_zone, **values}
    of_all = _MEMBERS.format(figures=_FIGURES[Basis(basis)])
    with connection.cursor() as cursor:
        cursor.execute(ask.format(of_all=of_all), given)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
