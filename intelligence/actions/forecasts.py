"""What every customer is expected to do and to be worth, computed each night. docs/algorithms/value.md.

Only the job imports this module: it loads numpy, scipy and the models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection
from django.db.backends.utils import CursorWrapper
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core.binary_copy import read_numbers
from core.clock import local_day
from customers.actions.rollups import programme_zone
from customers.actions.scores import COLUMNS, write_scores
from intelligence.actions.settings import settings_now
from intelligence.engine import candidates
from intelligence.engine.backtest import Remembered
from intelligence.engine.churn import band_of, value_at_risk
from intelligence.engine.forecast import Forecast, spend_range
from intelligence.engine.purchase_days import PurchaseDays
from intelligence.engine.rhythm import NEXT_WITHIN, bent, days_until_next, horizon_of
from intelligence.engine.value import MONTHS, present_value
from intelligence.reports_backtest import newest_choice

Values = NDArray[np.float64]
Ids = NDArray[np.int64]
DAYS_THERE_ARE = 4_000_000  # more than date.max.toordinal()

# When somebody bought or gave something back, on days of the programme's zone. What was given back for a cancelled
# order is no refund of a sale. Rows are sent as they lie: adding up the days and leaving out who is not active takes
# the database seconds for each million, and arrays a tenth of that.
BOUGHT = """
    SELECT customer_id, (placed_at AT TIME ZONE %(zone)s)::date - DATE '0001-01-01' + 1.0::float8, total::float8
    FROM customers_order WHERE status <> 'cancelled' AND customer_id IS NOT NULL
"""
GAVE_BACK = """
    SELECT refund.customer_id, (refund.refunded_at AT TIME ZONE %(zone)s)::date - DATE '0001-01-01' + 1.0::float8,
           refund.total::float8
    FROM customers_refund AS refund LEFT JOIN customers_order AS sale ON sale.id = refund.order_id
    WHERE sale.status IS DISTINCT FROM 'cancelled' AND refund.customer_id IS NOT NULL
"""
NOT_ACTIVE = "SELECT id, 0.0::float8 FROM customers_customer WHERE state <> 'active'"
CENTS = 4  # decimals that amounts have: what is added up is rounded back to them


@dataclass(frozen=True, slots=True)
class Forecasted:
    """`expected` of `customers` are expected to buy within the horizon; `value` is what all are worth in 12 months."""

    customers: int
    horizon_days: int
    expected: float
    value: float


def forecast_customers(
    *, now: datetime, report: Callable[[int, int], None] = lambda done, total: None
) -> Forecasted | None:
    """Forecast everybody who bought until the end of yesterday, and write it; None where nobody did.

    Safe to repeat. `report(done, total)` may raise to stop; what is written by then stays, and is right.
    """
    day = local_day(now, ZoneInfo(programme_zone())) - timedelta(days=1)
    history = purchase_days(day)
    if len(history.customers) == 0:
        write_scores(dict.fromkeys(COLUMNS, np.empty(0)), customers=history.customers, horizon_days=0, day=day)
        return None
    with threadpool_limits(1):
        horizon, columns = _scores(history, day.toordinal())
    write_scores(columns, customers=history.customers, horizon_days=horizon, day=day, report=report)
    return Forecasted(
        customers=len(history.customers),
        horizon_days=horizon,
        expected=float((1 - columns["churn"]).sum()),
        value=float(columns["value_12"].sum()),
    )


def purchase_days(day: date) -> PurchaseDays:
    """Of everybody active, as known at the end of `day`."""
    with connection.cursor() as cursor:
        gone, _nothing = read_numbers(cursor, NOT_ACTIVE, {}, columns=1)
        return PurchaseDays(*_by_day(cursor, BOUGHT, gone, until=day), back=_by_day(cursor, GAVE_BACK, gone, until=day))


def _scores(history: PurchaseDays, day: int) -> tuple[int, dict[str, Values]]:
    """(horizon in days, one array for each column of `write_scores`) of everybody in the history."""
    chances, money = (candidates.chosen(code, len(history.customers)) for code in newest_choice())
    model = chances.lifetime()
    ask = Remembered(chances.over(model))
    learnt = model.learn(history, day)
    settings = settings_now()
    horizon = settings.horizon_days or horizon_of(learnt.known)
    chance = ask(history, day, horizon).chance
    growth = {days: model.chance(learnt, days) for days in sorted({*NEXT_WITHIN, horizon})}
    ask_money = ask if money == chances else money.over(model if money.model == chances.model else money.lifetime())
    churn = 1 - chance
    return horizon, {
        "churn": churn,
        "band": band_of(churn).astype(np.float64),
        "next_days": days_until_next(bent(growth, horizon, chance)),
        **_worth(
            {days: ask_money(history, day, days) for days in MONTHS.values()},
            chance,
            margin=float(settings.margin),
            discount=float(settings.discount_rate),
        ),
    }


def _worth(ahead: Mapping[int, Forecast], chance: Values, *, margin: float, discount: float) -> dict[str, Values]:
    """The columns in money, of forecasts by their days; `chance` is that of coming within the horizon."""
    year = ahead[max(ahead)]
    values = present_value({days: one.spend for days, one in ahead.items()}, margin=margin, discount=discount)
    worth = values[max(values)]
    today_of_year = np.divide(worth, year.spend, out=np.zeros_like(worth), where=year.spend > 0)
    low, high = spend_range(year)
    return {
        **{f"value_{months}": values[days] for months, days in MONTHS.items()},
        "value_12_low": low * today_of_year,
        "value_12_high": high * today_of_year,
        "value_at_risk": value_at_risk(chance, worth),
    }


def _by_day(cursor: CursorWrapper, query: str, gone: Ids, *, until: date) -> tuple[Ids, Values, Values]:
    """(customers, days, amounts), one row for each customer and day, of who is not `gone`."""
    customers, (days, amounts) = read_numbers(cursor, query, {"zone": programme_zone()}, columns=2)
    kept = days <= until.toordinal()
    if len(gone):
        kept &= ~np.isin(customers, gone)
    customers, days, amounts = customers[kept], days[kept], amounts[kept]
    key = customers * DAYS_THERE_ARE + days.astype(np.int64)
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    totals = np.add.reduceat(amounts[order], first) if len(first) else amounts
    return customers[order][first], days[order][first], np.round(totals, CENTS)
