from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from messaging.models import CustomerSession, InboundMessage, OneTimeCode, OutboundMessage


class OutboundMessageQuerySet(models.QuerySet["OutboundMessage"]):
    def due(self, now: datetime) -> OutboundMessageQuerySet:
        """Waiting, and its time has come."""
        return self.filter(state="queued", next_attempt_at__lte=now)

    def claimed_before(self, cutoff: datetime) -> OutboundMessageQuerySet:
        """Handed to a worker that has not said a word since: it must have died."""
        return self.filter(state="claimed", claimed_at__lt=cutoff)

    def with_dead_code(self, now: datetime) -> OutboundMessageQuerySet:
        """One-time codes that have run out and can still be read."""
        return self.filter(purpose="one_time_code", redacted_at__isnull=True, expires_at__lte=now)

    def unfinished(self) -> OutboundMessageQuerySet:
        return self.filter(state__in=["queued", "claimed"])

    def unconfirmed(self) -> OutboundMessageQuerySet:
        """The provider may or may not have them: a person decides, or a late report."""
        return self.filter(state="unconfirmed")


class InboundMessageQuerySet(models.QuerySet["InboundMessage"]):
    def undecided(self) -> InboundMessageQuerySet:
        """They may ask for no more texts, and nobody has said so yet."""
        return self.filter(reading="unclear", decision="")


class OneTimeCodeQuerySet(models.QuerySet["OneTimeCode"]):
    def since(self, cutoff: datetime) -> OneTimeCodeQuerySet:
        return self.filter(created_at__gt=cutoff)


class CustomerSessionQuerySet(models.QuerySet["CustomerSession"]):
    def live(self, now: datetime) -> CustomerSessionQuerySet:
        """Not ended, not run out, of a customer who is still there."""
        return self.filter(Q(ended_at__isnull=True), expires_at__gt=now, customer__state="active")
