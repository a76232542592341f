"""Reading a shop's database of each kind beside the import of a file with the same rows.

A hundred thousand rows (`DATABASE_ROWS` takes others): orders and twice as many lines, of a tenth as many customers.
The value is a first reading, from connecting to the last roll-up; the baseline imports a CSV file of the same lines,
with what orders and customers say beside them. MariaDB is started for it, and has to be installed.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count, islice
from pathlib import Path

from django.db import connection
from django.utils import timezone

from benchmarks.harness import compare
from core.actor import SYSTEM
from customers.actions.databases import read_now
from customers.actions.imports import claim_content, configure_import, receive_file
from customers.databases.address import read_address
from customers.imports.options import ImportOptions
from customers.imports.run import run_import
from customers.tests.databases_fixtures import KINDS, MAPPING, Shop, empty_shop, mysql_server
from programs.actions.programmes import create_programme
from workspace.models import Business

RUNS = 3  # of some seconds each
ROWS = int(os.environ.get("DATABASE_ROWS") or 100_000)
ORDERS = ROWS * 10 // 31
INSERTED = 1_000  # rows with one statement
# A first reading sends its rows through a file: the reading itself comes on top of what the file's import takes.
AT_LEAST = 0.3

_numbers = count()


def main() -> None:
    os.environ.pop("DATABASE_URL", None)  # the embedded server is asked for a shop's database too
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = stack.enter_context(mysql_server(folder))
        file = folder / "sales.csv"
        lines = _write_file(file)
        for kind in KINDS:
            with empty_shop(kind, folder, port) as shop:
                rows = _fill(shop)
                compare(
                    f"databases.{kind}",
                    value=lambda shop=shop, rows=rows: _read(shop, rows),  # type: ignore[misc]
                    baseline=lambda: _import(file, lines),
                    unit="rows/s",
                    at_least=AT_LEAST,
                    runs=RUNS,
                    warm_up=False,
                    details={"rows": rows},
                )


def _at(number: int) -> str:
    return f"2026-{1 + number % 6:02}-{1 + number % 28:02} {8 + number % 12:02}:{number % 60:02}:00"


def _tables() -> dict[str, Iterator[str]]:
    """The rows of each table as SQL; each order has two lines."""
    people = max(ORDERS // 10, 1)
    orders = range(1, ORDERS + 1)
    return {
        "users": (f"({n}, 'p{n}@example.com', 'P{n}', '{_at(n)}')" for n in range(1, people + 1)),
        "sales": (f"({n}, 'A-{n}', {1 + n % people}, 'settled', 15, '{_at(n)}', '{_at(n)}')" for n in orders),
        "items": (
            f"({2 * n + extra}, {n}, 'SKU-{(n + extra) % 900}', 'Mug', 1, {5 + 5 * extra}, '{_at(n)}')"
            for n in orders
            for extra in (0, 1)
        ),
    }


def _fill(shop: Shop) -> int:
    rows = 0
    for table, values in _tables().items():
        while block := list(islice(values, INSERTED)):
            shop.run(f"INSERT INTO {table} VALUES {', '.join(block)}")
            rows += len(block)
    return rows


def _write_file(path: Path) -> int:
    people = max(ORDERS // 10, 1)
    with path.open("w") as file:
        file.write("Order number,Date,Customer number,Email,First name,Stock code,Product title,Quantity,Unit price\n")
        for n in range(1, ORDERS + 1):
            who = 1 + n % people
            for extra in (0, 1):
                sku = (n + extra) % 900
                price = 5 + 5 * extra
                file.write(f"A-{n},{_at(n)},{who},p{who}@example.com,P{who},SKU-{sku},Mug,1,{price}\n")
    return 2 * ORDERS


def _fresh_shop() -> Business:
    programme = create_programme(
        name="Bench", slug=f"bench-databases-{next(_numbers)}", currency="GBP", country="GB",
        time_zone="Europe/London", owner=None, now=timezone.now(),
    )  # fmt: skip
    connection.set_tenant(programme)
    return Business.objects.create(name="Shop")


def _read(shop: Shop, rows: int) -> float:
    business = _fresh_shop()
    started = time.perf_counter()
    run = read_now(
        business=business, mapping=MAPPING, address=read_address(shop.url, is_judged=False), sections=[], is_full=False,
        is_dry_run=False, actor=SYSTEM, now=timezone.now(), report=lambda *_: None,
    )  # fmt: skip
    rate = rows / (time.perf_counter() - started)
    assert sum(counts["rows"] for counts in run.counts.values()) == rows
    return rate


def _import(path: Path, rows: int) -> float:
    business, now = _fresh_shop(), timezone.now()
    with path.open("rb") as file:
        run = receive_file(file=file, name=path.name, kind="lines", business=business, actor=SYSTEM, now=now)
    configure_import(run=run, kind="lines", mapping=run.mapping, options=ImportOptions(date_order="ymd"))
    claim_content(run)
    started = time.perf_counter()
    run_import(run, report=lambda *_: None, now=now)
    return rows / (time.perf_counter() - started)
