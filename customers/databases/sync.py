"""One reading of a database from beginning to end. Safe to call again after a kill: it goes on where it was.

A section is read into a file, which is complete before an import of it exists. That import is resumable; its last
transaction moves the section's marks. Whatever dies in between, the next call reads the section again from the old
marks, or goes on with the import.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils.translation import gettext as _

from core.tenancy import active_programme, active_schema
from customers.databases.address import Address
from customers.databases.drivers import opened
from customers.databases.errors import SourceProblem
from customers.databases.mapping import SourceMapping, read_mapping
from customers.databases.marks import lower
from customers.databases.reading import Read, read_section
from customers.databases.selects import Marks
from customers.imports.options import ImportOptions
from customers.imports.run import Report, run_import
from customers.models import DatabaseSync, ImportRun, SyncRun

SHARE = 1_000  # of the progress, for each section
READ_SHARE = 300  # of it, for reading the rows; nobody knows before how many there are
OPTIONS = ImportOptions(date_order="ymd").as_json()


def run_sync(run: SyncRun, address: Address, *, report: Report, now: datetime, is_dry_run: bool = False) -> None:
    """Read and write the sections that are not done yet. Raises SourceProblem, and MappingProblem for columns that are
    not there; sections that were done before stay done."""
    mapping = read_mapping(run.sync.mapping)
    with _alone(run.sync):
        for at, name in enumerate(run.sections):
            if name in run.counts:
                continue
            told = partial(_report_of_section, report, at, len(run.sections), name)
            imported = run.imports.filter(section=name).select_related("job").first()
            if imported is None:
                imported = _read(run, mapping, name, address, report=told, now=now, is_dry_run=is_dry_run)
            _write(run, name, imported, report=told, now=now)
        run.finished_at = now
        run.save(update_fields=["finished_at"])


def _report_of_section(report: Report, at: int, sections: int, name: str, done: int, message: str) -> None:
    report(at * SHARE + min(done, SHARE), sections * SHARE, f"{name}: {message}")


@contextmanager
def _alone(sync: DatabaseSync) -> Iterator[None]:
    """Two processes must not move the same marks; the lock goes with the connection of one that dies."""
    key = [f"{active_schema()}:database-sync:{sync.pk}"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", key)
        if not cursor.fetchone()[0]:
            raise SourceProblem(_("This database is being read just now."))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", key)


def _read(
    run: SyncRun,
    mapping: SourceMapping,
    name: str,
    address: Address,
    *,
    report: Callable[[int, str], None],
    now: datetime,
    is_dry_run: bool,
) -> ImportRun:
    """The section's rows as an import that waits to be written."""
    zone = mapping.zone or active_programme().zone
    report(0, _("Reading the database"))
    with tempfile.TemporaryFile() as file, opened(address) as source:
        marks = {} if run.is_full else marks_of(run.sync, mapping, name)
        read = read_section(
            mapping,
            name,
            source,
            file,
            marks=marks,
            zone=zone,
            now=now,
            report=lambda rows: report(0, _("%(rows)d rows read") % {"rows": rows}),
        )
        path = f"imports/{run.code}-{name}.csv"
        default_storage.delete(path)  # of a reading that was killed before the import was made
        file.seek(0)
        path = default_storage.save(path, File(file))
    return _import_of(run, mapping, name, read, path, before=marks, now=now, is_dry_run=is_dry_run)


def _import_of(
    run: SyncRun,
    mapping: SourceMapping,
    name: str,
    read: Read,
    path: str,
    *,
    before: Marks,
    now: datetime,
    is_dry_run: bool,
) -> ImportRun:
    with transaction.atomic():
        run.marks = {**run.marks, name: {"of": mapping.digest(name), "at": read.marks, "before": dict(before)}}
        run.save(update_fields=["marks"])
        return ImportRun.objects.create(
            sync_run=run,
            section=name,
            kind=mapping.sections[name].kind,
            business_id=run.sync.business_id,
            file_name=f"{run.sync.name}: {name}",
            path=path,
            digest=f"{run.code}:{name}",
            encoding="utf-8",
            delimiter=",",
            header=list(read.fields),
            rows_total=read.rows,
            mapping={field: at for at, field in enumerate(read.fields)},
            options=OPTIONS,
            is_dry_run=is_dry_run,
            job=run.job,
            created_by=run.created_by,
            created_at=now,
        )


def marks_of(sync: DatabaseSync, mapping: SourceMapping, name: str) -> dict[str, str | int | float]:
    """How far the section was read; nothing when it has changed since, or was never read."""
    kept = sync.marks.get(name, {})
    return dict(kept["at"]) if kept.get("of") == mapping.digest(name) else {}


def _write(run: SyncRun, name: str, imported: ImportRun, *, report: Callable[[int, str], None], now: datetime) -> None:
    def told(done: int, total: int, message: str) -> None:
        report(READ_SHARE + done * (SHARE - READ_SHARE) // max(total, 1), message)

    if imported.rows_total:
        run_import(imported, report=told, now=now, finish=lambda: _advance(run, name, imported))
    else:
        with transaction.atomic():
            _advance(run, name, imported)
    if imported.is_dry_run or not (imported.rows_failed or any(imported.counts.values())):
        _forget(imported)


def _advance(run: SyncRun, name: str, imported: ImportRun) -> None:
    """In the transaction that ends the section's import: it is done, and the next reading begins behind it."""
    run.counts = {
        **run.counts,
        name: {
            "rows": imported.rows_total,
            "failed": imported.rows_failed,
            **{word: count for word, count in imported.counts.items() if count},
        },
    }
    run.save(update_fields=["counts"])
    if imported.is_dry_run:
        return
    sync = DatabaseSync.objects.select_for_update().get(pk=run.sync_id)
    told = run.marks[name]
    sync.marks = {**sync.marks, name: {"of": told["of"], "at": told["at"]}}
    sync.save(update_fields=["marks"])


def move_back(imported: ImportRun) -> None:
    """After undoing a section's import: the next reading takes its rows again. In the caller's transaction."""
    if imported.sync_run_id is None:
        return
    run = SyncRun.objects.get(pk=imported.sync_run_id)
    sync = DatabaseSync.objects.select_for_update().get(pk=run.sync_id)
    name, read = imported.section, run.marks.get(imported.section, {})
    kept = sync.marks.get(name, {})
    if not kept or kept.get("of") != read.get("of"):
        return  # it is read from the beginning anyway
    before = read.get("before", {})
    at = {cursor: lower(mark, before[cursor]) for cursor, mark in kept["at"].items() if cursor in before}
    sync.marks = {**sync.marks, name: {"of": kept["of"], "at": at}}
    sync.save(update_fields=["marks"])


def _forget(imported: ImportRun) -> None:
    """Most readings find what is known already: nothing of them needs to be kept."""
    default_storage.delete(imported.path)
    imported.delete()
