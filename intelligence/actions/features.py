"""Keeping the features of every customer who bought: everybody's each week, and at once those of who bought.

docs/features.md says what each one means. Roll-ups tell whose orders changed (`mark_features`), whatever changed them;
what is due then counts those customers from raw rows, with the statements that count everybody. Counting twice, or in
another order, gives the same. `feature_nights` moves the windows of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from core.clock import local_day
from core.tenancy import active_schema
from customers.actions.rollups import follows_rollups, programme_zone
from customers.actions.turns import turn_to_compute
from customers.models import RollupState
from intelligence.features.families import FAMILIES, FOR_EVERYBODY, FOR_FEW, KNOWN, features_sql, values_for
from intelligence.features.registry import FEATURES, reading_sql
from intelligence.models import CustomerFeatures, FeatureRun, StaleFeatures
from programs.actions.due_work import ensure_due

JOB = "intelligence.features"  # also the due work that asks for it each night
FEATURES_DUE = "intelligence.features.stale"  # the due work that counts marked customers
STEP = 10_000  # marked customers counted in one transaction
BUSY = timedelta(seconds=30)  # until the next look, where everybody is being counted now
SAMPLE = 50_000  # customers whose values say what is usual: percentiles move by less than half a point

_TABLE = CustomerFeatures._meta.db_table
_COLUMNS = [column for family in FAMILIES for column in family.columns]
# Everybody is counted before it is their turn to be written: who is taken away meanwhile is not among them any more.
_COUNTED = f"""
    SELECT counted.* FROM features_counted AS counted
    JOIN customers_customer AS customer ON customer.id = counted.customer_id AND {KNOWN}
"""
# Rows whose values stay the same are not rewritten.
_WRITE = f"""
    WITH computed AS MATERIALIZED ({{features}}), gone AS (
        DELETE FROM {_TABLE} AS own
        WHERE {{of_customers}} AND NOT EXISTS (SELECT FROM computed WHERE computed.customer_id = own.customer_id)
        RETURNING 1
    ), written AS (
        INSERT INTO {_TABLE} AS own (customer_id, {", ".join(_COLUMNS)})
        SELECT customer_id, {", ".join(_COLUMNS)} FROM computed ORDER BY customer_id
        ON CONFLICT (customer_id) DO UPDATE SET {", ".join(f"{column} = EXCLUDED.{column}" for column in _COLUMNS)}
        WHERE ({", ".join(f"own.{column}" for column in _COLUMNS)})
            IS DISTINCT FROM ({", ".join(f"EXCLUDED.{column}" for column in _COLUMNS)})
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM computed), (SELECT count(*) FROM gone) + (SELECT count(*) FROM written)
"""


def rebuild_features(*, now: datetime) -> FeatureRun:
    """Count everybody's features as of today, write what changed, and note what is usual.

    One transaction; safe to repeat. Seconds for each million orders.
    """
    zone = ZoneInfo(programme_zone())
    as_of, started_at = local_day(now, zone), timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        _wait_for_others(cursor)
        rollups_at = rollups_rebuilt_at()
        _plan(cursor, FOR_EVERYBODY)
        query = f"CREATE TEMPORARY TABLE features_counted AS {features_sql()}"
        cursor.execute(query, values_for(as_of, zone))
        turn_to_compute()
        customers, changed = _write(cursor, _COUNTED, "true", {})
        cursor.execute("DROP TABLE features_counted")
        run = FeatureRun(
            as_of=as_of, full_on=as_of, zone=zone.key, rollups_at=rollups_at, started_at=started_at, changed=changed
        )
        return end_run(run, cursor, customers)


@contextmanager
def counting_alone() -> Iterator[CursorWrapper]:
    """A transaction beside which nobody else of the programme counts features; it waits for its turn."""
    with transaction.atomic(), connection.cursor() as cursor:
        _wait_for_others(cursor)
        turn_to_compute()
        yield cursor


def rollups_rebuilt_at() -> datetime | None:
    """When all roll-ups were last computed anew: everybody's features have to follow."""
    return RollupState.objects.values_list("rebuilt_at", flat=True).first()


def end_run(run: FeatureRun, cursor: CursorWrapper, customers: int) -> FeatureRun:
    """Write the run down with what is usual among the rows now. Two scans of the table."""
    run.customers, run.figures = customers, _usual_values(cursor, customers, run.as_of)
    run.finished_at = timezone.now()
    run.save()
    return run


