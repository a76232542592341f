"""The import core: what a file becomes, and that it becomes it once."""

import csv
import io
import time
from collections import Counter
from decimal import Decimal

import psycopg
import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError, connection
from django_tenants.utils import tenant_context

from customers.imports import staging, writing
from customers.imports.run import run_import
from customers.models import (
    Customer,
    CustomerFacts,
    Event,
    Identifier,
    ImportPerson,
    ImportRow,
    ImportRun,
    Order,
    OrderLine,
    Product,
    Refund,
    RefundLine,
)
from customers.tests.imports_fixtures import csv_of, import_csv, receive
from programs.models import Programme
from workspace.models import Business

SALES = csv_of(
    "1001,A1,RED MUG,2,2026-01-05 10:00:00,2.50,17850,United Kingdom",
    "1001,a1,Blue mug ,1,2026-01-05 10:01:00,0.001,17850,United Kingdom",
    "1002,A1,RED MUG,3,2026-01-06 09:00:00,2.50,13047,France",
    "1001,A1,RED MUG,2,2026-01-05 10:00:00,2.50,17850,United Kingdom",
    "1003,A1,RED MUG,4,2026-01-07 12:00:00,2.50,,United Kingdom",
    "1004,A1,,5,2026-01-07 13:00:00,0,17851,United Kingdom",
)


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def totals():
    tables = [Customer, Identifier, Product, Order, OrderLine, Refund, RefundLine]
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in tables}


def errors_of(run):
    with default_storage.open(run.error_path, "rb") as file:
        return list(csv.DictReader(io.StringIO(file.read().decode("utf-8-sig")), delimiter=run.delimiter))


def test_sales_lines_become_customers_products_orders_and_lines(business):
    run = import_csv(SALES, business)
    order = Order.objects.get(reference="1001")
    assert order.total == Decimal("10.001")
    assert order.customer.external_id == "17850"
    assert order.placed_at.isoformat() == "2026-01-05T10:00:00+00:00"  # London in winter, the earlier of two minutes
    lines = order.lines.order_by("position").values_list("position", "product__sku", "quantity", "title")
    assert list(lines) == [(1, "A1", 2, "RED MUG"), (2, "a1", 1, "Blue mug"), (3, "A1", 2, "RED MUG")]
    assert Order.objects.get(reference="1003").customer is None
    assert set(Order.objects.values_list("reference", flat=True)) == {"1001", "1002", "1003"}
    assert sorted(Customer.objects.values_list("external_id", flat=True)) == ["13047", "17850", "17851"]
    assert (run.phase, run.rows_total, run.rows_failed, run.rows_skipped) == ("done", 6, 0, 1)
    assert run.counts["orders_created"] == 3
    facts = CustomerFacts.objects.get(customer__external_id="17850")
    assert (facts.orders_count, facts.total_spent) == (1, Decimal("10.001"))


def test_a_summer_time_is_the_wall_clock_of_the_programme(business):
    import_csv(csv_of("1,A,x,1,2026-07-01 10:00,5,7,UK"), business)
    assert Order.objects.get().placed_at.isoformat() == "2026-07-01T09:00:00+00:00"


def test_nothing_is_left_of_the_rows_on_their_way(business):
    import_csv(SALES, business)
    assert not ImportRow.objects.exists()
    assert not ImportPerson.objects.exists()


def test_one_event_tells_of_an_import(business):
    run = import_csv(SALES, business)
    event = Event.objects.get()
    assert event.name == "customers.import.finished"
    assert event.data["import"] == run.code


def test_the_same_rows_again_change_nothing(business):
    import_csv(SALES, business)
    before = totals()
    again = import_csv(SALES + b"\n", business)  # another digest, the same rows
    assert totals() == before
    assert again.counts["orders_created"] == again.counts["lines_written"] == again.counts["customers_updated"] == 0


def test_small_chunks_give_the_same_as_one(business, other_business, monkeypatch):
    import_csv(SALES, business)
    monkeypatch.setattr(staging, "CHUNK_ROWS", 1)
    run = import_csv(SALES, other_business)
    assert run.chunk_count > 3
    values = ["reference", "total", "placed_at", "customer_id"]
    first, second = (Order.objects.filter(business=b).order_by("reference") for b in (business, other_business))
    assert list(first.values(*values)) == list(second.values(*values))


