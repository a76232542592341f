"""Reading another database: everything, then what changed, from each kind of server."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from customers.actions import databases as actions
from customers.actions.undo_imports import undo_import
from customers.databases.address import read_address
from customers.databases.drivers import opened
from customers.databases.errors import MappingProblem, SourceProblem
from customers.models import Customer, DatabaseSync, Event, ImportRun, Order, OrderLine, Product, Refund, SyncRun
from customers.tests.databases_fixtures import FILLED, MAPPING, PASSWORD
from workspace.models import Business


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def read(shop, business, now):
    """read(mapping, at=later, full=True …) → what the command line does."""

    def read(mapping=MAPPING, *, at=now, sections=(), full=False, dry=False, report=lambda *_: None, url=""):
        return actions.read_now(
            business=business,
            mapping=mapping,
            address=read_address(url or shop.url, is_judged=False),
            sections=sections,
            is_full=full,
            is_dry_run=dry,
            actor=SYSTEM,
            now=at,
            report=report,
        )

    return read


def state():
    """Everything that a reading writes, without the ids of rows."""
    return {
        "customers": sorted(Customer.objects.values_list("external_id", "email", "first_name")),
        "orders": sorted(Order.objects.values_list("reference", "total", "status", "refunded_total", "placed_at")),
        "lines": sorted(
            OrderLine.objects.values_list("order__reference", "position", "product__sku", "quantity", "unit_price")
        ),
        "products": sorted(Product.objects.values_list("sku", "title")),
        "refunds": sorted(Refund.objects.values_list("reference", "total", "order__reference")),
    }


def test_all_sections_come_and_a_second_reading_changes_nothing(shop, read):
    shop.run(FILLED)
    run = read()
    found = state()
    assert [row[:4] for row in found["orders"]] == [
        ("A-1", Decimal("12.5"), "part_refunded", Decimal("2.5")),
        ("A-4", Decimal("3.3333"), "paid", 0),
    ]
    assert found["orders"][0][4].isoformat() == "2026-03-01T10:00:00+00:00"
    assert found["lines"] == [
        ("A-1", 1, "MUG", 2, 5),
        ("A-1", 2, "TEA", 1, Decimal("2.5")),
        ("A-4", 1, "TEA", 1, Decimal("3.3333")),
    ]
    assert found["customers"] == [("7", "ana@example.com", "Ana"), ("8", "", "Ben")]
    assert found["refunds"] == [("21", Decimal("2.5"), "A-1")]
    assert run.counts["lines"]["rows"] == 4
    assert (run.counts["orders"]["rows"], run.counts["orders"]["orders_created"]) == (3, 2)
    rows = {model: model.objects.count() for model in (Customer, Order, OrderLine, ImportRun, Event)}
    again = read(full=True)
    assert state() == found
    assert {model: model.objects.count() for model in rows} == rows
    assert set(again.counts["lines"]) == {"rows", "failed"}


def test_only_what_changed_is_read_and_rows_of_the_same_second_are_not_lost(shop, read, now):
    shop.run(FILLED)
    read()
    shop.run(
        """
