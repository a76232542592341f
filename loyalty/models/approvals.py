"""Adjustments that wait for a second person."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code


class AdjustmentRequest(models.Model):
    """Points by hand above the programme's limit: asked for by one person, decided by another."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        APPROVED = "approved", _("Approved")
        DECLINED = "declined", _("Declined")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="adjustment_requests")
    business = models.ForeignKey(
        "workspace.Business", on_delete=models.PROTECT, null=True, blank=True, related_name="adjustment_requests"
    )
    points = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    asked_by = models.CharField(max_length=80)  # kind:id, as the actor of a transaction
    asked_by_label = models.CharField(max_length=160, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_by_label = models.CharField(max_length=160, blank=True)
    decided_at = models.DateTimeField(null=True)
    transaction = models.OneToOneField(
        "loyalty.Transaction", on_delete=models.PROTECT, null=True, related_name="adjustment_request"
    )
    key_owner = models.CharField(max_length=80)
    key = models.CharField(max_length=255)

    class Meta:
        verbose_name = _("adjustment that waits")
        verbose_name_plural = _("adjustments that wait")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key_owner", "key"], name="adjustment_request_once_per_key"),
            models.CheckConstraint(condition=~Q(points=0), name="adjustment_request_moves_points"),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at__isnull=True, transaction__isnull=True)
                | Q(state="approved", decided_at__isnull=False, transaction__isnull=False)
                | Q(state="declined", decided_at__isnull=False, transaction__isnull=True),
                name="adjustment_request_decided_whole",
            ),
            models.CheckConstraint(condition=~Q(decided_by=F("asked_by")), name="adjustment_request_needs_two_people"),
        ]
        indexes: ClassVar = [models.Index("state", F("id").desc(), name="adjustment_request_by_state")]

    def __str__(self) -> str:
        return f"{self.points:+d} ({self.state})"
