"""One import from its file to its end. Safe to call again after a kill: it goes on where the last commit was."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils.translation import gettext as _

from core.actor import SYSTEM
from core.spreadsheets import FORMULA_STARTS
from core.tenancy import active_schema
from customers.actions import rollups
from customers.actions.events import append
from customers.events import IMPORT_FINISHED
from customers.imports import checks, staging, writing
from customers.imports.fields import Reading
from customers.imports.options import ImportOptions
from customers.imports.problems import PROBLEMS
from customers.imports.reading import layout_of, records
from customers.imports.touched import refresh, touched_by
from customers.models import ImportRow, ImportRun
from programs.models import Programme

# done, of how many, what is happening. It may raise to stop; what is committed stays.
Report = Callable[[int, int, str], None]

PLAIN_NUMBER = re.compile(r"[+-][0-9 .,()/£$€'-]+")  # amounts, phone numbers

# With so few rows, what they touch is added up again and nothing else; the tables have the statistics that they had.
FEW_ROWS = 10_000
SWEEP_AFTER = timedelta(hours=1)
READING_SHARE = 0.2  # of an import's time, measured on the million sales lines of the demo
# Statistics of an empty table make the planner read whole tables for each row.
GROWING_TABLES = (
    "customers_customer, customers_identifier, customers_product, customers_order, customers_orderline, "
    "customers_refund, customers_refundline, customers_importperson"
)

TOUCHED = """
WITH document AS (
    SELECT DISTINCT order_reference AS reference, document FROM customers_importrow
    WHERE import_id = %(run)s AND problem IS NULL AND order_reference IS NOT NULL
)
SELECT customer_id, (placed_at AT TIME ZONE %(zone)s)::date, line.product_id
FROM customers_order AS own JOIN document USING (reference)
LEFT JOIN customers_orderline AS line ON line.order_id = own.id
WHERE business_id = %(business)s AND document = 's'
UNION
SELECT back.customer_id, (back.refunded_at AT TIME ZONE %(zone)s)::date, line.product_id
FROM customers_order AS own JOIN document USING (reference)
JOIN customers_refund AS back ON back.order_id = own.id
LEFT JOIN customers_refundline AS line ON line.refund_id = back.id
WHERE own.business_id = %(business)s AND document = 's'
UNION
SELECT customer_id, (refunded_at AT TIME ZONE %(zone)s)::date, line.product_id
FROM customers_refund AS own JOIN document USING (reference)
LEFT JOIN customers_refundline AS line ON line.refund_id = own.id
WHERE business_id = %(business)s AND document = 'r'
UNION
SELECT customer_id, NULL, NULL FROM customers_importperson WHERE import_id = %(run)s
"""


def _nothing() -> None:
    pass


def run_import(
    run: ImportRun, *, report: Report, now: datetime, finish: Callable[[], None] = _nothing
) -> dict[str, int]:
    """Read, check and write; returns the counts, which are also on the run. `finish` is part of the last transaction.

    A dry run stops after the checks. Whatever happens, an end of the run leaves no staged rows behind; an exception
    (a kill, a cancel) leaves them for the next call, which needs the file only if a crash emptied the table.
    """
    if run.phase == ImportRun.Phase.DONE:
        return dict(run.counts)
    options = ImportOptions.of(run.options)
    is_first_attempt = run.phase == ImportRun.Phase.UPLOADED
    if not _is_staged(run):
        _stage(run, options, report=report, now=now)
    if run.is_dry_run:
        run.counts = checks.forecast(run)
    elif run.kind == ImportRun.Kind.STOCK:
        _write(run, options, report=report, now=now)
    else:
        few = is_first_attempt and run.staged_rows <= FEW_ROWS
        (_write_few if few else _write_many)(run, options, report=report, now=now)
    _write_error_file(run)
    _finish(run, now=now, finish=finish)
    return dict(run.counts)


def _write_many(run: ImportRun, options: ImportOptions, *, report: Report, now: datetime) -> None:
    """Write and add up everything: also what an attempt before wrote, of which nothing is remembered."""
    _write(run, options, report=report, now=now)
    rollups.rebuild_rollups(now=now)


def _write_few(run: ImportRun, options: ImportOptions, *, report: Report, now: datetime) -> None:
    """Write and add up what the rows touch, as it was before and as it is now."""
    zone = rollups.programme_zone()
    before = touched_by(TOUCHED, run, zone)
    _write(run, options, report=report, now=now)
    refresh(before | touched_by(TOUCHED, run, zone), zone=zone, now=now)


def discard(run: ImportRun) -> None:
    """Take away the staged rows of an import that ended early. What it wrote stays; going on reads the file again."""
    staging.clear(run.pk)


def sweep(*, now: datetime) -> datetime | None:
    """`discard` every import that was given up: stopped, refused, or failed or killed at each attempt.

    Returns when to look again, None while no import is under way. Safe to repeat.
    """
    with transaction.atomic():
        begun = ImportRun.objects.filter(phase__in=[ImportRun.Phase.READING, ImportRun.Phase.WRITING])
        # The lock keeps those out that somebody goes on with just now.
        for run in begun.filter(job__finished_at__isnull=False).select_for_update(of=("self",), skip_locked=True):
            discard(run)
    under_way = ImportRun.objects.filter(job__isnull=False, job__finished_at__isnull=True)
    return now + SWEEP_AFTER if under_way.exists() else None


def _binary(file: File[Any]) -> BinaryIO:
    """The stored file itself: text wrappers need more than Django's own object offers."""
    assert file.file is not None
    return cast(BinaryIO, file.file)


