"""The fields that a programme adds to its customers."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code


class AttributeDefinition(models.Model):
    """What one key of `Customer.attributes` means, and how its value is typed, checked and shown.

    Values live in the customer's row. A key without a definition is kept as it came, and shown as text.
    """

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        NUMBER = "number", _("Number")
        DATE = "date", _("Date")
        YES_NO = "yes_no", _("Yes or no")
        CHOICE = "choice", _("One of a list")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    key = models.CharField(_("key"), max_length=60, unique=True)
    label = models.CharField(_("label"), max_length=60)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    options = models.JSONField(_("options"), default=list, blank=True)  # texts, of a choice
    help = models.CharField(_("help"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_archived = models.BooleanField(_("archived"), default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("customer field")
        verbose_name_plural = _("customer fields")
        ordering: ClassVar = ["position", "pk"]

    def __str__(self) -> str:
        return self.label
