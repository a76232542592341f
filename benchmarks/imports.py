"""The import of the demo's million sales lines, beside COPY and the upserts that one would write by hand.

The baseline copies the raw CSV into a table of texts and upserts customers, products, orders, lines and refunds with
five statements in one transaction: no checks, no identity beyond the customer number, no link between a refund and
its sale, no progress, no way to go on after a kill. `IMPORT_ROWS` takes fewer rows, in a hurry.

Then the peak of memory for a million rows and for five: the same sales told five times, under numbers of their own.
`IMPORT_ONLY=memory` measures that alone.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import BinaryIO

from django.db import connection, transaction
from django.utils import timezone

from benchmarks.harness import compare, limit
from config.demo import retail_source
from core.actor import SYSTEM
from customers.actions.imports import claim_content, configure_import, receive_file
from customers.imports.options import ImportOptions
from customers.imports.run import run_import
from programs.actions.programmes import create_programme
from workspace.models import Business

RUNS = 3  # a million rows take long enough to be steady
ROWS = int(os.environ.get("IMPORT_ROWS") or retail_source.ROW_COUNT)
MANY_TIMES = 5
MAX_GROWTH_MB = 48  # of the process during an import, whatever the file's size

_numbers = count()
_rates: list[float] = []
_growth: list[float] = []

RAW = """
CREATE TEMP TABLE raw (
    position bigint GENERATED ALWAYS AS IDENTITY, invoice text, sku text, title text, quantity int,
    at timestamp, price numeric, customer text, country text
) ON COMMIT DROP
"""
COPY = "COPY raw (invoice, sku, title, quantity, at, price, customer, country) FROM STDIN (FORMAT csv, HEADER)"
BY_HAND = (
    """
    WITH person AS (
        SELECT customer AS number, min(country) AS country, min(at) AS at,
               nextval('customers_customer_id_seq') AS id
        FROM raw WHERE customer IS NOT NULL GROUP BY customer
    ), known AS (
        INSERT INTO customers_identifier (kind, value, customer_id, created_at)
        SELECT 'external', number, id, now() FROM person ON CONFLICT (kind, value) DO NOTHING RETURNING customer_id
    )
    INSERT INTO customers_customer (id, code, state, first_name, last_name, phone, phone_typed, email, external_id,
        address, city, region, postcode, country, language, attributes, source, created_at, updated_at)
    SELECT id, public_code(), 'active', '', '', '', '', '', number, '', '', '', '', country, '', '{}', 'import',
           at AT TIME ZONE 'Europe/London', now()
    FROM person JOIN known ON known.customer_id = person.id
    """,
    """
    INSERT INTO customers_product (code, sku, title, vendor, category, kind, price, created_at, updated_at)
    SELECT public_code(), sku, coalesce(max(trim(title)), ''), '', '', 'goods', max(price), now(), now()
    FROM raw WHERE price > 0 GROUP BY sku
    ON CONFLICT (sku) DO UPDATE SET title = EXCLUDED.title, price = EXCLUDED.price
    """,
    """
    INSERT INTO customers_order (code, business_id, source, reference, number, customer_id, channel, status,
        fulfilment_status, placed_at, total, refunded_total, discount, tax, shipping, created_at)
    SELECT public_code(), %(business)s, 'import', invoice, '', max(known.customer_id), 'store', 'paid', '',
           min(at) AT TIME ZONE 'Europe/London', sum(quantity * price), 0, 0, 0, 0, now()
    FROM raw LEFT JOIN customers_identifier AS known ON known.kind = 'external' AND known.value = raw.customer
    WHERE quantity > 0 AND price > 0 GROUP BY invoice
    ON CONFLICT (business_id, reference) DO UPDATE SET total = EXCLUDED.total, placed_at = EXCLUDED.placed_at
    """,
    """
    INSERT INTO customers_orderline (order_id, position, product_id, title, quantity, unit_price, discount, total)
    SELECT own.id, row_number() OVER (PARTITION BY own.id ORDER BY raw.position), product.id,
           coalesce(trim(raw.title), product.title), raw.quantity, raw.price, 0, raw.quantity * raw.price
    FROM raw JOIN customers_order AS own ON own.business_id = %(business)s AND own.reference = raw.invoice
    JOIN customers_product AS product ON product.sku = raw.sku
    WHERE raw.quantity > 0 AND raw.price > 0
    ON CONFLICT (order_id, position) DO UPDATE SET quantity = EXCLUDED.quantity, unit_price = EXCLUDED.unit_price,
        total = EXCLUDED.total, product_id = EXCLUDED.product_id, title = EXCLUDED.title
    """,
    """
    WITH made AS (
        INSERT INTO customers_refund (code, business_id, source, reference, customer_id, refunded_at, total, reason,
            created_at)
        SELECT public_code(), %(business)s, 'import', invoice, max(known.customer_id),
               min(at) AT TIME ZONE 'Europe/London', -sum(quantity * price), '', now()
        FROM raw LEFT JOIN customers_identifier AS known ON known.kind = 'external' AND known.value = raw.customer
        WHERE quantity < 0 AND price > 0 GROUP BY invoice
        ON CONFLICT (business_id, reference) DO UPDATE SET total = EXCLUDED.total RETURNING id, reference
    )
    INSERT INTO customers_refundline (refund_id, position, product_id, title, quantity, unit_price, total)
    SELECT made.id, row_number() OVER (PARTITION BY made.id ORDER BY raw.position), product.id,
           coalesce(trim(raw.title), ''), -raw.quantity, raw.price, -raw.quantity * raw.price
    FROM raw JOIN made ON made.reference = raw.invoice JOIN customers_product AS product ON product.sku = raw.sku
    WHERE raw.quantity < 0 AND raw.price > 0
    ON CONFLICT (refund_id, position) DO UPDATE SET quantity = EXCLUDED.quantity, total = EXCLUDED.total
    """,
)


def main() -> None:
    if os.environ.get("IMPORT_ONLY") != "memory":
        _measure_rates()
    _measure_memory()


def _measure_memory() -> None:
    """The peak of the process for five times as many rows: as high as for one, or it would grow with the file."""
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        for times in (1, MANY_TIMES):
            file = Path(folder) / f"{times}.csv"
            rows = _write_sample(file, times=times)
            _import(file, rows)
            peaks[rows] = round(_resident_mb("VmHWM"), 1)
            file.unlink()
    few, many = peaks
    limit(
        "import.peak_of_many_rows",
        value=lambda: peaks[many] / peaks[few],
        unit="x",
        at_most=1.25,
        runs=1,
        warm_up=False,
        details={"peak_mb_by_rows": peaks},
    )


def _measure_rates() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sales.csv"
        rows = _write_sample(file)
        compare(
            "import.sales_lines",
            value=lambda: _import(file, rows),
            baseline=lambda: _by_hand(file, rows),
            unit="rows/s",
            at_least=0.5,
            runs=RUNS,
            warm_up=False,
            details={"rows": rows},
        )
    limit(
        "import.rows_per_second", value=iter(_rates).__next__, unit="rows/s", at_least=20_000, runs=RUNS, warm_up=False
    )
    limit(
        "import.memory_growth", value=iter(_growth).__next__, unit="MB", at_most=MAX_GROWTH_MB, runs=RUNS, warm_up=False
    )


def _write_sample(path: Path, *, times: int = 1) -> int:
    """Whole chunks of the data until ROWS are reached; again under other order numbers, `times` in all."""
    rows = 0
    with path.open("wb") as file:
        for turn in range(times):
            rows += _write_once(file, turn)
    return rows


def _write_once(file: BinaryIO, turn: int) -> int:
    rows, left = -1, b""  # the header
    for chunk in retail_source.csv_chunks():
        text = left + chunk
        end = text.rfind(b"\n") + 1
        whole, left = text[:end], text[end:]
        if turn:
            lines = whole.split(b"\n")[1 if rows < 0 else 0 : -1]
            file.write(b"".join(line[:1].replace(b"C", b"C9") + b"%d" % turn + line[1:] + b"\n" for line in lines))
        else:
            file.write(whole)
        rows += whole.count(b"\n")
        if rows >= ROWS:
            break
    return rows


def _fresh_shop() -> Business:
    programme = create_programme(
        name="Bench", slug=f"bench-import-{next(_numbers)}", currency="GBP", country="GB", time_zone="Europe/London",
        owner=None, now=timezone.now(),
    )  # fmt: skip
    connection.set_tenant(programme)
    return Business.objects.create(name="Shop")


def _import(path: Path, rows: int) -> float:
    """From the stored file to the last roll-up: reading, checks, writing, refunds linked, facts."""
    business, now = _fresh_shop(), timezone.now()
    with path.open("rb") as file:
        run = receive_file(file=file, name=path.name, kind="lines", business=business, actor=SYSTEM, now=now)
    options = ImportOptions(date_order="ymd", refund_prefix="C", ignored_prefix="A")
    configure_import(run=run, kind="lines", mapping=run.mapping, options=options)
    claim_content(run)
    before = _resident_mb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted anew. Source: proc(5)
    started = time.perf_counter()
    run_import(run, report=lambda *_: None, now=now)
    rate = rows / (time.perf_counter() - started)
    _growth.append(_resident_mb("VmHWM") - before)
    _rates.append(rate)
    return rate


def _resident_mb(line: str) -> float:
    """This process's memory now (VmRSS) or at its highest (VmHWM)."""
    found = re.search(rf"^{line}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def _by_hand(path: Path, rows: int) -> float:
    business = _fresh_shop()
    started = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(RAW)
        with path.open("rb") as file, cursor.copy(COPY) as copy:
            while block := file.read(1 << 20):
                copy.write(block)
        cursor.execute("ANALYZE raw")
        for statement in BY_HAND:
            cursor.execute(statement, {"business": business.pk})
    return rows / (time.perf_counter() - started)
