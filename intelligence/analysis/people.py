"""Who buys: the second purchase, what depends on few people, who stays away, who waits for discounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from core.clock import Period
from intelligence.analysis.concentration import concentration
from intelligence.analysis.findings import (
    Again,
    AtRisk,
    Compared,
    Concentration,
    DiscountBuyers,
    Expiring,
    Horizon,
    Risk,
    Second,
)
from intelligence.analysis.sales import money, rows
from intelligence.analysis.window import DAYS, YEAR_DAYS, Window

HORIZONS = (30, 60, 90)  # days until the second purchase
FOLLOWED = max(HORIZONS)
CURVE = (7, 14, 21, 30, 45, 60, 75, 90)
FEWEST_FOLLOWED = 30  # people: below, one of them is more than three percent
EXPIRING_DAYS = 30
REGULAR_ORDERS = 3  # a discount on each of two orders is chance too often

# How old each first purchase is, and after how many days the next day of purchase came: as many rows as there are
# pairs of the two, whatever the number of people.
SECOND = """
    WITH first AS (
        SELECT facts.customer_id, facts.orders_count, facts.total_spent,
               (facts.first_order_at AT TIME ZONE %(zone)s)::date AS day
        FROM customers_customerfacts AS facts
        JOIN customers_customer AS customer ON customer.id = facts.customer_id AND customer.state = 'active'
        WHERE facts.first_order_at >= %(start)s AND facts.first_order_at < %(end)s
    ), again AS (
        SELECT first.customer_id, min((sale.placed_at AT TIME ZONE %(zone)s)::date) AS day
        FROM first JOIN customers_order AS sale ON sale.customer_id = first.customer_id
        WHERE sale.status <> 'cancelled' AND sale.placed_at >= %(start)s AND sale.placed_at < %(end)s
          AND (sale.placed_at AT TIME ZONE %(zone)s)::date > first.day
        GROUP BY 1
    )
    SELECT %(as_of)s - first.day, again.day - first.day, count(*),
           count(*) FILTER (WHERE first.orders_count = 1),
           coalesce(sum(first.total_spent) FILTER (WHERE first.orders_count = 1), 0)
    FROM first LEFT JOIN again USING (customer_id) GROUP BY 1, 2
"""
HELD = "SELECT greatest(spend_365, 0)::float8 AS value FROM intelligence_customerfeatures WHERE orders_365 > 0"
VALUED_FROM = """
    SELECT percentile_disc(0.8) WITHIN GROUP (ORDER BY total_spent) FROM customers_customerfacts WHERE orders_count > 0
"""
RISK = """
    SELECT scores.band, max(scores.horizon_days), count(*), sum(scores.value_12), sum(scores.value_at_risk),
           count(*) FILTER (WHERE facts.total_spent >= %(valued)s),
           coalesce(sum(scores.value_at_risk) FILTER (WHERE facts.total_spent >= %(valued)s), 0),
           coalesce(sum(facts.total_spent) FILTER (WHERE facts.total_spent >= %(valued)s)
               / nullif(sum(facts.orders_count) FILTER (WHERE facts.total_spent >= %(valued)s), 0), 0)
    FROM customers_customerscores AS scores
    JOIN customers_customer AS customer ON customer.id = scores.customer_id AND customer.state = 'active'
    JOIN customers_customerfacts AS facts ON facts.customer_id = scores.customer_id
    GROUP BY 1 ORDER BY min(scores.churn)
"""
# If discounts fell on orders by chance, somebody with n orders would have one on each with the share to the nth.
DISCOUNTS = """
    WITH buyer AS (
        SELECT customer_id, count(*) AS orders, count(*) FILTER (WHERE discount > 0) AS discounted,
               coalesce(sum(discount) FILTER (WHERE placed_at >= %(recent)s), 0) AS recent
        FROM customers_order
        WHERE status <> 'cancelled' AND customer_id IS NOT NULL AND placed_at >= %(start)s AND placed_at < %(end)s
        GROUP BY 1 HAVING count(*) >= %(regular)s
    ), whole AS (
        SELECT count(*) AS regulars, sum(discounted)::float8 / nullif(sum(orders), 0) AS share FROM buyer
    )
    SELECT whole.regulars, count(*) FILTER (WHERE discounted = orders), sum(power(whole.share, orders)), whole.share,
           coalesce(sum(recent) FILTER (WHERE discounted = orders), 0)
    FROM buyer CROSS JOIN whole GROUP BY whole.regulars, whole.share
"""
EXPIRING = """
    SELECT coalesce(sum(remaining), 0), count(DISTINCT account_id) FROM loyalty_lot
    WHERE remaining > 0 AND expires_at > %(now)s AND expires_at <= %(until)s
