"""Counting the points of days that are over, and the points by age, for the reports.

Done at night by the tick (`loyalty.tasks.count_points_of_days`). Counting again changes nothing; `recount` computes
everything from the ledger and gives the same rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from core.clock import day_start, local_day
from core.tenancy import active_programme
from loyalty.breakage import HORIZON, PERIOD_DAYS, Cohort, ages_of
from loyalty.models import PointAge, PointCount, PointDay
from loyalty.point_flows import LEGS, OF_DAYS

# So many of the transactions seen before are looked at again: one that was still open at the last count has an older
# number than those that were seen.
AGAIN = 10_000
# Lots older than this say little about today's members; those of the horizon itself and one year more do.
WATCHED_DAYS = HORIZON * PERIOD_DAYS + 365

DAYS_TO_COUNT = """
    SELECT (t.at AT TIME ZONE %(zone)s::text)::date FROM loyalty_transaction t
    WHERE t.at < %(today)s AND (t.id > %(seen)s OR t.at >= %(fresh)s::timestamptz)
    GROUP BY 1
"""
COUNT_DAYS = f"""
    INSERT INTO loyalty_pointday (day, issuer_id, business_id, flow, points, debt)
    SELECT * FROM ({LEGS.format(zone="%(zone)s::text", transactions=OF_DAYS)}) AS legs
"""
OUTSTANDING = """
    SELECT l.issuer_id,
           least(floor(extract(epoch FROM %(now)s::timestamptz - t.at) / %(period)s), %(horizon)s)::integer AS age,
           sum(l.remaining + coalesce(held.points, 0))::bigint
    FROM loyalty_lot l
    JOIN loyalty_transaction t ON t.id = l.transaction_id
    LEFT JOIN (
        SELECT lot_id, sum(points) AS points FROM loyalty_holdallocation GROUP BY lot_id
    ) AS held ON held.lot_id = l.id
    WHERE l.remaining > 0 OR held.points > 0
    GROUP BY 1, 2
"""
# Lots by how many whole periods they were watched, and what left them in which period of their life: `redeemed` and not
# undone, `expired`, or otherwise.
LOTS = """
    SELECT l.id, l.issuer_id, l.amount, t.at,
           least(floor(extract(epoch FROM %(now)s::timestamptz - t.at) / %(period)s), %(horizon)s)::integer AS seen
    FROM loyalty_lot l JOIN loyalty_transaction t ON t.id = l.transaction_id
    WHERE t.at >= %(since)s AND t.at <= %(now)s
"""
COHORTS = f"SELECT issuer_id, seen, sum(amount)::bigint FROM ({LOTS}) AS lot GROUP BY 1, 2"
GONE = f"""
    SELECT issuer_id, seen, age,
           coalesce(sum(points) FILTER (WHERE kind = 'redeem' AND stands), 0)::bigint,
           coalesce(sum(points) FILTER (WHERE kind = 'expire'), 0)::bigint,
           coalesce(sum(points) FILTER (WHERE kind <> 'expire' AND NOT (kind = 'redeem' AND stands)), 0)::bigint
    FROM (
        SELECT lot.issuer_id, lot.seen, floor(extract(epoch FROM t.at - lot.at) / %(period)s)::integer AS age, t.kind,
               t.reversed_at IS NULL AS stands, -e.amount AS points
        FROM ({LOTS}) AS lot
        JOIN loyalty_entry e ON e.lot_id = lot.id AND e.amount < 0
        JOIN loyalty_transaction t ON t.id = e.transaction_id
    ) AS gone
    WHERE age < seen GROUP BY 1, 2, 3
"""


def count_points(*, now: datetime) -> None:
    """Count the days that are over, and those that got something since they were counted; then the points by age."""
    programme = active_programme()
    with transaction.atomic(), connection.cursor() as cursor:
        state = lock_count()
        if state.zone != programme.zone.key:
            PointDay.objects.all().delete()
            state.zone, state.last_day, state.last_transaction = programme.zone.key, None, 0
        cursor.execute("SELECT coalesce(max(id), 0) FROM loyalty_transaction")
        newest = cursor.fetchone()[0]
        last_day = local_day(now, programme.zone) - timedelta(days=1)
        if state.last_day is not None:
            last_day = max(last_day, state.last_day)
        fresh = date.min if state.last_day is None else state.last_day + timedelta(days=1)
        cursor.execute(
            DAYS_TO_COUNT,
            {
                "zone": state.zone,
                "today": day_start(last_day + timedelta(days=1), programme.zone),
                "seen": max(state.last_transaction - AGAIN, 0),
                "fresh": None if state.last_day is None else day_start(fresh, programme.zone),
            },
        )
        _count_days(cursor, [row[0] for row in cursor.fetchall()], state.zone)
        _count_ages(cursor, now)
        state.last_day, state.last_transaction, state.counted_at = last_day, newest, now
        state.save()


def recount(*, now: datetime) -> None:
    """Everything from the ledger, as if nothing had been counted."""
    with transaction.atomic():
        state = lock_count()
        state.zone = ""
        state.save(update_fields=["zone"])
        count_points(now=now)


def lock_count() -> PointCount:
    """The one row, locked: whoever counts or closes a month waits for the other."""
    PointCount.objects.get_or_create(pk=1)
    return PointCount.objects.select_for_update().get(pk=1)


def _count_days(cursor: Any, days: Sequence[date], zone: str) -> None:
    if not days:
        return
    tz = active_programme().zone
    PointDay.objects.filter(day__in=days).delete()
    cursor.execute(
        COUNT_DAYS,
        {
            "zone": zone,
            "starts": [day_start(day, tz) for day in days],
            "ends": [day_start(day + timedelta(days=1), tz) for day in days],
        },
    )


def _count_ages(cursor: Any, now: datetime) -> None:
    values = {
        "now": now,
        "since": now - timedelta(days=WATCHED_DAYS),
        "period": PERIOD_DAYS * 24 * 60 * 60,
        "horizon": HORIZON,
    }
    outstanding: dict[int | None, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    cursor.execute(OUTSTANDING, values)
    for issuer, age, points in cursor.fetchall():
        outstanding[issuer][max(age, 0)] += points
    gone: dict[tuple[int | None, int], dict[int, tuple[int, int, int]]] = defaultdict(dict)
    cursor.execute(GONE, values)
    for issuer, seen, age, *ends in cursor.fetchall():
        gone[issuer, seen][max(age, 0)] = (ends[0], ends[1], ends[2])
    cohorts: dict[int | None, list[Cohort]] = defaultdict(list)
    cursor.execute(COHORTS, values)
    for issuer, seen, amount in cursor.fetchall():
        cohorts[issuer].append(Cohort(seen, amount, gone[issuer, seen]))
    PointAge.objects.all().delete()
    PointAge.objects.bulk_create(
        PointAge(
            issuer_id=issuer,
            age=age.age,
            outstanding=age.outstanding,
            at_risk=max(age.at_risk, 0),
            redeemed=age.redeemed,
            expired=age.expired,
        )
        for issuer in {*outstanding, *cohorts}
        for age in ages_of(cohorts[issuer], outstanding[issuer])
        if age.outstanding or age.at_risk > 0
    )
