"""CSV in, import out: what every test of imports needs."""

from __future__ import annotations

import io

from django.utils import timezone

from core.actor import SYSTEM
from customers.actions.imports import configure_import, receive_file
from customers.imports.options import ImportOptions
from customers.imports.run import run_import

LINES_HEADER = "Invoice,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def csv_of(*rows, header=LINES_HEADER):
    return "\n".join([header, *rows, ""]).encode()


def receive(content, business, *, kind=None, name="sales.csv"):
    file = io.BytesIO(content if isinstance(content, bytes) else content.encode())
    return receive_file(file=file, name=name, kind=kind, business=business, actor=SYSTEM, now=timezone.now())


def import_csv(content, business, *, kind=None, dry=False, report=lambda *_: None, **options):
    """Receive, configure by the guess, and run to the end."""
    run = receive(content, business, kind=kind)
    chosen = ImportOptions.of({**run.options, "date_order": "ymd", **options})
    configure_import(run=run, kind=run.kind, mapping=run.mapping, options=chosen, is_dry_run=dry)
    run_import(run, report=report, now=timezone.now())
    run.refresh_from_db()
    return run
