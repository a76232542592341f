"""What was perhaps sent: a person says that it was, sends it again, or gives it up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from django.db import transaction

from core.actor import Actor
from core.jobs import enqueue
from messaging.actions.outbox import OUTBOX, SWEEP_AFTER, send_message
from messaging.models import OutboundMessage
from messaging.rules import can_be_sent_again
from programs.actions.due_work import ensure_due
from workspace.actions import audit

MOST_AT_ONCE = 500
GIVEN_UP = "given up by hand"
Decision = Literal["sent", "again", "given_up"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)


@dataclass(frozen=True, slots=True)
class Settled:
    """`too_late` cannot be sent again: their time is over, or their words are gone. `left` were more than fit."""

    done: int
    too_late: int
    left: int


def settle_unconfirmed(
    *, codes: Collection[str] | None, decision: Decision, seen_at: datetime, actor: Actor, now: datetime
) -> Settled:
    """Decide about messages that were unconfirmed at `seen_at` and still are; None: all of them, MOST_AT_ONCE a call.

    Safe to repeat: what a report or somebody else has settled meanwhile is left alone, and so is what became
    unconfirmed afterwards, such as the second try. Raises PermissionRefused for people limited to one business.
    """
    actor.check_sees_all()
    with transaction.atomic():
        found = OutboundMessage.objects.unconfirmed().filter(finished_at__lte=seen_at).order_by("pk")
        if codes is not None:
            found = found.filter(code__in=list(codes)[:MOST_AT_ONCE])
        total = found.count()
        chosen = list(found.select_for_update()[:MOST_AT_ONCE])
        too_late = [
            one for one in chosen if decision == "again" and not can_be_sent_again(one.expires_at, one.redacted_at, now)
        ]
        for message in chosen:
            if message not in too_late:
                _settle(message, decision, actor=actor, now=now)
        if decision == "again" and len(chosen) > len(too_late):
            ensure_due(kind=OUTBOX, by=now + SWEEP_AFTER)
    return Settled(len(chosen) - len(too_late), len(too_late), max(total - len(chosen), 0))


def _settle(message: OutboundMessage, decision: Decision, *, actor: Actor, now: datetime) -> None:
    """In the caller's transaction, with the row locked."""
    subject, data = f"message:{message.code}", {"channel": message.channel, "purpose": message.purpose}
    if decision == "sent":
        message.state, message.error = OutboundMessage.State.SENT, ""
        audit.record(actor, "messaging.message.marked_sent", subject=subject, data=data)
    elif decision == "given_up":
        message.state, message.error = OutboundMessage.State.FAILED, GIVEN_UP
        audit.record(actor, "messaging.message.given_up", subject=subject, data=data)
    else:
        message.state, message.error = OutboundMessage.State.QUEUED, ""
        message.attempts, message.next_attempt_at = 0, now
        message.claimed_at = message.finished_at = None
        enqueue(send_message, message_id=message.pk)
        audit.record(actor, "messaging.message.sent_again", subject=subject, data=data)
    fields = ["state", "error", "attempts", "next_attempt_at", "claimed_at", "finished_at"]
    message.save(update_fields=fields)
