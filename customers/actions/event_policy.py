"""How long events that others send are kept, and forgetting those that are older.

Facts of our own (sales, points, consent) are never forgotten here: figures, segments and the ledger rest on them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import InvalidInput
from customers.models import Event, EventPolicy, StreamReader
from customers.stream import READERS
from programs.actions.due_work import ensure_due
from workspace.actions import audit

FORGET_DUE = "customers.forget_events"
EVERY = timedelta(days=1)  # at most
CHUNK = 2000
CHUNKS = 50  # in one go; then other work has its turn
MORE = timedelta(minutes=1)


def keep_events_for(*, days: int, actor: Actor, now: datetime) -> None:
    """Keep events that others send for so many days. Raises InvalidInput for another number than those offered."""
    if days not in EventPolicy.CHOICES:
        raise InvalidInput(_("Choose one of the times offered."), field="keep_days")
    with transaction.atomic():
        policy, _is_new = EventPolicy.objects.select_for_update().get_or_create(pk=1)
        if policy.keep_days == days:
            return
        audit.record(
            actor, "customers.events.kept_for", subject="events", data={"days": days, "before": policy.keep_days}
        )
        policy.keep_days = days
        policy.save()
        ensure_due(kind=FORGET_DUE, by=now)


def kept_days() -> int:
    return EventPolicy.objects.values_list("keep_days", flat=True).first() or EventPolicy().keep_days


def forget_events(*, now: datetime) -> datetime | None:
    """Delete what is older than the policy and was read by every reader; returns when to come again.

    In small transactions, oldest first. Safe to repeat and to stop anywhere.
    """
    kept = timedelta(days=kept_days())
    slowest = StreamReader.objects.filter(name__in=READERS).aggregate(at=Min("transaction_id"))["at"] or 0
    tracked = Event.objects.exclude(tracked="").order_by("received_at")
    old = tracked.filter(received_at__lt=now - kept, transaction_id__lt=slowest)
    for _chunk in range(CHUNKS):
        ids = list(old.values_list("pk", flat=True)[:CHUNK])
        Event.objects.filter(pk__in=ids).delete()
        if len(ids) < CHUNK:
            oldest = tracked.values_list("received_at", flat=True).first()
            return max(oldest + kept, now + EVERY) if oldest else None
    return now + MORE
