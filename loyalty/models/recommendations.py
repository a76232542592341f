"""What the programme suggests to its members: rules and their parameters, what was learned, who was told what."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from loyalty.querysets import CoVisitQuerySet, CrossPromotionQuerySet, RecommendationQuerySet


class RecommenderSettings(models.Model):
    """How one rule is used; the row may be missing: then the defaults of the rule hold."""

    name = models.CharField(max_length=20, primary_key=True)
    is_active = models.BooleanField(default=True)
    parameters = models.JSONField(default=dict)  # the rule's own, whole numbers by name
    hold_back = models.PositiveSmallIntegerField(default=10)  # percent of members who are not told, by chance
    outcome_days = models.PositiveSmallIntegerField(default=30)  # how long they have to come back
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(hold_back__lte=50), name="recommender_holds_back_at_most_half"),
            models.CheckConstraint(condition=Q(outcome_days__range=(7, 90)), name="recommender_days_in_range"),
        ]

    def __str__(self) -> str:
        return self.name


class CrossPromotion(models.Model):
    """The owner's word on suggesting `other` to those who buy at `business` (null: anywhere)."""

    class Verdict(models.TextChoices):
        ALWAYS = "always", _("Always suggest")
        NEVER = "never", _("Never suggest")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    business = models.ForeignKey("workspace.Business", on_delete=models.PROTECT, null=True, related_name="+")
    other = models.ForeignKey("workspace.Business", on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    text = models.CharField(max_length=140, blank=True)  # what members read as the reason, instead of ours
    created_at = models.DateTimeField(default=timezone.now)

    objects = CrossPromotionQuerySet.as_manager()

    class Meta:
        verbose_name = _("cross-promotion")
        verbose_name_plural = _("cross-promotions")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["business", "other"], name="cross_promotion_once_per_pair", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(business__isnull=True) | ~Q(business=F("other")), name="cross_promotion_of_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.other_id} after {self.business_id}"


class CoVisit(models.Model):
    """How many of those who bought at `business` bought at `other`, too, when it was last learned.

    `low` is the lower end of the 95 % interval of the share both / here: few people prove little.
    """

    business = models.ForeignKey("workspace.Business", on_delete=models.CASCADE, related_name="+", db_index=False)
    other = models.ForeignKey("workspace.Business", on_delete=models.CASCADE, related_name="+", db_index=False)
    both = models.IntegerField()
    here = models.IntegerField()
    there = models.IntegerField()
    everybody = models.IntegerField()  # who bought anywhere
    low = models.FloatField()
    learned_at = models.DateTimeField()

    objects = CoVisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("shared customers")
        verbose_name_plural = _("shared customers")
        constraints: ClassVar = [models.UniqueConstraint(fields=["business", "other"], name="co_visit_once_per_pair")]

    def __str__(self) -> str:
        return f"{self.both} of {self.here}"

    @property
    def percent(self) -> int:
        """Of those who buy here, how many buy there, too."""
        return round(100 * self.both / self.here)

    @property
    def usual_percent(self) -> int:
        """Of everybody, how many buy there."""
        return round(100 * self.there / self.everybody)


class Recommendation(models.Model):
    """One rule found something for one member, for a while: told, or left untold by chance to see what telling does.

    A member has one open row of a rule. Whether they came back is read from orders from `counts_from` to `ends_at`.
    """

    class Channel(models.TextChoices):
        """Where it was first asked for."""

        POINTS_PAGE = "points_page", _("Points page")
        TILL = "till", _("Till")
        API = "api", _("API")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.CASCADE, related_name="recommendations", db_index=False
    )
    rule = models.CharField(max_length=20)
    is_held = models.BooleanField()
    channel = models.CharField(max_length=12, choices=Channel.choices)
    business = models.ForeignKey("workspace.Business", on_delete=models.PROTECT, null=True, related_name="+")
    till_business = models.ForeignKey(  # where the member stood, if at a till
        "workspace.Business", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    at_target = models.BooleanField()  # only buying at `business` counts as coming back
    evidence = models.JSONField(default=dict)  # why, as it was then
    made_at = models.DateTimeField()
    counts_from = models.DateTimeField()
    ends_at = models.DateTimeField()
    is_open = models.BooleanField(default=True)
    came_back_at = models.DateTimeField(null=True)
    order = models.ForeignKey(
        "customers.Order", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )  # the one that they came back with

    objects = RecommendationQuerySet.as_manager()

    class Meta:
        verbose_name = _("recommendation")
        verbose_name_plural = _("recommendations")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer", "rule"], name="recommendation_one_open", condition=Q(is_open=True)
            ),
            models.CheckConstraint(
                condition=Q(at_target=False) | Q(business__isnull=False), name="recommendation_target_is_known"
            ),
            models.CheckConstraint(
                condition=Q(came_back_at__isnull=True)
                | Q(came_back_at__gte=F("counts_from"), came_back_at__lt=F("ends_at")),
                name="recommendation_back_in_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index("rule", F("id").desc(), name="recommendation_by_rule"),
            models.Index("customer", F("id").desc(), name="recommendation_by_customer"),
            models.Index(fields=["ends_at"], name="recommendation_by_end"),
            models.Index(fields=["order"], name="recommendation_by_order", condition=Q(order__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.rule} for {self.customer_id}"
