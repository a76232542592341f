"""Two customers who are one person: what a merge moved, and who was found to be somebody else."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from customers.models.people import Customer


class CustomerMerge(models.Model):
    """One duplicate became a part of another customer. It remembers exactly what moved, so that it can be undone.

    `before` holds what both were called, `moved` what each mover of `customers.merging` needs to give its rows back.
    Both are emptied when the person is erased; then nothing can be undone any more.
    """

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    survivor = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="merges", db_index=False)
    duplicate = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="merged_as", db_index=False)
    before = models.JSONField(default=dict)  # {"survivor": {field: value}, "duplicate": …, "written": …}
    moved = models.JSONField(default=dict)  # {mover: …}
    counts = models.JSONField(default=dict)  # {mover: how many}
    actor = models.CharField(max_length=80)  # kind:id
    actor_label = models.CharField(max_length=160, blank=True)
    at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=80, blank=True)
    undone_by_label = models.CharField(max_length=160, blank=True)

    class Meta:
        verbose_name = _("merge of customers")
        verbose_name_plural = _("merges of customers")
        constraints: ClassVar = [
            # Somebody is a part of one other customer at a time.
            models.UniqueConstraint(fields=["duplicate"], name="merge_once", condition=Q(undone_at__isnull=True)),
            models.CheckConstraint(condition=~Q(survivor=F("duplicate")), name="merge_of_two"),
        ]
        indexes: ClassVar = [
            models.Index("survivor", F("id").desc(), name="merge_by_survivor"),
            models.Index(F("id").desc(), name="merge_newest"),
            models.Index(fields=["at"], name="merge_by_age"),  # late arrivals
        ]

    def __str__(self) -> str:
        return f"merge {self.code}"


class KeptApart(models.Model):
    """Somebody looked at these two and said that they are two people. `first` is the one with the smaller key."""

    # No database references: that somebody is named here keeps nobody.
    first = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    second = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["first", "second"], name="kept_apart_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="kept_apart_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} is not {self.second_id}"


class DuplicatePair(models.Model):
    """Two who may be one person, and why. Found by `customers.actions.duplicates`, computed anew each night."""

    class Reason(models.TextChoices):
        BIRTHDAY = "birthday", _("Same name and birthday")
        ADDRESS = "address", _("Same name and address")
        EMAIL = "email", _("Nearly the same e-mail address")
        POSTCODE = "postcode", _("Same name and postcode")
        PHONE = "phone", _("Nearly the same number and name")

    # No database references: that somebody is named here keeps nobody.
    first = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    second = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    reasons = ArrayField(models.CharField(max_length=10, choices=Reason.choices))
    score = models.PositiveSmallIntegerField()  # how sure: the sum of what the reasons weigh
    found_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["first", "second"], name="duplicate_pair_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="duplicate_pair_in_order"),
        ]
        indexes: ClassVar = [models.Index(F("score").desc(), F("id").desc(), name="duplicate_surest")]

    def __str__(self) -> str:
        return f"{self.first_id} may be {self.second_id}"
