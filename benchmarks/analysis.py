"""Looking for insights: each part of an analysis, and all of it, of a programme twelve times the retail demo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from benchmarks._sales import make_programme
from benchmarks.harness import limit, seconds_of
from core.clock import local_day
from intelligence.actions.analysis import analyse_sales, window_at
from intelligence.actions.features import rebuild_features
from intelligence.analysis.parts import PARTS, measure_part

TIMES = 12  # 71,000 customers, 480,000 orders, 1.9 million lines
# The models of forecasts are no part of this: everybody has a score.
SCORES = """
    INSERT INTO customers_customerscores (customer_id, churn, horizon_days, band, value_3, value_6, value_12,
        value_12_low, value_12_high, value_at_risk, computed_on)
    SELECT customer_id, random(), 90,
           (ARRAY['low', 'medium', 'high', 'lost'])[1 + customer_id %% 4], 10, 20, 40, 10, 90,
           20, %(day)s
    FROM customers_customerfacts WHERE orders_count > 0
"""


def main() -> None:
    programme, _owner = make_programme("bench", times=TIMES)
    now = timezone.now()
    rebuild_features(now=now)
    with connection.cursor() as cursor:
        cursor.execute(SCORES, {"day": local_day(now, programme.zone) - timedelta(days=1)})
        cursor.execute("ANALYZE customers_customerscores, intelligence_customerfeatures")
    window = window_at(now, programme)
    assert window is not None

    def part(name: str) -> Callable[[], object]:
        return lambda: measure_part(name, window, now)

    for name in PARTS:
        limit(f"analysis.{name}", value=seconds_of(part(name)), unit="s", runs=3)
    limit("analysis.everything", value=seconds_of(lambda: analyse_sales(now=now)), unit="s", at_most=10, runs=3)


if __name__ == "__main__":
    main()
