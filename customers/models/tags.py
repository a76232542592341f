"""Words that staff mark customers with."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from customers.models.people import Customer
from customers.querysets import TagQuerySet


class Tag(models.Model):
    """A word that any number of customers are marked with. One that is going is not seen any more: a job empties it."""

    class Tone(models.TextChoices):
        GREY = "muted", _("Grey")
        BLUE = "1", _("Blue")
        GREEN = "2", _("Green")
        AMBER = "3", _("Amber")
        PINK = "4", _("Pink")
        VIOLET = "5", _("Violet")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    name = models.CharField(_("name"), max_length=40)
    tone = models.CharField(_("colour"), max_length=6, choices=Tone.choices, default=Tone.GREY)
    is_going = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = TagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("name"), name="tag_name_once", condition=models.Q(is_going=False)),
        ]

    def __str__(self) -> str:
        return self.name


class CustomerTag(models.Model):
    """One customer marked with one tag."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="customer_tags", db_index=False)
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="customer_tags", db_index=False)
    added_at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=80)  # kind:id

    class Meta:
        verbose_name = _("tag of a customer")
        verbose_name_plural = _("tags of customers")
        constraints: ClassVar = [models.UniqueConstraint(fields=["customer", "tag"], name="customer_tag_once")]
        # Who has a tag, for the list's filter and for counts.
        indexes: ClassVar = [models.Index(fields=["tag", "customer"], name="customer_tag_by_tag")]

    def __str__(self) -> str:
        return str(self.tag)
