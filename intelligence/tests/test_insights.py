"""Each insight speaks when it should and says what it should; none speaks by chance or of too few."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from intelligence.analysis.findings import (
    Again,
    AtRisk,
    Compared,
    Findings,
    Horizon,
    Hour,
    MonthIndex,
    Product,
    Returned,
    Weekday,
    kept_findings,
    read_findings,
)  # fmt: skip
from intelligence.insights.registry import KINDS, Said, insights_of
from intelligence.insights.significance import z_of_shares
from intelligence.tests.findings import AGAIN, PAIR, SOLD, changed, quiet

HIGH = AtRisk("high", 80, 9_000, 6_300, 30, 4_000, 41.5)
FEWER = [5, 6, 7] * 4
DAYS = [Weekday(1, [5, 6, 7, 6] * 3), *(Weekday(day, [14, 15, 16, 15] * 3) for day in range(2, 7))]
BUSY = [Hour(6, 11, 100, 2_000), *(Hour(day, hour, 5, 100) for day in range(1, 7) for hour in range(9, 19))]


def of_sales(**values: object) -> Findings:
    return changed("sales", now=replace(SOLD, **values))


def of_second(now: Again, base: Again) -> Findings:
    return changed("second", horizons=[Horizon(30, Compared(now, base, base))])


def with_discounts(only: int) -> Findings:
    found = quiet()
    assert found.discounts is not None
    return replace(found, discounts=replace(found.discounts, only=only, expected=9.0, discount=640))


def with_risk(high: AtRisk) -> Findings:
    found = quiet()
    assert found.risk is not None
    return replace(found, risk=replace(found.risk, bands=[high]))


def with_ten(share: float, count: int = 500) -> Findings:
    held = quiet().held.customers
    assert held is not None
    return changed("held", customers=replace(held, ten=share, count=count))


def month(index: float, low: float, number: int = 8) -> Findings:
    return changed("season", index=[MonthIndex(number, index, low, 1.5, 2)])


CUSTOMERS, ORDERS = "/customers/?", "/orders/?from=2026-03-19&to=2026-06-16"
SPEAKS: dict[str, tuple[Findings, str, float | None, str]] = {
    "lapsing": (
        with_risk(HIGH), "30 valued customers are about to be lost", 30 * 0.2 * 41.5,
        CUSTOMERS + "churn=high&min=250.00&sort=-value",
    ),
    "second_purchase": (
        changed("second", waiting=75), "75 people bought once and may come again now", 75 * 0.2 * 15,
        CUSTOMERS + "orders=1&bought_from=2026-05-02&bought_to=2026-06-02&first=within",
    ),
    "new_customers": (
        of_sales(weekly_new=FEWER), "Fewer new customers: −40.0%", (120 - 72) * 20,
        CUSTOMERS + "bought_from=2026-03-25&bought_to=2026-06-16&first=within",
    ),
    "cohort": (
        of_second(Again(400, 160), Again(400, 100)), "New customers come again more often", 0.15 * 400 * 20,
        "/analytics/cohorts/",
    ),
    "few_customers": (
        with_ten(0.3), "Ten customers bring 30.0% of the revenue", 0.3 * 80_000 * 90 / 365 * 0.2,
        CUSTOMERS + "sort=-spent",
    ),
    "discount_only": (with_discounts(30), "30 regulars buy with a discount only", 320, ORDERS),
    "points_expiring": (
        changed("expiring", members=60, points=9_000), "60 members lose points within 30 days", 60 * 0.2 * 20,
        "/loyalty/reports/",
    ),
    "average_order": (of_sales(average=18), "The average order fell by 10.0%", 2 * 1_000, ORDERS),
    "quiet_day": (
        changed("hours", weekdays=DAYS), "Monday is quiet: 60.0% fewer orders", 9 / 5 * 12 * 20,
        ORDERS + "&weekday=1",
    ),
    "busy_hours": (
        changed("hours", cells=BUSY), "A quarter of the orders come in 1 hour of the week", None,
        "/analytics/hours/?from=2026-03-19&to=2026-06-16",
    ),
    "season_ahead": (
        month(1.4, 1.2), "August is strong: 40.0% above a usual month", 0.4 * 6_000,
        "/analytics/?from=2025-08-01&to=2025-08-31",
    ),
    "one_product": (
        changed("held", largest=Product("Tea", "tea00001", 0.4, 32_000)), "Tea brings 40.0% of the revenue",
        32_000 * 30 / 365, "/analytics/products/tea00001/",
    ),
    "bought_together": (
        changed("basket", pairs=[replace(PAIR, together=90)]), "Jug goes with Cup", 10 * 0.1 * 5 * 90 / 365,
        "/analytics/products/jug00001/",
    ),
    "refunds_rising": (
        changed("returns", products=[Returned("Lamp", "lamp0001", 200, 50, 3_000, 200, 10)]),
        "Lamp comes back more often", 0.2 * 3_000, "/analytics/products/lamp0001/",
    ),
}  # fmt: skip
# Too few, too small a change, or what chance brings.
SILENT: dict[str, list[Findings]] = {
    "lapsing": [with_risk(replace(HIGH, valued=9)), replace(quiet(), risk=None)],
    "second_purchase": [changed("second", waiting=19), changed("second", waiting=75, waiting_from=None)],
    "new_customers": [
        of_sales(weekly_new=[8, 11, 6, 12, 9, 7, 13, 8, 10, 9, 7, 11]),
        of_sales(weekly_new=[1, 2, 3] * 4),
        replace(of_sales(weekly_new=FEWER), first_sale=date(2024, 12, 1)),  # everybody was new then
        replace(of_sales(weekly_new=FEWER), sales=Compared(replace(SOLD, weekly_new=FEWER), None, None)),
    ],
    "cohort": [of_second(Again(400, 130), Again(400, 110)), of_second(Again(99, 60), Again(400, 100))],
    "few_customers": [with_ten(0.19), with_ten(0.5, count=99)],
    "discount_only": [with_discounts(19), with_discounts(0), replace(quiet(), discounts=None)],
    "points_expiring": [changed("expiring", members=9), replace(of_sales(average=0), expiring=quiet().expiring)],
    "average_order": [of_sales(average=20.5), of_sales(average=18, orders=99), of_sales(average=18, variance=1e6)],
    "quiet_day": [
        changed("hours", weekdays=[DAYS[0], Weekday(2, [14] * 11)]),
        changed("hours", weekdays=[Weekday(1, [13] * 12), *DAYS[1:]]),
        changed("hours", weekdays=[]),
    ],
    "busy_hours": [changed("hours", cells=BUSY[1:]), changed("hours", cells=[Hour(1, 9, 199, 1)])],
    "season_ahead": [
        month(1.14, 1.1), month(1.4, 0.99), month(1.4, 1.2, number=6), month(1.4, 1.2, number=10),
        changed("season", index=[]),
    ],
    "one_product": [changed("held", largest=Product("Tea", "tea00001", 0.14, 9_000)), changed("held", largest=None)],
    "bought_together": [changed("basket", pairs=[replace(PAIR, together=55)]), changed("basket", pairs=[])],
    "refunds_rising": [
        changed("returns", products=[Returned("Lamp", "lamp0001", 200, 18, 3_000, 200, 10)]),
        changed("returns", products=[Returned("Lamp", "lamp0001", 50, 9, 3_000, 50, 0)]),
    ],
}  # fmt: skip


def said(code: str, found: Findings) -> Said | None:
    return next((one.said for one in insights_of(found, "GBP").insights if one.code == code), None)


def test_every_kind_is_tested() -> None:
    insights_of(quiet(), "GBP")
    assert set(KINDS) == set(SPEAKS) == set(SILENT)


def test_nothing_stands_out_where_nothing_does() -> None:
    told = insights_of(quiet(), "GBP")
    assert told.insights == []
    assert len(told.silent) == len(KINDS)


@pytest.mark.parametrize("code", SPEAKS)
def test_it_speaks(code: str) -> None:
    found, title, money, href = SPEAKS[code]
    spoken = said(code, found)
    assert spoken is not None
    assert (spoken.title, spoken.href) == (title, href)
    assert spoken.money == (None if money is None else pytest.approx(money))
    assert bool(spoken.formula) == (money is not None)
    assert spoken.evidence
    assert [one.code for one in insights_of(found, "GBP").insights] == [code]


@pytest.mark.parametrize("code", SILENT)
def test_it_is_silent(code: str) -> None:
    assert [said(code, found) for found in SILENT[code]] == [None] * len(SILENT[code])


def test_the_other_way_is_said_too() -> None:
    found = replace(
        of_second(Again(400, 100), Again(400, 160)), sales=of_sales(weekly_new=[14, 15, 16] * 4, average=22).sales
    )
    assert {(one.said.title, one.said.is_good) for one in insights_of(found, "GBP").insights} == {
        ("More new customers: +50.0%", True),
        ("New customers come again less often", False),
        ("The average order grew by 10.0%", True),
    }


def test_most_money_first_and_what_has_none_last() -> None:
    found = changed("hours", cells=BUSY, weekdays=DAYS)
    found = replace(found, expiring=replace(found.expiring, members=60), risk=with_risk(HIGH).risk)
    codes = [one.code for one in insights_of(found, "GBP").insights]
    assert codes == ["quiet_day", "lapsing", "points_expiring", "busy_hours"]


def test_what_it_is_compared_with_is_said() -> None:
    found = changed("sales", now=replace(SOLD, average=18), year=None)
    spoken = said("average_order", found)
    assert spoken is not None
    assert spoken.text == "An order came to £18.00 in the last 90 days; it came to £20.00 in the 90 days before."


def test_findings_of_another_release_are_not_read() -> None:
    kept = kept_findings(quiet())
    assert read_findings(kept) == quiet()
    assert read_findings({}) is None
    assert read_findings({**kept, "sales": {"now": 1}}) is None


def test_chance_is_told_from_a_difference_one_time_in_a_hundred() -> None:
    """Nobody in either, everybody in both, and nobody to ask: nothing can be said."""
    assert AGAIN.share == 0.3
    assert [z_of_shares(0, 10, 0, 10), z_of_shares(10, 10, 10, 10), z_of_shares(0, 0, 1, 2)] == [0, 0, 0]


AMOUNTS = {
    "revenue", "average", "discount", "total", "value_12", "value_at_risk", "valued_at_risk", "basket", "valued_from",
    "waiting_spent", "other_price",
}  # fmt: skip


def in_another_currency(kept: Any, rate: float, name: str = "") -> Any:
    """Findings as they are kept, every amount times `rate`, a variance times its square."""
    if isinstance(kept, dict):
        return {key: in_another_currency(value, rate, key) for key, value in kept.items()}
    if isinstance(kept, list):
        return [in_another_currency(value, rate) for value in kept]
    if name == "variance":
        return kept * rate**2
    return kept * rate if name in AMOUNTS else kept


@pytest.mark.parametrize("rate", [0.01, 130.0])
@pytest.mark.parametrize("code", SPEAKS)
def test_the_currency_changes_nothing_but_the_amounts(code: str, rate: float) -> None:
    found = SPEAKS[code][0]
    exchanged = read_findings(in_another_currency(kept_findings(found), rate))
    assert exchanged is not None
    before, after = said(code, found), said(code, exchanged)
    assert before is not None
    assert after is not None
    assert after.money == (None if before.money is None else pytest.approx(before.money * rate))
