"""Online Retail II, read from the compact copy in `retail_data/`: every row, in its order.

The reader needs only the standard library, holds about 25 MB however much is read, and gives either
typed rows (`rows`) or the CSV text (`csv_chunks`), which is byte for byte the CSV the copy was
built from (`CSV_SHA256`). `build_retail_data` writes the copy and describes its files.

The definitions behind the published totals, to be used by whoever imports or checks the data:

- A **sale line** (`RetailRow.is_sale`) has a customer, an invoice without a letter, a quantity
  above 0 and a price above 0. Sale lines give 5,878 paying customers, 33,107 customer-days
  (distinct customer and calendar day), 36,969 orders and GBP 17,431,533.178 gross.
- A **refund line** (`RetailRow.is_refund`) has a customer and an invoice that starts with C; its
  quantity is always below 0. They sum to GBP -1,087,882.140, in 7,901 cancellations.
- The other 70 lines with a customer have the price 0: they add nothing to the gross, but count
  them and there are three customers and five customer-days too many.
- Lines without a customer (235,287) are anonymous sales, cancellations, stock adjustments
  (quantity below 0, no C, price 0) and six bad-debt bookings (invoice starts with A).

Amounts are quantity times price without rounding: 18 lines cost a tenth of a penny apiece.
Times are the shop's wall clock (United Kingdom) to the minute. Two invoices are interrupted by
another one, and 83 change their minute part-way: group by invoice number, not by neighbourhood.
"""

import csv
import lzma
import sys
from array import array
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).parent / "retail_data"
HEADER = (
    "Invoice",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
ROW_COUNT = 1_044_847
CSV_SHA256 = "7f713a4ad7a92eb292518fba0d2ca442e68bc56fc2aa8a2b0f35527676b491da"
FIRST_DAY = date(2009, 12, 1)
LAST_DAY = date(2011, 12, 9)  # a Friday; the last invoice is of 12:50
TIME_ZONE = "Europe/London"

_ROWS_PER_CHUNK = 10_000  # about 0.9 MB of CSV: few calls, little memory


class RetailRow(NamedTuple):
    """One line of an invoice, as published: nothing cleaned, nothing stripped."""

    invoice: str
    stock_code: str
    description: str  # empty when missing
    quantity: int
    invoiced_at: datetime  # naive, in TIME_ZONE
    unit_price: Decimal  # pounds, with the decimals of the source (2.1, 0.001)
    customer_id: str  # empty when unknown
    country: str

    @property
    def amount(self) -> Decimal:
        """Pounds, exact; below 0 for what goes back to the customer."""
        return self.quantity * self.unit_price

    @property
    def is_sale(self) -> bool:
        """A known customer paid for it (see the module's definitions)."""
        return self.customer_id != "" and self.quantity > 0 and self.unit_price > 0 and self.invoice.isdecimal()

    @property
    def is_refund(self) -> bool:
        """A known customer's cancellation (see the module's definitions)."""
        return self.customer_id != "" and self.invoice.startswith("C")


class _Receipt(NamedTuple):
    """Neighbouring lines with the same invoice, time, customer and country."""

    invoice: str
    invoiced_at: str  # ISO, with a blank and seconds
    customer_id: str
    country: str
    lines: range  # positions in the line columns


def rows(*, weeks: int = 0, data: Path = DATA) -> Iterator[RetailRow]:
    """Yield all rows in the order of the source, their times moved `weeks` forward."""
    items = [
        (stock_code, description, Decimal(price)) for stock_code, description, price in _table(data / "items.csv.xz")
    ]
    item_of_line = _column(data / "line_item.u16.xz", "H")
    quantity_of_line = _column(data / "line_quantity.i32.xz", "i")
    for receipt in _receipts(data, weeks):
        invoiced_at = datetime.fromisoformat(receipt.invoiced_at)
        for line in receipt.lines:
            stock_code, description, price = items[item_of_line[line]]
            yield RetailRow(
                receipt.invoice,
                stock_code,
                description,
                quantity_of_line[line],
                invoiced_at,
                price,
                receipt.customer_id,
                receipt.country,
            )


def csv_chunks(*, weeks: int = 0, data: Path = DATA) -> Iterator[bytes]:
    """Yield the rows as UTF-8 CSV with a header, in chunks of whole lines of about 1 MB.

    For `COPY ... FROM STDIN (FORMAT csv, HEADER)` and for the CSV import. Missing descriptions and
    customers are empty unquoted fields, which COPY reads as NULL. `weeks` moves the times forward.
    """
    items = [
        (f"{_field(stock_code)},{_field(description)},", price)
        for stock_code, description, price in _table(data / "items.csv.xz")
    ]
    item_of_line = _column(data / "line_item.u16.xz", "H")
    quantity_of_line = _column(data / "line_quantity.i32.xz", "i")
    text = [",".join(HEADER) + "\n"]
    for receipt in _receipts(data, weeks):
        invoice = f"{receipt.invoice},"
        invoiced_at = f",{receipt.invoiced_at},"
        buyer = f",{receipt.customer_id},{_field(receipt.country)}\n"
        for line in receipt.lines:
            product, price = items[item_of_line[line]]
            text.append(f"{invoice}{product}{quantity_of_line[line]}{invoiced_at}{price}{buyer}")
        if len(text) >= _ROWS_PER_CHUNK:
            yield "".join(text).encode()
            text.clear()
    yield "".join(text).encode()


def weeks_to_end_before(day: date) -> int:
    """Whole weeks that move the data's last week to the last complete week before `day`.

    A week is Monday to Sunday, and the one that `day` falls in is not complete, so the last day
    lands on the Friday three to nine days before `day`. Whole weeks keep weekdays true.
    """
    last_complete_monday = day - timedelta(days=day.weekday() + 7)
    last_data_monday = LAST_DAY - timedelta(days=LAST_DAY.weekday())
    return (last_complete_monday - last_data_monday).days // 7


def _receipts(data: Path, weeks: int) -> Iterator[_Receipt]:
    shift = timedelta(weeks=weeks)
    start = 0
    for invoice, invoiced_at, customer_id, country, line_count in _table(data / "receipts.csv.xz"):
        end = start + int(line_count)
        at = str(datetime.fromisoformat(invoiced_at) + shift) if weeks else invoiced_at
        yield _Receipt(invoice, at, customer_id, country, range(start, end))
        start = end


def _table(path: Path) -> Iterator[list[str]]:
    """Read a packed CSV without a header."""
    with lzma.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


def _column(path: Path, typecode: str) -> "array[int]":
    """Read a packed column of little-endian integers."""
    values = array(typecode, lzma.decompress(path.read_bytes()))
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _field(text: str) -> str:
    """Quote a CSV field only where it must be, as the source does."""
    if any(character in text for character in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


if __name__ == "__main__":
    sys.stdout.buffer.writelines(csv_chunks())
