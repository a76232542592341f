"""Reading the event stream without ever losing a late commit.

Ids are given out before commit, so "id greater than the last one read" skips an event whose transaction was older
but committed later. Each event carries its transaction's id; a reader takes only those below the oldest transaction
still running (`pg_snapshot_xmin`), where nothing can appear any more, in the order (transaction, id).

Source: PostgreSQL documentation, "Transaction ID and snapshot information functions".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import BigIntegerField, Func, Q

from customers.models import Event, StreamReader

logger = logging.getLogger(__name__)

Handler = Callable[[Sequence[Event]], None]

# The due work that runs every reader; who appends events makes it due (SQL: customers_wake_readers).
READ_STREAM = "customers.stream.read"
# A reader looks again each minute for this long after the newest event: a transaction that was still open when the
# readers looked has committed by then, and a programme where nothing happens costs nothing.
LINGER = timedelta(minutes=10)
PAUSE = timedelta(minutes=1)
BATCH = 1000
READERS: dict[str, Handler] = {}


def stream_reader(name: str) -> Callable[[Handler], Handler]:
    """Register a reader: `handle(events)` gets each event once, in order, and may write in the same transaction."""

    def register(handle: Handler) -> Handler:
        READERS[name] = handle
        return handle

    return register


def run_readers(*, now: datetime) -> datetime | None:
    """Let every registered reader catch up; returns when to look again, None after LINGER without an event.

    A reader that fails is logged and tried again next time; it does not hold up the others.
    """
    for name, handle in READERS.items():
        try:
            while read_stream(name, handle, limit=BATCH) == BATCH:
                pass
        except Exception:
            logger.exception("customers.stream.reader_failed", extra={"reader": name})
    newest = Event.objects.order_by("-id").values_list("received_at", flat=True).first()  # by primary key, no scan
    return now + PAUSE if newest is not None and newest > now - LINGER else None


class OldestRunningTransaction(Func):
    template = "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint)"
    output_field = BigIntegerField()


def read_stream(name: str, handle: Callable[[Sequence[Event]], None], *, limit: int = 1000) -> int:
    """Give the next events to `handle` and move the reader `name` forward in the same transaction; returns how many.

    `handle` may write to the database: it happens together with the move, or not at all. Two calls at once: one
    works, the other returns 0. Call again while the answer equals `limit`.
    """
    with transaction.atomic():
        StreamReader.objects.get_or_create(name=name)
        reader = StreamReader.objects.select_for_update(skip_locked=True).filter(name=name).first()
        if reader is None:
            return 0
        after = Q(transaction_id=reader.transaction_id, id__gt=reader.event_id) | Q(
            transaction_id__gt=reader.transaction_id
        )
        settled = Event.objects.filter(
            after, transaction_id__gte=reader.transaction_id, transaction_id__lt=OldestRunningTransaction()
        )
        events = list(settled.order_by("transaction_id", "id")[:limit])
        if events:
            handle(events)
            reader.transaction_id, reader.event_id = events[-1].transaction_id, events[-1].pk
            reader.save(update_fields=["transaction_id", "event_id", "updated_at"])
        return len(events)
