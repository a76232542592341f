"""Roll-ups after any sequence of events equal roll-ups built from raw rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Model
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from customers.actions import events
from customers.actions.facts import write_facts
from customers.actions.rollups import (
    apply_events,
    count_members_again,
    rebuild_rollups,
    refresh_stale_days,
    update_rollups,
)
from customers.events import ORDER_PLACED, ORDER_REFUNDED
from customers.models import (
    BusinessCustomerFacts,
    BuyerDay,
    Customer,
    CustomerFacts,
    DailySales,
    Event,
    HourlySales,
    Order,
    ProductDay,
    ProductMonth,
    Refund,
)
from customers.tests.test_actions_facts import refund, sale
from programs.models import DueWork, Programme
from workspace.models import Business

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
DAILY = [
    "business_id", "day", "orders", "revenue", "refunds", "anonymous_orders", "member_orders", "member_revenue",
    "customers", "new_customers", "members", "units",
]  # fmt: skip
ADDED_UP = (HourlySales, ProductDay, ProductMonth, BuyerDay)
FACTS = ["customer_id", "orders_count", "total_spent", "first_order_at", "last_order_at"]


def everything() -> dict[str, Any]:
    at_business = ["business_id", *FACTS]
    return {
        "daily": sorted(DailySales.objects.values_list(*DAILY)),
        "facts": sorted(CustomerFacts.objects.values_list(*FACTS), key=lambda row: row[0]),
        "business": sorted(BusinessCustomerFacts.objects.values_list(*at_business), key=lambda row: row[:2]),
        **{table.__name__: rows_of(table) for table in ADDED_UP},
    }


def rows_of(table: type[Model]) -> list[tuple[Any, ...]]:
    fields = [field.attname for field in table._meta.concrete_fields if field.name != "id"]
    return sorted(table._default_manager.values_list(*fields), key=str)


def placed(order: Order) -> Event:
    """The event of an order, as the sale's transaction appends it."""
    events.append(
        ORDER_PLACED,
        actor=SYSTEM,
        occurred_at=order.placed_at,
        customer_id=order.customer_id,
        business_id=order.business_id,
        data={"order": order.code, "total": str(order.total), "source": "test"},
    )
    return Event.objects.latest("pk")


def given_back(row: Refund) -> Event:
    events.append(
        ORDER_REFUNDED,
        actor=SYSTEM,
        occurred_at=row.refunded_at,
        customer_id=row.customer_id,
        business_id=row.business_id,
        data={"refund": row.code, "total": str(row.total)},
    )
    return Event.objects.latest("pk")


@pytest.fixture
def ann(programme: Programme) -> Customer:
    return Customer.objects.create(first_name="Ann")


@pytest.fixture
def ben(programme: Programme) -> Customer:
    return Customer.objects.create(first_name="Ben")


@pytest.fixture
def built(programme: Programme) -> None:
    """Roll-ups exist, built while there was nothing."""
    rebuild_rollups(now=NOON)


def assert_rebuild_agrees() -> None:
    incremental = everything()
    rebuild_rollups(now=NOON)
    assert incremental == everything()


@pytest.mark.usefixtures("built")
def test_orders_refunds_members_and_anonymous_sales(
    business: Business, other_business: Business, ann: Customer, ben: Customer
) -> None:
    write_facts(["member_since", "is_member"], [(ann.pk, NOON, True)])
    before_joining = sale(business, ann, "1", "10.00", placed_at=NOON - timedelta(days=2))
    joining = sale(business, ann, "2", "20.00", placed_at=NOON - timedelta(hours=3))
    elsewhere = sale(other_business, ann, "3", "5.00")
    anonymous = sale(business, None, "4", "7.00")
    bens = sale(business, ben, "5", "3.00")
    returned = refund(business, ann, "r", "4.00", order=before_joining, refunded_at=NOON + timedelta(days=1))
    rows = [before_joining, joining, elsewhere, anonymous, bens]
    apply_events([*map(placed, rows), given_back(returned)])

    daily = {(row.business_id, row.day): row for row in DailySales.objects.all()}
    today = daily[business.pk, date(2026, 5, 4)]
    assert (today.orders, today.revenue, today.refunds) == (3, Decimal(30), 0)
    assert (today.anonymous_orders, today.member_orders, today.member_revenue) == (1, 1, Decimal(20))
    assert (today.customers, today.new_customers, today.members) == (2, 1, 1), "Ann came before, Ben is new"
    assert daily[business.pk, date(2026, 5, 2)].member_orders == 0, "she joined later"
    assert daily[business.pk, date(2026, 5, 5)].refunds == Decimal(4), "on its own date"
    assert CustomerFacts.objects.get(pk=ann.pk).total_spent == Decimal(31)
    spent_here = BusinessCustomerFacts.objects.values_list("total_spent", "orders_count")
    assert list(spent_here.filter(customer=ann).order_by("business_id")) == [(Decimal(26), 2), (Decimal(5), 1)]
    assert_rebuild_agrees()


