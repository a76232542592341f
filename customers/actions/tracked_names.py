"""Which names others use for events, and what comes with each: kept by a reader of the event stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from customers.actions.event_policy import FORGET_DUE, kept_days
from customers.models import Event, TrackedName
from customers.stream import stream_reader
from programs.actions.due_work import ensure_due

MAX_NAMES = 1000  # somebody who puts a number into the name gets no row for each
MAX_PROPERTIES = 100
KINDS: Mapping[type, str] = {str: "text", bool: "yes_no", int: "number", float: "number", list: "list", dict: "object"}


@stream_reader("customers.tracked_names")
def count_names(events: Sequence[Event]) -> None:
    """Four queries for any number of events, and one for each of their names."""
    by_name: dict[str, list[Event]] = {}
    for event in events:
        if event.tracked:
            by_name.setdefault(event.tracked, []).append(event)
    if not by_name:
        return
    ensure_due(kind=FORGET_DUE, by=events[0].received_at + timedelta(days=kept_days()))
    known = {row.name: row for row in TrackedName.objects.filter(name__in=by_name)}
    room = MAX_NAMES - TrackedName.objects.count() if len(known) < len(by_name) else 0
    for name, of_name in sorted(by_name.items()):
        row = known.get(name)
        if row is None:
            if room <= 0:
                continue
            room -= 1
            first = min(event.occurred_at for event in of_name)
            row = TrackedName(name=name, first_at=first, last_at=first)
        _count(row, of_name)
        row.save()


def _count(row: TrackedName, events: Sequence[Event]) -> None:
    row.count += len(events)
    row.first_at = min(row.first_at, *(event.occurred_at for event in events))
    row.last_at = max(row.last_at, *(event.occurred_at for event in events))
    for event in sorted(events, key=lambda one: one.occurred_at):
        for name, value in event.data.get("properties", {}).items():
            kind = KINDS.get(type(value))
            if kind and (name in row.properties or len(row.properties) < MAX_PROPERTIES):
                row.properties[name] = kind
