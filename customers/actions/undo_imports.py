"""Undoing an import, and forgetting what it would take, and its files, after a while."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.actor import Actor
from core.errors import DomainError
from customers.actions import rollups
from customers.actions.imports import KEPT_DAYS
from customers.actions.turns import turn_to_take_away
from customers.databases.sync import move_back
from customers.following import Figures, tell_followers
from customers.imports import staging
from customers.imports.run import FEW_ROWS
from customers.imports.touched import Touched, refresh, touched_by
from customers.imports.undoing import TOUCHED, counts_of, rehearse, undo_step
from customers.models import ImportRun, ImportUndo
from workspace.actions import audit
from workspace.actions.jobs import start_job
from workspace.models import Job

UNDO_KIND = "customers.import.undo"


class NotUndoable(DomainError):
    code = "import_not_undoable"
    message = gettext_lazy("This import cannot be undone: nothing was written, it is under way, or it is too long ago.")


def can_undo(run: ImportRun, *, now: datetime) -> bool:
    """Written something, over or stopped, not undone, and young enough. One query."""
    if run.is_dry_run or run.undone_at or run.created_at < now - timedelta(days=KEPT_DAYS):
        return False
    if run.phase != ImportRun.Phase.DONE and (run.job is None or not run.job.is_finished):
        return False
    return run.undo_job_id is not None or ImportUndo.objects.filter(import_id=run.pk).exists()


def preview_undo(run: ImportRun) -> dict[str, int]:
    """What undoing has to look at: rows that the import made and rows that it changed, by kind."""
    return counts_of(run)


def rehearse_undo(run: ImportRun, *, now: datetime) -> dict[str, int] | None:
    """What undoing would do with which rows, by the names of `undo_counts`.

    None for too many to try beforehand, and while a run writes about everybody.
    """
    return rehearse(run, now=now)


def start_undo(*, run: ImportRun, actor: Actor, now: datetime) -> Job:
    """Queue the undoing, or go on with one that failed. Safe to repeat while it runs. Raises NotUndoable."""
    with transaction.atomic():
        run = ImportRun.objects.select_for_update(of=("self",)).select_related("job", "undo_job").get(pk=run.pk)
        if run.undo_job is not None and not run.undo_job.is_finished:
            return run.undo_job
        if not can_undo(run, now=now):
            raise NotUndoable
        attempt = 1 if run.undo_job is None else int(run.undo_job.key.rpartition(":")[2]) + 1
        run.undo_job = start_job(
            kind=UNDO_KIND, key=f"{run.code}:{attempt}", actor=actor, now=now, params={"import": run.code}
        )
        run.save(update_fields=["undo_job"])
        audit.record(
            actor,
            "customers.import.undo_started",
            subject=f"import:{run.code}",
            business_id=run.business_id,
            data=preview_undo(run),
        )
    return run.undo_job


def undo_import(run: ImportRun, *, report: Callable[[int, int, str], None], now: datetime) -> dict[str, int]:
    """Undo step by step; returns what was removed, restored and kept. A later call goes on after the last step.

    The file can be imported again afterwards, and the next reading of a database takes its rows again.
    """
    if run.undone_at:
        return dict(run.undo_counts)
    staging.clear(run.pk)
    zone = rollups.programme_zone()
    touched = _touched_by_few(run, zone)
    done, total = 0, sum(counts_of(run).values())
    while taken := _undo_step(run, now):
        done += taken
        report(done, total, _("Undoing the import"))
    report(total, total, _("Adding up"))
    with transaction.atomic():
        if touched is None:
            rollups.rebuild_rollups(now=now)
        else:
            refresh(touched, zone=zone, now=now)
        run.undone_at, run.content_key = now, ""
        run.save(update_fields=["undone_at", "content_key"])
        move_back(run)
        tell_followers(Figures.PEOPLE)
    return dict(run.undo_counts)


@transaction.atomic
def _undo_step(run: ImportRun, now: datetime) -> int:
    turn_to_take_away()
    return undo_step(run, now=now)


def _touched_by_few(run: ImportRun, zone: str) -> Touched | None:
    """What undoing will touch; None for everything: of many rows, and of an attempt before nothing is remembered."""
    noted = ImportUndo.objects.filter(import_id=run.pk)
    if run.undo_counts or noted[: FEW_ROWS + 1].count() > FEW_ROWS:
        return None
    return touched_by(TOUCHED, run, zone)


def forget_old_imports(*, now: datetime) -> datetime | None:
    """Delete the files of imports and what undoing them would take, `KEPT_DAYS` after the upload; uploads that were
    never started go whole. Returns when the next one is due, None when nothing is kept. Safe to repeat."""
    kept_from = now - timedelta(days=KEPT_DAYS)
    with_files = ImportRun.objects.exclude(path="")
    for run in with_files.filter(created_at__lt=kept_from).select_related("job").order_by("pk"):
        if run.job is not None and not run.job.is_finished:
            continue
        for path in filter(None, (run.path, run.error_path)):
            default_storage.delete(path)
        ImportUndo.objects.filter(import_id=run.pk)._raw_delete("default")
        if run.phase == ImportRun.Phase.UPLOADED and run.job is None:
            run.delete()
        else:
            ImportRun.objects.filter(pk=run.pk).update(path="", error_path="")
    oldest: datetime | None = with_files.aggregate(first=Min("created_at"))["first"]
    return max(oldest + timedelta(days=KEPT_DAYS), now + timedelta(hours=1)) if oldest else None