UPDATE sales SET state = 'settled', updated_at = '2026-03-04 09:00:00' WHERE id = 2;
INSERT INTO sales VALUES (5, 'A-5', 7, 'paid', 9, '2026-03-03 10:00:00', '2026-03-03 10:00:00');
INSERT INTO items VALUES (15, 5, 'CUP', 'Cup', 3, 3, '2026-03-03 10:00:00')
"""
    )
    run = read(at=now + timedelta(hours=1))
    assert run.counts["orders"]["rows"] == 3  # A-2, A-4 (of the same second as A-5) and A-5
    assert run.counts["lines"]["rows"] == 3
    assert Order.objects.get(reference="A-2").total == 4
    assert [line.product.sku for line in Order.objects.get(reference="A-2").lines.all()] == ["MUG"]
    assert Order.objects.get(reference="A-5").lines.get().quantity == 3
    shop.run(
        "UPDATE items SET qty = 1, updated_at = '2026-03-06 10:00:00' WHERE id = 11;\nDELETE FROM items WHERE id = 12"
    )
    run = read(at=now + timedelta(hours=2))
    assert list(Order.objects.get(reference="A-1").lines.values_list("product__sku", "quantity")) == [("MUG", 1)]
    assert state() == (read(full=True), state())[1]


def test_a_kill_at_any_point_and_a_restart_end_as_if_nothing_had_been(shop, read, now):
    """Whatever the report interrupts, the next call goes on; in the end every row is there once."""
    shop.run(FILLED)

    class Killed(BaseException):
        pass

    calls = 0

    def report(*_args):
        nonlocal calls
        calls += 1
        if calls % 3 == 0:
            raise Killed

    kills = 0
    while True:
        try:
            run = read(report=report)
            break
        except Killed:
            kills += 1
    assert kills > 5
    assert SyncRun.objects.count() == 1
    assert set(run.counts) == {"customers", "orders", "lines", "refunds"}
    interrupted = state()
    for model in (Refund, OrderLine, Order):
        if model is Refund:
            connection.cursor().execute("DELETE FROM customers_refundline")
        model.objects.all().delete()
    read(full=True)
    assert state() == interrupted


def test_a_dry_run_counts_and_leaves_nothing(shop, read):
    shop.run(FILLED)
    run = read(dry=True)
    assert run.counts["orders"]["orders_created"] == 2
    assert not any((Customer.objects.exists(), Order.objects.exists(), ImportRun.objects.exists()))
    assert not DatabaseSync.objects.exists()


@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO users (id) VALUES (99)", "DELETE FROM items", "CREATE TABLE evil (id INTEGER)"],
)
def test_the_connection_refuses_to_write(shop, statement):
    shop.run(FILLED)
    address = read_address(shop.url, is_judged=False)
    with pytest.raises(SourceProblem), opened(address) as source:
        list(source.rows(statement, ()))
    with pytest.raises(SourceProblem), opened(address) as source:
        source.connection.cursor().execute(statement)
    assert (shop.count("users"), shop.count("items")) == (2, 4)


def test_odd_values_are_one_rows_problem(shop, read):
    """Zero dates, NULL, bytes, truth values, long texts and dates with a zone."""
    odd = {
        "postgresql": ("bytea", "boolean", "timestamptz", "decode('c3a9','hex')", "true", "'2026-01-05 10:00:00+02'"),
        "mysql": ("varbinary(20)", "boolean", "varchar(40)", "x'c3a9'", "true", "'2026-01-05T10:00:00+02:00'"),
        "sqlite": ("blob", "boolean", "text", "x'c3a9'", "1", "'2026-01-05T10:00:00+02:00'"),
    }[shop.kind]
    shop.run(
        f"""
CREATE TABLE odd (id VARCHAR(10), name {odd[0]}, flag {odd[1]}, at {odd[2]}, price REAL, note TEXT);
INSERT INTO odd VALUES ('1', {odd[3]}, {odd[4]}, {odd[5]}, 0.1, '{"x" * 20_000}');
INSERT INTO odd VALUES ('2', NULL, NULL, NULL, 5, NULL)
"""
    )
    when = {"postgresql": "'infinity'", "mysql": "'0000-00-00 00:00:00'", "sqlite": "'nonsense'"}[shop.kind]
    if shop.kind == "mysql":
        shop.run("SET sql_mode = '';\nALTER TABLE odd MODIFY at datetime NULL")
    shop.run(f"INSERT INTO odd VALUES ('3', NULL, NULL, {when}, 5, NULL)")
    zone = 'time_zone = "Asia/Tokyo"' if shop.kind == "mysql" else ""
    run = read(
        f"""
[source]
{zone}
[orders]
table = "odd"
columns = {{ order_reference = "id", placed_at = "at", order_total = "price", first_name = "name", city = "note",
    channel = "'web'", last_name = "flag" }}
""".replace(",\n   ", ",")
    )
    order = Order.objects.get()
    assert (order.reference, order.total, order.channel) == ("1", Decimal("0.1"), "web")
    hour = "2026-01-05T01:00:00+00:00" if shop.kind == "mysql" else "2026-01-05T08:00:00+00:00"
    assert order.placed_at.isoformat() == hour
    assert (run.counts["orders"]["rows"], run.counts["orders"]["failed"]) == (3, 2)
    assert ImportRun.objects.get().problems == ({"required": 2} if shop.kind == "mysql" else {"required": 1, "date": 1})


def test_a_number_may_be_the_cursor_and_late_rows_below_it_still_come(shop, read):
    mapping = MAPPING.replace('cursor = "updated_at"\nwhere', 'cursor = "id"\nwhere')
    shop.run(FILLED)
    shop.run("DELETE FROM sales WHERE id = 2")
    read(mapping, sections=["orders"])
    shop.run("INSERT INTO sales VALUES (2, 'A-2', 8, 'paid', 4, '2026-03-02 10:00:00', NULL)")
    read(mapping, sections=["orders"])
    assert Order.objects.filter(reference="A-2").exists()
    assert DatabaseSync.objects.get().marks["orders"]["at"] == {"own": 4}


def test_a_mark_in_the_future_hides_nothing(shop, read, now):
    shop.run(FILLED)
    shop.run("UPDATE users SET updated_at = '2037-01-01 00:00:00' WHERE id = 7")
    read(sections=["customers"])
    mark = DatabaseSync.objects.get().marks["customers"]["at"]["own"]
    assert mark[:13] == now.isoformat(sep=" ")[:13]


def test_columns_that_are_not_there_are_named_with_those_that_are(shop, read):
    with pytest.raises(MappingProblem) as refused:
        read(MAPPING.replace('"total"', '"grand_total"'))
    assert str(refused.value.message).startswith("[orders] There is no column “grand_total”. There are: id, number,")
    checks = actions.check_database(mapping=MAPPING, address=read_address(shop.url, is_judged=False))
    assert [(check.section.name, list(check.missing)) for check in checks][1] == ("orders", [])


def test_a_query_with_a_percent_sign_reads_too(shop, read):
    shop.run(FILLED)
    read(
        """
