"""Learn who buys where, too: how many people each two businesses share (docs/algorithms/recommendations.md)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from core.actor import Actor
from loyalty.actions.recommender_settings import LEARN, rules_now
from loyalty.effects import wilson
from loyalty.models import CoVisit
from programs.actions.due_work import ensure_due

_LEARN = """
WITH seen AS MATERIALIZED (
    SELECT DISTINCT o.customer_id, o.business_id
    FROM customers_order o JOIN customers_customer c ON c.id = o.customer_id
    WHERE o.placed_at > %(since)s AND o.placed_at <= %(now)s AND o.status <> 'cancelled' AND c.state = 'active'
), sizes AS (SELECT business_id, count(*) AS people FROM seen GROUP BY business_id)
SELECT a.business_id, b.business_id, count(*), min(here.people), min(there.people),
       (SELECT count(DISTINCT customer_id) FROM seen)
FROM seen a
JOIN seen b ON b.customer_id = a.customer_id AND b.business_id <> a.business_id
JOIN sizes here ON here.business_id = a.business_id
JOIN sizes there ON there.business_id = b.business_id
GROUP BY a.business_id, b.business_id
"""


def learn_co_visits(*, now: datetime) -> int:
    """Count anew who buys where, for every pair of businesses. Returns how many pairs share somebody."""
    days = rules_now()["co_visits"].parameters["window"]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LEARN, {"since": now - timedelta(days=days), "now": now})
        pairs = [
            CoVisit(
                business_id=business, other_id=other, both=both, here=here, there=there, everybody=everybody,
                low=wilson(both, here).low, learned_at=now,
            )
            for business, other, both, here, there, everybody in cursor.fetchall()
        ]  # fmt: skip
        CoVisit.objects.all().delete()
        CoVisit.objects.bulk_create(pairs)
    return len(pairs)


def learn_soon(*, actor: Actor, now: datetime) -> None:
    """Let the background count anew at once. Raises PermissionRefused for people limited to one business."""
    actor.check_sees_all()
    ensure_due(kind=LEARN, by=now)
