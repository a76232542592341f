"""Keeping every segment true: what was noted, what time did, and each night everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from time import monotonic

from django.db import OperationalError, connection, transaction
from django.db.models import Min, Q
from django.utils import timezone
from psycopg.errors import QueryCanceled

from customers.actions.turns import turn_to_compute
from segments.actions.counting import Counting
from segments.models import Segment, SegmentPart, StaleMember

PATIENCE = 2_000  # milliseconds for each statement, of a count that somebody waits for
BUDGET = 45.0  # seconds of one turn of the worker
STEP = 10_000  # people judged in one transaction
_TAKE = """
    DELETE FROM segments_stalemember WHERE customer_id IN (
        SELECT customer_id FROM segments_stalemember ORDER BY customer_id LIMIT %s FOR UPDATE SKIP LOCKED)
    RETURNING customer_id
"""


def count_due(*, now: datetime) -> datetime | None:
    """Count what was noted and what time changed; when to look again, None before somebody asks.

    Commits step by step; stops after BUDGET, and what is left is due at once.
    """
    until = monotonic() + BUDGET
    for _step in _steps(now):
        if monotonic() > until:
            return now
    return _next_change()


def count_everybody(*, report: Callable[[int, int, str], None] = lambda done, total, name: None) -> int:
    """Judge everybody for every segment, parts before wholes; how many segments. `report` may raise to stop."""
    order = in_order()
    names = dict(Segment.objects.values_list("pk", "name"))
    for done, key in enumerate(order):
        report(done, len(order), names[key])
        count_whole(key, now=timezone.now())
    report(len(order), len(order), "")
    return len(order)


def count_whole(key: int, *, now: datetime) -> None:
    """Judge everybody for one segment, unless it was archived meanwhile."""
    with transaction.atomic():
        turn_to_compute()
        segment = _locked(key)
        if segment is not None:
            Counting.at(now).count_all(segment)


def count_at_once(key: int, *, now: datetime) -> bool:
    """Count a segment while somebody waits for it; False where that takes too long: the worker does it then."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(PATIENCE)])
            count_whole(key, now=now)
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        return False
    return True


def in_order() -> list[int]:
    """Every living segment after those that it asks about. Two queries."""
    parts: dict[int, set[int]] = {
        key: set() for key in Segment.objects.living().order_by("pk").values_list("pk", flat=True)
    }
    for whole, part in SegmentPart.objects.values_list("segment", "part"):
        if whole in parts and part in parts:
            parts[whole].add(part)
    ordered: dict[int, None] = {}

    def place(key: int) -> None:
        if key not in ordered:
            for part in sorted(parts[key]):
                place(part)
            ordered[key] = None

    for key in parts:
        place(key)
    return list(ordered)


def _steps(now: datetime) -> Iterator[None]:
    """One transaction each, until nothing is left: what changes in one segment may change others."""
    while True:
        stale = set(Segment.objects.living().filter(is_stale=True, is_broken=False).values_list("pk", flat=True))
        for key in in_order() if stale else ():
            if key in stale:
                count_whole(key, now=now)
                yield
        for segment in Segment.objects.living().filter(next_change_at__lte=now, is_broken=False):
            _judge_passed(segment.pk, now)
            yield
        if not stale and not _judge_marked(now):
            return
        yield


def _judge_passed(key: int, now: datetime) -> None:
    """Whom time brought into a segment or away."""
    with transaction.atomic():
        turn_to_compute()
        segment = _locked(key)
        if segment is not None:
            Counting.at(now).count_some(segment, [])


def _locked(key: int) -> Segment | None:
    """A living segment, locked with those that ask about it: they may have to be counted anew."""
    with_wholes = Segment.objects.filter(Q(pk=key) | Q(pk__in=SegmentPart.objects.filter(part=key).values("segment")))
    segments = with_wholes.select_for_update().order_by("pk").in_bulk()
    segment = segments.get(key)
    return segment if segment is not None and segment.archived_at is None else None


def _judge_marked(now: datetime) -> bool:
    """A step of those who are marked, except whom a transaction is marking just now; whether there was anybody.

    Segments are locked before marks, as by everybody who does both.
    """
    if not StaleMember.objects.exists():
        return False
    with transaction.atomic():
        turn_to_compute()
        segments = Segment.objects.living().select_for_update().order_by("pk").in_bulk()
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, [STEP])
            marked = [customer for (customer,) in cursor.fetchall()]
        if marked:
            counting = Counting.at(now)
            for key in in_order():
                if key in segments:
                    counting.count_some(segments[key], marked)
    return bool(marked)


def _next_change() -> datetime | None:
    found: datetime | None = (
        Segment.objects.living().filter(is_broken=False).aggregate(next=Min("next_change_at"))["next"]
    )
    return found
