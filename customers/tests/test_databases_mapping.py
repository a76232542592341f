"""What a mapping may say, and what the messages are when it says something else. No database is called."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from customers.databases.address import read_address
from customers.databases.cells import cell_of
from customers.databases.errors import AddressProblem, MappingProblem, SourceProblem
from customers.databases.mapping import read_mapping
from customers.databases.marks import beginning, capped, higher, mark_of
from customers.databases.statements import checked_expression, checked_query
from customers.tests.databases_fixtures import MAPPING

BERLIN = ZoneInfo("Europe/Berlin")
ORDERS = 'columns = { order_reference = "n", placed_at = "d", order_total = "t" }'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "There is nothing to read. Add one of customers, products, orders, lines, refunds."),
        ("[orders", "The mapping is not TOML: "),
        ("[order]\n", "[order] is not known. Allowed: source, customers, products, orders, lines, refunds."),
        ("[source]\nzone = 'x'", "[source] zone is not known. Allowed: name, url, business, time_zone."),
        (
            "[source]\ntime_zone = 'Berlin'\n[orders]\ntable='o'\n" + ORDERS,
            "[source] time_zone: “Berlin” is no time zone.",
        ),
        ("[orders]\n" + ORDERS, "[orders] needs either table or query."),
        ("[orders]\ntable = 'a; b'\n" + ORDERS, "[orders] table: “a; b” is no name."),
        ("[orders]\ntable = 'o'", "[orders] needs columns."),
        (
            "[orders]\ntable = 'o'\ncolumns = { order_reference = 'n' }",
            "[orders] columns must have placed_at, order_to",
        ),
        (
            "[orders]\ntable = 'o'\ncolumns = { total = 'n' }",
            "[orders.columns] total is not known. Allowed: order_re",
        ),
        (
            "[customers]\ntable = 'o'\ncolumns = { city = 'n' }",
            "[customers] columns must have one of customer",
        ),
        ("[orders]\ntable = 'o'\ncursor = 5\n" + ORDERS, "[orders] cursor must be text in quotes."),
        ("[orders]\ntable = 'o'\noverlap = 'x'\n" + ORDERS, "[orders] overlap must be a whole number."),
        ("[orders]\ntable = 'o'\nwhere = 'a = (1'\n" + ORDERS, "[orders] where: the brackets do not"),
        ("[orders]\nquery = 'DELETE FROM o'\n" + ORDERS, "[orders] query must be one SELECT."),
        (
            "[orders]\ntable = 'o'\n" + ORDERS + "\nstatuses = { x = 'sent' }",
            "[orders.statuses] x: “sent” is not one",
        ),
        (MAPPING.replace('order = "sale_id"', ""), "[lines] columns must have order_reference, placed_at."),
        (MAPPING.replace('key = "id"\norder', "order"), "[lines] needs key"),
    ],
)
def test_a_wrong_mapping_is_told_where_and_what(text, message):
    with pytest.raises(MappingProblem) as refused:
        read_mapping(text)
    assert str(refused.value.message).startswith(message)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; DROP TABLE users",
        "SELECT 1 -- more",
        "SELECT /*! 1 */ 2",
        "SELECT * INTO copy FROM users",
        "SELECT * FROM users FOR UPDATE",
        "WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone",
        "SELECT $$x$$",
        "SELECT 'it\\'s'",
        "SELECT 'open",
        "EXPLAIN ANALYZE SELECT 1",
    ],
)
def test_only_one_select_is_taken(sql):
    with pytest.raises(MappingProblem):
        checked_query(sql, "query")


def test_quoted_words_and_names_are_no_statements():
    assert (
        checked_query("SELECT \"update\", 'DROP; --' FROM `delete`;", "query")
        == "SELECT \"update\", 'DROP; --' FROM `delete`"
    )
    assert checked_expression("coalesce(a, ')')", "columns") == "coalesce(a, ')')"
    with pytest.raises(MappingProblem):
        checked_expression("1) FROM users UNION SELECT (2", "columns")


@pytest.mark.parametrize(
    ("url", "is_judged"),
    [
        ("sqlite:////etc/shop.db", True),
        ("postgresql:///shop?host=/var/run", True),
        ("postgresql://u:p@db.example.com/shop?passfile=/etc/passwd", False),
        ("mysql://db.example.com/", False),
        ("oracle://db.example.com/shop", False),
        ("https://db.example.com/shop", True),
    ],
)
def test_an_address_that_is_none_or_reaches_for_more_is_refused(url, is_judged):
    with pytest.raises(AddressProblem):
        read_address(url, is_judged=is_judged)


def test_an_address_is_shown_without_its_password():
    address = read_address("mysql://re%40der:s%2Fcret@db.example.com/shop", is_judged=True)
    assert (address.user, address.password, address.port, address.tls) == ("re@der", "s/cret", 3306, "require")
    assert address.shown == "mysql://re%40der@db.example.com:3306/shop"
    assert "cret" not in repr(address)
    assert read_address("postgresql://u@h/d", password="told", is_judged=False).password == "told"


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("order_total", Decimal("12.345678"), "12.3457"),
        ("order_total", 0.1 + 0.2, "0.3000"),
        ("order_total", None, ""),
        ("order_total", "n/a", "n/a"),
        ("placed_at", "2026-07-01 10:00:00", "2026-07-01T10:00:00+02:00"),
        ("placed_at", "2026-07-01 10:00:00+00", "2026-07-01T10:00:00+00:00"),
        ("placed_at", 1767225600, "2026-01-01T00:00:00+00:00"),
        ("placed_at", 1767225600000, "2026-01-01T00:00:00+00:00"),
        ("placed_at", "0000-00-00 00:00:00", ""),
        ("birthday", "0000-00-00", ""),
        ("sku", 12.0, "12"),
        ("sku", True, "true"),
        ("sku", b"\xff\x00", "ff00"),
        ("title", "a\0b\ud800", "ab"),
        ("title", "x" * 20_000, "x" * 10_000),
        ("status", "wc-done", "paid"),
    ],
)
def test_values_become_the_text_that_a_file_would_hold(field, value, text):
    assert cell_of(field, zone=BERLIN, statuses={"wc-done": "paid"})(value) == text


def test_the_next_reading_begins_a_little_before_the_mark():
    assert beginning("2026-07-01 10:00:00.5+00:00", None) == "2026-07-01 09:50:00+00:00"
    assert beginning("2026-07-01 10:00:00", None) == "2026-07-01 08:50:00"  # a wall clock may be put back
    assert beginning("2026-07-01T10:00:00Z", 0) == "2026-07-01T10:00:00"
    assert (beginning(5_000, None), beginning(5_000, 10)) == (4_000, 4_990)
    assert higher("2026-07-01 10:00:00+00", "2026-07-01 10:00:00.5+00") == "2026-07-01 10:00:00.5+00"
    assert (mark_of(Decimal("7")), mark_of(None), mark_of("infinity")) == (7, None, None)
    with pytest.raises(SourceProblem):
        mark_of("abc")


def test_a_mark_is_never_later_than_now():
    now = datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert capped("2037-01-01 00:00:00", now=now, zone=BERLIN) == "2026-07-01 12:00:00"
    assert capped("2026-07-01 09:00:00+00", now=now, zone=BERLIN) == "2026-07-01 09:00:00+00"


def test_the_mappings_of_the_documentation_are_valid():
    text = (settings.BASE_DIR / "docs/how-to/import-database.md").read_text()
    examples = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert [len(read_mapping(example).sections) for example in examples] == [5, 4, 4, 1]
