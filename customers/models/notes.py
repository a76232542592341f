"""What staff write down about a customer."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from customers.models.people import Customer
from customers.querysets import NoteQuerySet


class Note(models.Model):
    """A few sentences of one person of the team. It belongs to the business that the author is limited to, if any."""

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="notes", db_index=False)
    business_id = models.BigIntegerField(null=True, blank=True)
    text = models.TextField(_("text"), max_length=2000)
    author = models.CharField(max_length=80)  # kind:id
    author_label = models.CharField(_("author"), max_length=160)
    is_pinned = models.BooleanField(_("pinned"), default=False)
    created_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True, blank=True)

    objects = NoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        # The notes of a customer, on the profile and in the timeline, newest first.
        indexes: ClassVar = [
            models.Index("customer", F("created_at").desc(), F("id").desc(), name="note_timeline"),
        ]

    def __str__(self) -> str:
        return self.code
