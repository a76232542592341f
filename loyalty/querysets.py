from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from core.actor import Actor
from core.clock import Period

if TYPE_CHECKING:
    from loyalty.models import Transaction


class TransactionQuerySet(models.QuerySet["Transaction"]):
    def done(self) -> TransactionQuerySet:
        """What happened; refusals and repeats are answers, not history."""
        return self.filter(status="done")

    def within(self, period: Period) -> TransactionQuerySet:
        return self.filter(at__gte=period.start, at__lt=period.end)

    def visible_to(self, actor: Actor) -> TransactionQuerySet:
        """Everything, or for people limited to one business what happened there."""
        return self if actor.business_id is None else self.filter(business_id=actor.business_id)