@pytest.mark.usefixtures("built")
def test_a_late_order_moves_the_day_on_which_a_customer_was_new(
    business: Business, other_business: Business, ann: Customer
) -> None:
    apply_events([placed(sale(business, ann, "1", "10.00"))])
    assert DailySales.objects.get().new_customers == 1
    apply_events([placed(sale(other_business, ann, "2", "6.00", placed_at=NOON - timedelta(days=30)))])

    new = dict(DailySales.objects.values_list("day", "new_customers"))
    assert new == {date(2026, 5, 4): 0, date(2026, 4, 4): 1}
    assert_rebuild_agrees()


@pytest.mark.usefixtures("built")
def test_a_late_order_moves_the_day_before_the_next_visit(business: Business, ann: Customer) -> None:
    first, ninth = (sale(business, ann, str(day), "10.00", placed_at=NOON + timedelta(days=day)) for day in (0, 8))
    apply_events([placed(first), placed(ninth)])
    apply_events([placed(sale(business, ann, "late", "6.00", placed_at=NOON + timedelta(days=4)))])

    here = BuyerDay.objects.filter(business=business).order_by("day")
    visits = list(here.values_list("day", "before", "customers"))
    assert visits == [
        (date(2026, 5, 4), None, 1),
        (date(2026, 5, 8), date(2026, 5, 4), 1),
        (date(2026, 5, 12), date(2026, 5, 8), 1),
    ]
    assert_rebuild_agrees()


@pytest.mark.usefixtures("built")
def test_a_new_order_computes_no_day_that_it_does_not_change(business: Business, ann: Customer) -> None:
    apply_events([placed(sale(business, ann, "1", "20.00", placed_at=NOON))])
    before = DailySales.objects.get(day=NOON.date()).pk
    apply_events([placed(sale(business, ann, "2", "30.00", placed_at=NOON + timedelta(days=30)))])
    assert DailySales.objects.get(day=NOON.date()).pk == before
    assert_rebuild_agrees()


@pytest.mark.usefixtures("built")
def test_an_event_told_twice_counts_once(business: Business, ann: Customer) -> None:
    event = placed(sale(business, ann, "1", "10.00"))
    apply_events([event, event])
    apply_events([event])
    assert DailySales.objects.get().revenue == Decimal(10)


@pytest.mark.usefixtures("built")
def test_a_cancelled_order_leaves_no_trace(business: Business, ann: Customer) -> None:
    order = sale(business, ann, "1", "10.00")
    event = placed(order)
    apply_events([event])
    Order.objects.filter(pk=order.pk).update(status="cancelled")
    refund(business, ann, "r", "10.00", order=order)
    apply_events([event])
    assert not DailySales.objects.exists()
    assert not BusinessCustomerFacts.objects.exists()
    assert_rebuild_agrees()


@pytest.mark.usefixtures("built")
def test_somebody_who_becomes_a_member_later_changes_the_days_since(business: Business, ann: Customer) -> None:
    apply_events(
        [
            placed(sale(business, ann, "1", "10.00")),
            placed(sale(business, ann, "2", "1.00", placed_at=NOON - timedelta(days=9))),
        ]
    )
    write_facts(["member_since"], [(ann.pk, NOON + timedelta(hours=1))])
    assert refresh_stale_days() == 1, "only the day of joining"
    assert DailySales.objects.get(day=date(2026, 5, 4)).members == 1
    write_facts(["member_since"], [(ann.pk, NOON + timedelta(hours=1))])
    assert refresh_stale_days() == 0, "the same value marks nothing"
    assert_rebuild_agrees()


@pytest.mark.usefixtures("built")
def test_members_are_counted_anew_without_what_they_bought(business: Business, ann: Customer) -> None:
    apply_events([placed(sale(business, ann, "1", "20.00", placed_at=NOON))])
    write_facts(["member_since"], [(ann.pk, NOON - timedelta(days=1))])
    count_members_again()
    assert DailySales.objects.values_list("members", "member_orders", "orders").get() == (1, 1, 1)
    assert set(BuyerDay.objects.values_list("members", "customers")) == {(1, 1)}
    assert_rebuild_agrees()


