"""A hundred and twenty customers of shops, tiers and goods that the sentences name: by chance, but always the same."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import connection

from customers.actions.rollups import rebuild_rollups
from customers.models import (
    Archetype,
    ConsentRecord,
    Customer,
    CustomerArchetype,
    CustomerFacts,
    CustomerScores,
    Identifier,
    Order,
    OrderLine,
    Product,
    Refund,
)
from loyalty.models import Account, StampBook, StampCard, Tier
from messaging.models import Suppression
from segments.statement import Moment
from workspace.models import Business

MOMENT = Moment(datetime(2026, 11, 22, 10, 30, tzinfo=UTC), ZoneInfo("Europe/London"))
PEOPLE = 120
_SHOPS = ("Quayside Coffee", "Mill Lane Bakery", "Pine Street Roasters")
_TIERS = ("Bronze", "Silver", "Gold", "Friend", "Harbour Mate")
_ARCHETYPES = ("Best regulars", "New faces", "Drifted away")
_COUNTRIES = ("United Kingdom", "United Kingdom", "Germany", "France", "Spain", "Belgium", "Netherlands", "USA", "")
_GOODS = (
    ("Lunch bag red", ""), ("Party bunting", ""), ("Regency teapot", ""), ("Cake stand white", ""),
    ("Hot water bottle", ""), ("Metal lantern", ""), ("Candle holder", ""), ("Ethiopia Guji, 250 g", ""),
    ("Jumbo bag pink", ""), ("Radio", "Electronics"), ("Soap dish", ""), ("Pencil", "Stationery"),
)  # fmt: skip


def make_shoppers(first: Business) -> None:
    """Everybody, in the active programme."""
    chance = random.Random(11)
    Business.objects.filter(pk=first.pk).update(name=_SHOPS[0])
    shops = [first, *(Business.objects.create(name=name) for name in _SHOPS[1:])]
    tiers = [Tier.objects.create(name=name, rank=rank, threshold=rank) for rank, name in enumerate(_TIERS, 1)]
    card = StampCard.objects.create(name="Coffee card", gives="A coffee", stamps=9)
    archetypes = [
        Archetype.objects.create(found_name=name, place=place, found_at=MOMENT.now)
        for place, name in enumerate(_ARCHETYPES, 1)
    ]
    goods = [Product.objects.create(sku=title, title=title, category=category) for title, category in _GOODS]
    people = [_person(chance, number) for number in range(PEOPLE)]
    for customer in people:
        for _sale in range(chance.choice((0, 1, 1, 2, 4, 12, 30))):
            _sell(chance, customer, shops, goods)
    rebuild_rollups(now=MOMENT.now)
    for customer in people:
        _enrol(chance, customer, tiers, card)
        if CustomerFacts.objects.filter(pk=customer.pk, orders_count__gt=0).exists() and chance.random() < 0.8:
            _judge(chance, customer, archetypes)
    # Without it a plan is a guess, and one in some runs took a minute.
    tables = (Customer, CustomerFacts, CustomerScores, CustomerArchetype, Order, OrderLine, Refund, Account, StampBook)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(table._meta.db_table for table in tables)}")


def _person(chance: random.Random, number: int) -> Customer:
    customer = Customer.objects.create(
        first_name=f"P{number}",
        country=chance.choice(_COUNTRIES),
        region=chance.choice(("Texas", "", "")),
        email=f"p{number}@example.com" if chance.random() < 0.7 else "",
        phone=f"+4477009{number:05d}" if chance.random() < 0.7 else "",
        birthday=chance.choice((None, date(1980, 1, 1) + timedelta(days=chance.randrange(9_000)))),
        state=chance.choice(("active", "active", "active", "archived")),
    )
    for kind, value in (("phone", customer.phone), ("email", customer.email)):
        if value:
            Identifier.objects.create(customer=customer, kind=kind, value=value)
    for channel in ("sms", "email"):
        for _statement in range(chance.randrange(3)):
            ConsentRecord.objects.create(
                customer=customer, channel=channel, purpose="marketing", is_granted=chance.random() < 0.6,
                source="till", wording="x", actor="user:1",
            )  # fmt: skip
    if customer.phone and chance.random() < 0.2:
        Suppression.objects.create(channel="sms", address=customer.phone, reason="stop")
    return customer


def _sell(chance: random.Random, customer: Customer, shops: list[Business], goods: list[Product]) -> None:
    shop, total = chance.choice(shops), Decimal(chance.choice((3, 8, 9, 40, 180, 600, 1_300)))
    at = MOMENT.now - timedelta(days=chance.choice((0, 3, 20, 29, 45, 80, 100, 150, 200, 260, 330, 400, 700)), hours=3)
    order = Order.objects.create(
        business=shop, customer=customer, source="api", reference=f"{customer.pk}-{chance.random()}", placed_at=at,
        total=total, channel=chance.choice(("store", "store", "online")),
        status=Order.Status.CANCELLED if chance.random() < 0.1 else Order.Status.PAID,
    )  # fmt: skip
    for position, product in enumerate(chance.sample(goods, chance.randrange(3))):
        OrderLine.objects.create(
            order=order, position=position, product=product, title=product.title, quantity=1, unit_price=1, total=1
        )
    if chance.random() < 0.1:
        Refund.objects.create(
            business=shop, source="api", reference=order.reference, order=order, customer=customer,
            refunded_at=at + timedelta(hours=2), total=total / 2,
        )  # fmt: skip


def _enrol(chance: random.Random, customer: Customer, tiers: list[Tier], card: StampCard) -> None:
    is_member = chance.random() < 0.7
    tier = chance.choice([*tiers, None, None]) if is_member else None
    CustomerFacts.objects.filter(pk=customer.pk).update(
        is_member=is_member,
        member_since=MOMENT.now - timedelta(days=chance.randrange(700)) if is_member else None,
        balance=chance.choice((0, 150, 300, 520, 640, 1_100)) if is_member else 0,
        tier=tier.name if tier else "",
        tier_rank=tier.rank if tier else None,
    )
    if is_member:
        since = MOMENT.now - timedelta(days=chance.randrange(400)) if tier else None
        account = Account.objects.create(customer=customer, tier=tier, tier_since=since)
        stamps, completed = chance.randrange(6), chance.choice((0, 0, 1, 3))
        StampBook.objects.create(
            account=account, card=card, stamps=stamps, completed=completed, total=stamps + 9 * completed,
            changed_at=MOMENT.now,
        )  # fmt: skip


def _judge(chance: random.Random, customer: Customer, archetypes: list[Archetype]) -> None:
    band, churn = chance.choice((("low", 0.1), ("medium", 0.5), ("high", 0.85)))
    value = Decimal(chance.choice((50, 120, 200, 400, 800)))
    CustomerScores.objects.create(
        customer=customer, churn=churn, horizon_days=90, band=band, value_3=value, value_6=value, value_12=value,
        value_12_low=0, value_12_high=value, value_at_risk=value, next_purchase_on=None, computed_on=MOMENT.today,
    )  # fmt: skip
    archetype = chance.choice(archetypes)
    CustomerArchetype.objects.create(customer=customer, archetype=archetype, confidence=1, since=MOMENT.today)
