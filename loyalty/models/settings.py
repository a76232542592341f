"""What holds for the whole programme."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class LoyaltySettings(models.Model):
    """What holds for the whole programme; the row may be missing, the defaults then hold (`balances.settings_now`)."""

    class Expiry(models.TextChoices):
        """When points run out. AFTER without months is never."""

        AFTER = "months", _("Some months after they were earned")
        INACTIVITY = "inactivity", _("After some months without a purchase or a redemption")
        DATE = "date", _("On a fixed day of the year")

    class TierBasis(models.TextChoices):
        """What members collect on the way to a tier. Points count as earned: spending them changes nothing."""

        POINTS = "points", _("Points earned")
        SPEND = "spend", _("Money spent")
        VISITS = "visits", _("Visits")

    class TierDrop(models.TextChoices):
        EARNED = "earned", _("The tier that they reach now")
        NEXT = "next", _("One tier lower")

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    # What one point is worth in the programme's currency: liability, settlement, "worth £3.20".
    point_value = models.DecimalField(_("value of a point"), max_digits=12, decimal_places=6, default=Decimal("0.01"))
    expiry_policy = models.CharField(
        _("points run out"), max_length=12, choices=Expiry.choices, default=Expiry.AFTER, db_default=Expiry.AFTER
    )
    # AFTER: of each point, null: never. INACTIVITY: without activity. DATE: how many months a point lives at least.
    expiry_months = models.PositiveSmallIntegerField(_("points expire after"), null=True, blank=True)
    expiry_day = models.CharField(_("day of the year"), max_length=5, blank=True, default="", db_default="")  # MM-DD
    # Since when points run out. Points that had no date when it began get their first one a full period later.
    expiry_changed_at = models.DateTimeField(null=True)
    # Points of a sale can be spent from this many days after it, in the programme's zone.
    pending_days = models.PositiveSmallIntegerField(_("points wait"), default=0, db_default=0)
    # Points that a reversed redemption gives back live at least this long, even if they would have expired meanwhile.
    reinstated_days = models.PositiveSmallIntegerField(default=30)
    warning_days = models.PositiveSmallIntegerField(_("warn before points run out"), default=30, db_default=30)
    # An adjustment by hand of more points than this needs a second person; null: none does.
    approval_above = models.PositiveBigIntegerField(_("approval above"), null=True, blank=True)
    # Tiers: what counts, over how many months back (null: ever), how many months a tier is kept (null: for good), how
    # many days longer it stays, and to what a member falls who did not reach it again.
    tier_basis = models.CharField(
        _("members collect"), max_length=10, choices=TierBasis.choices, default=TierBasis.POINTS,
        db_default=TierBasis.POINTS,
    )  # fmt: skip
    tier_window_months = models.PositiveSmallIntegerField(_("within months"), null=True, blank=True, default=12)
    tier_keep_months = models.PositiveSmallIntegerField(_("kept for months"), null=True, blank=True, default=12)
    tier_grace_days = models.PositiveSmallIntegerField(_("days of grace"), default=30, db_default=30)
    tier_drops_to = models.CharField(
        _("then"), max_length=10, choices=TierDrop.choices, default=TierDrop.EARNED, db_default=TierDrop.EARNED
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="loyalty_settings_one_row"),
            models.CheckConstraint(condition=Q(point_value__gte=0), name="loyalty_settings_value_not_negative"),
            models.CheckConstraint(
                condition=Q(expiry_months__isnull=True) | Q(expiry_months__range=(1, 120)),
                name="loyalty_settings_expiry_in_range",
            ),
            models.CheckConstraint(
                condition=(Q(expiry_policy="months", expiry_day=""))
                | Q(expiry_policy="inactivity", expiry_months__isnull=False, expiry_day="")
                | (Q(expiry_policy="date") & Q(expiry_day__regex=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")),
                name="loyalty_settings_expiry_complete",
            ),
            models.CheckConstraint(condition=Q(pending_days__lte=90), name="loyalty_settings_pending_in_range"),
            models.CheckConstraint(
                condition=(Q(tier_window_months__isnull=True) | Q(tier_window_months__range=(1, 60)))
                & (Q(tier_keep_months__isnull=True) | Q(tier_keep_months__range=(1, 60)))
                & Q(tier_grace_days__lte=366),
                name="loyalty_settings_tiers_in_range",
            ),
        ]

    def __str__(self) -> str:
        return "Loyalty settings"
