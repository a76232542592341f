"""Figures of customers who become one and two again: groups and totals, and what follows from the sales in any case."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db.models import Sum

from core.actor import SYSTEM
from customers.actions.customers import update_customer
from customers.actions.merging import MergeNotUndoable, merge_customers, undo_merge
from customers.actions.rollups import rebuild_rollups, refresh_customers
from customers.models import BusinessCustomerFacts, Customer, CustomerFacts, Order, Refund
from intelligence.actions.rfm import score_customers
from loyalty.actions.points import add_points
from loyalty.actions.refunds import refund_order
from loyalty.models import Account
from screens.actions.privacy import erase_customer

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)
FIGURES = ("customer_id", "orders_count", "total_spent", "first_order_at", "last_order_at")
SCORES = ("rfm_recency", "rfm_frequency", "rfm_monetary", "rfm_group")

pytestmark = pytest.mark.usefixtures("programme")


def sell(business, customer, amount, *, days=0):
    key, at = f"o{Order.objects.count()}", NOW - timedelta(days=days)
    add_points(business=business.pk, amount=Decimal(amount), customer_id=customer.pk, key=key, actor=SYSTEM, now=at)
    refresh_customers({customer.pk})  # as the reader of the stream does


def figures():
    """Rows that say something: nobody's order leaves no row, or an empty one."""
    both = CustomerFacts.objects.order_by("pk"), BusinessCustomerFacts.objects.order_by("customer", "business")
    columns = FIGURES, (*FIGURES, "business")
    said = [rows.exclude(orders_count=0, total_spent=0) for rows in both]
    return [list(rows.values_list(*names)) for rows, names in zip(said, columns, strict=True)]


def standing(customer):
    facts = CustomerFacts.objects.get(pk=customer.pk)
    points = Account.objects.get(pk=customer.pk).available
    return (*(getattr(facts, name) for name in (*FIGURES[1:3], *SCORES)), points)


def test_group_and_totals_of_both_after_the_merge_and_after_the_undo(business):
    people = [Customer.objects.create(first_name=f"c{number}") for number in range(10)]
    for number, customer in enumerate(people):
        for place in range(number + 1):
            sell(business, customer, 10 * (number + 1), days=90 - 9 * number + place)
    survivor, duplicate = people[2], people[9]
    score_customers(now=NOW)
    before = {customer.pk: standing(customer) for customer in people}
    merge = merge_customers(survivor_id=survivor.pk, duplicate_id=duplicate.pk, choose={}, actor=SYSTEM, now=NOW)
    assert standing(duplicate) == (0, 0, None, None, None, "", 0)
    score_customers(now=NOW + timedelta(days=1))
    assert standing(survivor)[:2] == (3 + 10, 3 * 30 + 10 * 100)
    assert standing(survivor)[2:6] == (5, 5, 5, "champions")
    assert standing(survivor)[6] == before[survivor.pk][6] + before[duplicate.pk][6]
    assert standing(duplicate) == (0, 0, None, None, None, "", 0)
    undo_merge(code=merge.code, actor=SYSTEM, now=NOW)
    score_customers(now=NOW)
    assert {customer.pk: standing(customer) for customer in people} == before


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_figures_follow_from_the_sales(seed, business, other_business):
    random, merges = Random(seed), []
    for number in range(5):
        Customer.objects.create(first_name=f"c{number}", external_id=f"x{number}")
    for _step in range(25):
        people = list(Customer.objects.known().order_by("pk"))
        one, other = random.sample(people, 2) if len(people) > 1 else (people[0], people[0])
        match random.choice(["sell", "sell", "sell", "refund", "create", "update", "merge", "merge", "undo", "erase"]):
            case "sell":
                sell(random.choice([business, other_business]), one, random.randint(1, 99), days=random.randint(0, 200))
            case "refund" if orders := list(Order.objects.exclude(refunds__isnull=False).order_by("pk")):
                order = random.choice(orders)
                refund_order(order=order.code, everything=True, actor=SYSTEM, now=NOW)
                refresh_customers({order.customer_id} - {None})
            case "create":
                Customer.objects.create(first_name="new")
            case "update":
                update_customer(customer_id=one.pk, values={"city": "Bath"}, region="GB", actor=SYSTEM, now=NOW)
            case "merge" if one != other:
                both = {"survivor_id": one.pk, "duplicate_id": other.pk}
                merges.append(merge_customers(**both, choose={}, actor=SYSTEM, now=NOW).code)
            case "undo" if merges:
                with suppress(MergeNotUndoable):
                    undo_merge(code=merges.pop(), actor=SYSTEM, now=NOW)
            case "erase" if len(people) > 3:
                erase_customer(customer_id=one.pk, actor=SYSTEM, now=NOW)
    followed = figures()
    known = Order.objects.exclude(status="cancelled").filter(customer__isnull=False)
    refunded = Refund.objects.filter(customer__isnull=False).aggregate(total=Sum("total"))["total"] or 0
    sold = (known.aggregate(total=Sum("total"))["total"] or 0) - refunded
    assert sum(row[2] for row in followed[0]) == sum(row[2] for row in followed[1]) == sold
    assert sum(row[1] for row in followed[0]) == sum(row[1] for row in followed[1]) == known.count()
    merged = Customer.objects.filter(state="merged").values("pk")
    assert not CustomerFacts.objects.filter(pk__in=merged, orders_count__gt=0).exists()
    assert not Account.objects.filter(pk__in=merged).exclude(available=0, held=0, debt=0).exists()
    rebuild_rollups(now=NOW)
    assert figures() == followed, "a rebuild of everything says the same"
