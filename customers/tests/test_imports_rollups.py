"""What an import adds up: a few rows only what they touch, and never anything else than a rebuild would."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.actions.rollups import rebuild_rollups
from customers.imports import run as run_module
from customers.imports.run import run_import
from customers.models import (
    BusinessCustomerFacts,
    BuyerDay,
    CustomerFacts,
    DailySales,
    HourlySales,
    ImportRun,
    ProductDay,
    ProductSales,
)
from customers.tests.imports_fixtures import csv_of, import_csv, receive


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(autouse=True)
def _soon_after():
    """The rows of these tests are of the days before."""
    with time_machine.travel(datetime(2026, 3, 2, tzinfo=UTC), tick=False):
        yield


def rollups():
    """Every row of every roll-up by what it is about, with its key: a row that is made again has another one."""
    return {
        "people": dict(CustomerFacts.objects.values_list("customer__external_id", "updated_at")),
        "at shops": dict(BusinessCustomerFacts.objects.values_list("customer__external_id", "pk")),
        "days": dict(DailySales.objects.values_list("day", "pk")),
    }


def figures():
    tables = (CustomerFacts, BusinessCustomerFacts, DailySales, ProductSales, HourlySales, ProductDay, BuyerDay)
    return [sorted(map(str, table.objects.values().values_list(*figures_of(table)))) for table in tables]


def figures_of(table):
    return [field.attname for field in table._meta.concrete_fields if field.name not in ("id", "updated_at")]


HISTORY = csv_of(
    *(f"{n},A,MUG,2,2026-01-{n:02} 10:00,2.50,{n % 7},UK" for n in range(1, 29)),
    "C29,A,MUG,-1,2026-01-29 10:00,2.50,3,UK",
    "30,A,MUG,2,2026-01-30 10:00,2.50,,UK",
)


def test_a_few_rows_add_up_only_what_they_touch(business):
    import_csv(HISTORY, business)
    before = rollups()
    with CaptureQueriesContext(connection) as captured:
        import_csv(csv_of("31,A,MUG,2,2026-01-15 10:00,2.50,6,UK", "32,A,MUG,2,2026-02-01 10:00,2.50,9,UK"), business)
    after = rollups()
    changed = {name: {key for key in after[name] if after[name][key] != before[name].get(key)} for name in after}
    assert changed == {
        "people": {"6", "9"},
        "at shops": {"6", "9"},
        # With the first orders of both, as a new customer's day counts one, and the next visit of customer 6.
        "days": {date(2026, 1, 15), date(2026, 1, 20), date(2026, 2, 1)},
    }
    assert not any("ANALYZE customers_order" in query["sql"] for query in captured)


@pytest.mark.parametrize(
    "row",
    [
        "3,A,MUG,2,2026-02-20 10:00,2.50,3,UK",  # an order moves, and with it the first of customer 3
        "20,A,MUG,9,2026-01-20 10:00,2.50,6,UK",  # another amount
        "30,A,MUG,2,2026-01-30 10:00,2.50,5,UK",  # a sale finds its customer
        "C29,A,MUG,-1,2026-02-03 10:00,2.50,3,UK",  # a refund of another day
        "C29,A,MUG,-1,2026-02-03 10:00,2.50,4,UK",  # and of another customer
        "C33,A,MUG,-2,2026-02-03 10:00,2.50,8,UK",  # somebody who never bought
        "34,A,MUG,1,2025-12-01 00:00,2.50,2,UK",  # the new first order
        "20,B,CUP,2,2026-01-20 10:00,2.50,6,UK",  # another product
    ],
)
def test_a_few_rows_give_what_a_rebuild_gives(business, row):
    import_csv(HISTORY, business)
    before = figures()
    import_csv(csv_of(row), business)
    told = figures()
    assert told != before
    assert ProductSales.objects.exists()
    rebuild_rollups(now=timezone.now())
    assert figures() == told


def test_many_rows_and_a_second_attempt_add_up_everything(business, monkeypatch):
    import_csv(HISTORY, business)
    DailySales.objects.all().delete()
    monkeypatch.setattr(run_module, "FEW_ROWS", 1)
    import_csv(csv_of("31,A,x,1,2026-02-01,2.50,6,UK", "32,A,x,1,2026-02-02,2.50,6,UK"), business)
    assert DailySales.objects.count() == 32

    monkeypatch.setattr(run_module, "FEW_ROWS", 10_000)
    DailySales.objects.all().delete()

    def kill(done, total, what):
        if what == "Adding up":
            raise ZeroDivisionError

    run = receive(csv_of("33,A,x,1,2026-02-03,2.50,6,UK"), business)
    with pytest.raises(ZeroDivisionError):
        run_import(run, report=kill, now=run.created_at)
    run_import(ImportRun.objects.get(pk=run.pk), report=lambda *_: None, now=run.created_at)
    assert DailySales.objects.count() == 33
