"""The shipped data set: complete, exact, and read in small pieces."""

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice

import pytest

from config.demo import retail_source
from config.demo.retail_source import RetailRow


@dataclass
class Totals:
    lines: int = 0
    invoices: set[str] = field(default_factory=set)
    customers: set[str] = field(default_factory=set)
    stock_codes: set[str] = field(default_factory=set)
    countries: set[str] = field(default_factory=set)
    times: set[datetime] = field(default_factory=set)
    sale_lines: int = 0
    orders: set[str] = field(default_factory=set)
    buyers: set[str] = field(default_factory=set)
    uk_buyers: set[str] = field(default_factory=set)
    customer_days: set[tuple[str, date]] = field(default_factory=set)
    gross: Decimal = Decimal(0)
    refund_lines: int = 0
    cancellations: set[str] = field(default_factory=set)
    refunded: Decimal = Decimal(0)


@pytest.fixture(scope="module")
def totals() -> Totals:
    totals = Totals()
    for row in retail_source.rows():
        totals.lines += 1
        totals.invoices.add(row.invoice)
        totals.stock_codes.add(row.stock_code)
        totals.countries.add(row.country)
        totals.times.add(row.invoiced_at)
        if row.customer_id:
            totals.customers.add(row.customer_id)
        if row.is_sale:
            totals.sale_lines += 1
            totals.orders.add(row.invoice)
            totals.buyers.add(row.customer_id)
            totals.customer_days.add((row.customer_id, row.invoiced_at.date()))
            totals.gross += row.amount
            if row.country == "United Kingdom":
                totals.uk_buyers.add(row.customer_id)
        elif row.is_refund:
            totals.refund_lines += 1
            totals.cancellations.add(row.invoice)
            totals.refunded += row.amount
    return totals


def test_every_published_row_is_there(totals: Totals) -> None:
    assert totals.lines == retail_source.ROW_COUNT == 1_044_847
    assert len(totals.invoices) == 53_628
    assert len(totals.customers) == 5_942
    assert len(totals.stock_codes) == 5_305
    assert len(totals.countries) == 43
    assert min(totals.times) == datetime.fromisoformat("2009-12-01 07:45")
    assert max(totals.times) == datetime.fromisoformat("2011-12-09 12:50")
    assert min(totals.times).date() == retail_source.FIRST_DAY
    assert max(totals.times).date() == retail_source.LAST_DAY


def test_sales_add_up_to_the_published_gross(totals: Totals) -> None:
    assert totals.gross == Decimal("17431533.178")
    assert totals.sale_lines == 791_044
    assert len(totals.orders) == 36_969
    assert len(totals.buyers) == 5_878
    assert len(totals.uk_buyers) == 5_350
    assert len(totals.customer_days) == 33_107


def test_refunds_add_up_to_the_published_cancellations(totals: Totals) -> None:
    assert totals.refunded == Decimal("-1087882.14")
    assert totals.refund_lines == 18_446
    assert len(totals.cancellations) == 7_901


def test_csv_is_the_source_byte_for_byte_in_chunks_of_whole_lines() -> None:
    digest = hashlib.sha256()
    lines = 0
    largest = 0
    for chunk in retail_source.csv_chunks():
        assert chunk.endswith(b"\n")
        digest.update(chunk)
        lines += chunk.count(b"\n")
        largest = max(largest, len(chunk))

    assert digest.hexdigest() == retail_source.CSV_SHA256
    assert lines == retail_source.ROW_COUNT + 1
    assert largest < 1_500_000


def test_rows_are_typed_and_keep_what_was_published() -> None:
    third, fourth = islice(retail_source.rows(), 2, 4)

    assert third == RetailRow(
        invoice="489434",
        stock_code="79323W",
        description=" WHITE CHERRY LIGHTS",
        quantity=12,
        invoiced_at=datetime.fromisoformat("2009-12-01 07:45"),
        unit_price=Decimal("6.75"),
        customer_id="13085",
        country="United Kingdom",
    )
    assert third.amount == Decimal("81.00")
    assert fourth.description == 'RECORD FRAME 7" SINGLE SIZE '
    assert str(fourth.unit_price) == "2.1"


def test_weeks_move_the_times_and_nothing_else() -> None:
    moved = next(retail_source.rows(weeks=700))
    original = next(retail_source.rows())

    assert moved.invoiced_at == datetime.fromisoformat("2023-05-02 07:45")
    assert moved.invoiced_at.weekday() == original.invoiced_at.weekday()
    assert moved._replace(invoiced_at=original.invoiced_at) == original
    lines = next(retail_source.csv_chunks(weeks=700)).decode().splitlines()
    assert lines[1] == (
        "489434,85048,15CM CHRISTMAS GLASS BALL 20 LIGHTS,12,2023-05-02 07:45:00,6.95,13085,United Kingdom"
    )


SALE = RetailRow(
    invoice="489434",
    stock_code="85048",
    description="15CM CHRISTMAS GLASS BALL 20 LIGHTS",
    quantity=12,
    invoiced_at=datetime.fromisoformat("2009-12-01 07:45"),
    unit_price=Decimal("6.95"),
    customer_id="13085",
    country="United Kingdom",
)
CANCELLED = SALE._replace(invoice="C489434", quantity=-1)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (SALE, "sale"),
        (SALE._replace(customer_id=""), "neither"),
        (SALE._replace(unit_price=Decimal(0)), "neither"),
        (SALE._replace(quantity=-1), "neither"),
        (CANCELLED, "refund"),
        (CANCELLED._replace(customer_id=""), "neither"),
        (CANCELLED._replace(quantity=1, customer_id=""), "neither"),
        (SALE._replace(invoice="A506401"), "neither"),
    ],
)
def test_a_line_is_a_sale_or_a_refund_or_neither(row: RetailRow, kind: str) -> None:
    assert (row.is_sale, row.is_refund) == (kind == "sale", kind == "refund")


@pytest.mark.parametrize("day", [date(2025, 3, day) for day in range(10, 17)])  # one week
def test_last_day_lands_in_the_last_complete_week(day: date) -> None:
    weeks = retail_source.weeks_to_end_before(day)

    assert retail_source.LAST_DAY + timedelta(weeks=weeks) == date(2025, 3, 7)


def test_the_week_after_the_data_needs_no_move() -> None:
    assert retail_source.weeks_to_end_before(date(2011, 12, 12)) == 0
    assert retail_source.weeks_to_end_before(date(2011, 12, 19)) == 1
