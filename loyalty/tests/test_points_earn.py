"""A sale: what it writes, whose it is, and what it gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django_tenants.utils import tenant_context

from core.errors import InvalidInput
from customers.actions.customers import archive_customer
from customers.actions.rollups import apply_events, rebuild_rollups
from customers.models import (
    BusinessCustomerFacts,
    ConsentRecord,
    Customer,
    CustomerFacts,
    DailySales,
    Event,
    Identifier,
    Order,
)
from loyalty import errors
from loyalty.actions import points
from loyalty.actions.settings import set_earning_rate
from loyalty.models import Account, Entry, Lot, Transaction
from loyalty.operations import AddPoints
from loyalty.tests.given import E164, PHONE, rows
from workspace.models import AuditEntry, Business

pytestmark = pytest.mark.usefixtures("audited")


def test_a_sale_makes_customer_account_order_lot_entries_events_and_audit(add, business, actor, now):
    set_earning_rate(business_id=business.pk, points_per_unit=Decimal("1.5"), actor=actor)
    posted = add("12.40", reference="R-1", source="till")
    assert (posted.points, posted.balance, posted.is_new, posted.reference) == (18, 18, True, "R-1")

    customer = Customer.objects.get()
    assert (customer.phone, customer.phone_typed, customer.source) == (E164, PHONE, "till")
    assert Identifier.objects.get().value == E164
    assert ConsentRecord.objects.count() == 0
    order = Order.objects.get()
    assert (order.total, order.reference, order.customer, order.business) == (
        Decimal("12.4"),
        "R-1",
        customer,
        business,
    )
    assert (order.source, order.placed_at) == ("till", now)
    lot = Lot.objects.get()
    assert (lot.amount, lot.remaining, lot.issuer, lot.expires_at) == (18, 18, business, None)
    assert sorted(Entry.objects.values_list("account_id", "lot_id", "amount"), key=str) == sorted(
        [(customer.pk, lot.pk, 18), (None, None, -18)], key=str
    )
    assert [event.name for event in Event.objects.order_by("id")] == [
        "customers.customer.created",
        "customers.order.placed",
        "loyalty.points.earned",
    ]
    entry = AuditEntry.objects.get(action="loyalty.points.earned")
    assert (entry.subject, entry.actor, entry.data) == (
        f"transaction:{posted.transaction}",
        actor.reference,
        {"points": 18},
    )


def test_the_event_of_an_earn_stands_at_the_time_of_its_sale(add, business, actor, now):
    def moments():
        return {event.data["points"]: event.occurred_at for event in Event.objects.filter(name="loyalty.points.earned")}

    long_ago, yesterday = now - timedelta(days=400), now - timedelta(days=1)
    Order.objects.create(business=business, source="sync", reference="old", total=Decimal(4), placed_at=long_ago)
    add("3")
    add("5", placed_at=yesterday)
    add("4", reference="old")
    points.adjust_points(points=9, reason="sorry", phone=PHONE, key="a", actor=actor, now=now)
    assert moments() == {3: now, 5: yesterday, 4: long_ago}
    assert Event.objects.get(name="loyalty.points.adjusted").occurred_at == now
    assert set(Transaction.objects.values_list("at", flat=True)) == {now}, "the points came now"


def test_an_anonymous_sale_that_finds_its_customer_counts_for_them(add, business, actor, now, other_programme):
    placed_at = now - timedelta(days=3)
    with tenant_context(other_programme):
        theirs = Business.objects.create(name="Theirs")
        Order.objects.create(business=theirs, source="sync", reference="R", total=Decimal(7), placed_at=placed_at)
        rebuild_rollups(now=now)
    order = Order.objects.create(business=business, source="sync", reference="R", total=Decimal(7), placed_at=placed_at)
    rebuild_rollups(now=now)
    assert DailySales.objects.get().anonymous_orders == 1

    add("7", reference="R")
    add("7", reference="R")
    customer = Customer.objects.get()
    attached = Event.objects.get(name="customers.order.attached")
    assert (attached.customer, attached.occurred_at, attached.data) == (customer, placed_at, {"order": order.code})
    assert not Event.objects.filter(name="customers.order.placed").exists()

    apply_events(list(Event.objects.order_by("id")))
    facts = CustomerFacts.objects.get(pk=customer.pk)
    assert (facts.orders_count, facts.total_spent, facts.first_order_at) == (1, Decimal(7), placed_at)
    here = BusinessCustomerFacts.objects.get()
    assert (here.customer, here.business, here.orders_count) == (customer, business, 1)
    day = DailySales.objects.get()
    assert (day.orders, day.anonymous_orders, day.customers, day.new_customers) == (1, 0, 1, 1)
    with tenant_context(other_programme):
        assert DailySales.objects.get().anonymous_orders == 1
        assert not Event.objects.exists()


def test_two_customers_of_one_batch_cannot_both_get_an_anonymous_sale(business, actor, now):
    Order.objects.create(business=business, source="sync", reference="R", total=Decimal(7), placed_at=now)
    sales = [
        AddPoints(business=business.code, phone=phone, amount=Decimal(7), reference="R", key=phone)
        for phone in (PHONE, "07700 900124")
    ]
    first, second = points.post_batch(operations=sales, owner="t", source="api", actor=actor, now=now)
    assert first.points == 7
    assert isinstance(second, errors.OrderOfAnotherCustomer)
    assert Event.objects.filter(name="customers.order.attached").count() == 1


def test_an_archived_customer_who_buys_again_is_active_again(add, redeem, actor, now, other_programme):
    with tenant_context(other_programme):
        Customer.objects.create(first_name="Theirs", phone=E164, state="archived")
    add("20", reference="first")
    customer = Customer.objects.get()
    archive_customer(customer_id=customer.pk, actor=actor, now=now)
    add("20", reference="first")
    redeem(3)
    customer.refresh_from_db()
    assert customer.state == "archived", "neither a repeated answer nor spending is a sale"

    later = now + timedelta(days=1)
    add("5", now=later)
    add("5", now=later)
    customer.refresh_from_db()
    assert customer.state == "active"
    restored = Event.objects.get(name="customers.customer.restored")
    assert (restored.customer, restored.occurred_at, restored.actor) == (customer, later, actor.reference)
    entry = AuditEntry.objects.get(action="customers.customer.restored")
    assert (entry.subject, entry.actor, entry.at) == (f"customer:{customer.code}", actor.reference, later)
    with tenant_context(other_programme):
        assert Customer.objects.get().state == "archived"


@pytest.mark.parametrize(
    ("rounding", "amount", "expected"),
    [("down", "9.99", 9), ("nearest", "9.50", 10), ("nearest", "9.49", 9), ("up", "9.01", 10), ("down", "0.99", 0)],
)
def test_rounding_is_the_business_s(add, business, actor, rounding, amount, expected):
    set_earning_rate(business_id=business.pk, points_per_unit=Decimal(1), rounding=rounding, actor=actor)
    assert add(amount).points == expected


def test_a_sale_too_small_for_a_point_is_still_a_sale(add):
    posted = add("0.50")
    assert (posted.points, Order.objects.count(), Lot.objects.count(), Entry.objects.count()) == (0, 1, 0, 0)


def test_twenty_spellings_are_one_customer(add):
    spellings = [
        "07700900123", "07700 900123", "07700 900 123", "0 7700 900 123", "07700-900-123", "07700.900.123",
        "(07700) 900123", "(0)7700 900123", "+447700900123", "+44 7700 900123", "+44 (0)7700 900123", "00447700900123",
        "0044 7700 900 123", "tel:+447700900123", " 07700 900123 ", "+44-7700-900123", "+44.7700.900.123",
        "07700/900123", "+44 77 00 90 01 23", "0770 0900 123",
    ]  # fmt: skip
    for spelling in spellings:
        add(phone=spelling)
    assert Customer.objects.count() == 1
    assert Account.objects.get().available == 200


@pytest.mark.parametrize("phone", ["", "12", "call me", "+44", "07700 90012", "+999 123 456 789", "0" * 41, "+1" * 15])
def test_impossible_phones_write_nothing(add, phone):
    before = rows()
    with pytest.raises(InvalidInput) as refused:
        add(phone=phone)
    assert (refused.value.code, refused.value.field) == ("invalid_phone", "customer_phone_number")
    assert rows() == before


@pytest.mark.parametrize("amount", ["-1", "0", "NaN", "Infinity", "-Infinity", "1E18", "1.234", "1E-30"])
def test_impossible_amounts_write_nothing(add, amount):
    before = rows()
    with pytest.raises(InvalidInput) as refused:
        add(amount)
    assert refused.value.field == "amount_spent"
    assert rows() == before


@pytest.mark.parametrize(
    "placed_at",
    [
        datetime(2026, 6, 17, 10),
        datetime(1899, 12, 31, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(2026, 6, 18, 10, 31, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-12))),
    ],
    ids=["without a zone", "before 1900", "before Christ in UTC", "a day ahead", "after the last day in UTC"],
)
def test_times_that_are_no_sale_s_write_nothing(add, placed_at):
    """Read back, or counted by days in the programme's zone, such a time stops the page and the readers."""
    before = rows()
    with pytest.raises(InvalidInput) as refused:
        add(placed_at=placed_at)
    assert refused.value.field == "placed_at"
    assert rows() == before


def test_an_imported_customer_becomes_a_member(add, programme):
    customer = Customer.objects.create(first_name="Ruth", phone=E164)
    Identifier.objects.create(kind="phone", value=E164, customer=customer)
    posted = add()
    assert (posted.customer, posted.is_new) == (customer.code, False)
    assert Account.objects.get().pk == customer.pk


def test_a_closed_or_unknown_business_is_not_there(add, business):
    business.is_active = False
    business.save()
    for given in (business.pk, business.code, 999_999, "nosuchcode"):
        with pytest.raises(errors.UnknownBusiness):
            add(business=given)
    assert Customer.objects.count() == 0
