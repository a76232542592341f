"""Stock: a level is the sum of its movements, whoever moves; sales take from it once."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from core.errors import InvalidInput, NotFound
from customers.actions import stock
from customers.actions.orders import cancel_order, record_order
from customers.actions.refunds import ReturnedLine, record_refund
from customers.actions.stock import StockLine, StockRow
from customers.actions.stock_sales import follow_sales
from customers.events import EVENT_TYPES
from customers.models import Event, Order, Product, StockLevel, StockLocation, StockMovement
from programs.models import Programme
from workspace.models import AuditEntry, Business

NOW = timezone.now()


@pytest.fixture
def shop(business: Business) -> StockLocation:
    return stock.create_location(business_id=business.pk, name="Shop", actor=SYSTEM, now=NOW)


@pytest.fixture
def mug(programme: Programme) -> Product:
    return Product.objects.create(sku="M", title="Mug")


def count(place: StockLocation, product: Product, quantity: int | str, **more: Any) -> None:
    given = {"actor": SYSTEM, "now": NOW, **more}
    stock.count_stock(location=place, lines=[StockLine(product.pk, Decimal(quantity))], **given)


def level_of(product: Product, place: StockLocation) -> Decimal:
    return StockLevel.objects.get(product=product, location=place).quantity


def sell(place: StockLocation, quantity: int, reference: str, **more: Any) -> Order:
    line = {"position": 1, "title": "Mug", "sku": "M", "category": "", "quantity": str(quantity), "amount": "10"}
    given = {"placed_at": NOW + timedelta(minutes=1), "customer_id": None, "source": "till", "actor": SYSTEM, **more}
    return record_order(
        business_id=place.business_id, total=Decimal(10), reference=reference, lines=[line], **given
    ).order


def read_all() -> None:
    """The reader, as after a restart that lost its place: everything again."""
    follow_sales(list(Event.objects.order_by("id")))


def test_every_act_keeps_the_level_the_sum_of_its_movements(shop: StockLocation, mug: Product) -> None:
    cellar = stock.create_location(business_id=shop.business_id, name="Cellar", actor=SYSTEM, now=NOW)
    bowl = Product.objects.create(sku="B")
    given: dict[str, Any] = {"actor": SYSTEM, "now": NOW}
    random.seed(7)
    for _turn in range(40):
        place, other = random.sample([shop, cellar], 2)
        lines = [StockLine(one.pk, Decimal(random.randint(1, 9))) for one in (mug, bowl)]
        match random.choice("rcmx"):
            case "r":
                stock.receive_stock(location=place, lines=lines, **given)
            case "c":
                stock.count_stock(location=place, lines=lines, **given)
                assert level_of(mug, place) == lines[0].quantity
            case "m":
                stock.move_stock(location=place, to=other, lines=lines, **given)
            case "x":
                stock.correct_stock(location=place, lines=[StockLine(mug.pk, Decimal(-2))], reason="Broken", **given)
    assert stock.levels_that_differ() == []
    StockLevel.objects.filter(product=mug, location=shop).update(quantity=999)
    assert len(stock.levels_that_differ()) == 1


@pytest.mark.parametrize(
    ("act", "quantity", "more"),
    [
        (stock.receive_stock, "0", {}),
        (stock.receive_stock, "-1", {}),
        (stock.receive_stock, "0.0001", {}),
        (stock.receive_stock, "NaN", {}),
        (stock.count_stock, "-1", {}),
        (stock.correct_stock, "0", {"reason": "x"}),
        (stock.correct_stock, "1", {"reason": " "}),
    ],
)
def test_refusals_write_nothing(
    shop: StockLocation, mug: Product, act: Callable[..., Any], quantity: str, more: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput):
        act(location=shop, lines=[StockLine(mug.pk, Decimal(quantity))], actor=SYSTEM, now=NOW, **more)
    assert not StockMovement.objects.exists()
    assert not AuditEntry.objects.filter(action__startswith="customers.stock.").exists()


def test_the_sign_follows_the_kind(shop: StockLocation, mug: Product) -> None:
    for kind, quantity in (("received", -1), ("sold", 1), ("returned", -1), ("corrected", 0)):
        with pytest.raises(IntegrityError), transaction.atomic():
            StockMovement.objects.create(
                product=mug, location=shop, kind=kind, quantity=quantity, actor="x", actor_label="x", at=NOW
            )


def test_a_sale_takes_from_the_default_place_once(shop: StockLocation, mug: Product) -> None:
    stock.create_location(business_id=shop.business_id, name="Cellar", actor=SYSTEM, now=NOW)
    count(shop, mug, 20)
    sell(shop, 3, "R-1")
    for _again in range(2):
        read_all()
    assert level_of(mug, shop) == 17
    sold = StockMovement.objects.get(kind="sold")
    assert (sold.quantity, sold.reference, sold.actor_label) == (Decimal(-3), "R-1", "Regulars")
    sell(shop, 3, "R-1")
    read_all()
    assert level_of(mug, shop) == 17, "the same reference is the same sale"


def test_refunds_and_cancellations_bring_back_what_they_name(shop: StockLocation, mug: Product) -> None:
    count(shop, mug, 20)
    order = sell(shop, 5, "R-1")
    later = NOW + timedelta(minutes=2)
    read_all()
    said: dict[str, Any] = {"reason": "", "source": "till", "currency": "GBP", "actor": SYSTEM, "now": later}
    record_refund(order=order, lines=[ReturnedLine(1, Decimal(2))], reference="RF", **said)
    read_all()
    assert level_of(mug, shop) == 17
    cancel_order(order=order, reason="", actor=SYSTEM, now=later)
    for _again in range(2):
        read_all()
    assert level_of(mug, shop) == 20
    assert stock.levels_that_differ() == []
    whole = sell(shop, 4, "R-2")
    record_refund(order=whole, amount=Decimal(3), reference="RF-2", **said)
    read_all()
    assert level_of(mug, shop) == 16, "an amount for goodwill brings nothing to the shelf"


def test_what_happened_before_a_count_is_in_it(shop: StockLocation, mug: Product) -> None:
    count(shop, mug, 20)
    sell(shop, 3, "early", placed_at=NOW - timedelta(minutes=1))
    read_all()
    assert level_of(mug, shop) == 20
    order = sell(shop, 3, "R-1")
    count(shop, mug, 17, now=NOW + timedelta(minutes=5))
    read_all()
    assert level_of(mug, shop) == 17, "the till told late what the count had seen"
    cancel_order(order=order, reason="", actor=SYSTEM, now=NOW + timedelta(minutes=6))
    read_all()
    assert level_of(mug, shop) == 17


def test_what_is_not_tracked_does_not_move(shop: StockLocation, mug: Product) -> None:
    bowl = Product.objects.create(sku="B")
    count(shop, bowl, 5)
    sell(shop, 3, "R-1")
    read_all()
    assert not StockMovement.objects.filter(product=mug).exists()


def falls() -> Sequence[dict[str, str]]:
    return list(Event.objects.filter(name="customers.stock.low").order_by("id").values_list("data", flat=True))


def test_low_stock_is_told_once_for_each_fall(shop: StockLocation, mug: Product) -> None:
    count(shop, mug, 10)
    level = StockLevel.objects.get()
    settings: dict[str, Any] = {"low_at": Decimal(6), "lead_days": 3, "target_days": 14}
    stock.change_level(code=level.code, actor=SYSTEM, **settings)
    for quantity, told in ((7, 0), (6, 1), (2, 1), (6, 1), (7, 1), (5, 2)):
        count(shop, mug, quantity)
        assert len(falls()) == told, quantity
    assert falls()[0] == {"product": mug.code, "sku": "M", "location": shop.code, "quantity": "6", "low_at": "6"}
    assert set(falls()[0]) == set(EVENT_TYPES["customers.stock.low"].fields)
    assert Event.objects.filter(name="customers.stock.low").first().business_id == shop.business_id
    assert list(StockLevel.objects.low()) == [level]


def test_another_programme_sees_and_moves_nothing(
    shop: StockLocation, mug: Product, other_programme: Programme
) -> None:
    count(shop, mug, 10)
    level = StockLevel.objects.get()
    stock.change_level(code=level.code, actor=SYSTEM, low_at=Decimal(9), lead_days=1, target_days=1)
    with tenant_context(other_programme):
        there = Business.objects.create(name="Meadow Inn")
        place = stock.create_location(business_id=there.pk, name="Shop", actor=SYSTEM, now=NOW)
        own = Product.objects.create(sku="M")
        count(place, own, 4)
        sell(place, 1, "R-1")
        read_all()
        assert (level_of(own, place), falls()) == (Decimal(3), [])
        with pytest.raises(NotFound):
            stock.change_level(code=level.code, actor=SYSTEM, low_at=None, lead_days=1, target_days=1)
    assert level_of(mug, shop) == 10
    sell(shop, 1, "R-1")
    read_all()
    assert [fall["quantity"] for fall in falls()] == ["9"]


def test_levels_of_a_file_are_counts_of_one_statement(
    shop: StockLocation, mug: Product, django_assert_max_num_queries: Any
) -> None:
    products = [Product.objects.create(sku=f"P{number}") for number in range(30)]
    rows = [StockRow(one.pk, shop.pk, Decimal(5), NOW) for one in products]
    rows += [StockRow(mug.pk, shop.pk, Decimal(1), NOW), StockRow(mug.pk, shop.pk, Decimal(8), NOW)]
    with django_assert_max_num_queries(5):
        written = stock.set_levels(rows=rows, actor=SYSTEM, reason="File")
    assert (written.movements, level_of(mug, shop)) == (31, Decimal(8))
    stock.set_levels(rows=rows, actor=SYSTEM)
    assert level_of(mug, shop) == 8
    assert stock.levels_that_differ() == []


def test_places(shop: StockLocation, business: Business) -> None:
    cellar = stock.create_location(business_id=business.pk, name=" The  cellar ", actor=SYSTEM, now=NOW)
    assert (shop.is_default, cellar.is_default, cellar.name) == (True, False, "The cellar")
    with pytest.raises(stock.LocationNameTaken):
        stock.create_location(business_id=business.pk, name="Shop", actor=SYSTEM, now=NOW)
    with pytest.raises(stock.DefaultLocation):
        stock.archive_location(code=shop.code, actor=SYSTEM, now=NOW)
    stock.change_location(code=cellar.code, is_default=True, actor=SYSTEM)
    assert list(StockLocation.objects.filter(is_default=True)) == [cellar]
    stock.archive_location(code=shop.code, actor=SYSTEM, now=NOW)
    assert list(StockLocation.objects.open()) == [cellar]


def test_a_count_waits_for_a_sale_that_is_read(shop: StockLocation, mug: Product) -> None:
    """Levels are locked before they are read: the lock comes first in every write."""
    with connection.execute_wrapper(lambda run, sql, *rest: (statements.append(sql), run(sql, *rest))[1]):
        statements: list[str] = []
        count(shop, mug, 3)
    locks = next(place for place, sql in enumerate(statements) if "FOR NO KEY UPDATE" in sql)
    assert locks < next(place for place, sql in enumerate(statements) if "UPDATE customers_stocklevel" in sql)
