"""How much of a whole its largest parts hold: shares, the Lorenz curve from the top, and Gini's coefficient.

G = 2 Σ i·x_i / (n Σ x_i) − (n + 1) / n for x ascending. Source: Gini, "Variabilità e mutabilità", 1912; the form for
single values is Damgaard and Weiner, Ecology 81, 2000.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from intelligence.analysis.findings import Concentration
from intelligence.analysis.sales import money, rows

FEWEST_FOR_A_PERCENT = 100
STEP = 5  # percent, of the curve

# One row for each percent from the largest: sums of values, of values times their place from the smallest.
PERCENTS = """
    WITH held AS MATERIALIZED ({held}), ranked AS (
        SELECT value, row_number() OVER (ORDER BY value DESC) AS place, count(*) OVER () AS everybody FROM held
    )
    SELECT ceil(place * 100.0 / everybody)::int, count(*), sum(value)::float8,
           sum(value * (everybody + 1 - place))::float8, coalesce(sum(value) FILTER (WHERE place <= 10), 0)::float8
    FROM ranked GROUP BY 1
"""


def concentration(held: str, **values: Any) -> Concentration | None:
    """Of the rows of `held`, a query with one column `value` ≥ 0. None where it comes to nothing. One statement."""
    found: dict[int, tuple[Any, ...]] = {row[0]: row[1:] for row in rows(PERCENTS.format(held=held), **values)}
    count = sum(row[0] for row in found.values())
    total = sum(row[1] for row in found.values())
    if total <= 0:
        return None
    sums = [0.0, *accumulate(found[percent][1] if percent in found else 0.0 for percent in range(1, 101))]
    weighed = sum(row[2] for row in found.values())

    def top(percent: int) -> float | None:
        return round(sums[percent] / total, 4) if count * percent >= FEWEST_FOR_A_PERCENT else None

    return Concentration(
        count=count,
        total=money(total),
        top_1=top(1),
        top_10=top(10),
        top_20=top(20),
        ten=round(sum(row[3] for row in found.values()) / total, 4),
        gini=round(2 * weighed / (count * total) - (count + 1) / count, 4),
        curve=[round(sums[percent] / total, 4) for percent in range(0, 101, STEP)],
    )
