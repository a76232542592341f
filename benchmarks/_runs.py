"""A night, a week, an update or the features of a million customers, in a process of its own.

`python -m benchmarks._runs night` prints seconds of each part and the highest memory of the process as JSON. What it
writes is what a night writes; an update counts the customers of 10,000 orders anew.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

import django

django.setup()

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks._fits import peak_mb  # noqa: E402
from benchmarks.features import bare_families, every_family  # noqa: E402
from config.demo import retail  # noqa: E402
from core.clock import local_day  # noqa: E402
from customers.actions.rollups import programme_zone  # noqa: E402
from intelligence.actions.archetype_figures import count_archetypes  # noqa: E402
from intelligence.actions.archetypes import find_archetypes  # noqa: E402
from intelligence.actions.backtests import run_backtest  # noqa: E402
from intelligence.actions.feature_nights import count_features  # noqa: E402
from intelligence.actions.features import mark_features, rebuild_features, refresh_stale_features  # noqa: E402
from intelligence.actions.forecasts import forecast_customers  # noqa: E402
from intelligence.features.families import values_for  # noqa: E402
from intelligence.models import ArchetypeRun  # noqa: E402
from programs.models import Programme  # noqa: E402

SUNDAY = 7
NEW_ORDERS = 10_000
UPDATES = 8
Part = tuple[str, Callable[[], object]]


def night() -> Sequence[Part]:
    """Of a day after which days alone have passed. On Sundays features are counted in full: that is made ready here."""
    now = timezone.now() - timedelta(days=timezone.localdate().isoweekday() == SUNDAY)
    rebuild_features(now=now - timedelta(days=1))
    return [
        ("features", lambda: count_features(now=now)),
        ("archetypes", lambda: find_archetypes(now=now, kind=ArchetypeRun.Kind.NIGHTLY)),
        ("forecasts", lambda: forecast_customers(now=now)),
        ("figures", count_archetypes),
    ]


def week() -> Sequence[Part]:
    now = timezone.now()
    return [
        ("archetypes", lambda: find_archetypes(now=now, kind=ArchetypeRun.Kind.ASKED)),
        ("backtest", lambda: run_backtest(now=now)),
    ]


def update() -> Sequence[Part]:
    """From the marks that new orders leave to the rows, as often as it takes a worker to be warm, and then to measure.

    Orders of everywhere in the table stand for new ones, others each time.
    """
    return [(f"round {number}", partial(_count_again, _buyers())) for number in range(UPDATES)]


def _buyers() -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id FROM customers_order TABLESAMPLE SYSTEM (0.5) WHERE customer_id IS NOT NULL LIMIT %s",
            [NEW_ORDERS],
        )
        return {customer for (customer,) in cursor.fetchall()}


def _count_again(customers: set[int]) -> None:
    mark_features(customers)
    while refresh_stale_features(now=timezone.now()):
        pass


def features() -> Sequence[Part]:
    """The statement that counts everybody beside bare queries of the same rows; nothing is written."""
    zone = ZoneInfo(programme_zone())
    values = values_for(local_day(timezone.now(), zone), zone)
    return [("ours", lambda: every_family(values)), ("bare", lambda: bare_families(values))]


PARTS = {"night": night, "week": week, "update": update, "features": features}


def main(name: str) -> None:
    connection.set_tenant(Programme.objects.get(slug=retail.SLUG))
    parts = {}
    for part, act in PARTS[name]():
        started = time.perf_counter()
        act()
        parts[part] = round(time.perf_counter() - started, 2)
    print(json.dumps({"parts": parts, "seconds": sum(parts.values()), "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main(sys.argv[1])