def test_a_killed_import_goes_on_and_counts_once(business, monkeypatch):
    monkeypatch.setattr(staging, "CHUNK_ROWS", 1)
    whole = import_csv(SALES, Business.objects.create(name="Whole"))

    class KilledError(Exception):
        pass

    for survived in range(1, writing.steps_of(whole)):
        calls = []

        def report(done, total, what, *, calls=calls, survived=survived):
            calls.append(done)
            if len(calls) > survived + 2:
                raise KilledError

        shop = Business.objects.create(name=f"Shop {survived}")
        run = receive(SALES, shop)
        run.options["date_order"] = "ymd"
        run.save()
        with pytest.raises(KilledError):
            run_import(run, report=report, now=run.created_at)
        run = ImportRun.objects.get(pk=run.pk)
        run_import(run, report=lambda *_: None, now=run.created_at)
        assert run.counts["orders_created"] == 3, survived
        assert Order.objects.filter(business=shop).count() == 3
        assert OrderLine.objects.filter(order__business=shop).count() == 5


SIX_ORDERS = csv_of(*(f"{n},A{n % 2},MUG,{n},2026-01-05 10:00:00,2.50,{n % 3},UK" for n in range(1, 7)))


@pytest.fixture
def busy_shop(committed_database):
    """A business in a database where commits are real, so that a second connection sees them."""
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    return Business.objects.create(name="Busy")


def gone(pid):
    """Whether the server process has ended; it does a moment after its connection was closed."""
    for _attempt in range(100):
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [pid])
            if not cursor.rowcount:
                return True
        time.sleep(0.05)
    return False


def test_two_connections_write_the_sales_and_count_them_once(busy_shop, monkeypatch):
    monkeypatch.setattr(staging, "CHUNK_ROWS", 1)
    steps = []
    write_orders, used = writing._write_orders, Counter()

    def write(*args):
        used[connection.connection.info.backend_pid] += 1
        write_orders(*args)

    monkeypatch.setattr(writing, "_write_orders", write)
    run = import_csv(SIX_ORDERS, busy_shop, report=lambda *_: steps.append(ImportRun.objects.get().steps_done))
    assert sorted(used.values()) == [3, 3]
    assert steps == sorted(steps)
    assert (run.counts["orders_created"], run.counts["lines_written"]) == (6, 6)
    assert list(Order.objects.order_by("reference").values_list("reference", "total")) == [
        (str(n), Decimal("2.50") * n) for n in range(1, 7)
    ]
    del used[connection.connection.info.backend_pid]
    assert gone(*used), "the second connection stayed open"


def test_a_chunk_that_fails_holds_back_the_one_beside_it(busy_shop, monkeypatch):
    monkeypatch.setattr(staging, "CHUNK_ROWS", 1)
    write_orders = writing._write_orders

    def fail(run, parameters, counts):
        if parameters["chunk"] == 2:
            raise ZeroDivisionError
        write_orders(run, parameters, counts)

    monkeypatch.setattr(writing, "_write_orders", fail)
    with pytest.raises(ZeroDivisionError):
        import_csv(SIX_ORDERS, busy_shop)
    assert set(Order.objects.values_list("reference", flat=True)) == {"1", "2"}
    monkeypatch.setattr(writing, "_write_orders", write_orders)
    run = ImportRun.objects.get()
    run_import(run, report=lambda *_: None, now=run.created_at)
    assert run.counts["orders_created"] == Order.objects.count() == 6


def test_two_connections_give_up_on_a_row_that_somebody_keeps(busy_shop, committed_database, monkeypatch):
    """That somebody may be waiting for one of the two, which PostgreSQL cannot see."""
    monkeypatch.setattr(staging, "CHUNK_ROWS", 1)
    monkeypatch.setattr(writing, "LOCK_TIMEOUT", "300ms")
    order = (
        "INSERT INTO p_harbour.customers_order (code, business_id, source, reference, number, channel, status,"
        " fulfilment_status, placed_at, total, refunded_total, discount, tax, shipping, created_at)"
        " VALUES ('x', %s, 'api', '3', '', 'store', 'paid', '', now(), 1, 0, 0, 0, 0, now())"
    )
    with psycopg.connect(committed_database) as keeper:
        keeper.execute(order, [busy_shop.pk])
        with pytest.raises(OperationalError, match="lock timeout"):
            import_csv(SIX_ORDERS, busy_shop)
        keeper.rollback()
    run = ImportRun.objects.get()
    run_import(run, report=lambda *_: None, now=run.created_at)
    assert run.counts["orders_created"] == Order.objects.count() == 6


