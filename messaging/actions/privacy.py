"""Erasing a person: their sessions, codes and PIN, and what was sent to them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from messaging.actions.pins import forget_pin_failures
from messaging.models import (
    CustomerPin,
    CustomerSession,
    InboundMessage,
    OneTimeCode,
    OutboundMessage,
    Suppression,
)
from messaging.models_webhooks import WebhookAttempt
from messaging.providers.console import file


def forget_person(*, customer_id: int, recipients: Collection[str], now: datetime) -> None:
    """Delete what signs the person in, and empty every message to and from them; the row and its state stay.

    `recipients` are their numbers (E.164) and addresses. In the caller's transaction.
    """
    CustomerSession.objects.filter(customer_id=customer_id).delete()
    CustomerPin.objects.filter(customer_id=customer_id).delete()
    OneTimeCode.objects.filter(Q(customer_id=customer_id) | Q(phone__in=recipients)).delete()
    forget_pin_failures(recipients)
    # What a receiver of webhooks answered may say who it was about.
    tries = WebhookAttempt.objects.filter(delivery__event__customer_id=customer_id)
    tries.exclude(answer="").update(answer="")
    theirs = OutboundMessage.objects.filter(Q(customer_id=customer_id) | Q(recipient__in=recipients))
    theirs.unfinished().update(state=OutboundMessage.State.SUPPRESSED, finished_at=now)
    theirs.update(recipient="", subject="", body="", error="", provider_id="", redacted_at=now)
    received = InboundMessage.objects.filter(Q(customer_id=customer_id) | Q(sender__in=recipients))
    # Nothing is left to be decided about a number that is not known any more.
    received.undecided().update(reading=InboundMessage.Reading.OTHER)
    received.update(sender="", recipient="", body="", redacted_at=now)
    Suppression.objects.filter(address__in=recipients).delete()
    transaction.on_commit(lambda: file.forget(recipients))
