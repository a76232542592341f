"""A file of stock levels: counts of products at places, and the points at which they are ordered again."""

from decimal import Decimal

import pytest

from core.actor import SYSTEM
from customers.actions import stock
from customers.actions.stock import StockLine
from customers.models import Product, StockLevel, StockLocation, StockMovement
from customers.tests.imports_fixtures import csv_of, import_csv
from customers.tests.test_imports_run import errors_of
from customers.tests.test_imports_undo import undo

HEADER = "SKU,Location,On hand,Reorder point"
LEVELS = csv_of("M,Shop,12,3", "M,back room,0.5,", "T,,7,2.5", header=HEADER)


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def shop(business, now):
    Product.objects.bulk_create([Product(sku="M", title="Mug"), Product(sku="T", title="Tea")])
    shop, _room = (
        stock.create_location(business_id=business.pk, name=name, actor=SYSTEM, now=now)
        for name in ("Shop", "Back room")
    )
    return shop


def levels():
    found = StockLevel.objects.order_by("product__sku", "location__name")
    return [
        (sku, place, str(quantity.normalize()), low_at and str(low_at.normalize()))
        for sku, place, quantity, low_at in found.values_list("product__sku", "location__name", "quantity", "low_at")
    ]


def count(place, sku, quantity, now):
    line = StockLine(Product.objects.get(sku=sku).pk, Decimal(quantity))
    stock.count_stock(location=place, lines=[line], actor=SYSTEM, now=now)


def test_a_file_counts_what_lies_where(business, shop, now):
    count(shop, "M", 5, now)
    tried = import_csv(LEVELS, business, dry=True)
    assert (tried.kind, tried.counts) == ("stock", {"levels_counted": 3, "levels_created": 2})
    assert StockMovement.objects.count() == 1
    run = import_csv(LEVELS, business)
    assert levels() == [("M", "Back room", "0.5", None), ("M", "Shop", "12", "3"), ("T", "Shop", "7", "2.5")]
    assert run.counts == {"levels_counted": 3, "levels_created": 2, "reorder_points_set": 2}
    movement = StockMovement.objects.get(product__sku="M", location=shop, quantity=7)
    assert (movement.kind, movement.reason, movement.actor_label) == ("counted", "Import of sales.csv", "Regulars")
    assert stock.levels_that_differ() == []


def test_the_same_levels_again_change_none_and_the_order_of_rows_does_not_matter(business, shop):
    import_csv(LEVELS, business)
    found = levels()
    header, *rows = LEVELS.decode().splitlines()
    again = import_csv(csv_of(*reversed(rows), header=header), business)
    assert levels() == found
    assert again.counts["reorder_points_set"] == 0
    assert not StockMovement.objects.exclude(origin__contains=again.code).filter(quantity=0).exists()
    undo(again)
    assert levels() == found


def test_rows_that_cannot_be_counted_say_why(business, shop, other_business, now):
    stock.create_location(business_id=other_business.pk, name="Theirs", actor=SYSTEM, now=now)
    rows = ["X,Shop,1,", "M,Theirs,1,", "T,Shop,-1,", "M,Shop,1,", "M,,2,", "T,Back room,,", "T,Back room,3,-1"]
    run = import_csv(csv_of(*rows, "T,Shop,4,", header=HEADER), business)
    assert run.problems == {"twice_at_place": 2, "negative": 2, "product": 1, "location": 1, "required": 1}
    assert [row["SKU"] for row in errors_of(run)] == ["X", "M", "T", "M", "M", "T", "T"]
    assert levels() == [("T", "Shop", "4", None)]


def test_undoing_moves_the_opposite_unless_it_was_counted_since(business, shop, now):
    count(shop, "M", 5, now)
    first = import_csv(LEVELS, business)
    second = import_csv(csv_of("T,Shop,9,", header=HEADER), business)
    count(StockLocation.objects.get(name="Back room"), "M", 4, now)
    counts = undo(first)
    assert (counts["stock_removed"], counts["stock_kept_edited"]) == (1, 2)
    assert levels() == [("M", "Back room", "4", None), ("M", "Shop", "5", None), ("T", "Shop", "9", None)]
    assert StockMovement.objects.get(kind="corrected").reason == "Import of sales.csv, undone"
    assert undo(second)["stock_removed"] == 1
    assert levels()[2] == ("T", "Shop", "7", None)
    assert stock.levels_that_differ() == []


def test_a_reorder_point_that_was_changed_since_stays(business, shop, now):
    run = import_csv(LEVELS, business)
    tea = StockLevel.objects.get(product__sku="T")
    stock.change_level(code=tea.code, actor=SYSTEM, low_at=Decimal(6), lead_days=7, target_days=28)
    counts = undo(run)
    assert (counts["reorder_points_restored"], counts["reorder_points_kept_edited"]) == (1, 1)
    assert [low_at for *_level, low_at in levels()] == [None, None, "6"]
