"""Cells and files in every spelling that shops send."""

import io
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from customers.imports import values
from customers.imports.fields import guess_date_order, guess_kind, guess_mapping
from customers.imports.reading import Layout, UnreadableFile, inspect, records
from customers.imports.values import NULL, CellProblem, Cells

price = values.number_of(decimals=4, largest=10_000_000, signed=False)
total = values.number_of(decimals=4, largest=10_000_000, signed=True)
LATEST = datetime(2026, 6, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.40", "12.4"), ("12,40", "12.4"), ("1,200.50", "1200.5"), ("1.200,50", "1200.5"), ("1 200,50", "1200.5"),
        ("1,200", "1200"), ("£3", "3"), ("3.00 €", "3"), ("GBP 3.10", "3.1"), ("0.001", "0.001"), (".5", "0.5"),
        ("007", "7"), ("0.0", "0"), ("-0", "0"), ("+4", "4"), ("$1,000,000.00", "1000000"),
        ("₹1,23,456.50", "123456.5"), ("1 200", "1200"),
    ],
)  # fmt: skip
def test_numbers_as_shops_write_them(text, value):
    assert price(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("-6", "-6"), ("−6.50", "-6.5"), ("(6.00)", "-6"), ("6-", "-6"), ("-£6", "-6")]
)
def test_numbers_below_zero(text, value):
    assert total(text) == value
    with pytest.raises(CellProblem, match="negative"):
        price(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("NaN", "number"), ("inf", "number"), ("1e18", "number"), ("ten", "number"), ("1.2.3", "number"),
        ("1000000000000000000", "too_large"), ("1000000000", "too_large"), ("0.00001", "digits"), ("--5", "number"),
        ("٣", "number"), ("٣,٥", "number"), ("١.٢٠٠,٥٠", "number"), ("5.٣", "number"),
        ("12 40", "number"), ("1,234,5", "number"), ("12.40 or so", "number"),
    ],
)  # fmt: skip
def test_what_is_no_price(text, problem):
    with pytest.raises(CellProblem, match=problem):
        price(text)


@pytest.mark.parametrize(
    ("text", "order", "moment"),
    [
        ("2026-01-05 10:00:00", "dmy", datetime(2026, 1, 5, 10)),
        ("2026-01-05T10:00:00Z", "dmy", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("05/01/2026", "dmy", datetime(2026, 1, 5)),
        ("05/01/2026 10:30", "mdy", datetime(2026, 5, 1, 10, 30)),
        ("5.1.26", "dmy", datetime(2026, 1, 5)),
        ("1/5/2026 12:05 AM", "mdy", datetime(2026, 1, 5, 0, 5)),
        ("1/5/2026, 1:05 pm", "mdy", datetime(2026, 1, 5, 13, 5)),
    ],
)
def test_dates(text, order, moment):
    assert values.parse_moment(text, order) == moment


@pytest.mark.parametrize("text", ["soon", "31/02/2026", "2026-13-01", "1/5/2026 13:05 PM", "45000", "1/2"])
def test_what_is_no_date(text):
    with pytest.raises(CellProblem, match="date"):
        values.moment_of("dmy", ZoneInfo("Europe/London"), LATEST)(text)


@pytest.mark.parametrize("text", ["9999-12-31 23:59:59", "9999-12-31T23:59:59-11:00"])
def test_the_end_of_time_is_in_the_future_in_every_zone(text):
    """Databases write it for "never"; in UTC it is a day that no calendar has."""
    with pytest.raises(CellProblem, match="future"):
        values.moment_of("ymd", ZoneInfo("America/New_York"), LATEST)(text)


def test_the_beginning_of_time_is_no_date():
    with pytest.raises(CellProblem, match="date"):
        values.moment_of("ymd", ZoneInfo("Asia/Tokyo"), LATEST)("0001-01-01")


def test_a_birthday_of_tomorrow_is_refused():
    with pytest.raises(CellProblem, match="future"):
        values.day_of("dmy", date(2026, 6, 17))("2026-06-18")


def test_an_address_that_its_small_letters_make_too_long_is_refused():
    assert values.email("ANN@Example.com") == "ann@example.com"
    with pytest.raises(CellProblem, match="email"):
        values.email("İ" * 200 + "@example.com")


def test_text_is_kept_from_being_read_as_copy_syntax():
    assert values.text_of(40)("a\tb \\N") == r"a b \\N"
    assert values.reference_of(40)("a\\b") == r"a\\b"


def test_a_problem_is_noted_for_each_row_and_an_answer_is_remembered():
    noted, asked = [], []

    def convert(text):
        asked.append(text)
        return price(text)

    cells = Cells(convert, noted, required=True)
    assert [cells["1"], cells[" 1"], cells["1"], cells["x"], cells["x"], cells[""]] == ["1", "1", "1", NULL, NULL, NULL]
    assert asked == ["1", "1", "x", "x"]
    assert noted == ["number", "number", "required"]


def test_memory_of_answers_does_not_grow(monkeypatch):
    monkeypatch.setattr(values, "REMEMBERED", 10)
    cells = Cells(price, [])
    for number in range(100):
        assert cells[str(number)] == str(number)
    assert len(cells) <= 10


RETAIL = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]


