"""The table that tells one tick which programmes have work."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from core.tenancy import active_schema
from programs.models import DueWork, Programme

# A piece of work that was handed out is left alone this long, then handed out again: its worker must have died.
DUE_WORK_LEASE = timedelta(minutes=15)
TICK_BATCH = 500


def ensure_due(*, kind: str, by: datetime) -> None:
    """Make sure that the active programme does `kind` at `by` or earlier."""
    programme = Programme.objects.only("pk").get(schema_name=active_schema())
    DueWork.objects.bulk_create([DueWork(programme=programme, kind=kind, next_due_at=by)], ignore_conflicts=True)
    DueWork.objects.filter(programme=programme, kind=kind, next_due_at__gt=by).update(next_due_at=by)


def schedule_all(*, programme: Programme, kinds: Iterable[str], now: datetime) -> None:
    """Give a programme its regular work, due at once; kinds that it already has stay as they are."""
    rows = [DueWork(programme=programme, kind=kind, next_due_at=now) for kind in kinds]
    DueWork.objects.bulk_create(rows, ignore_conflicts=True)


def take_due(*, now: datetime) -> list[tuple[str, str]]:
    """(schema, kind) of what is due, each put off by DUE_WORK_LEASE; the caller queues it in the same transaction."""
    due = DueWork.objects.filter(next_due_at__lte=now, programme__is_active=True).order_by("next_due_at")
    rows = list(due.select_for_update(skip_locked=True, of=("self",)).select_related("programme")[:TICK_BATCH])
    DueWork.objects.filter(pk__in=[row.pk for row in rows]).update(next_due_at=now + DUE_WORK_LEASE)
    return [(row.programme.schema_name, row.kind) for row in rows]


def handed_out_until(*, kind: str) -> datetime | None:
    """The mark that `take_due` left on the active programme's `kind`, for `settle`."""
    row = DueWork.objects.filter(programme__schema_name=active_schema(), kind=kind).first()
    return row.next_due_at if row else None


def settle(*, kind: str, mark: datetime | None, next_due_at: datetime | None) -> None:
    """Write down when `kind` is due next (None: not before somebody asks).

    Only if nobody asked meanwhile: an `ensure_due` since `mark` was read stands. Without a mark there is no row.
    """
    if mark is None:
        return
    row = DueWork.objects.filter(programme__schema_name=active_schema(), kind=kind, next_due_at=mark)
    if next_due_at is None:
        row.delete()
    else:
        row.update(next_due_at=next_due_at)