[products]
query = "SELECT code AS sku, max(name) AS title, 'Kitchen' AS dept FROM items WHERE name LIKE '1%' GROUP BY code;"
columns = { sku = "sku", title = "title", category = "dept" }
"""
    )
    assert list(Product.objects.values_list("sku", "title", "category")) == [("TEA", "100% tea", "Kitchen")]


def test_an_unreachable_server_is_told_without_the_password(shop, read):
    if shop.kind == "sqlite":
        url, host = "sqlite:////nowhere/shop.db", "nowhere"
    else:
        url, host = (
            f"{shop.kind}://reader:{PASSWORD.replace('/', '%2F').replace('@', '%40')}@127.0.0.1:1/shop",
            "127.0.0.1",
        )
    with pytest.raises(SourceProblem) as refused:
        read(url=url)
    assert host in str(refused.value.message)
    assert "s3cret" not in str(refused.value.message)
    assert refused.value.__cause__ is None
    assert "s3cret" not in SyncRun.objects.get().error


def test_what_was_undone_is_read_again(shop, read, now):
    """Whatever the order in which two readings are undone, the next one begins before the first of them."""
    shop.run(FILLED)
    read()
    shop.run("INSERT INTO sales VALUES (5, 'A-5', 7, 'paid', 9, '2026-03-09 10:00:00', '2026-03-09 10:00:00')")
    read(sections=["orders"])
    shop.run("INSERT INTO sales VALUES (6, 'A-6', 7, 'paid', 9, '2026-04-09 10:00:00', '2026-04-09 10:00:00')")
    read(sections=["orders"])
    found = state()
    second, third = ImportRun.objects.filter(section="orders").order_by("pk")[1:]
    for run in (second, third):
        undo_import(run, report=lambda *_: None, now=now)
    assert DatabaseSync.objects.get().marks["orders"]["at"]["own"][:10] == "2026-03-03"
    assert not Order.objects.filter(reference__in=["A-5", "A-6"]).exists()
    assert read(sections=["orders"]).counts["orders"]["orders_created"] == 2
    assert state() == found
    for run in ImportRun.objects.filter(undone_at=None).order_by("-pk"):
        undo_import(run, report=lambda *_: None, now=now)
    assert not any((Customer.objects.exists(), Order.objects.exists(), Refund.objects.exists()))
    read()
    assert state() == found


def test_orders_that_are_only_marked_as_deleted_are_cancelled(shop, read, now):
    """The expressions of docs/how-to/import-database.md."""
    mapping = MAPPING.replace(
        'status = "state"', "status = \"CASE WHEN gone_at IS NULL THEN state ELSE 'cancelled' END\""
    )
    mapping = mapping.replace('cursor = "updated_at"\nwhere', 'cursor = "coalesce(gone_at, updated_at)"\nwhere')
    shop.run(FILLED + ";\nALTER TABLE sales ADD COLUMN gone_at TIMESTAMP NULL")
    read(mapping)
    shop.run("UPDATE sales SET gone_at = '2026-03-20 10:00:00' WHERE id = 1")
    run = read(mapping, at=now + timedelta(hours=1))
    assert run.counts["orders"]["orders_updated"] == 1
    assert dict(Order.objects.values_list("reference", "status")) == {"A-1": "cancelled", "A-4": "paid"}


def test_two_programmes_read_the_same_shop_for_themselves(shop, read, other_programme, now):
    shop.run(FILLED)
    first = read().sync
    with tenant_context(other_programme):
        assert not DatabaseSync.objects.exists()
        assert not Order.objects.exists()
        run = actions.read_now(
            business=Business.objects.create(name="Markt", category=Business.Category.CAFE),
            mapping=MAPPING,
            address=read_address(shop.url, is_judged=False),
            sections=["orders"],
            is_full=False,
            is_dry_run=False,
            actor=SYSTEM,
            now=now,
            report=lambda *_: None,
        )
        assert run.counts["orders"]["orders_created"] == 2
        assert set(DatabaseSync.objects.get().marks) == {"orders"}
    first.refresh_from_db()
    assert set(first.marks) == {"customers", "orders", "lines", "refunds"}
    assert Order.objects.count() == 2
