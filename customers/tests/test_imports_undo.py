"""Taking an import back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from customers.actions.imports import KEPT, KEPT_DAYS, NotStartable, start_import
from customers.actions.privacy import erase_person, traces_of
from customers.actions.rollups import rebuild_rollups
from customers.actions.undo_imports import NotUndoable, preview_undo, start_undo, undo_import
from customers.imports import undoing
from customers.models import (
    BusinessCustomerFacts,
    BuyerDay,
    Customer,
    CustomerFacts,
    DailySales,
    HourlySales,
    Identifier,
    ImportRun,
    ImportUndo,
    Order,
    OrderLine,
    Product,
    ProductDay,
    ProductSales,
    Refund,
    RefundLine,
)
from customers.tests.imports_fixtures import csv_of, import_csv, receive
from workspace.actions.jobs import run_job
from workspace.jobs import DUE_WORK
from workspace.models import AuditEntry, Job

SALES = csv_of(
    "1,A,MUG,2,2026-01-05,2.50,7,UK",
    "1,B,CUP,1,2026-01-05,1.00,7,UK",
    "2,A,MUG,3,2026-01-06,2.50,8,UK",
    "C3,A,MUG,-1,2026-01-07,2.50,7,UK",
)
PEOPLE = (
    b"Customer ID,Email,Phone,First name,City,Birthday\n7,ann@example.com,07700 900123,Ann,York,1980-02-03\n9,,,Cy,,\n"
)
EVERYTHING = [Customer, Identifier, Product, Order, OrderLine, Refund, RefundLine, CustomerFacts, DailySales]
ROLLUPS = [CustomerFacts, BusinessCustomerFacts, DailySales, HourlySales, ProductDay, BuyerDay, ProductSales]
VOLATILE = {"updated_at", "code", "id", "order_id", "refund_id", "order_line_id"}


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def state():
    """Everything in the books, without what tells a row from one written again."""
    return {
        model.__name__: sorted(
            str({name: value for name, value in row.items() if name not in VOLATILE}) for row in model.objects.values()
        )
        for model in EVERYTHING
    }


def undo(run):
    return undo_import(ImportRun.objects.get(pk=run.pk), report=lambda *_: None, now=run.finished_at)


def test_nothing_is_left_of_a_first_import(business):
    before = state()
    run = import_csv(SALES, business)
    assert preview_undo(run) == {
        "customers_made": 2, "customers_changed": 0, "orders_made": 2, "orders_changed": 0,
        "products_made": 2, "products_changed": 0, "refunds_made": 1, "refunds_changed": 0,
    }  # fmt: skip
    counts = undo(run)
    assert state() == before
    assert {name: rows for name, rows in counts.items() if rows} == {
        "customers_removed": 2, "orders_removed": 2, "products_removed": 2, "refunds_removed": 1,
    }  # fmt: skip
    assert not ImportUndo.objects.exists()
    run.refresh_from_db()
    assert run.undone_at
    again = import_csv(SALES, business)
    assert again.counts["orders_created"] == 2


def test_what_a_second_import_changed_is_as_before(business):
    import_csv(SALES, business)
    import_csv(PEOPLE, business)
    before = state()
    second = csv_of(
        "1,A,BIG MUG,4,2026-01-05,3.50,7,UK",
        "2,A,BIG MUG,3,2026-01-06,2.50,8,France",
        "2,B,CUP,1,2026-01-06,1.00,8,France",
        "C3,A,MUG,-2,2026-01-08,3.50,7,UK",
        "5,D,NEW,1,2026-02-06,9,10,France",
    )
    changed = import_csv(second, business)
    assert state() != before
    counts = undo(changed)
    assert state() == before
    assert {name: rows for name, rows in counts.items() if rows} == {
        "refunds_restored": 1, "orders_removed": 1, "orders_restored": 2, "products_removed": 1, "products_restored": 1,
        "customers_removed": 1, "customers_restored": 1,
    }  # fmt: skip


def test_a_profile_that_an_import_filled_is_as_before(business):
    import_csv(SALES, business)
    before = state()
    people = import_csv(PEOPLE, business)
    ann = Customer.objects.get(external_id="7")
    assert (ann.first_name, ann.phone, ann.birthday.isoformat()) == ("Ann", "+447700900123", "1980-02-03")
    undo(people)
    assert state() == before
    ann.refresh_from_db()
    assert (ann.first_name, ann.phone, ann.birthday) == ("", "", None)
    assert list(ann.identifiers.values_list("kind", "value")) == [("external", "7")]


def test_what_somebody_changed_since_stays(business, now):
    import_csv(SALES, business)
    people = import_csv(PEOPLE, business)
    Customer.objects.filter(external_id="7").update(city="Leeds")
    Customer.objects.filter(external_id="9").update(updated_at=people.finished_at + timedelta(seconds=1))
    counts = undo(people)
    ann = Customer.objects.get(external_id="7")
    assert (ann.city, ann.first_name) == ("Leeds", "")
    assert Customer.objects.filter(external_id="9").exists()
    assert (counts["customers_kept"], counts["customers_restored"]) == (2, 0)


def test_an_order_with_a_later_refund_is_kept_with_its_customer_and_product(business, now):
    run = import_csv(SALES, business)
    order = Order.objects.get(reference="2")
    Refund.objects.create(
        business=business,
        source="api",
        reference="later",
        order=order,
        customer=order.customer,
        refunded_at=now,
        total=1,
    )
    counts = undo(run)
    assert Order.objects.get() == order
    assert order.lines.count() == 1
    assert (Customer.objects.get().external_id, Product.objects.get().sku) == ("8", "A")
    assert {name: rows for name, rows in counts.items() if "kept" in name} == {
        "refunds_kept": 0, "orders_kept": 1, "products_kept": 1, "customers_kept": 1,
        "orders_kept_named": 1, "products_kept_named": 1, "customers_kept_named": 1,
    }  # fmt: skip


def test_an_order_that_a_later_import_wrote_is_kept_until_that_is_undone(business):
    first = import_csv(SALES, business)
    second = import_csv(csv_of("2,A,MUG,5,2026-01-06,2.50,8,UK"), business)
    assert undo(first)["orders_kept"] == 1
    assert Order.objects.get().total == Decimal("12.50")
    assert undo(second)["orders_restored"] == 1
    assert Order.objects.get().total == Decimal("7.50")


def test_a_till_sale_gets_its_lines_and_loses_them_again(business, now):
    sale = Order.objects.create(business=business, source="till", reference="1", placed_at=now, total=Decimal("5.00"))
    rebuild_rollups(now=now)
    before = state()
    run = import_csv(SALES, business)
    assert sale.lines.count() == 2
    undo(run)
    assert state() == before


def test_it_goes_on_after_a_kill_and_counts_once(business, monkeypatch):
    before = state()
    run = import_csv(SALES, business)
    monkeypatch.setattr(undoing, "STEP_ROWS", 1)

    class KilledError(Exception):
        pass

    def kill(*_):
        raise KilledError

    for _step in range(7):
        with pytest.raises(KilledError):
            undo_import(ImportRun.objects.get(), report=kill, now=run.finished_at)
    counts = undo(run)
    assert state() == before
    assert sum(counts.values()) == 7
    assert undo(run) == counts


def test_by_page_with_a_preview_and_a_result(client_of, owner, business, cashier, monkeypatch):
    run = import_csv(SALES, business)
    here, press = (reverse(f"customers:{name}", args=[run.code]) for name in ("import", "import-undo"))
    client = client_of(owner)
    sale = Order.objects.get(reference="2")
    sale.refunds.create(
        business=business, source="api", reference="later", customer=sale.customer, refunded_at=run.created_at, total=1
    )
    before = state()
    page = client.get(here)
    assert [(str(title), [(str(text), rows) for text, rows in told]) for title, told in page.context["rehearsed"]] == [
        ("Goes", [("Customers removed", 1), ("Orders removed", 1), ("Refunds removed", 1), ("Products removed", 1)]),
        (
            "Stays",
            [
                ("Customers with points, sales, messages, tags or consents since", 1),
                ("Orders with points, stamps or refunds", 1),
                ("Products that other sales or their stock speak of", 1),
            ],
        ),
    ]
    assert state() == before
    monkeypatch.setattr(undoing, "REHEARSED_ROWS", 6)
    assert "Orders to remove" in client.get(here).text
    assert client_of(cashier).post(press).status_code == 403
    assert client.post(press).status_code == 303
    assert "undo-job" in client.get(here).text
    run_job(Job.objects.get().pk)
    text = client.get(here).text
    assert "Orders removed" in text
    assert "Undo the import" not in text
    assert client.post(press).status_code == 409
    assert AuditEntry.objects.filter(action="customers.import.undo_started").count() == 1


def test_by_api(make_key, business):
    run = import_csv(SALES, business)
    api = Client(headers={"host": "harbour.localhost", "x-api-key": make_key("write").secret})
    url = f"/api/v1/imports/{run.code}/undo"
    told = api.get(url).json()
    assert (told["can_undo"], told["rows"]) == (True, preview_undo(run))
    first, second = api.post(url), api.post(url)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["undo_job_id"] == second.json()["undo_job_id"]
    run_job(Job.objects.get().pk)
    now_told = api.get(f"/api/v1/imports/{run.code}").json()
    assert (now_told["undo_counts"]["orders_removed"], bool(now_told["undone_at"])) == (2, True)
    assert now_told["undo_counts"] == told["would"]
    assert api.post(url).status_code == 409
    assert api.post("/api/v1/imports/aaaaaaaaaaaa/undo").status_code == 404


@pytest.mark.parametrize("what", ["trial", "waiting", "old"])
def test_what_cannot_be_undone_is_refused_and_nothing_changes(business, what):
    run = receive(SALES, business) if what == "waiting" else import_csv(SALES, business, dry=what == "trial")
    later = run.created_at + timedelta(days=KEPT_DAYS + 1 if what == "old" else 0)
    with pytest.raises(NotUndoable):
        start_undo(run=run, actor=SYSTEM, now=later)
    assert not Job.objects.exists()


def test_an_undone_import_does_not_go_on(business, now):
    run = import_csv(SALES, business)
    run_job(start_undo(run=run, actor=SYSTEM, now=now).pk)
    with pytest.raises(NotStartable):
        start_import(run=run, actor=SYSTEM, now=now)


def test_another_programme_keeps_what_it_imported(business, other_programme):
    run = import_csv(SALES, business)
    with tenant_context(other_programme):
        assert not ImportUndo.objects.exists()
        before = state()
    undo(run)
    with tenant_context(other_programme):
        assert state() == before


def test_files_and_undoing_are_forgotten_after_a_while(business):
    run = import_csv(SALES + b"x,A,MUG,?,2026-01-05,1,7,UK\n", business)
    waiting = receive(PEOPLE, business)
    paths = [run.path, run.error_path, waiting.path]
    soon = run.created_at + timedelta(days=KEPT_DAYS - 1)
    assert DUE_WORK[KEPT](soon) > soon
    assert all(map(default_storage.exists, paths))
    assert DUE_WORK[KEPT](soon + timedelta(days=2)) is None
    assert not any(map(default_storage.exists, paths))
    assert not ImportUndo.objects.exists()
    assert ImportRun.objects.get().path == ""
    assert Order.objects.count() == 2


def test_who_is_erased_is_not_in_it(business, now):
    import_csv(SALES, business)
    import_csv(PEOPLE, business)
    ann = Customer.objects.get(external_id="7")
    assert ImportUndo.objects.filter(kind="c", row_id=ann.pk).count() == 2
    erase_person(customer=ann, traces=traces_of(ann), actor=SYSTEM, now=now)
    assert not ImportUndo.objects.filter(kind="c", row_id=ann.pk).exists()


def rollups():
    return {
        model: sorted(
            str({name: value for name, value in row.items() if name not in VOLATILE}) for row in model.objects.values()
        )
        for model in ROLLUPS
    }


def test_only_what_it_touched_is_added_up_again_and_that_is_everything(business, monkeypatch, now):
    """Moved days, other customers, a cancelled order with a refund of another source, products that go."""
    status = "Invoice,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country,Financial status"
    import_csv(SALES, business)
    sale = Order.objects.get(reference="2")
    Refund.objects.create(
        business=business, source="api", reference="r", order=sale, customer=sale.customer, refunded_at=now, total=1
    )
    rebuild_rollups(now=now)
    rows = [
        "1,A,MUG,4,2026-01-09,3.50,7,UK,paid", "2,A,MUG,3,2026-01-06,2.50,8,UK,cancelled",
        "8,Z,NEW,1,2026-01-01,9,8,UK,paid", "9,Z,NEW,1,2026-01-02,9,11,UK,paid",
    ]  # fmt: skip
    run = import_csv(csv_of(*rows, header=status), business)
    for act in (lambda: None, lambda: undo(run)):
        act()
        found = rollups()
        rebuild_rollups(now=now)
        assert rollups() == found
    with monkeypatch.context() as patched:
        patched.setattr("customers.actions.undo_imports.rollups.rebuild_rollups", None)
        undo(import_csv(PEOPLE, business))


def test_a_refund_that_found_its_sale_in_a_later_file_is_without_it_again(business):
    empty = state()
    first = import_csv(csv_of("C3,A,MUG,-1,2026-01-07,2.50,7,UK"), business)
    before = state()
    refund = Refund.objects.get()
    assert refund.order is None
    second = import_csv(SALES, business)
    refund.refresh_from_db()
    assert (refund.order.reference, refund.order.refunded_total) == ("1", Decimal("2.50"))
    counts = undo(second)
    assert (counts["refunds_restored"], counts["orders_removed"]) == (1, 2)
    assert state() == before
    assert Refund.objects.get().code == refund.code
    undo(first)
    assert state() == empty
