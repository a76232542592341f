"""Reading the event stream without ever losing a late commit.

Ids are given out before commit, so "id greater than the last one read" skips an event whose transaction was older
but committed later. Each event carries its transaction's id; a reader takes only those below the oldest transaction
still running (`pg_snapshot_xmin`), where nothing can appear any more, in the order (transaction, id).

Source: PostgreSQL documentation, "Transaction ID and snapshot information functions".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import transaction
from django.db.models import BigIntegerField, Func, Q

from customers.models import Event, StreamReader


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
