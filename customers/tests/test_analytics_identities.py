"""Whatever is sold, cancelled and given back, in whatever zone: each way to split the figures adds up to the same."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import Period, local_day
from customers.actions.facts import write_facts
from customers.actions.people_counts import count_people
from customers.actions.rollups import programme_zone, rebuild_rollups, refresh_rollups, refresh_stale_days
from customers.models import (
    CohortMonth,
    Customer,
    CustomerFacts,
    Order,
    OrderLine,
    Product,
    ProductDay,
    Refund,
    RefundLine,
)
from customers.reports.cohorts import cohort_table
from customers.reports.people import gaps_of, people_by, people_of
from customers.reports.product_figures import product_figures, top_products, whole_months
from customers.reports.sales import sales_by_day, total_of
from customers.reports.sales_split import sales_by_business, sales_by_channel, sales_by_hour, total_sold
from customers.tests.test_actions_facts import refund, sale
from programs.models import Programme

START = datetime(2026, 1, 20, tzinfo=UTC)
DAYS = 100  # with three ends of months and the change of clocks
LATER = START + timedelta(days=DAYS + 30)
MOMENTS = st.integers(0, DAYS * 24 * 4).map(lambda quarters: START + timedelta(minutes=15 * quarters))
AMOUNTS = st.integers(0, 5000).map(lambda pence: Decimal(pence) / 100)
LINES = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3), AMOUNTS), max_size=3)
SALES = st.lists(
    st.fixed_dictionaries(
        {
            "shop": st.integers(0, 1),
            "customer": st.integers(0, 3),
            "at": MOMENTS,
            "lines": LINES,
            "more": AMOUNTS,  # on top of the lines: the till knows none, or postage
            "channel": st.sampled_from(["store", "online"]),
            "is_cancelled": st.booleans() | st.just(value=False),
            "back": st.none() | st.tuples(MOMENTS, LINES, AMOUNTS, st.booleans()),
        }
    ),
    min_size=1,
    max_size=8,
)


class Shops:
    """What was sold, as plain values, beside the same in the database."""

    def __init__(self, businesses) -> None:
        self.businesses = businesses
        self.customers = [*(Customer.objects.create(first_name=name) for name in ("Ann", "Ben", "Cem")), None]
        goods = [Product.objects.create(sku=sku, title=sku) for sku in "AB"]
        self.products = [*goods, Product.objects.create(sku="POST", kind="service"), None]
        self.touched = {"customers": set(), "days": set(), "products": set()}

    def sell(self, number, values) -> None:
        shop, customer = self.businesses[values["shop"]], self.customers[values["customer"]]
        total = sum((price * quantity for _product, quantity, price in values["lines"]), values["more"])
        status = "cancelled" if values["is_cancelled"] else "paid"
        placed = {"placed_at": values["at"], "status": status, "channel": values["channel"]}
        order = sale(shop, customer, f"{number}", str(total), **placed)
        self.write_lines(OrderLine, "order", order, values["lines"])
        self.touch(shop, customer, values["at"])
        if values["back"]:
            at, lines, more, is_of_order = values["back"]
            amount = sum((price * quantity for _product, quantity, price in lines), more)
            of_order = {"order": order} if is_of_order else {}
            back = refund(shop, customer, f"r{number}", str(amount), refunded_at=at, **of_order)
            self.write_lines(RefundLine, "refund", back, lines)
            self.touch(shop, customer, at)

    def write_lines(self, table, name, owner, lines) -> None:
        table.objects.bulk_create(
            table(
                **{name: owner}, position=position, product=self.products[product], quantity=quantity,
                unit_price=price, total=price * quantity,
            )
            for position, (product, quantity, price) in enumerate(lines)
        )  # fmt: skip

    def touch(self, shop, customer, at) -> None:
        self.touched["days"].add((shop.pk, at.astimezone(ZoneInfo(programme_zone())).date()))
        if customer:
            self.touched["customers"].add(customer.pk)


def members_of(inside, zone) -> set[int]:
    """Who bought on the day of joining or later."""
    since = dict(CustomerFacts.objects.exclude(member_since=None).values_list("customer_id", "member_since"))
    joined = {customer: local_day(at, zone) for customer, at in since.items()}
    return {customer for customer, days in inside.items() if customer in joined and max(days) >= joined[customer]}


def visits(zone) -> dict[int, list[date]]:
    """The days on which each customer bought."""
    found = defaultdict(set)
    for order in Order.objects.exclude(status="cancelled").exclude(customer=None):
        found[order.customer_id].add(local_day(order.placed_at, zone))
    return {customer: sorted(days) for customer, days in found.items()}


def part_of(grain, day, period) -> date:
    starts = {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}
    return max(starts[grain], period.first_day)


def assert_money_adds_up(whole, businesses) -> None:
    for only in (None, *(business.pk for business in businesses)):
        days = sales_by_day(whole, business_id=only, now=LATER)
        total = total_of(days, whole)
        for split in (sales_by_hour, sales_by_channel, sales_by_business):
            parts = total_sold(list(split(whole, business_id=only).values()))
            assert (parts.orders, parts.revenue, parts.refunds) == (total.orders, total.revenue, total.refunds)
    orders = Order.objects.exclude(status="cancelled")
    refunds = [row for order in Order.objects.all() for row in order.refunds.all() if order.status != "cancelled"]
    known = sum(CustomerFacts.objects.values_list("total_spent", flat=True))
    everything = total_of(sales_by_day(whole, business_id=None, now=LATER), whole)
    assert sum((order.total for order in orders), Decimal(0)) == everything.revenue
    assert sum((row.total for row in refunds), Decimal(0)) <= everything.refunds
    anonymous = sum((order.total for order in orders if order.customer_id is None), Decimal(0))
    given_back = [
        row for row in Refund.objects.filter(customer=None) if row.order is None or row.order.status != "cancelled"
    ]
    assert known + anonymous - sum((row.total for row in given_back), Decimal(0)) == everything.net


def assert_products_add_up(whole, shops) -> None:
    """Goods, services and lines without a product, and what no line tells."""
    lines = OrderLine.objects.exclude(order__status="cancelled")
    back = [
        line
        for line in RefundLine.objects.select_related("refund__order")
        if line.refund.order is None or line.refund.order.status != "cancelled"
    ]
    of_lines = sum((line.total for line in lines), Decimal(0)) - sum((line.total for line in back), Decimal(0))
    rows = ProductDay.objects.all()
    assert sum((row.revenue - row.refunds for row in rows), Decimal(0)) == of_lines
    total = total_of(sales_by_day(whole, business_id=None, now=LATER), whole)
    assert total.units == sum((line.quantity for line in lines), Decimal(0))
    goods = [product for product in shops.products if product and product.kind == "goods"]
    each = [product_figures(product, whole, business_id=None) for product in goods]
    listed = top_products(whole, None, business_id=None)
    assert listed.net == sum((figures.net for figures in each), Decimal(0))
    assert sum((row.figures.net for row in listed.rows), Decimal(0)) == listed.net
    for product, figures in zip(goods, each, strict=True):
        assert figures.orders == lines.filter(product=product).values("order").distinct().count()


def assert_people_add_up(period, zone) -> None:
    days_of = visits(zone)
    inside = {
        customer: bought
        for customer, days in days_of.items()
        if (bought := [day for day in days if period.first_day <= day <= period.last_day])
    }
    buyers = set(inside)
    new = {customer for customer in buyers if days_of[customer][0] >= period.first_day}
    people = people_of(period, business_id=None)
    assert (people.buyers, people.new, people.visits) == (len(buyers), len(new), sum(map(len, inside.values())))
    assert people.members == len(members_of(inside, zone))
    for grain in ("day", "week", "month"):
        expected = defaultdict(set)
        for customer, days in inside.items():
            for day in days:
                expected[part_of(grain, day, period)].add(customer)
        found = people_by(grain, period, business_id=None)
        assert found.whole == people
        assert {part: sum(figures) for part, figures in found.parts.items()} == {
            part: len(customers) for part, customers in expected.items()
        }
    gaps = gaps_of(period, business_id=None)
    assert gaps.total == people.visits - len(new)


def assert_cohorts_add_up(zone) -> None:
    count_people(now=LATER, zone=zone.key)
    table = cohort_table(START.date(), LATER.date(), business_id=None)
    assert sum(cohort.size for cohort in table.cohorts) == len(visits(zone))
    assert sum(cell.orders for cohort in table.cohorts for cell in cohort.cells) == sum(
        CustomerFacts.objects.values_list("orders_count", flat=True)
    )
    spent = CustomerFacts.objects.exclude(first_order_at=None).values_list("total_spent", flat=True)
    told = CohortMonth.objects.filter(business=None).values_list("revenue", flat=True)
    assert sum(told, Decimal(0)) == sum(spent, Decimal(0))


@settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    sales=SALES,
    zone=st.sampled_from(["Europe/London", "America/Havana", "Asia/Kathmandu"]),
    first=st.integers(0, DAYS),
    length=st.integers(1, 70),
    built=st.integers(0, 8),
    joined=st.lists(st.none() | MOMENTS, min_size=4, max_size=4),
)
def test_every_split_adds_up(programme, business, other_business, sales, zone, first, length, built, joined) -> None:
    with transaction.atomic():
        Programme.objects.filter(pk=programme.pk).update(time_zone=zone)
        shops = Shops([business, other_business])
        for number, values in enumerate(sales[:built]):
            shops.sell(number, values)
        people = shops.customers[:3]
        write_facts(["member_since"], [(person.pk, at) for person, at in zip(people, joined, strict=False)])
        rebuild_rollups(now=START)
        shops.touched = {"customers": set(), "days": set(), "products": set()}
        for number, values in enumerate(sales[built:], built):
            shops.sell(number, values)
        refresh_rollups(**shops.touched, zone=zone, now=LATER)
        write_facts(["member_since"], [(people[0].pk, joined[3])])  # somebody joined earlier, later or not at all
        refresh_stale_days()
        where = ZoneInfo(zone)
        whole = Period(START.date() - timedelta(days=2), LATER.date(), where)
        begin = START.date() + timedelta(days=first)
        period = Period(begin, begin + timedelta(days=length - 1), where)
        assert_money_adds_up(whole, [business, other_business])
        assert_products_add_up(whole, shops)
        for one in (whole, period, period.before()):
            assert_people_add_up(one, where)
        both = Period(period.before().first_day, period.last_day, where)
        figures = [sales_by_day(one, business_id=None, now=LATER) for one in (period.before(), period, both)]
        nets = [total_of(days, one).net for days, one in zip(figures, (period.before(), period, both), strict=True)]
        assert nets[0] + nets[1] == nets[2]
        products = [top_products(one, None, business_id=None).net for one in (period.before(), period, both)]
        assert products[0] + products[1] == products[2]
        assert_cohorts_add_up(where)
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2026-01-01", "2026-03-31", ("2026-01-01", "2026-04-01")),
        ("2026-01-02", "2026-03-30", ("2026-02-01", "2026-03-01")),
        ("2026-01-02", "2026-02-27", ("2026-02-28", "2026-02-28")),
        ("2026-05-04", "2026-05-04", ("2026-05-05", "2026-05-05")),
        ("2025-12-01", "2025-12-31", ("2025-12-01", "2026-01-01")),
    ],
)
def test_months_that_lie_in_a_period_whole(first, last, months) -> None:
    period = Period(date.fromisoformat(first), date.fromisoformat(last), ZoneInfo("UTC"))
    assert whole_months(period) == tuple(map(date.fromisoformat, months))
