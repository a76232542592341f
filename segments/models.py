"""Segments, who is in them, and how that changed.

Members and changes are written by the hundred thousand and checked by no foreign key: a count and what takes people
away wait for each other (`customers.actions.turns`).
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code


class SegmentQuerySet(models.QuerySet["Segment"]):
    def living(self) -> SegmentQuerySet:
        """Those that are kept up to date."""
        return self.filter(archived_at__isnull=True)


class Segment(models.Model):
    """A group of customers that keeps itself: whom its rules find and whom staff put in, less whom they took out.

    `docs/algorithms/segments.md` says what rules mean. `members` are right as of `counted_at`, and stay so until
    somebody changes or `next_change_at` comes.
    """

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    name = models.CharField(_("name"), max_length=80)
    rules = models.JSONField(null=True)  # a tree of `segments.rules`; null: filled by hand alone
    rules_at = models.DateTimeField(default=timezone.now)  # when they became what they are
    ready = models.CharField(max_length=30, blank=True)  # which of the ready ones it is
    created_by = models.CharField(max_length=160, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, editable=False)  # who was in it then is in it
    # -- the newest count
    people = models.IntegerField(default=0)
    counted_at = models.DateTimeField(null=True)  # null: never
    is_stale = models.BooleanField(default=True)  # everybody is to be judged again
    is_broken = models.BooleanField(default=False)  # the rules ask about what is gone: who was in it stays
    next_change_at = models.DateTimeField(null=True)  # before it, time alone changes nothing; null: it never does

    objects = SegmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("name"), name="segment_name_once", condition=Q(archived_at__isnull=True)),
            models.UniqueConstraint(fields=["ready"], name="segment_ready_once", condition=~Q(ready="")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def version(self) -> str:
        """Another one whenever its name or rules are others."""
        return sha256(json.dumps([self.name, self.rules], sort_keys=True).encode()).hexdigest()[:16]


class SegmentPart(models.Model):
    """`segment` asks who is in `part`, and is counted after it."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="parts", db_index=False)
    part = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="wholes")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["segment", "part"], name="segment_part_once"),
            models.CheckConstraint(condition=~Q(segment=F("part")), name="segment_no_part_of_itself"),
        ]


class SegmentMember(models.Model):
    """Somebody who is in a segment."""

    segment = models.ForeignKey(
        Segment, on_delete=models.CASCADE, related_name="members", db_index=False, db_constraint=False
    )
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("member of a segment")
        verbose_name_plural = _("members of segments")
        constraints: ClassVar = [models.UniqueConstraint(fields=["segment", "customer"], name="segment_member_once")]
        indexes: ClassVar = [models.Index(fields=["customer", "segment"], name="segment_member_by_customer")]


class SegmentChoice(models.Model):
    """Somebody whom staff put into a segment or took out, whatever its rules say."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="choices", db_index=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="+")
    is_in = models.BooleanField()
    actor = models.CharField(max_length=80)  # kind:id
    actor_label = models.CharField(max_length=160, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("choice by hand")
        verbose_name_plural = _("choices by hand")
        constraints: ClassVar = [models.UniqueConstraint(fields=["segment", "customer"], name="segment_choice_once")]


class SegmentChange(models.Model):
    """Somebody came into a segment or left it."""

    class Reason(models.TextChoices):
        PERSON = "person", _("Something about them changed")
        TIME = "time", _("Time passed")
        RULES = "rules", _("The rules were changed")
        HAND = "hand", _("By hand")

    segment = models.ForeignKey(
        Segment, on_delete=models.CASCADE, related_name="changes", db_index=False, db_constraint=False
    )
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    is_entry = models.BooleanField()
    reason = models.CharField(max_length=6, choices=Reason.choices)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("change of a segment")
        verbose_name_plural = _("changes of segments")
        indexes: ClassVar = [
            models.Index("segment", F("at").desc(), F("id").desc(), name="segment_change_newest"),
            models.Index("customer", F("at").desc(), F("id").desc(), name="segment_change_by_customer"),
        ]


class SegmentDay(models.Model):
    """How many were in a segment at the end of a day of the programme, and how many came and left on it.

    There is a row for days with a count; in between, the number stayed as it was.
    """

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    people = models.IntegerField()
    entered = models.IntegerField(default=0)
    left = models.IntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["segment", "day"], name="segment_day_once")]


class StaleMember(models.Model):
    """A customer whom every segment must judge again; gone when that is done."""

    customer_id = models.BigIntegerField(primary_key=True)
