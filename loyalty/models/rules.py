"""What gives points: a business's rate and the programme's rules."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.codes import public_code


class EarningRate(models.Model):
    """Points for each unit of the currency at one business; without a row DEFAULT_RATE holds, rounded down."""

    DEFAULT_RATE = Decimal(1)

    class Rounding(models.TextChoices):
        DOWN = "down", _("Down to whole points")
        NEAREST = "nearest", _("To the nearest point, half up")
        UP = "up", _("Up to whole points")

    business = models.OneToOneField(
        "workspace.Business", on_delete=models.CASCADE, primary_key=True, related_name="earning_rate"
    )
    points_per_unit = models.DecimalField(_("points per unit"), max_digits=10, decimal_places=4, default=DEFAULT_RATE)
    rounding = models.CharField(_("rounding"), max_length=10, choices=Rounding.choices, default=Rounding.DOWN)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("earning rate")
        verbose_name_plural = _("earning rates")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(points_per_unit__gte=0) & Q(points_per_unit__lte=10_000), name="earning_rate_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.points_per_unit.normalize():f}"


class EarningRule(models.Model):
    """One rule on top of the rates: it multiplies, gives or caps points when its conditions hold.

    A condition that is empty does not hold anybody up. Days and hours are of the programme's zone. How rules meet on
    one sale is written in docs/algorithms/points.md, "Earning rules".
    """

    class Trigger(models.TextChoices):
        SALE = "sale", _("A sale")
        JOIN = "join", _("Joining the programme")
        BIRTHDAY = "birthday", _("The member’s birthday")
        ACTION = "action", _("Something the member did")

    class Effect(models.TextChoices):
        MULTIPLY = "multiply", _("Multiply points")
        BONUS = "bonus", _("Give extra points")
        CAP = "cap", _("Give at most")

    class Per(models.TextChoices):
        SALE = "sale", _("sale")
        DAY = "day", _("day")
        MONTH = "month", _("month")
        EVER = "ever", _("member")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    name = models.CharField(_("name"), max_length=80)  # members read it: "Double points on Tuesday"
    trigger = models.CharField(max_length=10, choices=Trigger.choices, default=Trigger.SALE)
    effect = models.CharField(max_length=10, choices=Effect.choices)
    factor = models.DecimalField(_("times"), max_digits=5, decimal_places=2, null=True, blank=True)  # MULTIPLY; 0: none
    points = models.BigIntegerField(_("points"), null=True, blank=True)  # of a BONUS, or the most of a CAP
    stacks = models.BooleanField(_("counts on top of other multipliers"), default=False)
    # CAP: points of a member in each. An ACTION's bonus: how often a member gets it at most (`per_limit` times).
    per = models.CharField(max_length=5, choices=Per.choices, blank=True)
    per_limit = models.PositiveSmallIntegerField(_("times at most"), null=True, blank=True)
    action = models.SlugField(_("action"), max_length=40, blank=True)
    business = models.ForeignKey(  # null: every business
        "workspace.Business", on_delete=models.PROTECT, null=True, blank=True, related_name="earning_rules"
    )
    tier = models.ForeignKey(  # from this tier on
        "loyalty.Tier", on_delete=models.PROTECT, null=True, blank=True, related_name="earning_rules"
    )
    categories = ArrayField(models.CharField(max_length=120), default=list, blank=True)  # lower case
    products = ArrayField(models.CharField(max_length=64), default=list, blank=True)  # stock codes, lower case
    min_spend = models.DecimalField(_("from an amount of"), max_digits=19, decimal_places=4, default=Decimal(0))
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)  # ISO: 1 is Monday
    from_time = models.TimeField(_("from"), null=True, blank=True)
    to_time = models.TimeField(_("to"), null=True, blank=True)  # not part of it; before `from_time`: past midnight
    starts_on = models.DateField(_("first day"), null=True, blank=True)
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    is_first_purchase = models.BooleanField(_("first purchase only"), default=False)
    birthday_days = models.PositiveSmallIntegerField(_("days around the birthday"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("earning rule")
        verbose_name_plural = _("earning rules")
        ordering: ClassVar = ["position", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(effect="multiply", trigger="sale", factor__isnull=False, points__isnull=True)
                | Q(effect="bonus", points__isnull=False, factor__isnull=True)
                | Q(
                    effect="cap",
                    trigger="sale",
                    points__isnull=False,
                    factor__isnull=True,
                    per__in=["sale", "day", "month"],
                ),
                name="earning_rule_effect_complete",
            ),
            models.CheckConstraint(
                condition=Q(factor__isnull=True) | Q(factor__range=(0, 100)), name="earning_rule_factor_in_range"
            ),
            models.CheckConstraint(
                condition=Q(points__isnull=True) | Q(points__range=(1, 1_000_000_000)),
                name="earning_rule_points_in_range",
            ),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(starts_on__lte=F("ends_on")),
                name="earning_rule_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(from_time__isnull=True, to_time__isnull=True)
                | (Q(from_time__isnull=False, to_time__isnull=False) & ~Q(from_time=F("to_time"))),
                name="earning_rule_hours_complete",
            ),
            models.CheckConstraint(
                condition=Q(trigger="action", action__gt="") | (~Q(trigger="action") & Q(action="")),
                name="earning_rule_action_named",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["trigger"], name="earning_rule_active", condition=Q(is_active=True)),
        ]

    def __str__(self) -> str:
        return self.name
