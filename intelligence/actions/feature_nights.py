"""The night: windows move on by the days since the last run, and most customers have no order at either end of one.

Counted are those who have, in steps of a transaction each, with whoever is marked anyhow. Once a week, and when all
roll-ups or the time zone changed, everybody is counted from raw rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from core.clock import local_day
from customers.actions.rollups import programme_zone
from intelligence.actions.features import (
    count_marked,
    counting_alone,
    end_run,
    rebuild_features,
    rollups_rebuilt_at,
)
from intelligence.features.families import WINDOWS, values_for
from intelligence.models import CustomerFeatures, FeatureRun, StaleFeatures

# The days that left a window, and those that came since: a shop may have written of them before.
_MOMENTS = [*(f"since_{days}" for days in WINDOWS), "until"]
_MARK = """
    INSERT INTO intelligence_stalefeatures (customer_id)
    SELECT customer_id FROM customers_order WHERE customer_id IS NOT NULL AND ({placed_at})
    UNION
    SELECT customer_id FROM customers_refund WHERE customer_id IS NOT NULL AND ({refunded_at})
    ORDER BY customer_id ON CONFLICT DO NOTHING
"""


def count_features(*, now: datetime, report: Callable[[int, int], None] = lambda done, total: None) -> FeatureRun:
    """Bring the features of everybody to today.

    Safe to repeat, and to stop by `report(done, total)` raising: what is left stays marked.
    """
    zone = ZoneInfo(programme_zone())
    today, last = local_day(now, zone), FeatureRun.objects.order_by("-finished_at", "-pk").first()
    if last is None or not _days_alone_passed(last, today, zone):
        return rebuild_features(now=now)
    run = FeatureRun(
        as_of=today, full_on=last.full_on, zone=zone.key, rollups_at=last.rollups_at, started_at=timezone.now()
    )
    _mark_moved(last.as_of, today, zone)
    run.changed = _count_all_marked(now, report)
    with counting_alone() as cursor:
        return end_run(run, cursor, CustomerFeatures.objects.count())


def _days_alone_passed(last: FeatureRun, today: date, zone: ZoneInfo) -> bool:
    sunday = today - timedelta(days=today.isoweekday() % 7)
    is_of_this_week = last.full_on is not None and sunday <= last.full_on and last.as_of <= today
    return is_of_this_week and (last.zone, last.rollups_at) == (zone.key, rollups_rebuilt_at())


def _mark_moved(before: date, today: date, zone: ZoneInfo) -> None:
    def between(column: str) -> str:
        return " OR ".join(f"({column} >= %(old_{one})s AND {column} < %({one})s)" for one in _MOMENTS)

    old = {f"old_{name}": value for name, value in values_for(before, zone).items()}
    query = _MARK.format(placed_at=between("placed_at"), refunded_at=between("refunded_at"))
    with counting_alone() as cursor:
        cursor.execute(query, {**old, **values_for(today, zone)})


def _count_all_marked(now: datetime, report: Callable[[int, int], None]) -> int:
    total, done, changed = StaleFeatures.objects.count(), 0, 0
    report(0, total)
    for taken, rows in _steps(now):
        done, changed = done + taken, changed + rows
        report(done, max(done, total))
    return changed


def _steps(now: datetime) -> Iterator[tuple[int, int]]:
    """(marks taken, rows changed) of each step until no mark is left that is free."""
    taken = 1
    while taken:
        with counting_alone() as cursor:
            taken, changed = count_marked(cursor, now=now)
        yield taken, changed
