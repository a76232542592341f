"""Texts that may ask for no more texts: a person decides, and until then offers to that number are held back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from core.actor import Actor
from core.errors import NotFound
from core.phones import mask_phone
from messaging.actions.outbox import release_held
from messaging.actions.suppression import suppress
from messaging.models import InboundMessage, Suppression
from workspace.actions import audit

RECEIVED = "messaging.received"  # the due work that forgets old texts
SWEEP_BATCH = 1000
Decision = InboundMessage.Decision


def stop_texts(*, code: str, actor: Actor, now: datetime) -> InboundMessage:
    """It was an opt-out: nothing goes to that number any more until START comes from it.

    Every other text of that number that waits is decided with it. Safe to repeat: what was decided stays so. Raises
    NotFound for a text that asks nothing, PermissionRefused for people limited to one business.
    """
    actor.check_sees_all()
    with transaction.atomic():
        text = _locked(code)
        if text.decision:
            return text
        suppress(number=text.sender, reason=Suppression.Reason.STAFF, now=now, actor=actor)
        of_number = InboundMessage.objects.undecided().filter(sender=text.sender)
        of_number.update(decision=Decision.STOPPED, decided_at=now, decided_by=actor.label[:160])
        text.refresh_from_db()
        audit.record(actor, "messaging.text.was_opt_out", subject=_subject(text), data={"text": text.code})
    return text


def keep_texts(*, code: str, actor: Actor, now: datetime) -> InboundMessage:
    """It was no opt-out: what was held back leaves, unless another text of that number still waits.

    Safe to repeat, and raises, as `stop_texts`.
    """
    actor.check_sees_all()
    with transaction.atomic():
        text = _locked(code)
        if text.decision:
            return text
        text.decision, text.decided_at, text.decided_by = Decision.KEPT, now, actor.label[:160]
        text.save(update_fields=["decision", "decided_at", "decided_by"])
        audit.record(actor, "messaging.text.was_no_opt_out", subject=_subject(text), data={"text": text.code})
        if not InboundMessage.objects.undecided().filter(sender=text.sender).exists():
            release_held(number=text.sender, now=now)
    return text


def decide_themselves(*, number: str, decision: str, now: datetime) -> None:
    """STOP or START came from the number afterwards: nobody need decide any more. In the caller's transaction."""
    waiting = InboundMessage.objects.undecided().filter(sender=number)
    count = waiting.update(decision=decision, decided_at=now)
    if count and decision == Decision.KEPT:
        release_held(number=number, now=now)


def kept_for() -> timedelta:
    return timedelta(days=settings.RECEIVED_TEXTS_DAYS)


def sweep_received(*, now: datetime) -> datetime | None:
    """Delete texts that are older than they are kept. One that waits for a decision stays.

    Returns when to look again, or None when there is none.
    """
    old = InboundMessage.objects.filter(received_at__lt=now - kept_for())
    batch = old.exclude(pk__in=InboundMessage.objects.undecided().values("pk")).order_by("received_at")
    if InboundMessage.objects.filter(pk__in=list(batch.values_list("pk", flat=True)[:SWEEP_BATCH])).delete()[0]:
        return now + timedelta(seconds=1)  # there may be more
    first = InboundMessage.objects.filter(received_at__gte=now - kept_for()).order_by("received_at").first()
    if first is not None:
        return first.received_at + kept_for() + timedelta(seconds=1)
    return now + timedelta(days=1) if old.exists() else None


def _locked(code: str) -> InboundMessage:
    """The text, and nobody else decides meanwhile about its number. Raises NotFound."""
    found = InboundMessage.objects.filter(code=code, reading=InboundMessage.Reading.UNCLEAR).exclude(sender="")
    sender = found.values_list("sender", flat=True).first()
    if sender is None:
        raise NotFound
    list(InboundMessage.objects.undecided().filter(sender=sender).order_by("pk").select_for_update())
    text = found.select_related("customer").first()
    if text is None:  # erased meanwhile
        raise NotFound
    return text


def _subject(text: InboundMessage) -> str:
    return f"customer:{text.customer.code}" if text.customer else f"number:{mask_phone(text.sender)}"
