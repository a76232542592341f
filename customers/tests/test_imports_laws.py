"""Laws of imports, for any rows: order, repetition, splits and kills change nothing of what comes out."""

import os
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.imports import refunds, staging, writing
from customers.imports.run import run_import
from customers.models import (
    Customer,
    CustomerFacts,
    DailySales,
    ImportRun,
    Order,
    OrderLine,
    Product,
    ProductSales,
    Refund,
    RefundLine,
)
from customers.tests.imports_fixtures import csv_of, import_csv, receive

# Each example is a few imports; LAW_EXAMPLES=200 looks further.
EXAMPLES = int(os.environ.get("LAW_EXAMPLES", "3"))
QUICK = settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
START = datetime(2026, 1, 1, tzinfo=UTC)
SKUS, PEOPLE = ("A", "B", "C"), ("", "7", "8", "9")


@pytest.fixture(autouse=True)
def _media(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(refunds, "AT_ONCE", 1)  # the refunds of few customers at a time, as in a large file


# In words that depend on no id.
BOOKS = (
    (Customer, "external_id country state"),
    (Product, "sku title"),
    (Order, "reference customer__external_id placed_at total refunded_total status"),
    (OrderLine, "order__reference product__sku title quantity unit_price total"),
    (Refund, "reference customer__external_id order__reference refunded_at total"),
    (RefundLine, "refund__reference product__sku order_line__order__reference quantity unit_price"),
    (CustomerFacts, "customer__external_id orders_count total_spent first_order_at last_order_at"),
    (DailySales, "day orders revenue refunds customers new_customers"),
    (ProductSales, "product__sku business quantity revenue"),
)


def books():
    """Customers, orders, lines, refunds and roll-ups."""
    return {model: sorted(map(str, model.objects.values_list(*names.split()))) for model, names in BOOKS}


@st.composite
def sheets(draw):
    """Rows of orders and cancellations, one list of rows for each document; prices with fractions of a cent."""
    documents = []
    for number in range(draw(st.integers(1, 6))):
        is_refund = draw(st.booleans()) and number > 0
        person = draw(st.sampled_from(PEOPLE))
        at = START + timedelta(hours=draw(st.integers(0, 72)))
        rows = []
        for _line in range(draw(st.integers(1, 3))):
            sku = draw(st.sampled_from(SKUS))
            quantity = draw(st.integers(1, 4)) * (-1 if is_refund else 1)
            price = draw(st.sampled_from(["2.50", "3", "0.001"]))
            rows.append(
                f"{'C' if is_refund else ''}{number},{sku},MUG {sku},{quantity},{at:%Y-%m-%d %H:%M},{price},{person},UK"
            )
        documents.append(rows)
    return documents


def came_out(business, *files):
    """What the files make of an empty shop; nothing of it stays."""
    with transaction.atomic():
        for rows in files:
            import_csv(csv_of(*rows), business)
        found = books()
        transaction.set_rollback(True)
    return found


def rows_of(documents):
    return [row for rows in documents for row in rows]


@QUICK
@given(documents=sheets(), random=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(business, documents, random):
    mixed = rows_of(documents)
    random.shuffle(mixed)
    assert came_out(business, mixed) == came_out(business, rows_of(documents))


@QUICK
@given(documents=sheets(), random=st.randoms(use_true_random=False))
def test_a_file_in_two_is_the_file(business, documents, random):
    """Orders and cancellations in any two files, in any order: one may come before the sale that it gives back."""
    mixed = [*documents]
    random.shuffle(mixed)
    at = random.randint(0, len(mixed))
    parts = [rows_of(part) for part in (mixed[:at], mixed[at:]) if part]
    assert came_out(business, *parts) == came_out(business, rows_of(documents))


@QUICK
@given(documents=sheets())
def test_the_same_rows_again_change_nothing(business, documents):
    rows = rows_of(documents)
    assert came_out(business, rows, [*rows, ""]) == came_out(business, rows)


class KilledError(BaseException):
    """What no code of ours catches."""


MIXED = [
    "1,A,MUG,2,2026-01-05 10:00,2.50,7,UK", "1,B,CUP,1,2026-01-05 10:00,1.00,7,UK", "2,A,MUG,3,2026-01-06 10:00,9,,UK",
    "C4,A,MUG,-1,2026-01-07 10:00,2.50,7,UK", "6,A,MUG,?,2026-01-08 10:00,2.50,8,UK",
]  # fmt: skip


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_at_any_commit_and_going_on_is_as_if_nothing_had_been(business, monkeypatch, moment):
    """Before: the step is written and not committed. After: it is committed and nobody was told."""
    monkeypatch.setattr(staging, "CHUNK_ROWS", 1)
    monkeypatch.setattr(writing, "WIDE_STEP", 2)
    whole = came_out(business, MIXED)
    write_step, steps = writing.write_step, 0
    killed = 0

    def dying(run, *, step, **more):
        if step != steps:
            return write_step(run, step=step, **more)
        with transaction.atomic():
            write_step(run, step=step, **more)
            if moment == "before":
                raise KilledError
        raise KilledError

    while True:
        with transaction.atomic():
            run = receive(csv_of(*MIXED), business)
            run.options["date_order"] = "ymd"
            run.save()
            try:
                with mock.patch.object(writing, "write_step", dying):
                    run_import(run, report=lambda *_: None, now=run.created_at)
            except KilledError:
                killed += 1
                run = ImportRun.objects.get(pk=run.pk)
                assert run.steps_done == (steps if moment == "before" else steps + 1)
                run_import(run, report=lambda *_: None, now=run.created_at)
                assert books() == whole
                assert run.counts["orders_created"] == 2
                assert run.rows_failed == 1
            else:
                break
            finally:
                transaction.set_rollback(True)
        steps += 1
    assert killed == steps >= 7
