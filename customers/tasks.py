"""The regular work of customers and orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

import customers.actions.tracked_names  # noqa: F401 (a reader of the stream)
from customers.actions.bulk import JOB_KIND as BULK
from customers.actions.bulk import SWEEP as BULK_SWEEP
from customers.actions.bulk import run_bulk
from customers.actions.customer_files import sweep as sweep_files
from customers.actions.customer_files import write_export
from customers.actions.databases import JOB_KIND as DATABASE_SYNC
from customers.actions.databases import SYNCS, run_started, start_due_syncs
from customers.actions.duplicates import FIND, FIND_EVERY, find_duplicates
from customers.actions.event_policy import FORGET_DUE, forget_events
from customers.actions.facts import ROLLUPS
from customers.actions.imports import JOB_KIND as IMPORT
from customers.actions.imports import KEPT, SWEEP
from customers.actions.merging import LATE, move_late_arrivals
from customers.actions.people_counts import PEOPLE_DUE, count_people, count_people_soon
from customers.actions.product_pairs import count_pairs_tonight
from customers.actions.rollups import (
    COUNTED_AFTER_REBUILD,
    PRODUCT_SALES_DUE,
    programme_zone,
    refresh_product_sales,
    update_rollups,
)
from customers.actions.stock_sales import READER as STOCK_READER  # noqa: F401 (registers the reader)
from customers.actions.tags import EMPTY_TAG, empty_tag
from customers.actions.undo_imports import UNDO_KIND, forget_old_imports, undo_import
from customers.events import IMPORT_FINISHED
from customers.imports.run import discard, run_import, sweep
from customers.models import BulkRun, Event, ImportRun, Order, Refund, SyncRun
from customers.stream import READ_STREAM, run_readers, stream_reader
from programs.actions.due_work import ensure_due
from workspace.actions.jobs import JobCancelled, JobRun
from workspace.currency import keeps_amounts
from workspace.jobs import due_work, job_kind


@keeps_amounts
def has_sales() -> bool:
    """Imported refunds may come without their orders."""
    return Order.objects.exists() or Refund.objects.exists()


@due_work(ROLLUPS, follows_time_zone=True)
def refresh_rollups(now: datetime) -> None:
    """On demand only: days were marked outside the event stream, or the programme's time zone changed."""
    update_rollups(now=now)


@due_work(PRODUCT_SALES_DUE)
def count_product_sales(now: datetime) -> datetime | None:
    """Each night, when the days that count have moved on."""
    return refresh_product_sales(None, now=now)


@due_work(PEOPLE_DUE, follows_time_zone=True)
def count_people_now(now: datetime) -> None:
    count_people(now=now, zone=programme_zone())


@stream_reader("customers.counts")
def count_what_moved(events: Sequence[Event]) -> None:
    """Whoever brings the history of a shop sees its people and pairs at once, a sale waits for the next count."""
    now = timezone.now()
    if any(event.name == IMPORT_FINISHED.name for event in events):
        for kind in COUNTED_AFTER_REBUILD:
            ensure_due(kind=kind, by=now)
    elif any("order" in event.data or "refund" in event.data for event in events):
        count_people_soon(now=now)
        count_pairs_tonight(now=now, zone=ZoneInfo(programme_zone()))


@due_work(FORGET_DUE)
def forget_old_events(now: datetime) -> datetime | None:
    """When the oldest event of others is old enough."""
    return forget_events(now=now)


@due_work(READ_STREAM)
def catch_up(now: datetime) -> datetime | None:
    """Let every reader of the event stream catch up; whoever appends an event makes it due."""
    return run_readers(now=now)


# Each attempt goes on after the last chunk that the one before committed, so many of them are progress, not a loop.
@due_work(FIND)
def look_for_duplicates(now: datetime) -> datetime | None:
    """Each night; in a programme without customers it costs nothing."""
    find_duplicates(now=now)
    return now + FIND_EVERY


@due_work(LATE)
def move_late(now: datetime) -> datetime | None:
    """For a day after a merge: whoever merges makes it due."""
    return move_late_arrivals(now=now)


@job_kind(IMPORT, title=_("Import"), max_attempts=20)
def import_file(job: JobRun) -> dict[str, object]:
    run = ImportRun.objects.get(code=job.params["import"])
    try:
        counts = run_import(run, report=job.report, now=timezone.now())
    except JobCancelled:
        discard(run)
        raise
    return {"import": run.code, "failed": run.rows_failed, "skipped": run.rows_skipped, **counts}


@job_kind(DATABASE_SYNC, title=_("Reading a database"), max_attempts=5)
def read_database(job: JobRun) -> dict[str, object]:
    run = SyncRun.objects.select_related("sync", "job").get(code=job.params["run"])
    return run_started(run, report=job.report, now=timezone.now())


@due_work(SYNCS)
def read_databases(now: datetime) -> datetime | None:
    """Whoever adds a database makes it due; it ends when none is read by itself."""
    return start_due_syncs(now=now)


@job_kind(EMPTY_TAG, title=_("Taking a tag from customers"))
def take_tag_away(job: JobRun) -> dict[str, object]:
    return empty_tag(job)


@job_kind(UNDO_KIND, title=_("Undoing an import"), max_attempts=20)
def take_back_import(job: JobRun) -> dict[str, object]:
    run = ImportRun.objects.select_related("job").get(code=job.params["import"])
    return {"import": run.code, **undo_import(run, report=job.report, now=timezone.now())}


@due_work(KEPT)
def forget_imports(now: datetime) -> datetime | None:
    """Whoever uploads a file makes it due; it ends when no file is kept."""
    return forget_old_imports(now=now)


# Each attempt goes on after the last chunk that the one before committed.
@job_kind(BULK, title=_("Many customers at once"), max_attempts=20)
def act_on_many(job: JobRun) -> dict[str, object]:
    run, now = BulkRun.objects.select_related("job").get(code=job.params["bulk"]), timezone.now()
    if run.act == BulkRun.Act.EXPORT:
        written = write_export(job, run, now=now)
        return {**written, "file": reverse("api:customers-export-file", args=[run.job.code])}  # type: ignore[union-attr]
    return run_bulk(job, run, now=now)


@due_work(BULK_SWEEP)
def sweep_bulk(now: datetime) -> datetime | None:
    """Whoever acts on many makes it due; it ends when nothing is left."""
    return sweep_files(now=now)


@due_work(SWEEP)
def sweep_imports(now: datetime) -> datetime | None:
    """Whoever starts an import makes it due; it ends when no import is under way."""
    return sweep(now=now)
