from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django_tenants.utils import tenant_context

from customers.actions.facts import refresh_order_facts, write_facts
from customers.models import Customer, CustomerFacts, Order, Refund
from programs.models import Programme
from workspace.models import Business

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


def sale(business: Business, customer: Customer | None, reference: str, total: str, **other: object) -> Order:
    values = {"source": "test", "placed_at": AT, **other}
    return Order.objects.create(
        business=business, customer=customer, reference=reference, total=Decimal(total), **values
    )


def refund(business: Business, customer: Customer | None, reference: str, total: str, **other: object) -> Refund:
    values = {"source": "test", "refunded_at": AT, **other}
    return Refund.objects.create(
        business=business, customer=customer, reference=reference, total=Decimal(total), **values
    )


@pytest.fixture
def ann(programme: Programme) -> Customer:
    return Customer.objects.create(first_name="Ann")


@pytest.fixture
def ben(programme: Programme) -> Customer:
    return Customer.objects.create(first_name="Ben")


def test_write_facts_makes_missing_rows_and_leaves_other_columns(ann: Customer, ben: Customer) -> None:
    CustomerFacts.objects.create(customer=ann, orders_count=7, rfm_group="loyal")

    written = write_facts(["balance", "is_member", "member_since"], [(ben.pk, 3, False, None), (ann.pk, 46, True, AT)])

    assert written == 2
    stored = CustomerFacts.objects.get(pk=ann.pk)
    assert (stored.balance, stored.is_member, stored.member_since) == (46, True, AT)
    assert (stored.orders_count, stored.rfm_group) == (7, "loyal")
    assert CustomerFacts.objects.values_list("balance", "orders_count", "rfm_group").get(pk=ben.pk) == (3, 0, "")


def test_write_facts_takes_the_last_of_two_rows_and_mixed_numbers(ann: Customer, ben: Customer) -> None:
    write_facts(["total_spent"], [(ann.pk, 1), (ann.pk, Decimal("2.5")), (ben.pk, 3)])
    assert dict(CustomerFacts.objects.values_list("customer_id", "total_spent")) == {
        ann.pk: Decimal("2.5"),
        ben.pk: Decimal(3),
    }


@pytest.mark.parametrize("fields", [["nonsense"], ["customer"], ["updated_at"], []])
def test_write_facts_refuses_what_is_no_fact(ann: Customer, fields: list[str]) -> None:
    with pytest.raises(ValueError, match="field"):
        write_facts(fields, [(ann.pk, 1)])


def test_write_facts_refuses_a_row_of_another_length_and_writes_nothing(ann: Customer, ben: Customer) -> None:
    with pytest.raises(ValueError, match="row has 3"):
        write_facts(["balance"], [(ann.pk, 1), (ben.pk, 2, 3)])
    assert not CustomerFacts.objects.exists()


def test_order_facts_are_net_and_leave_cancelled_orders_out(business: Business, ann: Customer, ben: Customer) -> None:
    sale(business, ann, "1", "10.00", placed_at=AT - timedelta(days=9))
    sale(business, ann, "2", "5.50")
    cancelled = sale(business, ann, "3", "99.00", status="cancelled", placed_at=AT + timedelta(days=1))
    sale(business, None, "4", "7.00")
    refund(business, ann, "r1", "2.25")
    refund(business, ann, "r2", "99.00", order=cancelled)
    refund(business, ben, "r3", "4.00")

    refresh_order_facts(None)

    facts = CustomerFacts.objects.get(pk=ann.pk)
    assert (facts.orders_count, facts.total_spent) == (2, Decimal("13.25"))
    assert (facts.first_order_at, facts.last_order_at) == (AT - timedelta(days=9), AT)
    # Ben only ever gave something back: an order from before our history.
    assert CustomerFacts.objects.values_list("orders_count", "total_spent", "last_order_at").get(pk=ben.pk) == (
        0,
        Decimal(-4),
        None,
    )


def test_order_facts_of_some_customers_leave_the_others(business: Business, ann: Customer, ben: Customer) -> None:
    sale(business, ann, "1", "10.00")
    sale(business, ben, "2", "10.00")
    assert refresh_order_facts([ann.pk]) == 1
    assert list(CustomerFacts.objects.values_list("customer_id", flat=True)) == [ann.pk]
    assert refresh_order_facts([ann.pk]) == 0, "nothing changed, nothing is written"
    assert refresh_order_facts([]) == 0


def test_order_facts_go_back_to_nothing_when_an_order_is_cancelled(business: Business, ann: Customer) -> None:
    order = sale(business, ann, "1", "10.00")
    refresh_order_facts([ann.pk])
    Order.objects.filter(pk=order.pk).update(status="cancelled")
    refresh_order_facts([ann.pk])
    assert CustomerFacts.objects.values_list("orders_count", "total_spent", "last_order_at").get() == (0, 0, None)


def test_facts_stay_in_their_programme(business: Business, ann: Customer, other_programme: Programme) -> None:
    sale(business, ann, "1", "10.00")
    with tenant_context(other_programme):
        twin = Customer.objects.create(id=ann.pk, first_name="Same key")
        refresh_order_facts(None)
        assert CustomerFacts.objects.get(pk=twin.pk).orders_count == 0
    refresh_order_facts(None)
    assert CustomerFacts.objects.get(pk=ann.pk).orders_count == 1
