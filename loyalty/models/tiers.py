"""Tiers of members."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Q
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
