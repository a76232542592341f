"""What points buy."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.codes import public_code


class Reward(models.Model):
    """Something that members get for points, taken at once or claimed with a code that the till redeems.

    Limits that are empty do not hold. `stock` is what is left now: the ledger takes one with each redemption or claim
    and gives it back with each reversal, void or claim that ran out.
    """

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    name = models.CharField(_("name"), max_length=80)
    description = models.CharField(_("description"), max_length=300, blank=True)
    points = models.BigIntegerField(_("points"))
    image = models.CharField(max_length=200, blank=True)  # under the programme's own media folder
    icon = models.CharField(_("picture"), max_length=30, default="gift")  # where there is no image
    business = models.ForeignKey(  # null: every business
        "workspace.Business", on_delete=models.PROTECT, null=True, blank=True, related_name="rewards"
    )
    tier = models.ForeignKey(  # from this tier on; null: every member
        "loyalty.Tier", on_delete=models.PROTECT, null=True, blank=True, related_name="rewards"
    )
    stock = models.PositiveIntegerField(_("stock"), null=True, blank=True)
    member_limit = models.PositiveSmallIntegerField(_("limit per member"), null=True, blank=True)
    member_limit_days = models.PositiveSmallIntegerField(_("within days"), null=True, blank=True)  # null: ever
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)  # not part of it any more
    claim_minutes = models.PositiveIntegerField(_("a code lasts"), default=7 * 24 * 60)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("reward")
        verbose_name_plural = _("rewards")
        ordering: ClassVar = ["position", "points", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(points__gt=0), name="reward_points_positive"),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(starts_at__lt=F("ends_at")),
                name="reward_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(member_limit__isnull=True) | Q(member_limit__gt=0), name="reward_limit_positive"
            ),
            models.CheckConstraint(condition=Q(claim_minutes__range=(1, 43_200)), name="reward_claim_in_range"),
        ]

    def __str__(self) -> str:
        return self.name