"""

Ages = Mapping[tuple[int, int | None], int]  # (days since the first purchase, days until the next) → people


def second_purchases(window: Window) -> Second:
    """Of who first bought in the last year and a half. One statement."""
    first = window.as_of - timedelta(days=YEAR_DAYS + FOLLOWED + DAYS)
    whole = Period(max(first, window.first_sale), window.as_of, window.zone)
    found = rows(SECOND, zone=window.zone.key, start=whole.start, end=whole.end, as_of=window.as_of)
    ages: Ages = {(age, gap): people for age, gap, people, _once, _spent in found}
    older = _older(window)
    quartiles = _quartiles(ages)
    waiting = [row for row in found if quartiles and quartiles[0] <= row[0] <= quartiles[2]]
    once = sum(row[3] for row in waiting)
    return Second(
        horizons=[Horizon(days, _again(ages, days, window)) for days in HORIZONS],
        days=list(CURVE),
        newer=_curve(ages, 0),
        older=_curve(ages, older) if older else [],
        older_is_of_year=older == YEAR_DAYS,
        quartiles=quartiles,
        waiting=once,
        waiting_from=window.as_of - timedelta(days=quartiles[2]) if quartiles else None,
        waiting_to=window.as_of - timedelta(days=quartiles[0]) if quartiles else None,
        waiting_spent=money(sum(row[4] for row in waiting) / once) if once else 0.0,
    )


def held_by_customers() -> Concentration | None:
    """Of the revenue of 365 days from people whom we know. One statement."""
    return concentration(HELD)


def at_risk() -> Risk | None:
    """By band of churn, of all and of the fifth who spent most. None before the first forecast. Two statements."""
    valued_from = money(rows(VALUED_FROM)[0][0])
    found = rows(RISK, valued=valued_from)
    if not found:
        return None
    return Risk(
        horizon_days=found[0][1],
        valued_from=valued_from,
        bands=[
            AtRisk(band, people, money(worth), money(lost), valued, money(valued_lost), money(basket))
            for band, _horizon, people, worth, lost, valued, valued_lost, basket in found
        ],
    )


def discount_buyers(window: Window) -> DiscountBuyers | None:
    """Who bought at least REGULAR_ORDERS times in 365 days. None: nobody did. One statement."""
    year = window.last_year
    found = rows(DISCOUNTS, recent=window.now.start, start=year.start, end=year.end, regular=REGULAR_ORDERS)
    if not found:
        return None
    regulars, only, expected, share, discount = found[0]
    return DiscountBuyers(regulars, only, round(float(expected), 2), round(float(share), 4), money(discount))


def expiring_points(now: datetime) -> Expiring:
    """In the next EXPIRING_DAYS. One statement along an index."""
    points, members = rows(EXPIRING, now=now, until=now + timedelta(days=EXPIRING_DAYS))[0]
    return Expiring(int(points), members, EXPIRING_DAYS)


def _again(ages: Ages, days: int, window: Window) -> Compared[Again]:
    """People whose first purchase is `days` to `days` + 89 days ago, all of whom had `days` days to come again."""

    def of(shift: int) -> Again | None:
        low, high = days + shift, days + shift + DAYS - 1
        if window.as_of - timedelta(days=high) < window.first_sale and shift:
            return None
        inside = {key: people for key, people in ages.items() if low <= key[0] <= high}
        came = sum(people for (_age, gap), people in inside.items() if gap is not None and gap <= days)
        return Again(sum(inside.values()), came)

    return Compared(of(0) or Again(0, 0), of(DAYS), of(YEAR_DAYS))


def _older(window: Window) -> int | None:
    """So many days before the newest are those with whom they are compared, as far as sales go back."""
    known = (window.as_of - window.first_sale).days - (FOLLOWED + DAYS - 1)
    return next((shift for shift in (YEAR_DAYS, DAYS) if shift <= known), None)


def _curve(ages: Ages, shift: int) -> list[float]:
    """Of those who first bought in 90 days and had FOLLOWED days since, the newest or `shift` days before them."""
    low, high = FOLLOWED + shift, FOLLOWED + shift + DAYS - 1
    inside = {key: people for key, people in ages.items() if low <= key[0] <= high}
    total = sum(inside.values())
    if total < FEWEST_FOLLOWED:
        return []
    return [
        round(sum(people for (_age, gap), people in inside.items() if gap is not None and gap <= day) / total, 4)
        for day in CURVE
    ]


def _quartiles(ages: Ages) -> list[int]:
    """Days until the second purchase, of those with FOLLOWED days to make it who made it by then."""
    gaps: Counter[int] = Counter()
    for (age, gap), people in ages.items():
        if age >= FOLLOWED and gap is not None and gap <= FOLLOWED:
            gaps[gap] += people
    total = sum(gaps.values())
    return [_at(gaps, total * part / 4) for part in (1, 2, 3)] if total >= FEWEST_FOLLOWED else []


def _at(gaps: Mapping[int, int], wanted: float) -> int:
    seen = 0
    for gap in sorted(gaps):
        seen += gaps[gap]
        if seen >= wanted:
            return gap
    raise AssertionError("the last gap is at the whole")
