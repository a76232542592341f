from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from core.actor import Actor

if TYPE_CHECKING:
    from workspace.models import ApiClient, ApiKey, AuditEntry, Business, Job


class BusinessQuerySet(models.QuerySet["Business"]):
    def active(self) -> BusinessQuerySet:
        return self.filter(is_active=True)

    def visible_to(self, actor: Actor) -> BusinessQuerySet:
        """All businesses, or the one that the actor is limited to."""
        return self if actor.business_id is None else self.filter(pk=actor.business_id)


class ApiClientQuerySet(models.QuerySet["ApiClient"]):
    def visible_to(self, actor: Actor) -> ApiClientQuerySet:
        """All clients, or those limited to the actor's one business."""
        return self if actor.business_id is None else self.filter(business_id=actor.business_id)


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def live_at(self, now: datetime) -> ApiKeyQuerySet:
        """Neither revoked nor expired, of an active client."""
        unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
        return self.filter(unexpired, revoked_at__isnull=True, client__is_active=True)


class JobQuerySet(models.QuerySet["Job"]):
    def unfinished(self) -> JobQuerySet:
        return self.filter(finished_at__isnull=True)

    def abandoned_at(self, now: datetime) -> JobQuerySet:
        """Queued or running without a live lease: their worker died, or their queue row was lost."""
        return self.unfinished().filter(lease_until__lt=now)


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def visible_to(self, actor: Actor) -> AuditEntryQuerySet:
        return self if actor.business_id is None else self.filter(business_id=actor.business_id)