def test_columns_are_guessed():
    assert guess_kind(RETAIL) == "lines"
    assert guess_mapping("lines", RETAIL) == {
        "order_reference": 0, "sku": 1, "title": 2, "quantity": 3, "placed_at": 4, "unit_price": 5,
        "customer_external_id": 6, "country": 7,
    }  # fmt: skip
    assert guess_kind(["Order number", "Date", "Total", "E-mail"]) == "orders"
    assert guess_kind(["Name", "Phone number", "e_mail address"]) == "customers"


def test_the_order_of_day_and_month_is_guessed():
    assert guess_date_order(["2026-01-05"], "GB") == "ymd"
    assert guess_date_order(["05/01/2026", "17/01/2026"], "US") == "dmy"
    assert guess_date_order(["01/17/2026"], "GB") == "mdy"
    assert (guess_date_order(["01/02/2026"], "GB"), guess_date_order(["01/02/2026"], "US")) == ("dmy", "mdy")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"Email\n", "no rows"),
        (b"PK\x03\x04rest of a sheet", "broken"),
        (b"\xd0\xcf\x11\xe0old", "old Excel"),
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08compressed", "compressed"),
        (b"\x89PNG\r\n", "picture"),
        (b"Email,Phone\na@b.com\0,1\n", "not a text file"),
        (b"Email,Phone\na@b.com,1\nb@b.co", "middle of a row"),
        ("Email,Name\na@b.com,Zoë".encode()[:-1], "middle of a letter"),
        (b'Email,Name\na@b.com,"Ann\nb@b.com,Bob\n', "line 2 is never closed"),
        (b"Email,email\n1,2\n", "same name"),
        (b"17850,13047\n1,2\n", "looks like data"),
        (b"Ann,ann@b.com\nBob,bob@b.com\n", "looks like data"),
        (b"Ann,+44 7700 900123\nBob,07700 900124\n", "looks like data"),
        (b"Email,\x81\n1,2\n", "cannot be read"),
        ("Email,Name\na@b.com,A\0n\n".encode("utf-16"), "not a text file"),
        ("Email,Name\na@b.com,Ann\n".encode("utf-32"), "not a text file"),
        ("Email,Name\na@b.com,Ann\n".encode("utf-16")[:-1], "middle of a letter"),
        ("Email,Name\na@b.c".encode("utf-16"), "middle of a row"),
    ],
)
def test_what_is_no_csv_file_is_refused_with_the_reason(content, says):
    with pytest.raises(UnreadableFile, match=says):
        inspect(io.BytesIO(content))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter):
    text = delimiter.join(["Name", "Note", "Total"]) + "\n" + delimiter.join(["Ann", '"a, b; c|d"', "1"]) + "\n"
    found = inspect(io.BytesIO(text.encode()))
    assert (found.layout.delimiter, list(found.header), found.rows) == (delimiter, ["Name", "Note", "Total"], 1)
    assert found.preview == [["Ann", "a, b; c|d", "1"]]


def test_lines_are_numbered_where_records_begin():
    content = b'Name,Note\n\nAnn,"two\nlines"\nBob,"b"x\nCy,c'
    found = list(records(io.BytesIO(content), Layout("utf-8", ",")))
    assert found == [(1, ["Name", "Note"]), (3, ["Ann", "two\nlines"]), (5, None), (6, ["Cy", "c"])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_the_encoding_is_found(encoding):
    found = inspect(io.BytesIO("Name,Town\nZoë,Köln\nBob,Bath\n".encode(encoding)))
    assert (found.layout.encoding, found.preview[0]) == (encoding, ["Zoë", "Köln"])


def test_an_encoding_that_a_person_chose_is_taken():
    content = "Name,Town\nZoë,Łódź\n".encode("cp1250")
    assert inspect(io.BytesIO(content), Layout("cp1250")).preview == [["Zoë", "Łódź"]]