def refresh_features(customers: Sequence[int], *, now: datetime) -> int:
    """Count these customers' features as of today; returns how many rows changed. One statement."""
    zone = ZoneInfo(programme_zone())
    values = values_for(local_day(now, zone), zone, customers=customers)
    with transaction.atomic(), connection.cursor() as cursor:
        turn_to_compute()
        _plan(cursor, FOR_FEW)
        query = features_sql(only_chosen=True)
        return _write(cursor, query, "own.customer_id = ANY(%(customers)s::bigint[])", values)[1]


def refresh_stale_features(*, now: datetime) -> datetime | None:
    """Count customers who were marked; when to look again, None when nobody is left.

    Marks that a transaction is making just now are left: it asks again when it ends. Marks stay where nothing was
    counted for everybody yet, or where that is going on.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [_lock()])
        if not cursor.fetchone()[0]:
            return now + BUSY
        turn_to_compute()
        taken, _changed = count_marked(cursor, now=now)
    return now if taken == STEP else None


def count_marked(cursor: CursorWrapper, *, now: datetime) -> tuple[int, int]:
    """(marks taken, rows changed) of one step: STEP marks, fewer only where no more are free."""
    cursor.execute(
        "DELETE FROM intelligence_stalefeatures WHERE customer_id IN (SELECT customer_id"
        " FROM intelligence_stalefeatures ORDER BY customer_id LIMIT %s FOR UPDATE SKIP LOCKED)"
        " RETURNING customer_id",
        [STEP],
    )
    marked = sorted(customer for (customer,) in cursor.fetchall())
    return len(marked), refresh_features(marked, now=now) if marked else 0


@follows_rollups
def mark_features(customers: set[int] | None) -> None:
    """Note whose features are to be counted again; everybody's by the job."""
    now = timezone.now()
    if customers is None:
        ensure_due(kind=JOB, by=now)
    elif customers:
        with connection.cursor() as cursor:
            # A mark that is there already is locked, so that it is not taken before the caller's rows can be seen.
            cursor.execute(
                "INSERT INTO intelligence_stalefeatures (customer_id) SELECT unnest(%s::bigint[])"
                " ON CONFLICT (customer_id) DO UPDATE SET customer_id = EXCLUDED.customer_id",
                [sorted(customers)],
            )
        ensure_due(kind=FEATURES_DUE, by=now)


def forget_features(*, customer_ids: Sequence[int]) -> None:
    """Drop what is known of erased customers, in the caller's transaction."""
    StaleFeatures.objects.filter(pk__in=customer_ids).delete()
    CustomerFeatures.objects.filter(pk__in=customer_ids).delete()


def _lock() -> str:
    return f"features:{active_schema()}"


def _wait_for_others(cursor: CursorWrapper) -> None:
    """Until nobody else of the programme counts features. Before the turn: who has one never waits here."""
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_lock()])


def _plan(cursor: CursorWrapper, planner: Mapping[str, str]) -> None:
    for name, value in planner.items():
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])


def _write(cursor: CursorWrapper, features: str, of_customers: str, values: Mapping[str, Any]) -> tuple[int, int]:
    """(customers counted, rows changed)"""
    cursor.execute(_WRITE.format(features=features, of_customers=of_customers), values)
    counted, changed = cursor.fetchone()
    return counted, changed


def _usual_values(cursor: CursorWrapper, customers: int, as_of: date) -> dict[str, list[Any]]:
    """For each feature: how many have it and, of numbers, the values below which a tenth, half and nine tenths are.

    The latter of every n-th customer by key, at most SAMPLE of them or a few more.
    """
    values: dict[str, Any] = {"today": as_of, "step": max(1, customers // SAMPLE)}
    counts = ", ".join(f"count({key})" for key in FEATURES)
    cursor.execute(f"SELECT {counts} FROM ({reading_sql(list(FEATURES), _TABLE)}) AS read", values)
    figures = {key: [count] for key, count in zip(FEATURES, cursor.fetchone(), strict=True)}
    numbers = [key for key, feature in FEATURES.items() if feature.kind.is_number]
    usual = ", ".join(f"percentile_disc(ARRAY[0.1, 0.5, 0.9]) WITHIN GROUP (ORDER BY {key}::float8)" for key in numbers)
    sample = f"(SELECT * FROM {_TABLE} WHERE customer_id %% %(step)s::bigint = 0)"
    cursor.execute(f"SELECT {usual} FROM ({reading_sql(numbers, sample)}) AS read", values)
    for key, found in zip(numbers, cursor.fetchone(), strict=True):
        figures[key] += found or []
    return figures
