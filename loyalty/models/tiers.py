"""Tiers of members, and how each member came to theirs."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.codes import public_code


class Tier(models.Model):
    """A step that members reach. `rank` orders them: the higher one gives more."""

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    name = models.CharField(_("name"), max_length=40)
    rank = models.PositiveSmallIntegerField(_("rank"), unique=True)
    threshold = models.DecimalField(_("reached at"), max_digits=19, decimal_places=4)  # of what the programme counts
    factor = models.DecimalField(_("multiplier"), max_digits=5, decimal_places=2, default=Decimal(1))  # of points
    benefits = models.CharField(_("what members get"), max_length=200, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        ordering: ClassVar = ["rank"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(threshold__gt=0), name="tier_threshold_positive"),
            models.CheckConstraint(condition=Q(factor__range=(1, 100)), name="tier_factor_in_range"),
        ]

    def __str__(self) -> str:
        return self.name


class TierChange(models.Model):
    """A step in a member's tiers: what they hold from then on, why, and what they had counted.

    What reached a tier is kept with it (`figure` under `basis` and `window_months`, against `threshold`), so it can
    be judged again when a purchase behind it is given back, also after the programme's settings changed. Only the SQL
    functions of `migrations/sql/tiers.sql` write it.
    """

    append_only = True

    class Cause(models.TextChoices):
        REACHED = "reached", _("Reached")
        RENEWED = "renewed", _("Kept for another period")
        DROPPED = "dropped", _("Not reached again in time")
        UNDONE = "undone", _("What reached it was given back")
        RETIRED = "retired", _("The tier was taken away")
        SET = "set", _("Set by hand")

    account = models.ForeignKey(
        "loyalty.Account", on_delete=models.PROTECT, related_name="tier_changes", db_index=False
    )
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    before = models.ForeignKey(Tier, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    cause = models.CharField(max_length=10, choices=Cause.choices)
    basis = models.CharField(max_length=10)
    window_months = models.PositiveSmallIntegerField(null=True)
    figure = models.DecimalField(max_digits=19, decimal_places=4)
    threshold = models.DecimalField(max_digits=19, decimal_places=4, null=True)  # null: stands without a figure
    kept_until = models.DateTimeField(null=True)  # null: for good, or no tier
    # The earlier change by which the member still has this tier; null: this one stands by itself.
    rests_on = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    reason = models.CharField(max_length=200, blank=True)
    actor = models.CharField(max_length=80)  # kind:id
    actor_label = models.CharField(max_length=160, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("change of tier")
        verbose_name_plural = _("changes of tiers")
        indexes: ClassVar = [models.Index("account", F("id").desc(), name="tier_change_by_account")]

    def __str__(self) -> str:
        return f"{self.cause} {self.tier_id} of {self.account_id}"
