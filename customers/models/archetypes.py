"""Kinds of customers that behave alike, for lists and segments to filter by. Intelligence finds and writes them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from customers.models.fields import MoneyField
from customers.models.people import Customer


class Archetype(models.Model):
    """A kind of customer, or a value tier of kinds. It keeps its id for as long as runs find the same people again.

    The figures are those of the newest run and forecast. docs/algorithms/archetypes.md says how they come about.
    """

    class Level(models.IntegerChoices):
        TIER = 1, _("Value tier")
        KIND = 2, _("Archetype")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    level = models.PositiveSmallIntegerField(choices=Level.choices, default=Level.KIND)
    tier = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="kinds")  # of a kind
    # Of one that is new: where most of its people were before.
    came_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    found_name = models.CharField(max_length=80)
    named_by = models.CharField(max_length=40, default="rules", db_default="rules")  # who gave the found name
    own_name = models.CharField(max_length=80, blank=True)  # what staff call it; the rules rename it no more
    description = models.CharField(max_length=400, blank=True)
    place = models.PositiveSmallIntegerField()  # in lists, from 1: the richest first
    is_current = models.BooleanField(default=True)
    found_at = models.DateTimeField()
    traits = models.JSONField(default=list)  # [code, strength], strongest first
    leading = models.JSONField(default=list)  # codes of the traits that the name was given for
    typical = models.JSONField(default=dict)  # median of each feature
    customers = models.IntegerField(default=0)
    spent = MoneyField(default=0)  # net, of all of them, ever
    value_12 = MoneyField(null=True)  # mean; null before the first forecast
    churn = models.FloatField(null=True)  # mean
    value_at_risk = MoneyField(null=True)  # of all of them

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["level", "place"], condition=Q(is_current=True), name="one_archetype_at_a_place"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.own_name or self.found_name


class CustomerArchetype(models.Model):
    """Which archetype a customer who bought belongs to, 1:1."""

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="archetype")
    archetype = models.ForeignKey(Archetype, on_delete=models.PROTECT, related_name="members", db_index=False)
    confidence = models.FloatField()  # chance that it is this one, 0 to 1; with rules 1
    second = models.ForeignKey(Archetype, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    since = models.DateField()  # in this archetype
    # Where they were at the last weekly run but one; null: nowhere. Movement is told from there.
    earlier = models.ForeignKey(Archetype, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    # Where they were at the last weekly run. With the next one, movement is told from there.
    next_earlier = models.ForeignKey(Archetype, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        indexes: ClassVar = [models.Index("archetype", "customer", name="archetype_members")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.archetype_id} ({self.confidence:.2f})"
