"""The worked examples of docs/algorithms/metrics.md, and what its bounds leave out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.clock import Period
from customers.actions.people_counts import PEOPLE_DUE, count_people
from customers.actions.product_pairs import PAIRS_DUE
from customers.actions.rollups import rebuild_rollups
from customers.events import IMPORT_FINISHED
from customers.models import BuyerDay, Customer, Event, OrderLine, PeopleGroup, Product, ProductPair
from customers.reports.cohorts import cohort_table
from customers.reports.people import gaps_of, people_of
from customers.reports.product_figures import bought_together
from customers.tasks import count_what_moved
from customers.tests.test_actions_facts import sale
from intelligence.actions.products import count_products
from intelligence.engine.co_purchase import MOST_PRODUCTS
from intelligence.tasks import count_products_nightly
from programs.models import DueWork
from workspace.models import Job

DOC = Path(__file__).resolve().parents[2] / "docs/algorithms/metrics.md"
LONDON = ZoneInfo("Europe/London")
NOON = datetime(2026, 6, 20, 12, tzinfo=UTC)


def bought(business, customer, *days: str) -> None:
    for day in days:
        at = datetime.fromisoformat(f"{day}T12:00+00:00")
        sale(business, customer, f"{customer.first_name}-{day}", "10.00", placed_at=at)


def person(name: str, **values: object) -> Customer:
    return Customer.objects.create(first_name=name, **values)


def basket(business, number: str, *products: Product, at: datetime = NOON, **other: object) -> None:
    order = sale(business, None, number, "10.00", placed_at=at, **other)
    OrderLine.objects.bulk_create(
        OrderLine(order=order, position=place, product=one, quantity=1, unit_price=10, total=10)
        for place, one in enumerate(products)
    )


@pytest.fixture
def bowl(programme):
    return Product.objects.create(sku="B", title="Bowl")


@pytest.fixture
def cup(programme):
    return Product.objects.create(sku="C", title="Cup")


def test_people_of_a_period(business) -> None:
    bought(business, person("Ann"), "2026-06-01", "2026-06-03", "2026-06-08")
    bought(business, person("Ben"), "2026-06-03", "2026-06-08")
    bought(business, person("Cem"), "2026-06-01")
    rebuild_rollups(now=NOON)
    rows = BuyerDay.objects.filter(business=None).order_by("day", "before").values_list("day", "before", "customers")
    june = {number: date(2026, 6, number) for number in (1, 3, 8)}
    assert set(rows) == {(june[1], None, 2), (june[3], june[1], 1), (june[3], None, 1), (june[8], june[3], 2)}
    period = Period(june[3], june[8], LONDON)
    people = people_of(period, business_id=None)
    assert (people.buyers, people.new, people.repeat_rate) == (2, 1, 50)
    gaps = gaps_of(period, business_id=None)
    assert (gaps.counts, gaps.median) == ({2: 1, 5: 2}, 5)
    text = DOC.read_text()
    assert all(row in text for row in ("| 8 June | 3 June | 2 |", "(2 − 1) / 2 = **50 %**", "the median is **5**"))


def test_cohorts_and_groups(business, other_business) -> None:
    ann, ben = person("Ann", country="GB"), person("Ben", country="GB", state="archived")
    bought(business, ann, "2026-04-02", "2026-05-02")
    bought(other_business, ann, "2026-06-02")
    bought(business, ben, "2026-04-02")
    rebuild_rollups(now=NOON)
    count_people(now=NOON, zone="Europe/London")
    april, june = date(2026, 4, 1), date(2026, 6, 1)
    (cohort,) = cohort_table(april, june, business_id=None).cohorts
    assert [cohort.share(cell) for cell in cohort.cells] == [100, 50, 50]
    table = cohort_table(april, june, business_id=None)
    assert (table.retention(1), table.retention(2)) == (50, None), "June is not over"
    (here,) = cohort_table(april, june, business_id=business.pk).cohorts
    assert [here.share(cell) for cell in here.cells] == [100, 50, 0]
    groups = PeopleGroup.objects.filter(business=None).values_list("kind", "key", "customers", "orders")
    assert set(groups) == {("orders", "3", 1, 3), ("country", "GB", 1, 3), ("region", "", 1, 3)}, "without the archive"
    assert "**100 %** in April, **50 %**\nin May" in DOC.read_text()


def test_support_confidence_and_lift(business, bowl, cup) -> None:
    other = Product.objects.create(sku="D", title="Dish")
    for number in range(10):
        products = [one for one, most in ((bowl, number < 4), (cup, 1 <= number < 6), (other, number >= 6)) if most]
        basket(business, str(number), *products)
    assert count_products(now=NOON).pairs == 4, "both ways, for the business and for all"
    (pair,) = bought_together(business_id=None)
    assert (pair.product, pair.other, pair.together, pair.baskets) == (bowl, cup, 3, 10)
    assert (pair.support, pair.confidence, pair.lift) == (30, 75, 1.5)
    assert [row.other for row in bought_together(business_id=business.pk, product=cup)] == [bowl]
    assert "75 % / 50 % = **1.5**" in DOC.read_text()


def test_what_is_no_pair(business, bowl, cup) -> None:
    many = Product.objects.bulk_create(Product(sku=f"m{number}") for number in range(MOST_PRODUCTS - 1))
    service = Product.objects.create(sku="POST", kind="service")
    for number in range(3):
        basket(business, f"reseller-{number}", bowl, cup, *many)
        basket(business, f"old-{number}", bowl, cup, at=NOON - timedelta(days=365))
        basket(business, f"cancelled-{number}", bowl, cup, status="cancelled")
        basket(business, f"post-{number}", bowl, service)
    basket(business, "twice", bowl, cup)
    basket(business, "again", bowl, cup)
    assert count_products(now=NOON).pairs == 0
    basket(business, "third", bowl, cup)
    assert count_products(now=NOON).pairs == 4
    assert set(ProductPair.objects.values_list("together", "baskets")) == {(3, 6)}


def test_products_are_counted_each_night_while_there_are_sales(business, bowl, cup) -> None:
    assert count_products_nightly(NOON) is None
    assert not Job.objects.exists()
    basket(business, "one", bowl, cup)
    assert count_products_nightly(NOON) == datetime(2026, 6, 21, 3, tzinfo=LONDON)
    assert Job.objects.filter(kind="intelligence.products").count() == 1, "one that waits is asked for once"


def test_a_sale_is_counted_within_the_hour_and_an_import_at_once(programme) -> None:
    def due(*events: Event) -> dict[str, datetime]:
        DueWork.objects.all().delete()
        count_what_moved(events)
        return dict(DueWork.objects.filter(programme=programme).values_list("kind", "next_due_at"))

    sold = due(Event(name="customers.order.placed", data={"order": "x"}))
    imported = due(Event(name=IMPORT_FINISHED.name, data={}))
    assert set(sold) == set(imported) == {PEOPLE_DUE, PAIRS_DUE}
    assert sold[PEOPLE_DUE] - imported[PEOPLE_DUE] > timedelta(minutes=59)
    assert due(Event(name="customers.customer.changed", data={})) == {}