@pytest.mark.usefixtures("built")
def test_days_are_days_of_the_zone_also_when_clocks_change(business: Business, ann: Customer) -> None:
    """London leaves winter time on 29 March 2026 at 01:00 UTC and returns on 25 October at 01:00 UTC."""
    moments = [
        datetime(2026, 3, 28, 23, 59, tzinfo=UTC),  # 28 March in London
        datetime(2026, 3, 29, 0, 0, tzinfo=UTC),  # 29 March
        datetime(2026, 3, 29, 22, 59, tzinfo=UTC),  # 29 March, a day of 23 hours
        datetime(2026, 3, 29, 23, 0, tzinfo=UTC),  # 30 March
        datetime(2026, 10, 24, 23, 0, tzinfo=UTC),  # 25 October
        datetime(2026, 10, 25, 23, 59, tzinfo=UTC),  # 25 October, a day of 25 hours
        datetime(2026, 10, 26, 0, 0, tzinfo=UTC),  # 26 October
    ]
    orders = [sale(business, ann, str(number), "1.00", placed_at=at) for number, at in enumerate(moments)]
    apply_events([placed(order) for order in orders])
    assert dict(DailySales.objects.values_list("day", "orders")) == {
        date(2026, 3, 28): 1,
        date(2026, 3, 29): 2,
        date(2026, 3, 30): 1,
        date(2026, 10, 25): 2,
        date(2026, 10, 26): 1,
    }
    assert_rebuild_agrees()


@pytest.mark.parametrize("zone", ["America/Havana", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu"])
def test_a_day_whose_midnight_is_skipped_or_repeated_loses_no_order(
    programme: Programme, business: Business, zone: str
) -> None:
    """Havana repeats midnight (1 November 2026); São Paulo skipped it (4 November 2018), Apia a whole day (2011)."""
    Programme.objects.filter(pk=programme.pk).update(time_zone=zone)
    rebuild_rollups(now=NOON)
    starts = [
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2018, 11, 3, 22, tzinfo=UTC),
        datetime(2011, 12, 29, tzinfo=UTC),
    ]
    moments = [start + timedelta(minutes=20 * step) for start in starts for step in range(120)]
    orders = [sale(business, None, str(number), "1.00", placed_at=at) for number, at in enumerate(moments)]
    for order in orders[::7] + orders:
        placed(order)
    told = list(Event.objects.order_by("pk"))
    for start in range(0, len(told), 60):
        apply_events(told[start : start + 60])
    assert sum(DailySales.objects.values_list("orders", flat=True)) == len(orders)
    assert_rebuild_agrees()


def test_the_reader_builds_everything_when_it_starts(programme: Programme, business: Business, ann: Customer) -> None:
    sale(business, ann, "old", "4.00", placed_at=NOON - timedelta(days=400))
    apply_events([placed(sale(business, ann, "1", "10.00"))])
    assert DailySales.objects.count() == 2
    assert_rebuild_agrees()


@pytest.mark.usefixtures("built")
def test_marked_days_are_due_work(programme: Programme, business: Business, ann: Customer) -> None:
    apply_events([placed(sale(business, ann, "1", "10.00"))])
    DueWork.objects.all().delete()
    write_facts(["member_since"], [(ann.pk, NOON)])
    own = DueWork.objects.filter(kind__startswith="customers.")
    assert list(own.values_list("programme", "kind")) == [(programme.pk, "customers.rollups")]


def test_the_due_work_builds_first_and_again_when_the_zone_changes(programme: Programme, business: Business) -> None:
    sale(business, None, "1", "10.00", placed_at=datetime(2026, 5, 4, 23, 30, tzinfo=UTC))
    update_rollups(now=NOON)
    assert DailySales.objects.get().day == date(2026, 5, 5), "half past midnight in London"
    Programme.objects.filter(pk=programme.pk).update(time_zone="America/New_York")
    update_rollups(now=NOON)
    assert DailySales.objects.get().day == date(2026, 5, 4)


def test_roll_ups_stay_in_their_programme(programme: Programme, business: Business, other_programme: Programme) -> None:
    order = sale(business, None, "1", "10.00")
    with tenant_context(other_programme):
        theirs = Business.objects.create(pk=business.pk, name="Same key")
        sale(theirs, None, "1", "99.00")
        rebuild_rollups(now=NOON)
    rebuild_rollups(now=NOON)
    assert DailySales.objects.get().revenue == order.total
    with tenant_context(other_programme):
        assert DailySales.objects.get().revenue == Decimal(99)
