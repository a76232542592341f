"""Reading the event stream without ever losing a late commit.

Ids are given out before commit, so "id greater than the last one read" skips an event whose transaction was older
but committed later. Each event carries its transaction's id; a reader takes only those below the oldest transaction
still running (`pg_snapshot_xmin`), where nothing can appear any more, in the order (transaction, id).

Source: PostgreSQL documentation, "Transaction ID and snapshot information functions".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from django.db import transaction
from django.db.models import BigIntegerField, Func, Q, QuerySet

from customers.models import Event, StreamReader

logger = logging.getLogger(__name__)

Handler = Callable[[Sequence[Event]], None]

# The due work that runs every reader; who appends events makes it due (SQL: customers_wake_readers).
READ_STREAM = "customers.stream.read"
# A reader looks again each minute for this long after the newest event: a transaction that was still open when the
# readers looked has committed by then, and a programme where nothing happens costs nothing.
LINGER = timedelta(minutes=10)
PAUSE = timedelta(minutes=1)
AT_ONCE = timedelta(seconds=1)
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Reader:
    handle: Handler
    delay: timedelta


READERS: dict[str, Reader] = {}


def stream_reader(name: str, *, delay: timedelta = timedelta(0)) -> Callable[[Handler], Handler]:
    """Register a reader: `handle(events)` gets each event once, in order, and may write in the same transaction.

    It gets them when they are `delay` old: who tells people waits for what is taken back at once.
    """

    def register(handle: Handler) -> Handler:
        READERS[name] = Reader(handle, delay)
        return handle

    return register


def run_readers(*, now: datetime) -> datetime | None:
    """Let every registered reader catch up; returns when to look again, None after LINGER without an event.

    A reader that fails is logged and tried again next time; it does not hold up the others.
    """
    looks = [now + PAUSE]
    for name, reader in READERS.items():
        until = now - reader.delay if reader.delay else None
        try:
            while read_stream(name, reader.handle, limit=BATCH, until=until) == BATCH:
                pass
            if until is not None and (waiting := _unread(StreamReader.objects.get(name=name)).first()):
                looks.append(max(waiting.received_at + reader.delay, now + AT_ONCE))
        except Exception:
            logger.exception("customers.stream.reader_failed", extra={"reader": name})
    newest = Event.objects.order_by("-id").values_list("received_at", flat=True).first()  # by primary key, no scan
    return min(looks) if newest is not None and newest > now - LINGER else None


class OldestRunningTransaction(Func):
    template = "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint)"
    output_field = BigIntegerField()


def _unread(reader: StreamReader) -> QuerySet[Event]:
    after = Q(transaction_id=reader.transaction_id, id__gt=reader.event_id) | Q(
        transaction_id__gt=reader.transaction_id
    )
    settled = Event.objects.filter(
        after, transaction_id__gte=reader.transaction_id, transaction_id__lt=OldestRunningTransaction()
    )
    return settled.order_by("transaction_id", "id")


def read_stream(name: str, handle: Handler, *, limit: int = 1000, until: datetime | None = None) -> int:
    """Give the next events to `handle` and move the reader `name` forward in the same transaction; returns how many.

    With `until` it stops before the first event that was received later. `handle` may write to the database: it
    happens together with the move, or not at all. Two calls at once: one works, the other returns 0. Call again while
    the answer equals `limit`.
    """
    with transaction.atomic():
        StreamReader.objects.get_or_create(name=name)
        reader = StreamReader.objects.select_for_update(skip_locked=True).filter(name=name).first()
        if reader is None:
            return 0
        events = list(_unread(reader)[:limit])
        if until is not None:
            events = list(takewhile(lambda event: event.received_at <= until, events))
        if events:
            handle(events)
            reader.transaction_id, reader.event_id = events[-1].transaction_id, events[-1].pk
            reader.save(update_fields=["transaction_id", "event_id", "updated_at"])
        return len(events)
