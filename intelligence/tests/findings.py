"""Findings of a made-up shop in which nothing stands out, to change in one place."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from msgspec.structs import replace

from intelligence.analysis.findings import (
    Again,
    AtRisk,
    Basket,
    Compared,
    Concentration,
    DiscountBuyers,
    Expiring,
    Findings,
    Held,
    Horizon,
    Hour,
    Hours,
    Month,
    MonthIndex,
    Pair,
    Product,
    Returned,
    Returns,
    Risk,
    Season,
    Second,
    Share,
    Sold,
    Weekday,
    kept_findings,
)  # fmt: skip
from intelligence.models import AnalysisRun
from intelligence.summary import summary_of

AT = datetime(2026, 6, 17, 2, 15, tzinfo=UTC)
AS_OF, FIRST_DAY = date(2026, 6, 16), date(2026, 3, 19)
WEEKS = [9, 10, 11, 9, 10, 11, 9, 10, 11, 9, 10, 11]

SOLD = Sold(
    revenue=19_000, gross=20_000, refunds=1_000, orders=1_000, buyers=400, new=128, average=20, variance=100,
    discounted=200, discount=500, weekly_new=WEEKS,
)  # fmt: skip
AGAIN = Again(people=200, came=60)
PAIR = Pair(
    product="Jug", product_code="jug00001", other="Cup", other_code="cup00001", together=60, orders=100,
    other_orders=300, baskets=1_000, other_price=5,
)  # fmt: skip
HELD = Concentration(
    count=500, total=80_000, top_1=0.05, top_10=0.3, top_20=0.45, ten=0.08, gini=0.5,
    curve=[round(1 - (1 - place / 20) ** 2, 4) for place in range(21)],
)  # fmt: skip


def quiet() -> Findings:
    return Findings(
        as_of=AS_OF,
        first_day=FIRST_DAY,
        first_sale=date(2024, 1, 1),
        sales=Compared(SOLD, SOLD, SOLD),
        hours=Hours(
            [Hour(weekday, hour, 18, 360) for weekday in range(1, 8) for hour in range(9, 17)],
            [Weekday(weekday, [10, 11, 12] * 4) for weekday in range(1, 8)],
        ),
        season=Season(
            [Month(date(2024 + number // 12, number % 12 + 1, 1), 6_000, 300) for number in range(24)],
            [MonthIndex(month, 1, 0.97, 1.03, 2) for month in range(1, 13)],
        ),
        second=Second(
            horizons=[Horizon(days, Compared(AGAIN, AGAIN, AGAIN)) for days in (30, 60, 90)],
            days=[7, 30, 90],
            newer=[0.1, 0.3, 0.4],
            older=[0.1, 0.28, 0.41],
            older_is_of_year=True,
            quartiles=[14, 25, 45],
            waiting=8,
            waiting_from=date(2026, 5, 2),
            waiting_to=date(2026, 6, 2),
            waiting_spent=15,
        ),
        basket=Basket(3, 2, [Share("Pots", 0.6), Share("Tea", 0.4)], [replace(PAIR, together=33)]),
        held=Held(HELD, replace(HELD, count=40), Product("Tea", "tea00001", 0.05, 4_000)),
        risk=Risk(60, 250, [AtRisk("low", 300, 9_000, 900, 90, 600, 25), AtRisk("high", 50, 800, 400, 6, 90, 30)]),
        discounts=DiscountBuyers(120, 4, 3.5, 0.3, 80),
        returns=Returns(25, [Returned("Lamp", "lamp0001", 200, 8, 3_000, 200, 6)]),
        expiring=Expiring(120, 4, 30),
    )  # fmt: skip


def changed(part: str, **values: Any) -> Findings:
    """`quiet()` with other values in one part."""
    found = quiet()
    return replace(found, **{part: replace(getattr(found, part), **values)})


def keep(found: Findings, *, finished_at: datetime = AT) -> AnalysisRun:
    return AnalysisRun.objects.create(
        as_of=found.as_of, started_at=finished_at, finished_at=finished_at, findings=kept_findings(found),
        summary=summary_of(found, "GBP"),
    )  # fmt: skip
