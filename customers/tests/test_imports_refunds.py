"""Which sale a cancellation gives back."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from customers.imports import refunds, staging
from customers.imports.refunds import SoldLine, allot
from customers.models import CustomerFacts, Order, Refund, RefundLine
from customers.tests.imports_fixtures import csv_of, import_csv


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def day(number):
    return datetime(2026, 1, number, tzinfo=UTC)


def sold(id_, on, left, price="2.50"):
    return SoldLine(id_, id_, f"order {id_}", day(on), Decimal(price), Decimal(left))


def give_back(lines, quantity, price="2.50", on=20, reference=None):
    parts = allot(lines, quantity=Decimal(quantity), unit_price=Decimal(price), at=day(on), reference=reference)
    return [(line.id if line else None, int(part)) for line, part in parts]


def test_the_latest_sale_of_the_same_price_with_enough_left():
    lines = [sold(3, 9, 5, "2.60"), sold(2, 8, 5), sold(1, 7, 9)]
    assert give_back(lines, 4) == [(2, 4)]
    assert give_back(lines, 4) == [(1, 4)]  # one is left of 2
    assert give_back(lines, 5) == [(1, 5)]
    assert give_back(lines, 5) == [(3, 5)]  # any price


def test_several_sales_when_none_has_enough_and_none_when_all_have_not():
    lines = [sold(3, 9, 2), sold(2, 8, 2), sold(1, 7, 2)]
    assert give_back(lines, 5) == [(3, 2), (2, 2), (1, 1)]
    assert give_back(lines, 5) == [(None, 5)]
    assert give_back(lines, 1) == [(1, 1)]


def test_no_sale_of_tomorrow_and_only_the_named_one():
    lines = [sold(2, 25, 5), sold(1, 7, 5)]
    assert give_back(lines, 1) == [(1, 1)]
    assert give_back(lines, 1, reference="order 2", on=26) == [(2, 1)]


CANCELLED = (
    "1,A,x,5,2026-01-05,2.50,7,UK",
    "1,B,y,1,2026-01-05,4.00,7,UK",
    "C2,A,x,-5,2026-01-08,2.50,7,UK",
    "C3,Z,z,-1,2026-01-09,9.00,8,UK",
    "C4,A,x,-1,2026-01-09,2.50,,UK",
)


@pytest.mark.parametrize("chunk_rows", [1, 25_000])
@pytest.mark.parametrize("rows", [CANCELLED, CANCELLED[::-1]])
def test_cancellations_become_refunds_wherever_they_stand(business, monkeypatch, rows, chunk_rows):
    monkeypatch.setattr(staging, "CHUNK_ROWS", chunk_rows)
    run = import_csv(csv_of(*rows), business)
    order = Order.objects.get()
    assert (order.refunded_total, order.status) == (Decimal("12.50"), "part_refunded")
    refund = Refund.objects.get(reference="C2")
    assert (refund.order, refund.total, refund.customer) == (order, Decimal("12.50"), order.customer)
    assert RefundLine.objects.get(refund=refund).order_line.product.sku == "A"
    without = Refund.objects.filter(order=None).order_by("reference").values_list("reference", "customer__external_id")
    assert list(without) == [("C3", "8"), ("C4", None)]
    assert run.counts["refunds_created"] == 3
    assert CustomerFacts.objects.get(customer__external_id="7").total_spent == Decimal("4.00")
    assert CustomerFacts.objects.get(customer__external_id="8").total_spent == Decimal("-9.00")


@pytest.mark.parametrize("fetched", [1, 5_000])
def test_sales_are_read_in_pieces_of_any_size(business, monkeypatch, fetched):
    monkeypatch.setattr(refunds, "FETCHED", fetched)
    sales = [f"{n},{sku},x,1,2026-01-0{n},2.50,7,UK" for n in (1, 2, 3) for sku in "AB"]
    back = ["C8,A,x,-1,2026-01-08,2.50,7,UK", "C8,B,x,-2,2026-01-08,2.50,7,UK", "C9,A,x,-1,2026-01-09,2.50,7,UK"]
    import_csv(csv_of(*sales, *back), business)
    lines = RefundLine.objects.order_by("refund__reference", "position")
    assert [
        (line.refund.reference, line.order_line.product.sku, line.order_line.order.reference, int(line.quantity))
        for line in lines.select_related("refund", "order_line__product", "order_line__order")
    ] == [("C8", "A", "3", 1), ("C8", "B", "3", 1), ("C8", "B", "2", 1), ("C9", "A", "2", 1)]


def test_more_than_was_bought_cannot_come_back(business):
    import_csv(csv_of(*CANCELLED), business)
    import_csv(csv_of("C9,A,x,-1,2026-01-20,2.50,7,UK"), business)
    assert Refund.objects.get(reference="C9").order is None
    assert Order.objects.get().refunded_total == Decimal("12.50")


def test_a_refund_changed_in_the_file_is_changed_here(business):
    import_csv(csv_of(*CANCELLED), business)
    again = import_csv(csv_of("C2,A,x,-2,2026-01-08,2.50,7,UK"), business)
    assert again.counts["refunds_updated"] == 1
    order = Order.objects.get()
    assert (order.refunded_total, Refund.objects.get(reference="C2").total) == (Decimal("5.00"), Decimal("5.00"))


def test_a_cancellation_is_known_by_its_number_or_by_its_sign(business):
    run = import_csv(
        csv_of("1,A,x,1,2026-01-05,2.50,7,UK", "C2,A,x,1,2026-01-06,2.50,7,UK", "A3,B,debt,1,2026-01-06,-99,,UK"),
        business,
        refund_prefix="C",
        ignored_prefix="A",
    )
    assert run.problems == {"refund_sign": 1}
    assert run.rows_skipped == 1
    assert Order.objects.get().reference == "1"


def test_money_back_on_the_number_of_an_order_belongs_to_it(business):
    header = "Order number,Date,Total,Email"
    import_csv(
        csv_of(
            "1,2026-01-05,12.00,ann@example.com",
            "1,2026-01-08,-5.00,ann@example.com",
            "2,2026-01-08,-3.00,ann@example.com",
            header=header,
        ),
        business,
    )
    order = Order.objects.get()
    assert (order.refunded_total, order.status) == (Decimal("5.00"), "part_refunded")
    assert dict(Refund.objects.values_list("reference", "order__reference")) == {"1": "1", "2": None}


def test_an_exchange_on_one_receipt_is_an_order_and_its_refund(business):
    import_csv(csv_of("1,A,x,2,2026-01-05,2.50,7,UK", "1,B,y,-1,2026-01-05,4,7,UK"), business)
    assert Order.objects.get().total == Decimal("5.00")
    assert Refund.objects.get(reference="1").total == Decimal("4.00")


def test_a_refund_that_comes_before_the_order_it_names_belongs_to_it(business):
    header = "Order number,Date,Total,Email,Refund of"
    import_csv(csv_of("R1,2026-01-08,-5.00,ann@example.com,1", header=header), business)
    assert Refund.objects.get().order is None
    import_csv(csv_of("1,2026-01-05,12.00,ann@example.com,", header=header), business)
    order = Order.objects.get()
    assert (Refund.objects.get().order, order.refunded_total, order.status) == (order, Decimal("5.00"), "part_refunded")


def test_a_named_refund_waits_for_its_order_and_takes_no_other(business):
    header = "Invoice,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country,Refund of"
    import_csv(csv_of("C2,A,x,-1,2026-01-08,2.50,7,UK,1", "C3,A,x,-3,2026-01-09,2.50,7,UK,", header=header), business)
    import_csv(csv_of("9,A,x,2,2026-01-07,2.50,7,UK,", header=header), business)
    assert set(Refund.objects.values_list("reference", "order__reference")) == {("C2", None), ("C3", None)}
    import_csv(csv_of("1,A,x,2,2026-01-05,2.50,7,UK,", header=header), business)
    back = RefundLine.objects.order_by("refund__reference", "position")
    assert list(back.values_list("refund__reference", "order_line__order__reference", "quantity", "is_rest")) == [
        ("C2", "1", 1, False), ("C3", "9", 2, False), ("C3", "1", 1, True),
    ]  # fmt: skip
