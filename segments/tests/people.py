"""Thirty people with everything at its edges: ties, nothing, midnight, the days of clock changes, 29 February."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from customers.actions.rollups import rebuild_rollups
from customers.models import (
    Archetype,
    Customer,
    CustomerArchetype,
    CustomerFacts,
    CustomerScores,
    CustomerTag,
    Order,
    OrderLine,
    Product,
    Refund,
    Tag,
)
from segments.tests.oracle import Line, Person, Sale
from workspace.models import Business

ZONE = ZoneInfo("Europe/London")
# The clocks went back on 25 October: that day had 25 hours.
NOW = datetime(2026, 11, 3, 10, 30, tzinfo=UTC)
TODAY = date(2026, 11, 3)
# Moments around which windows begin and end, and those beside them.
EDGES = (
    NOW - timedelta(hours=1),
    NOW - timedelta(hours=1, microseconds=1),
    NOW - timedelta(hours=10),
    datetime(2026, 11, 2, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 11, 3, 0, 0, tzinfo=UTC),
    datetime(2026, 10, 24, 23, 0, tzinfo=UTC),  # midnight in summer time
    datetime(2026, 10, 24, 22, 59, 59, tzinfo=UTC),
    datetime(2026, 10, 26, 0, 0, tzinfo=UTC),  # midnight after it
    datetime(2026, 10, 25, 23, 30, tzinfo=UTC),  # of the day before
    datetime(2026, 8, 5, 23, 0, tzinfo=UTC),
    datetime(2026, 8, 5, 22, 59, tzinfo=UTC),
    datetime(2026, 2, 28, 12, 0, tzinfo=UTC),
    datetime(2024, 2, 29, 12, 0, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 59, tzinfo=UTC),
)
BIRTHDAYS = (date(2000, 2, 29), date(1990, 3, 1), date(1985, 11, 3), date(1970, 12, 31), date(2001, 1, 1), None)
COUNTRIES = ("GB", "gb", "IE", "", "US")
CITIES = ("Leeds", "leeds", "New Leeds", "", "50%_off", "O'Brien \\ Co")
FIRST_NAMES = ("Ada", "ADA", "Zoë", "", "Robert'); DROP TABLE customers_customer;--")
TITLES = (
    ("Green tea", "Tea"),
    ("Black TEA, loose", "Tea"),
    ("Teapot", ""),
    ("Espresso", "Coffee"),
    ("100% wool", "Wool"),
)
UNLISTED = ("Tea at the bar", "Cup 100%", "")  # what a till calls a line; a product has its own title
TAGS = ("vip", "press", "friend")
AMOUNTS = (Decimal(0), Decimal("0.0001"), Decimal(20), Decimal("49.99"), Decimal(50), Decimal("50.01"))
PEOPLE = 30


def make_people(business: Business, other: Business) -> tuple[dict[int, Person], Mapping[str, Sequence[str]]]:
    """Rows of them in the database, the same people for the oracle, and the codes that trees may name."""
    chance = random.Random(5)
    shops = {business.code: business, other.code: other}
    products = [Product.objects.create(sku=title, title=title, category=category) for title, category in TITLES]
    tags = {name: Tag.objects.create(name=name) for name in TAGS}
    archetypes = [
        Archetype.objects.create(found_name=name, place=place, found_at=NOW) for place, name in enumerate(("A", "B"), 1)
    ]
    people = {}
    for number in range(PEOPLE):
        customer, person = _person(chance, number)
        people[customer.pk] = person
        own_tags = [tag for tag in tags.values() if chance.random() < 0.3]
        CustomerTag.objects.bulk_create(CustomerTag(customer=customer, tag=tag, actor="user:1") for tag in own_tags)
        person.tags = frozenset(tag.code for tag in own_tags)
        if number % 4:
            person.sales = [_sale(chance, customer, shops, products) for _ in range(chance.choice((1, 1, 2, 5)))]
    rebuild_rollups(now=NOW)
    for pk, person in people.items():
        CustomerFacts.objects.filter(pk=pk).update(balance=person.points, is_member=person.is_member)
        if person.sales:
            _reckon(chance, pk, person, archetypes)
    codes = {
        "tags": [tag.code for tag in tags.values()],
        "archetypes": [one.code for one in archetypes],
        "businesses": list(shops),
        "products": [product.code for product in products],
    }
    return people, codes


def _person(chance: random.Random, number: int) -> tuple[Customer, Person]:
    said = {
        "first_name": chance.choice(FIRST_NAMES),
        "city": chance.choice(CITIES),
        "country": chance.choice(COUNTRIES),
        "email": f"p{number}@example.com" if number % 3 else "",
    }
    born, created = chance.choice(BIRTHDAYS), chance.choice(EDGES)
    customer = Customer.objects.create(**said, birthday=born, created_at=created)
    points = chance.choice((0, 499, 500, 501, -5))
    return customer, Person(said=said, birthday=born, created=created, points=points, is_member=chance.random() < 0.5)


def _sale(
    chance: random.Random, customer: Customer, shops: Mapping[str, Business], products: Sequence[Product]
) -> Sale:
    shop, at, total = chance.choice(list(shops)), chance.choice(EDGES), chance.choice(AMOUNTS)
    is_cancelled = chance.random() < 0.15
    order = Order.objects.create(
        business=shops[shop], customer=customer, source="api", reference=f"{customer.pk}-{chance.random()}",
        placed_at=at, total=total, channel=chance.choice(("store", "online")),
        status=Order.Status.CANCELLED if is_cancelled else Order.Status.PAID,
    )  # fmt: skip
    lines = []
    for position in range(chance.choice((0, 1, 1, 3))):
        product, quantity = chance.choice([*products, None]), Decimal(chance.choice((1, 2)))
        title = chance.choice(UNLISTED)
        OrderLine.objects.create(
            order=order, position=position, product=product, title=title, quantity=quantity, unit_price=1, total=1
        )
        if product is None:
            lines.append(Line(None, title, "", quantity))
        else:
            lines.append(Line(product.code, product.title, product.category, quantity))
    returns = []
    if chance.random() < 0.3:
        back = at + timedelta(days=chance.choice((0, 1, 40)))
        Refund.objects.create(
            business=shops[shop], source="api", reference=order.reference, order=order, customer=customer,
            refunded_at=back, total=Decimal(10),
        )  # fmt: skip
        returns = [(back, Decimal(10))]
    return Sale(at, total, shop, order.channel, lines, is_cancelled, shops[shop].pk, returns)


def _reckon(chance: random.Random, pk: int, person: Person, archetypes: Sequence[Archetype]) -> None:
    if chance.random() < 0.7:
        band, churn = chance.choice((("low", 0.25), ("high", 0.6), ("high", 0.75)))
        value, on = Decimal(chance.choice((0, 50, 500))), chance.choice((TODAY, TODAY + timedelta(days=1), None))
        CustomerScores.objects.create(
            customer_id=pk, churn=churn, horizon_days=90, band=band, value_3=value, value_6=value, value_12=value,
            value_12_low=0, value_12_high=value, value_at_risk=value, next_purchase_on=on, computed_on=TODAY,
        )  # fmt: skip
        person.scores = {"churn": churn, "churn_band": band, "value_12": value, "next_purchase": on}
        archetype = chance.choice(archetypes)
        CustomerArchetype.objects.create(customer_id=pk, archetype=archetype, confidence=1, since=TODAY)
        person.archetype = archetype.code
