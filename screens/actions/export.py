"""A person's data as a file for them: a ZIP with JSON for machines, CSV for spreadsheets and a page for people.

Kept for a day.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.template.loader import render_to_string
from django.utils import timezone, translation

from core.actor import Actor
from core.codes import random_code
from core.errors import NotFound
from core.tenancy import active_programme
from customers.models import Customer
from messaging.languages import language_of
from programs.actions.due_work import ensure_due
from screens.csv_files import csv_text
from screens.personal_data import Row, count_rows, sections
from screens.personal_data_words import say_column, say_value
from workspace.actions import audit
from workspace.actions.jobs import JobRun, start_job
from workspace.models import Job

EXPORT = "screens.personal_data.export"
SWEEP = "screens.personal_data.sweep"  # the due work that deletes files
KEPT = timedelta(days=1)
REPEAT_AFTER = timedelta(minutes=10)  # asked for again before that, it is the same file
FOLDER = "exports"


def start_export(*, customer: Customer, actor: Actor, now: datetime) -> Job:
    """The job that makes the file; the same one when the same side asked a moment ago. In the caller's transaction."""
    side = "customer" if actor.kind == "customer" else "staff"
    slot = int(now.timestamp() // REPEAT_AFTER.total_seconds())
    job = start_job(
        kind=EXPORT,
        key=f"{customer.code}:{side}:{slot}",
        actor=actor,
        now=now,
        params={"customer": customer.code, "side": side},
    )
    audit.record(actor, "customers.customer.exported", subject=f"customer:{customer.code}")
    ensure_due(kind=SWEEP, by=now + KEPT)
    return job


def find_export(*, customer: Customer, code: str, side: str) -> Job:
    """The job `code`, if it is this customer's and was asked for by this side. Raises NotFound."""
    asked = Job.objects.filter(kind=EXPORT, params__customer=customer.code, params__side=side)
    job = asked.filter(code=code).first()
    if job is None:
        raise NotFound()
    return job


def open_export(job: Job, *, now: datetime) -> IO[bytes]:
    """The finished file. Raises NotFound when it is not there, or not any more."""
    path = str(job.result.get("file", ""))
    is_kept = job.finished_at is not None and job.finished_at + KEPT > now
    if not path or not is_kept or not default_storage.exists(path):
        raise NotFound()
    return default_storage.open(path, "rb")


def write_export(run: JobRun) -> dict[str, object]:
    """The job's work. Run twice, the second file takes the place of the first. No file is left of who is erased."""
    customer = Customer.objects.known().filter(code=run.params.get("customer", "")).first()
    if customer is None:
        raise NotFound()
    with tempfile.TemporaryFile() as target:
        with translation.override(language_of(customer)), zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            rows = _write_archive(archive, customer, run)
        target.seek(0)
        path = default_storage.save(f"{FOLDER}/{random_code(24).lower()}.zip", File(target))
    if not Customer.objects.known().filter(pk=customer.pk).exists():
        default_storage.delete(path)
        raise NotFound()
    return {"file": path, "rows": rows}


def _write_archive(archive: zipfile.ZipFile, customer: Customer, run: JobRun) -> int:
    total, done = max(count_rows(customer), 1), 0
    data: dict[str, list[Row]] = {}
    for section in sections():
        rows = data[section.name] = []
        for row in section.rows(customer):
            rows.append(row)
            done += 1
            run.report(min(done, total), total)
    programme, made_at = active_programme(), timezone.now()
    head = {"programme": programme.name, "currency": programme.currency, "made_at": made_at.isoformat()}
    archive.writestr("data.json", json.dumps({**head, **data}, ensure_ascii=False, indent=1))
    for section in sections():
        for name, rows in _sheets(section.name, data[section.name]):
            archive.writestr(f"csv/{name}.csv", csv_text(list(rows[0]), [list(row.values()) for row in rows]))
    tables = [_table(str(section.title), data[section.name], programme.currency) for section in sections()]
    page = {"programme": programme, "made_at": made_at, "tables": tables, "language": translation.get_language()}
    archive.writestr("index.html", render_to_string("screens/portal/export.html", page))
    return done


def _sheets(name: str, rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Flat rows for a spreadsheet: the section's own, and those inside them, such as lines of orders, beside it."""
    if not rows:
        return
    nested = [key for key, value in rows[0].items() if isinstance(value, list)]
    yield name, [{key: _flat(value) for key, value in row.items() if key not in nested} for row in rows]
    for key in nested:
        inside = [
            {name: row["id"], **{column: _flat(value) for column, value in one.items()}}
            for row in rows
            for one in row[key]
        ]
        if inside:
            yield f"{name}-{key}", inside


def _flat(value: object) -> str | int | float | None:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str | int | float) else None


def _table(title: str, rows: list[Row], currency: str) -> dict[str, object]:
    """Rows for people, in the active language."""
    names = list(rows[0]) if rows else []
    return {
        "title": title,
        "columns": [say_column(name) for name in names],
        "rows": [[say_value(name, row[name], currency) for name in names] for row in rows],
    }


def forget_exports(*, customer_code: str) -> None:
    """Delete the files of a person who is erased, and what the jobs say of them."""
    for job in Job.objects.filter(kind=EXPORT, params__customer=customer_code):
        _delete(job)
        Job.objects.filter(pk=job.pk).update(params={}, result={}, created_by="")


def sweep_exports(*, now: datetime) -> datetime | None:
    """Delete files that are older than KEPT; returns when the next one is, None when none is left."""
    made = Job.objects.filter(kind=EXPORT, result__has_key="file", finished_at__isnull=False)
    for job in made.filter(finished_at__lte=now - KEPT):
        _delete(job)
        Job.objects.filter(pk=job.pk).update(result={})
    oldest = made.order_by("finished_at").values_list("finished_at", flat=True).first()
    if oldest is not None:
        return oldest + KEPT
    return now + KEPT if Job.objects.unfinished().filter(kind=EXPORT).exists() else None


def _delete(job: Job) -> None:
    path = str(job.result.get("file", ""))
    if path and Path(path).parts[0] == FOLDER:
        default_storage.delete(path)
