"""When each level of stock runs out, and what to order: read from what was sold each day, reckoned by `engine.demand`.

docs/algorithms/stock.md says how. Only places that sales leave are forecast: nobody buys from a cellar.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from statistics import median
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from core.clock import local_day
from customers.actions.rollups import programme_zone
from customers.models import StockForecast
from intelligence.engine.demand import Demand, demand_of, outlook, spread

JOB = "intelligence.stock"
WEEKS = 104  # two years: what is older says little of next month
CHUNK = 1000
Report = Callable[[int, int], None]

# Whole weeks that end yesterday, the newest one 0; from the first week with a sale, so that a new product is not
# taken for one that nobody wants.
_SOLD = """
    SELECT level.id, level.quantity, level.lead_days, level.target_days, sold.weeks, sold.units
    FROM customers_stocklevel AS level
    JOIN customers_stocklocation AS place ON place.id = level.location_id AND place.is_default
    JOIN customers_product AS product ON product.id = level.product_id AND product.archived_at IS NULL
    LEFT JOIN LATERAL (
        SELECT array_agg(week ORDER BY week) AS weeks, array_agg(units ORDER BY week) AS units
        FROM (
            SELECT (%(today)s - 1 - day) / 7 AS week, sum(day_sales.units)::float8 AS units
            FROM customers_productday AS day_sales
            WHERE day_sales.product_id = level.product_id AND day_sales.business_id = place.business_id
              AND day_sales.day >= %(today)s - 7 * %(weeks)s AND day_sales.day < %(today)s
            GROUP BY 1
        ) AS weekly
    ) AS sold ON true
    WHERE level.id > %(after)s ORDER BY level.id LIMIT %(limit)s
"""
# Times in which nothing was there at any place of the business, as whole days ago (yesterday is 0). What was there
# after each movement is what is there now less what moved later, so that only the weeks that count are read; what was
# there before the first of them is not known.
_OUT = """
    WITH stocked AS MATERIALIZED (  -- summed once, not for each movement
        SELECT level.id AS level_id, level.product_id, place.business_id, sum(near.quantity) AS quantity
        FROM customers_stocklevel AS level
        JOIN customers_stocklocation AS place ON place.id = level.location_id
        JOIN customers_stocklocation AS room ON room.business_id = place.business_id
        JOIN customers_stocklevel AS near ON near.location_id = room.id AND near.product_id = level.product_id
        WHERE level.id = ANY(%(levels)s)
        GROUP BY level.id, place.business_id
    ), moved AS (
        SELECT stocked.level_id, movement.id, movement.at, lag(movement.at, 1, %(now)s) OVER newest AS until,
               stocked.quantity - coalesce(sum(movement.quantity) OVER (
                   newest ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
               ), 0) AS quantity
        FROM stocked
        JOIN customers_stocklocation AS place USING (business_id)
        JOIN customers_stockmovement AS movement
          ON movement.location_id = place.id AND movement.product_id = stocked.product_id
        WHERE movement.at >= %(now)s - make_interval(weeks => %(weeks)s)
        WINDOW newest AS (PARTITION BY stocked.level_id ORDER BY movement.at DESC, movement.id DESC)
    ), numbered AS (
        SELECT level_id, at, until, quantity,
               count(*) FILTER (WHERE quantity > 0) OVER (PARTITION BY level_id ORDER BY at DESC, id DESC) AS spell
        FROM moved
    )
    SELECT level_id, %(today)s - (max(until) AT TIME ZONE %(zone)s)::date AS newest,
           %(today)s - 2 - (min(at) AT TIME ZONE %(zone)s)::date AS oldest
    FROM numbered WHERE quantity <= 0
    GROUP BY level_id, spell
"""


@dataclass(frozen=True, slots=True)
class _Stocked:
    level_id: int
    quantity: float
    lead_days: int
    target_days: int
    weeks: Sequence[float | None]  # oldest first; None: nothing was there to sell


def forecast_stock(*, now: datetime, report: Report = lambda done, total: None) -> int:
    """Forecast every level at a place that sales leave; returns how many. Doing it twice gives the same.

    A second for some thousand levels. Lists see the old forecasts until all new ones are there.
    """
    zone = programme_zone()
    today = local_day(now, ZoneInfo(zone))
    stocked = list(_stocked(now, today, zone))
    known = [[sold for sold in one.weeks if sold is not None] for one in stocked]
    spreads = [spread(weeks) for weeks in known if len(weeks) > 1]
    usual = median(spreads) if spreads else 1.0
    forecasts = []
    for done, one in enumerate(stocked, 1):
        forecasts.append(_forecast(one, usual, today))
        if done % CHUNK == 0:
            report(done, len(stocked))
    with transaction.atomic():
        StockForecast.objects.all().delete()
        StockForecast.objects.bulk_create(forecasts, batch_size=CHUNK)
    report(len(stocked), len(stocked))
    return len(forecasts)


def _stocked(now: datetime, today: date, zone: str) -> Iterator[_Stocked]:
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_SOLD, {"today": today, "weeks": WEEKS, "after": after, "limit": CHUNK})
            rows = cursor.fetchall()
            levels = [row[0] for row in rows]
            cursor.execute(_OUT, {"levels": levels, "now": now, "today": today, "zone": zone, "weeks": WEEKS})
            out = _out_weeks(cursor.fetchall())
        for level_id, quantity, lead_days, target_days, weeks, units in rows:
            series = _series(weeks or [], units or [], out.get(level_id, frozenset()))
            yield _Stocked(level_id, float(quantity), lead_days, target_days, series)
        if len(rows) < CHUNK:
            return
        after = rows[-1][0]


def _out_weeks(spells: Iterable[tuple[int, int, int]]) -> dict[int, set[int]]:
    """The whole weeks of each level's spells without stock, the newest week 0."""
    out: dict[int, set[int]] = defaultdict(set)
    for level_id, newest, oldest in spells:
        out[level_id].update(range(-(-newest // 7), (oldest + 1) // 7))
    return out


def _series(weeks: Sequence[int], units: Sequence[float], out: Collection[int]) -> list[float | None]:
    """Weekly sales, oldest first. A week without a sale is 0, or None if nothing was there that could be sold."""
    if not weeks:
        return []
    sold: dict[int, float] = dict(zip(weeks, units, strict=True))
    return [sold.get(week, None if week in out else 0.0) for week in range(max(weeks), -1, -1)]


def _forecast(one: _Stocked, usual: float, today: date) -> StockForecast:
    demand: Demand | None = demand_of(one.weeks, usual_spread=usual)
    if demand is None:
        return StockForecast(
            level_id=one.level_id, model=StockForecast.Model.NONE, weekly_demand=Decimal(0), computed_on=today
        )
    seen = outlook(demand, one.quantity, lead_days=one.lead_days, target_days=one.target_days)
    return StockForecast(
        level_id=one.level_id,
        model=demand.kind,
        weekly_demand=round(Decimal(demand.mean), 3),
        days_left=seen.days,
        days_left_low=seen.low,
        days_left_high=seen.high,
        order_point=Decimal(seen.order_point),
        order_quantity=Decimal(max(seen.order_quantity, 0)).to_integral_value(),
        computed_on=today,
    )
