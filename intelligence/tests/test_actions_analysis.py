"""What an analysis finds in a small shop whose every figure is known, and how it is asked for and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from core.errors import PermissionRefused
from customers.actions.rollups import rebuild_rollups
from customers.models import Customer, CustomerScores, Order, OrderLine, Product, RefundLine
from customers.tests.test_actions_facts import refund, sale
from intelligence.actions import analysis
from intelligence.actions.analysis import analyse_sales
from intelligence.actions.features import rebuild_features
from intelligence.actions.products import count_products
from intelligence.actions.requests import ANALYSIS, request_run
from intelligence.analysis.findings import Again, AtRisk, Findings, Month, MonthIndex, Returned, Sold, read_findings
from intelligence.analysis.parts import PARTS
from intelligence.analysis.sales import month_index
from intelligence.insights import people
from intelligence.insights.registry import insights_of
from intelligence.models import AnalysisRun
from intelligence.tasks import AFTER_IMPORT, analyse_nightly
from intelligence.tests.baskets import basket
from programs.models import Programme, User
from workspace.actions.jobs import request_cancel, run_job
from workspace.models import Business, Job

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)


def at(month: int, day: int, year: int = 2026, hour: int = 11) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def line(order: Order, position: int, product: Product, quantity: int, total: str) -> None:
    OrderLine.objects.create(
        order=order, position=position, product=product, quantity=quantity,
        unit_price=Decimal(total) / quantity, total=Decimal(total),
    )  # fmt: skip


@pytest.fixture
def shop(business: Business) -> dict[str, Customer]:
    people = {name: Customer.objects.create(first_name=name) for name in ("Ann", "Ben", "Cem", "Dora")}
    tea, cup = (
        Product.objects.create(sku="T", title="Tea"),
        Product.objects.create(sku="C", title="Cup", category="Pots"),
    )
    first = sale(business, people["Ann"], "1", "10.00", placed_at=at(6, 1), discount=1)
    line(first, 1, tea, 1, "4.00")
    line(first, 2, cup, 3, "6.00")
    second = sale(business, people["Ann"], "2", "20.00", placed_at=at(6, 8))
    line(second, 1, tea, 5, "20.00")
    sale(business, people["Ben"], "3", "30.00", placed_at=at(5, 1, hour=16))
    sale(business, None, "4", "40.00", placed_at=at(6, 2))
    sale(business, people["Ben"], "5", "99.00", placed_at=at(6, 3), status="cancelled")
    sale(business, people["Cem"], "6", "50.00", placed_at=at(1, 10))
    sale(business, people["Cem"], "7", "50.00", placed_at=at(1, 20))
    sale(business, people["Dora"], "8", "10.00", placed_at=at(12, 1, year=2025))
    sale(business, people["Dora"], "9", "77.00", placed_at=NOW)  # today is not over
    refund(business, people["Ben"], "r", "5.00", refunded_at=at(6, 3))
    rebuild_rollups(now=NOW)
    rebuild_features(now=NOW)
    count_products(now=NOW)
    return people


def found_at(now: datetime = NOW) -> Findings:
    run = analyse_sales(now=now)
    assert run is not None
    found = read_findings(run.findings)
    assert found is not None
    return found


def test_sales_of_ninety_days_and_of_those_before(shop: dict[str, Customer]) -> None:
    found = found_at()
    assert (found.as_of, found.first_day, found.first_sale) == (
        date(2026, 6, 16), date(2026, 3, 19), date(2025, 12, 1),
    )  # fmt: skip
    weeks = [0] * 12
    assert found.sales.now == Sold(
        revenue=95, gross=100, refunds=5, orders=4, buyers=2, new=2, average=25, variance=166.6667, discounted=1,
        discount=1, weekly_new=[*weeks[:5], 1, *weeks[6:9], 1, 0, 0],
    )  # fmt: skip
    assert found.sales.before is not None
    assert (found.sales.before.revenue, found.sales.before.orders, found.sales.before.new) == (100, 2, 1)
    assert found.sales.before.repeat_rate == 0
    assert found.sales.year is None  # sales do not go back so far
    assert [(cell.weekday, cell.hour, cell.orders) for cell in found.hours.cells] == [
        (1, 12, 2), (2, 12, 1), (5, 17, 1),
    ]  # fmt: skip
    assert {day.weekday: sum(day.orders) for day in found.hours.weekdays} == {1: 2, 2: 1, 5: 1}
    assert {len(day.orders) for day in found.hours.weekdays} == {13}
    assert [(month.month, month.revenue) for month in found.season.months] == [
        (date(2025, 12, 1), 10), (date(2026, 1, 1), 100), (date(2026, 2, 1), 0), (date(2026, 3, 1), 0),
        (date(2026, 4, 1), 0), (date(2026, 5, 1), 30),
    ]  # fmt: skip
    assert found.season.index == []


def test_people_and_goods(shop: dict[str, Customer]) -> None:
    for name, worth in (("Ann", 40), ("Cem", 120)):
        CustomerScores.objects.create(
            customer=shop[name], churn=0.7, horizon_days=60, band="high", value_3=0, value_6=0, value_12=worth,
            value_12_low=0, value_12_high=0, value_at_risk=worth / 2, computed_on=date(2026, 6, 16),
        )  # fmt: skip
    found = found_at()
    # 30 to 119 days ago: Ben, who did not come again. Before them sales do not go back far enough.
    month = found.second.horizons[0]
    assert (month.days, month.people.now, month.people.before) == (30, Again(1, 0), None)
    assert found.second.horizons[2].people.now == Again(1, 1)  # Cem after 10 days, of 90 to 179 days ago
    assert (found.second.waiting, found.second.quartiles, found.second.newer) == (0, [], [])
    held = found.held.customers
    assert held is not None
    assert (held.count, held.total, held.ten, held.gini, held.top_20) == (4, 242, 1, 0.2913, None)
    assert (held.curve[0], held.curve[5], held.curve[20]) == (0, 0.4132, 1)
    assert found.held.products is not None
    assert found.held.largest is not None
    assert (found.held.products.total, found.held.largest.name, found.held.largest.share) == (30, "Tea", 0.8)
    assert (found.basket.units, found.basket.products) == (4.5, 1.5)
    assert [(one.name, one.share) for one in found.basket.categories] == [("Pots", 0.2)]
    assert found.basket.pairs == []  # one order is no habit
    assert found.risk is not None
    assert (found.risk.horizon_days, found.risk.valued_from) == (60, 100)
    assert found.risk.bands == [AtRisk("high", 2, 160, 80, 1, 60, 50)]
    assert found.discounts is None  # nobody bought three times
    assert (found.returns.tested, found.expiring.members) == (0, 0)


def test_months_stand_against_their_own_year() -> None:
    """Twice as much in the second year is growth; December is strong in both. A day counts, not the month's length."""
    start = [date(2024 + number // 12, number % 12 + 1, 1) for number in range(24)]
    days = [((one.replace(day=28) + timedelta(days=4)).replace(day=1) - one).days for one in start]
    usual = [(2 if one.month == 12 else 1) * (1 + number // 12) for number, one in enumerate(start)]
    months = [Month(one, float(rate * count), 1) for one, rate, count in zip(start, usual, days, strict=True)]
    index = month_index(months)
    year = (366 + 31) / 366
    assert index[-1] == MonthIndex(12, round(2 / ((365 + 31) / 365) / 2 + 1 / year, 3), 1.843, 1.844, 2)
    assert index[0].index == pytest.approx(0.922, abs=0.001)
    assert month_index(months[1:]) == []


def test_a_run_is_kept_and_old_ones_go(shop: dict[str, Customer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "KEPT", 2)
    seen: list[tuple[int, int, str]] = []
    runs = [analyse_sales(now=NOW, report=lambda *step: seen.append(step)) for _ in range(3)]
    assert runs[2] is not None
    assert list(AnalysisRun.objects.order_by("pk")) == runs[1:]
    assert runs[2].summary["now"]["revenue"] == 95
    assert seen[0] == (0, len(PARTS), "Sales")
    assert seen[len(PARTS)] == (len(PARTS), len(PARTS), "")


def test_the_job_and_its_stop(shop: dict[str, Customer]) -> None:
    job = request_run(ANALYSIS, actor=SYSTEM, now=NOW)
    assert request_run(ANALYSIS, actor=SYSTEM, now=NOW) == job
    request_cancel(job=job, actor=SYSTEM, now=NOW)
    run_job(job.pk)
    assert not AnalysisRun.objects.exists()
    again = request_run(ANALYSIS, actor=SYSTEM, now=NOW)
    run_job(again.pk)
    again.refresh_from_db()
    assert (again.state, again.done_count) == (Job.State.DONE, len(PARTS))
    assert AnalysisRun.objects.count() == 1


def test_each_night_and_not_without_sales(programme: Programme, business: Business) -> None:
    assert analyse_nightly(NOW) == datetime(2026, 6, 18, 2, 15, tzinfo=UTC)  # 03:15 in London
    assert not Job.objects.exists()
    assert analyse_sales(now=NOW) is None
    sale(business, None, "1", "1.00", placed_at=NOW - timedelta(days=3))
    rebuild_rollups(now=NOW)
    assert analyse_nightly(NOW) == NOW + AFTER_IMPORT  # features and pairs are not there yet
    rebuild_features(now=NOW)
    assert analyse_nightly(NOW) == NOW + AFTER_IMPORT
    assert not Job.objects.exists()
    count_products(now=NOW)
    analyse_nightly(NOW)
    assert Job.objects.get().kind == ANALYSIS


def test_people_of_one_business_do_not_ask_for_it(business: Business) -> None:
    with pytest.raises(PermissionRefused):
        request_run(ANALYSIS, actor=replace(SYSTEM, business_id=business.pk), now=NOW)
    assert not Job.objects.exists()


def test_an_analysis_stays_in_its_programme(shop: dict[str, Customer], other_programme: Programme) -> None:
    found_at()
    with tenant_context(other_programme):
        assert analyse_sales(now=NOW) is None
        assert not AnalysisRun.objects.exists()


@pytest.fixture
def crowd(business: Business) -> Product:
    """40 people who came 120 and again 108 to 112 days ago, 10 who came once then, 4 who came once 10 days ago.

    All have tea, with a cup at first. Nobody known bought 56 lamps, and as many before; 5 of them came
    back. The first of the people came a third time and had a discount each time.
    """
    tea, cup, lamp = (
        Product.objects.create(sku=name, title=name, price=price)
        for name, price in (("Tea", 4), ("Cup", 6), ("Lamp", 9))
    )
    people = Customer.objects.bulk_create(Customer(first_name=f"c{number}") for number in range(54))
    yesterday = NOW.replace(hour=11) - timedelta(days=1)
    visits: list[tuple[Customer | None, int, list[Product]]] = [
        *((one, 120, [tea, cup]) for one in people[:50]),
        *((one, 108 + number % 5, [tea]) for number, one in enumerate(people[:40])),
        *((one, 10, [tea]) for one in people[50:]),
        (people[0], 50, [tea]),
        (None, 200, [lamp]),
        *((None, 95 + number % 56 - 90 * (number // 56), [lamp]) for number in range(112)),
    ]
    orders = [
        basket(business, one, str(number), *bought, at=yesterday - timedelta(days=days), discount=int(one == people[0]))
        for number, (one, days, bought) in enumerate(visits)
    ]
    for order in orders[-5:]:
        back = refund(business, None, f"r{order.pk}", "9.00", refunded_at=yesterday, order=order)
        RefundLine.objects.create(refund=back, position=1, product=lamp, quantity=1, unit_price=9, total=9)
    rebuild_rollups(now=NOW)
    count_products(now=NOW)
    return lamp


def test_what_needs_a_crowd(crowd: Product) -> None:
    found = found_at()
    second = found.second
    assert (second.quartiles, second.waiting, second.waiting_spent) == ([9, 10, 11], 4, 4)
    assert (second.waiting_from, second.waiting_to) == (date(2026, 6, 5), date(2026, 6, 7))
    assert second.newer == [0, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8]
    (pair,) = found.basket.pairs
    assert (pair.product, pair.other, pair.together, pair.orders, pair.other_orders) == ("Cup", "Tea", 50, 50, 95)
    assert (pair.baskets, pair.other_price) == (208, 4)
    assert found.discounts is not None
    assert (found.discounts.regulars, found.discounts.only, found.discounts.expected) == (1, 1, 1)
    assert found.returns.tested == 1  # tea was seldom sold in the newest days
    assert found.returns.products == [Returned("Lamp", crowd.code, 56, 5, 504, 56, 0)]


def test_a_list_holds_as_many_people_as_its_card_says(
    crowd: Product, client_of: Callable[..., Client], owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "FEWEST_VALUED", 1)
    monkeypatch.setattr(people, "FEWEST_WAITING", 1)
    for customer in Customer.objects.order_by("pk")[:20]:
        CustomerScores.objects.create(
            customer=customer, churn=0.7, horizon_days=60, band="low" if customer.pk % 3 else "high", value_3=0,
            value_6=0, value_12=9, value_12_low=0, value_12_high=0, value_at_risk=6, computed_on=date(2026, 6, 16),
        )  # fmt: skip
    told = {one.code: one.said for one in insights_of(found_at(), "GBP").insights}
    browser = client_of(owner)
    for code in ("lapsing", "second_purchase"):
        count = browser.get(told[code].href).context["listed"].count.value
        assert told[code].title.startswith(f"{count} ")
        assert count >= 4
