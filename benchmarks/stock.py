"""How good the forecast of stock is, on two years of a real shop: `python -m benchmarks.run stock`.

At six moments, each four weeks apart and on data of before only, every product that sold in the last year is forecast.
The figures are those of docs/algorithms/stock.md; the limits are what they must not fall below.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean, median

from benchmarks.harness import limit
from config.demo import retail_source
from config.demo.retail import SERVICE_SKUS
from intelligence.engine.demand import (
    Demand,
    chance_enough,
    days_lasting,
    demand_of,
    enough_for,
    spread,
)

ORIGINS = (80, 84, 88, 92, 96, 100)  # weeks of history; four more are known after each
AHEAD = 4
YEAR = 52
TRIALS = (1, 2, 3)  # months in which a product's own past says whether the year before or the forecast was nearer
COVER_WEEKS = 2  # the stock that each product is given, in its mean weeks, for the date of running out

Weeks = list[float]


def main() -> None:
    daily = _daily_sales()
    weekly = {
        sku: [sum(days[week * 7 : week * 7 + 7]) for week in range(len(days) // 7)] for sku, days in daily.items()
    }
    started = time.perf_counter()
    results = [_origin(daily, weekly, origin) for origin in ORIGINS]
    seconds = time.perf_counter() - started
    pooled: Mapping[str, float] = {name: fmean(result[name] for result in results) for name in results[0]}
    for name, value in pooled.items():
        print(f"{name:<34} {value:10.3f}")
    print(f"{'seconds for each origin':<34} {seconds / len(ORIGINS):10.3f}")
    _hold("stock.covered_demand", pooled["covered: 4-week demand"], at_least=0.75)
    _hold("stock.covered_day", pooled["covered: day of running out"], at_least=0.75)
    _hold("stock.wape_against_last_4_weeks", pooled["WAPE ours"] / pooled["WAPE last 4 weeks"], at_most=1.0)


def _hold(name: str, found: float, *, at_least: float | None = None, at_most: float | None = None) -> None:
    limit(name, value=lambda: found, unit="", at_least=at_least, at_most=at_most, runs=1, warm_up=False)


def _daily_sales() -> dict[str, Weeks]:
    """Pieces of each stock code on each day of the data's whole weeks."""
    days = (retail_source.LAST_DAY - retail_source.FIRST_DAY).days + 1
    sold: dict[str, Weeks] = defaultdict(lambda: [0.0] * days)
    for row in retail_source.rows():
        if row.quantity > 0 and row.unit_price > 0 and row.stock_code not in SERVICE_SKUS:
            sold[row.stock_code.upper()][(row.invoiced_at.date() - retail_source.FIRST_DAY).days] += row.quantity
    return sold


def _origin(daily: Mapping[str, Weeks], weekly: Mapping[str, Weeks], origin: int) -> dict[str, float]:
    history = {sku: weeks[:origin] for sku, weeks in weekly.items() if sum(weeks[max(0, origin - 52) : origin]) > 0}
    history = {sku: _since_first(weeks) for sku, weeks in history.items()}
    history = {sku: weeks for sku, weeks in history.items() if len(weeks) >= AHEAD}
    usual = median(spread(weeks) for weeks in history.values())
    demands = {sku: demand for sku, weeks in history.items() if (demand := demand_of(weeks, usual_spread=usual))}
    actual = {sku: sum(weekly[sku][origin : origin + AHEAD]) for sku in demands}
    total = sum(actual.values())

    def wape(forecast: Callable[[str], float]) -> float:
        return sum(abs(forecast(sku) - actual[sku]) for sku in demands) / total

    naive = {sku: fmean(abs(b - a) for a, b in pairwise(w)) for sku, w in history.items() if len(w) > 1}
    scaled = [abs(demands[sku].mean - actual[sku] / AHEAD) / naive[sku] for sku in demands if naive.get(sku, 0) > 0]
    out = _running_out(daily, demands, origin)
    return {
        "products": len(demands),
        "WAPE ours": wape(lambda sku: demands[sku].mean * AHEAD),
        "WAPE last 4 weeks": wape(lambda sku: sum(history[sku][-4:])),
        "WAPE last week": wape(lambda sku: history[sku][-1] * AHEAD),
        "WAPE mean of 26 weeks": wape(lambda sku: fmean(history[sku][-26:]) * AHEAD),
        "WAPE same weeks a year ago": wape(lambda sku: _seasonal(history[sku], demands[sku].mean * AHEAD)),
        "WAPE whichever was nearer": wape(lambda sku: _nearer(history[sku], demands[sku].mean * AHEAD)),
        "MASE ours (median)": median(scaled),
        "covered: 4-week demand": fmean(_covers(demands[sku], actual[sku]) for sku in demands),
        "above the 97 % level": fmean(actual[sku] > enough_for(demands[sku], AHEAD * 7) for sku in demands),
        **out,
    }


def _seasonal(weeks: Weeks, otherwise: float) -> float:
    """What the next weeks sold a year ago, where the product was sold then."""
    return sum(weeks[-YEAR : AHEAD - YEAR]) if len(weeks) >= YEAR else otherwise


def _nearer(weeks: Weeks, ours: float) -> float:
    """The year before or our forecast, by which of them missed less in the months just before."""
    missed_then = missed_ours = 0.0
    for months in TRIALS:
        known, sold = weeks[: -AHEAD * months], sum(weeks[-AHEAD * months :][:AHEAD])
        demand = demand_of(known)
        if demand is None or len(known) < YEAR:
            return ours
        missed_then += abs(_seasonal(known, 0.0) - sold)
        missed_ours += abs(demand.mean * AHEAD - sold)
    return _seasonal(weeks, ours) if missed_then < missed_ours else ours


def _since_first(weeks: Sequence[float]) -> Weeks:
    first = next(number for number, sold in enumerate(weeks) if sold > 0)
    return list(weeks[first:])


def _covers(demand: Demand, sold: float) -> bool:
    below, upto = chance_enough(demand, sold - 1, AHEAD * 7), chance_enough(demand, sold, AHEAD * 7)
    return below < 0.9 and upto > 0.1


def _running_out(daily: Mapping[str, Weeks], demands: Mapping[str, Demand], origin: int) -> dict[str, float]:
    """Give every product a few weeks of stock and see when it was gone; a day after the data's end is after all ranges
    that end there."""
    covered, widths, missed = [], [], []
    for sku, demand in demands.items():
        stock = round(demand.mean * COVER_WEEKS)
        if stock < 1:
            continue
        low, high = days_lasting(demand, stock, 0.9), days_lasting(demand, stock, 0.1)
        after = daily[sku][origin * 7 :]
        gone = _gone_after(after, stock)
        known = len(after)
        if gone is None:
            covered.append(high is None or high >= known)
        else:
            covered.append((low or 0) <= gone <= (high if high is not None else 366))
            middle = days_lasting(demand, stock, 0.5)
            missed.append(abs((middle if middle is not None else 365) - gone))
        widths.append((high if high is not None else 365) - (low or 0))
    return {
        "covered: day of running out": fmean(covered),
        "width of that range, days (median)": median(widths),
        "missed by, days (median)": median(missed),
    }


def _gone_after(days: Sequence[float], stock: float) -> int | None:
    """How many whole days it lasted; None: until the end of the data."""
    for day, sold in enumerate(days):
        stock -= sold
        if stock <= 0:
            return day
    return None


if __name__ == "__main__":
    main()
