"""`make chaos NAME=imports`: imports killed with -9 until one gets through, and a line of a gigabyte."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import time
import tracemalloc
from itertools import count

import pytest
from django.db import connection

from customers.imports.problems import UnreadableFile
from customers.imports.reading import inspect
from customers.models import ImportRow, ImportRun, Order, OrderLine, Refund, RefundLine
from customers.tests.imports_fixtures import csv_of, receive
from customers.tests.test_imports_nasty import SMALL, EndlessLine
from programs.models import Programme
from workspace.models import Business

KILLS = int(os.environ.get("CHAOS_KILLS", "20"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))
ORDERS = 12_000

WORKER = """
import django
django.setup()
from django.conf import settings
from django.db import connection
from django.utils import timezone
from customers.imports import staging
from customers.imports.run import run_import
from customers.models import ImportRun
from programs.models import Programme
staging.CHUNK_ROWS = 1_000
settings.MEDIA_ROOT = {media!r}
connection.set_tenant(Programme.objects.get(slug="harbour"))
run_import(ImportRun.objects.get(code={code!r}), report=lambda *_: None, now=timezone.now())
"""


def sales():
    chance = random.Random(SEED)
    rows = []
    for number in range(ORDERS):
        person, sku = chance.randrange(500), chance.randrange(40)
        at = f"2026-01-{number % 27 + 1:02d} 10:00"
        rows += [f"{number},S{sku},MUG,{line + 1},{at},2.50,{person},UK" for line in range(2)]
        if number % 10 == 0:
            rows.append(f"C{number},S{sku},MUG,-1,2026-01-28 10:00,2.50,{person},UK")
    return csv_of(*rows)


def books(shop):
    return [
        sorted(map(str, rows))
        for rows in (
            Order.objects.filter(business=shop).values_list("reference", "total", "refunded_total", "status"),
            OrderLine.objects.filter(order__business=shop).values_list("order__reference", "position", "quantity"),
            Refund.objects.filter(business=shop).values_list("reference", "total", "order__reference"),
            RefundLine.objects.filter(refund__business=shop).values_list("refund__reference", "quantity"),
        )
    ]


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.mark.enable_socket
def test_killed_imports_end_as_if_nothing_had_been(committed_database, tmp_path, capsys):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    content, chance = sales(), random.Random(SEED)
    settings = {"DATABASE_URL": committed_database, "DJANGO_SETTINGS_MODULE": "config.settings.test"}

    def work(run, seconds):
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER.format(code=run.code, media=str(tmp_path))], env={**os.environ, **settings}
        )
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None

    def prepared(name):
        shop = Business.objects.create(name=name)
        run = receive(content, shop)
        run.options["date_order"] = "ymd"
        run.save()
        return shop, run

    shop, run = prepared("Whole")
    started = time.monotonic()
    assert work(run, 600) == 0
    took, whole = time.monotonic() - started, books(shop)
    assert len(whole[0]) == ORDERS

    killed, seen, shops = 0, set(), count(1)
    while killed < KILLS:
        shop, run = prepared(f"Shop {next(shops)}")
        while (ended := work(run, took * chance.uniform(0.2, 0.9))) is None and killed < KILLS:
            killed += 1
            run.refresh_from_db()
            seen.add((run.phase, run.steps_done))
        if ended is None:
            ended = work(run, 600)
        assert ended == 0
        assert books(shop) == whole
        assert ImportRun.objects.get(pk=run.pk).counts["orders_created"] == ORDERS
    assert not ImportRow.objects.exists()
    with capsys.disabled():
        print(f"\n{killed} kills, at {len(seen)} places, of imports of {took:.1f} s")


def test_a_line_of_a_gigabyte_is_refused_in_little_memory():
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFile, match="too long for a row"):
            inspect(io.BufferedReader(EndlessLine(2**30)))
        assert tracemalloc.get_traced_memory()[1] < SMALL * 2**20
    finally:
        tracemalloc.stop()
