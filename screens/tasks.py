"""Readers of the event stream that need to see several rooms, and work for people about themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Event
from customers.stream import stream_reader
from screens.actions.export import EXPORT, SWEEP, sweep_exports, write_export
from screens.actions.points_texts import TEXT_AFTER, text_about_points
from workspace.actions.jobs import JobRun
from workspace.jobs import due_work, job_kind


@stream_reader("screens.points_texts", delay=TEXT_AFTER)
def follow_points(events: Sequence[Event]) -> None:
    text_about_points(events=events, now=timezone.now())


@job_kind(EXPORT, title=_("Data of a person"))
def export_personal_data(run: JobRun) -> dict[str, object]:
    return write_export(run)


@due_work(SWEEP)
def delete_old_exports(now: datetime) -> datetime | None:
    """Whoever asks for a file makes it due; it ends when none is left."""
    return sweep_exports(now=now)
