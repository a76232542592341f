"""Excel files: what their cells mean, and which files are refused."""

import io
from contextlib import suppress
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage

from customers.actions.imports import read_again
from customers.imports import spreadsheets
from customers.imports.forgetting import _names
from customers.imports.problems import NO_RESULT, UnreadableFile
from customers.imports.reading import Layout, inspect, layout_of, records
from customers.imports.spreadsheets import number_text
from customers.models import Customer, ImportRun, Order
from customers.tests.imports_fixtures import LINES_HEADER, csv_of, import_csv, receive
from customers.tests.sheets import AMOUNT, DATE, DATE_TIME, OWN_DATE, archive, number, raw, shared, sheet_xml, workbook
from customers.tests.test_imports_run import errors_of, totals

HEADER = LINES_HEADER.split(",")


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def cells_of(*cells, **more):
    """The texts of the second row."""
    content = workbook({"Sheet1": [[f"c{at}" for at in range(len(cells))], cells]}, **more)
    return list(records(io.BytesIO(content), Layout(sheet="Sheet1")))[1][1]


def test_cells_mean_what_excel_shows():
    strings = ["<si><t>Caf&#233;</t></si>", "<si><r><t>two </t></r><rPh><t>aid</t></rPh><r><t>runs</t></r></si>"]
    found = cells_of(
        number("4915123456789"), number("1.23E+10"), number("12.0"), number("0.30000000000000004"), number("-6"),
        number("45000", DATE), number("45000.5208333333", DATE_TIME), number("0.75", DATE_TIME),
        number("45000", OWN_DATE), number("12.5", AMOUNT), raw(' t="b"><v>1</v>'), shared(0), shared(1), " plain ",
        raw(' t="d"><v>2026-01-05</v>'), raw(' t="str"><f>A1&amp;"x"</f><v>ax</v>'), raw("><f>1+1</f><v>2</v>"),
        raw("><f>1+1</f>"), raw(' t="e"><v>#REF!</v>'), None,
        strings=strings,
    )  # fmt: skip
    assert found == [
        "4915123456789", "12300000000", "12", "0.3", "-6", "2023-03-15", "2023-03-15T12:30:00", "18:00:00",
        "2023-03-15", "12.5", "true", "Café", "two runs", " plain ", "2026-01-05", "ax", "2", NO_RESULT, "#REF!", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("1E-3", "0.001"), ("123456789012345678", "123456789012346000"), ("1e400", "1e400"), ("nan", "nan"),
        ("x", "x"), ("100", "100"),
    ],
)  # fmt: skip
def test_numbers_have_no_exponent(stored, text):
    assert number_text(stored) == text


def test_days_are_counted_from_1904_where_the_file_says_so():
    assert cells_of(number("43538", DATE), is_1904=True) == ["2023-03-15"]


def test_cells_stand_where_their_reference_says_and_rows_keep_their_numbers():
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="C1" t="inlineStr"><is><t>c</t></is></c></row>'
        '<row r="7"><c r="B7"><v>2</v></c></row><row r="8"><c r="A8"/></row>'
    )
    content = workbook({"S": sheet_xml([]).replace("<sheetData>", f"<sheetData>{rows}")})
    assert list(records(io.BytesIO(content), Layout(sheet="S"))) == [(1, ["a", "", "c"]), (7, ["", "2", ""])]


def test_an_excel_file_becomes_what_its_csv_becomes(business, other_business):
    rows = [
        ["1001", "A1", "MUG", number("2"), number("46027.4166666667", DATE_TIME), number("2.5"), number("17850"), "UK"],
        ["1002", "A1", "MUG", number("3"), number("46028", DATE), number("2.5"), number("13047"), "France"],
    ]
    run = import_csv(workbook({"Empty": [], "Sales": [HEADER, *rows]}), business)
    assert (run.sheet, run.sheets, run.rows_total, run.rows_failed) == ("Sales", ["Empty", "Sales"], 2, 0)
    order = Order.objects.get(reference="1001")
    assert (order.total, order.customer.external_id) == (Decimal("5.00"), "17850")
    assert order.placed_at.isoformat() == "2026-01-05T10:00:00+00:00"
    before = totals()
    same = csv_of("1001,A1,MUG,2,2026-01-05 10:00,2.5,17850,UK", "1002,A1,MUG,3,2026-01-06,2.5,13047,France")
    import_csv(same, business)
    assert totals() == before