def test_the_second_connection_writes_in_the_same_programme(busy_shop, monkeypatch):
    monkeypatch.setattr(staging, "CHUNK_ROWS", 1)
    import_csv(SIX_ORDERS, busy_shop)
    for slug, orders in (("harbour", 6), ("meadow", 0)):
        with tenant_context(Programme.objects.get(slug=slug)):
            assert Order.objects.count() == orders


def test_rows_that_a_crash_emptied_are_read_again(business, monkeypatch):
    monkeypatch.setattr(staging, "CHUNK_ROWS", 1)

    class KilledError(Exception):
        pass

    calls = []

    def report(*_):
        calls.append(1)
        if len(calls) > 5:
            raise KilledError

    run = receive(SALES, business)
    with pytest.raises(KilledError):
        run_import(run, report=report, now=run.created_at)
    staging.clear(run.pk)  # what PostgreSQL does to an unlogged table after a crash
    run_import(ImportRun.objects.get(pk=run.pk), report=lambda *_: None, now=run.created_at)
    assert Order.objects.count() == 3


def test_a_dry_run_says_what_would_happen_and_writes_nothing(business):
    import_csv(csv_of("1001,A1,x,1,2026-01-05,2.50,17850,UK"), business)
    before = totals()
    run = import_csv(SALES + csv_of("C9,A1,x,-1,2026-01-09,2.50,17850,UK").split(b"\n", 1)[1], business, dry=True)
    assert totals() == before
    assert run.counts == {
        "customers_known": 1,
        "customers_created": 2,
        "orders_known": 1,
        "orders_created": 2,
        "refunds_known": 0,
        "refunds_created": 1,
    }
    assert Event.objects.count() == 1  # of the first import


def test_bad_rows_stop_no_others_and_come_back_with_line_and_reason(business):
    run = import_csv(
        csv_of(
            "1,A,x,1,2026-01-05,2.50,7,UK",
            "2,A,x,one,2026-01-05,2.50,7,UK",
            "3,A,x,1,soon,2.50,7,UK",
            "4,A,x,1,2026-01-05,-2.50,7,UK",
            "5,A,x,1,2026-01-05,2.50",
            ",A,x,1,2026-01-05,2.50,7,UK",
            "6,A,x,1,2999-01-05,2.50,7,UK",
            "7,A,x,1,2026-01-05,1e18,7,UK",
            "8,A,x,1,2026-01-05,NaN,7,UK",
            '9,A,x"y",1,2026-01-05,2.50,7,"U"K',
            "10,A,x,1,2026-01-05,2.50,7,UK",
        ),
        business,
    )
    assert set(Order.objects.values_list("reference", flat=True)) == {"1", "10"}
    errors = {int(row["Line"]): row for row in errors_of(run)}
    assert run.rows_failed == len(errors) == 9
    assert sorted(errors) == list(range(3, 12))
    assert errors[3]["Quantity"] == "one"
    assert run.problems == {
        "number": 3, "columns": 1, "date": 1, "future": 1, "negative": 1, "quotes": 1, "required": 1,
    }  # fmt: skip


def test_no_cell_of_the_error_file_is_a_formula(business):
    run = import_csv(
        csv_of(
            '1,A,"=HYPERLINK(""http://evil.example"")",one,2026-01-05,2.50,@SUM(1),\tUK',
            "2,-A,+1 800,-1,never,-2.50,+44 7700 900142,-1+cmd",
        ),
        business,
    )
    formula, plain = errors_of(run)
    assert formula["Description"] == '\'=HYPERLINK("http://evil.example")'
    assert (formula["CustomerID"], formula["Country"]) == ("'@SUM(1)", "'\tUK")
    assert (plain["StockCode"], plain["Country"]) == ("'-A", "'-1+cmd")
    # Numbers and phone numbers stay what they are: the corrected file is imported again.
    assert (plain["Quantity"], plain["UnitPrice"], plain["CustomerID"]) == ("-1", "-2.50", "+44 7700 900142")


