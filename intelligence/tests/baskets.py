"""Sales with lines, for tests of what is bought."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from customers.models import Archetype, Customer, CustomerArchetype, Order, OrderLine, Product
from customers.tests.test_actions_facts import sale
from workspace.models import Business

NOON = datetime(2026, 6, 20, 12, tzinfo=UTC)


def basket(
    business: Business, customer: Customer | None, number: str, *products: Product, at: datetime = NOON, **other: object
) -> Order:
    """A sale of one piece of each product at its price, or at ten."""
    prices = [product.price or Decimal(10) for product in products]
    order: Order = sale(business, customer, number, str(sum(prices)), placed_at=at, **other)
    OrderLine.objects.bulk_create(
        OrderLine(order=order, position=place, product=product, quantity=1, unit_price=price, total=price)
        for place, (product, price) in enumerate(zip(products, prices, strict=True))
    )
    return order


def archetype(name: str, *people: Customer, place: int = 1) -> Archetype:
    found = Archetype.objects.create(found_name=name, place=place, found_at=NOON)
    CustomerArchetype.objects.bulk_create(
        CustomerArchetype(customer=one, archetype=found, confidence=1, since=NOON.date()) for one in people
    )
    return found