def _is_staged(run: ImportRun) -> bool:
    """Whether the rows are there. They are not before the first reading, nor after a crash of the database."""
    if run.phase != ImportRun.Phase.WRITING:
        return False
    return ImportRow.objects.filter(import_id=run.pk).count() == run.staged_rows


def reading_of(run: ImportRun, *, now: datetime) -> Reading:
    """What the values of the run's file depend on. One query."""
    programme = Programme.objects.get(schema_name=active_schema())
    date_order = ImportOptions.of(run.options).date_order
    return Reading(country=programme.country, zone=programme.zone, date_order=date_order, now=now)


def _stage(run: ImportRun, options: ImportOptions, *, report: Report, now: datetime) -> None:
    run.phase = ImportRun.Phase.READING
    run.save(update_fields=["phase"])
    total = max(run.rows_total, 1)
    with default_storage.open(run.path, "rb") as file:
        staged = staging.stage(
            run=run,
            records=records(_binary(file), layout_of(run)),
            reading=reading_of(run, now=now),
            options=options,
            report=lambda rows: report(int(rows * READING_SHARE), total, _("Reading the file")),
        )
    run.staged_rows, run.chunk_count, run.steps_done = staged.rows, staged.chunks, 0
    run.rows_total = staged.rows  # a sheet was only counted roughly before
    report(int(total * READING_SHARE), total, _("Checking the rows"))
    checks.check(run)
    run.phase = ImportRun.Phase.WRITING
    run.save(update_fields=["phase", "rows_total", "staged_rows", "chunk_count", "steps_done"])


def _write(run: ImportRun, options: ImportOptions, *, report: Report, now: datetime) -> None:
    total, steps = max(run.rows_total, 1), writing.steps_of(run)
    renew_statistics = writing.statistics_after(run) if run.staged_rows > FEW_ROWS else set()
    done = run.steps_done
    report(int(total * (READING_SHARE + (1 - READING_SHARE) * done / steps)), total, _("Writing customers and orders"))
    for now_done in writing.write_steps(run, options=options, now=now):
        if renew_statistics.intersection(range(done + 1, now_done + 1)):
            _analyze()
        done = now_done
        share = READING_SHARE + (1 - READING_SHARE) * done / steps
        report(int(total * share), total, _("Writing customers and orders"))
    report(total, total, _("Adding up"))


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {GROWING_TABLES}")


def _finish(run: ImportRun, *, now: datetime, finish: Callable[[], None]) -> None:
    with transaction.atomic():
        staging.clear(run.pk)
        run.phase, run.finished_at = ImportRun.Phase.DONE, now
        run.save(update_fields=["phase", "finished_at", "counts"])
        finish()
        has_changed = run.sync_run_id is None or any(run.counts.values())  # a sync reads some rows again and again
        if not run.is_dry_run and has_changed:
            append(
                IMPORT_FINISHED,
                actor=SYSTEM,
                occurred_at=now,
                business_id=run.business_id,
                data={"import": run.code, "kind": run.kind, "rows": run.rows_total, "counts": run.counts},
            )


def _write_error_file(run: ImportRun) -> None:
    """The rows that were not imported, as the file had them (formulas made text), with line and reason behind. One more
    pass over the file, only when there are any."""
    if not run.rows_failed:
        return
    with tempfile.TemporaryFile() as target:
        text = io.TextIOWrapper(target, encoding="utf-8-sig", newline="")
        writer = csv.writer(text, delimiter=run.delimiter)
        writer.writerow([*map(_no_formula, run.header), _("Line"), _("Reason")])
        with default_storage.open(run.path, "rb") as file:
            for line, cells, problem in _failed(run, file):
                shown = [*map(_no_formula, cells), *[""] * (len(run.header) - len(cells))]
                writer.writerow([*shown, str(line), str(PROBLEMS[problem])])
        text.flush()
        target.seek(0)
        run.error_path = default_storage.save(f"imports/{run.code}-errors.csv", File(target))
        text.detach()
    run.save(update_fields=["error_path"])


def _no_formula(cell: str) -> str:
    """A spreadsheet runs what begins like a formula, and customers choose their own names. Numbers stay as they are.

    Source: OWASP, CSV injection.
    """
    is_formula = cell.startswith(FORMULA_STARTS) and not PLAIN_NUMBER.fullmatch(cell)
    return f"'{cell}" if is_formula else cell


def _failed(run: ImportRun, file: File[Any]) -> Iterator[tuple[int, list[str], str]]:
    bad = ImportRow.objects.filter(import_id=run.pk, problem__isnull=False).order_by("line")
    problems = iter(bad.values_list("line", "problem").iterator(chunk_size=5_000))
    waiting = next(problems, None)
    for line, cells in records(_binary(file), layout_of(run)):
        if waiting is None:
            return
        if line == waiting[0]:
            yield line, cells or [], str(waiting[1])
            waiting = next(problems, None)