def test_an_order_with_a_bad_line_waits_as_a_whole(business):
    run = import_csv(
        csv_of(
            "1,A,x,1,2026-01-05,2.50,7,UK",
            "2,A,x,1,2026-01-05,2.50,7,UK",
            "1,B,y,?,2026-01-05,1.00,7,UK",
        ),
        business,
    )
    assert Order.objects.get().reference == "2"
    assert run.problems == {"held_back": 1, "number": 1}
    corrected = [row["Quantity"].replace("?", "4") and ",".join([
        row["Invoice"], row["StockCode"], row["Description"], row["Quantity"].replace("?", "4"),
        row["InvoiceDate"], row["UnitPrice"], row["CustomerID"], row["Country"],
    ]) for row in errors_of(run)]  # fmt: skip
    import_csv(csv_of(*corrected), business)
    assert Order.objects.get(reference="1").total == Decimal("6.50")


def test_an_order_of_two_customers_is_refused(business):
    run = import_csv(csv_of("1,A,x,1,2026-01-05,2.50,7,UK", "1,A,x,1,2026-01-05,2.50,8,UK"), business)
    assert run.problems == {"two_customers": 2}
    assert not Order.objects.exists()


def test_an_order_changed_in_the_file_is_changed_here(business):
    import_csv(csv_of("1,A,x,1,2026-01-05,2.50,7,UK", "1,B,y,2,2026-01-05,1,7,UK"), business)
    run = import_csv(csv_of("1,A,x,3,2026-01-05,2.50,7,UK"), business)
    order = Order.objects.get()
    assert (order.total, order.lines.get().quantity) == (Decimal("7.50"), 3)
    assert run.counts["orders_updated"] == 1


def test_a_sale_of_the_till_keeps_its_amount_and_gets_the_lines(business, now):
    customer = Customer.objects.create(phone="+447700900123")
    Identifier.objects.create(kind="phone", value="+447700900123", customer=customer)
    sale = Order.objects.create(
        business=business, source="till", reference="1", customer=customer, placed_at=now, total=Decimal("5.00")
    )
    import_csv(csv_of("1,A,x,2,2026-01-05,2.40,7,UK"), business)
    sale.refresh_from_db()
    assert (sale.total, sale.customer, sale.source, sale.placed_at) == (Decimal("5.00"), customer, "till", now)
    assert sale.lines.count() == 1


def test_another_businesss_reference_is_another_order(business, other_business):
    import_csv(csv_of("1,A,x,1,2026-01-05,2.50,7,UK"), other_business)
    import_csv(csv_of("1,A,x,2,2026-01-06,2.50,7,UK"), business)
    assert Order.objects.get(business=other_business).total == Decimal("2.50")
    assert Order.objects.get(business=business).total == Decimal("5.00")


def test_another_programme_sees_nothing_of_it(business, other_programme):
    def kept():
        return default_storage.listdir("imports") if default_storage.exists("imports") else ([], [])

    with tenant_context(other_programme):
        before = kept()  # files outlive the tests that made them
    import_csv(SALES, business)
    with tenant_context(other_programme):
        assert not Customer.objects.exists()
        assert not ImportRun.objects.exists()
        assert kept() == before
    assert connection.schema_name == "p_harbour"


def test_the_title_of_the_latest_sale_stands(business):
    import_csv(
        csv_of(
            "1,A,OLD,1,2026-01-05,2.50,7,UK",
            "2,A,NEW,1,2026-01-06,3.00,7,UK",
            "3,A,,1,2026-01-07,3.50,7,UK",
            "C4,A,damaged,-1,2026-01-08,2.50,7,UK",
            "5,POST,POSTAGE,1,2026-01-08,2.50,7,UK",
        ),
        business,
        service_skus=["POST"],
    )
    assert Product.objects.get(sku="A").title == "NEW"
    assert list(Product.objects.order_by("sku").values_list("sku", "kind")) == [("A", "goods"), ("POST", "service")]


@pytest.mark.parametrize(
    ("encoding", "bom"), [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("cp1252", b""), ("utf-16", b"")]
)
def test_files_of_every_usual_encoding(business, encoding, bom):
    text = (
        "Invoice;StockCode;Description;Quantity;InvoiceDate;UnitPrice;CustomerID\n1;A;Café £5;1;05.01.2026;1.234,50;7\n"
    )
    import_csv(bom + text.encode(encoding), business, date_order="dmy")
    assert OrderLine.objects.get().title == "Café £5"
    assert Order.objects.get().total == Decimal("1234.50")