def test_errors_and_formulas_without_a_result_come_back_in_the_error_file(business):
    run = import_csv(
        workbook(
            {
                "Sales": [
                    HEADER,
                    ["1", "A", raw(' t="e"><v>#REF!</v>'), number("1"), "2026-01-05", number("2"), "7", "UK"],
                    ["2", "A", "x", raw("><f>1+1</f>"), "2026-01-05", number("2"), "7", "UK"],
                    ["3", "A", "=1+1", "?", "2026-01-05", number("2"), "7", "UK"],
                    ["4", "A", "x", raw("><f>1+1</f><v>2</v>"), "2026-01-05", number("2"), "7", "UK"],
                ]
            }
        ),
        business,
    )
    assert run.problems == {"cell_error": 2, "number": 1}
    assert Order.objects.get().total == Decimal(4)
    errors = {row["Line"]: row for row in errors_of(run)}
    assert (errors["2"]["Description"], errors["3"]["Quantity"]) == ("#REF!", NO_RESULT)
    assert errors["4"]["Description"] == "'=1+1"


def test_another_sheet_can_be_chosen_until_the_start(business):
    book = workbook(
        {"Sales": [HEADER, ["1", "A", "x", "1", "2026-01-05", "2", "7", "UK"]], "People": [["Email"], ["a@b.co"]]}
    )
    run = receive(book, business, name="book.xlsx")
    assert (run.kind, run.sheet) == ("lines", "Sales")
    read_again(run=run, layout=Layout(sheet="People"))
    run.refresh_from_db()
    assert (run.kind, run.header, run.mapping) == ("customers", ["Email"], {"email": 0})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "OpenDocument"),
        (archive({"xl/workbook.bin": "x"}), "binary Excel"),
        (archive({"word/document.xml": "x"}), "ZIP file without"),
        (workbook({"S": []}), "sheet is empty"),
        (workbook({"S": [["Email"]]}), "no rows"),
        (workbook({"S": [["Email"], ["a@b.co"]]})[:-40], "broken"),
        (workbook({"S": "<worksheet><sheetData><row>"}), "sheet is empty|broken"),
        (workbook({"S": '<!DOCTYPE x [<!ENTITY a "b">]><worksheet><row/><row/></worksheet>'}), "broken"),
        (workbook({"S": [["Email"], [raw(' r="ZZZ2" t="str"><v>x</v>')]]}), "broken"),
        (workbook({"S": [["Email"], ["x" * 100_001]]}), "too much text"),
        (workbook({"S": [["Email"], [shared(7)]]}), "broken"),
        (b"<html><table><tr><td>Email</td></tr></table></html>", "web page"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>', "web page or XML"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_the_reason(content, says):
    with pytest.raises(UnreadableFile, match=says):
        inspect(io.BytesIO(content))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    bomb = workbook({"S": "<worksheet>" + " " * 20_000_000})
    monkeypatch.setattr(spreadsheets, "count_rows", lambda *_: pytest.fail("unpacked"))
    with pytest.raises(UnreadableFile, match="too large when it is unpacked"):
        inspect(io.BytesIO(bomb))


def test_a_size_that_the_file_lies_about_is_not_passed():
    content = workbook({"S": [["Email"], *([f"{n}@b.co"] for n in range(2_000))]})
    at = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 1)
    while b"sheet1.xml" not in content[at : at + 80]:
        at = content.index(b"PK\x01\x02", at + 1)
    lying = content[: at + 24] + (1_000).to_bytes(4, "little") + content[at + 28 :]
    with pytest.raises(UnreadableFile, match="broken"):
        inspect(io.BytesIO(lying))


def test_a_file_with_broken_bytes_is_refused_in_words():
    content = workbook({"S": [["Email"], *([f"{n}@b.co"] for n in range(200))]})
    start = content.index(b"PK\x01\x02")
    for at in range(30, start, 5):
        broken = content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]
        with suppress(UnreadableFile):
            inspect(io.BytesIO(broken))
    points_before_the_file = content[:-6] + (start + 2**31).to_bytes(4, "little") + content[-2:]
    with pytest.raises(UnreadableFile, match="broken"):
        inspect(io.BytesIO(points_before_the_file))


@pytest.mark.parametrize(("name", "kept"), [("", "Sheet1"), ("x" * 120, "x" * 100)])
def test_names_of_sheets_that_excel_would_not_write(name, kept, business):
    run = receive(workbook({name: [["Email"], ["a@b.co"]]}), business, name="book.xlsx")
    assert (run.sheet, run.rows_total) == (kept, 1)


def test_who_is_named_on_any_sheet_of_a_file_is_found(business):
    from customers.actions.privacy import traces_of

    book = workbook({"People": [["Email"], ["ann@example.com"]], "Notes": [["x"], ["Zoë Quill"]]})
    run = receive(book, business, name="people.xlsx")
    zoe = Customer.objects.create(first_name="Zoë", last_name="Quill")
    bob = Customer.objects.create(first_name="Bob", last_name="Bell")
    assert default_storage.exists(run.path)
    assert [_names(run.path, layout_of(run), traces_of(person)) for person in (zoe, bob)] == [True, False]
    assert ImportRun.objects.get().path.endswith(".xlsx")
