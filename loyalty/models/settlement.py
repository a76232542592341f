"""What reports and settlement keep: days of points, points by age, and closed months.

Days and ages are roll-ups of the ledger, built by the tick (`loyalty.actions.point_days`). A closed month is never
changed: what happens to its points later belongs to the next open month (docs/algorithms/settlement.md).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models.fields import MoneyField


class PointDay(models.Model):
    """Points that moved on one day of the programme's zone, by who owes them, where it happened and how they moved.

    `points` is the signed change of lots, `debt` of what members owe; a rebuild equals the roll-up. `spent` tells
    redemptions a second time, by the issuers of what was redeemed: it follows the redemption when that is undone,
    where the lots that come back may pay debt instead. Nobody as issuer or business is the programme itself.
    """

    class Flow(models.TextChoices):
        ISSUED = "issued", _("Issued")
        TAKEN = "taken", _("Taken back")
        REDEEMED = "redeemed", _("Redeemed")
        EXPIRED = "expired", _("Expired")
        PASSED = "passed", _("Passed on or set against debt")
        SPENT = "spent", _("Spent, by issuer")

    day = models.DateField()
    issuer = models.ForeignKey(
        "workspace.Business", on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    business = models.ForeignKey(
        "workspace.Business", on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    flow = models.CharField(max_length=10, choices=Flow.choices)
    points = models.BigIntegerField(default=0)
    debt = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("points of a day")
        verbose_name_plural = _("points of days")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["day", "flow", "issuer", "business"], name="point_day_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.flow} {self.points:+d}"


class PointAge(models.Model):
    """Points by how many whole periods of thirty days ago they came in: what breakage is estimated from.

    `at_risk` were there when a lot of this age began its period and stayed observable through it; of them `redeemed`
    and `expired` went within it. `outstanding` are there now.
    """

    issuer = models.ForeignKey(
        "workspace.Business", on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    age = models.PositiveSmallIntegerField()
    outstanding = models.BigIntegerField(default=0)
    at_risk = models.BigIntegerField(default=0)
    redeemed = models.BigIntegerField(default=0)
    expired = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("points of an age")
        verbose_name_plural = _("points of ages")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "age"], name="point_age_once", nulls_distinct=False),
            models.CheckConstraint(
                condition=Q(redeemed__gte=0) & Q(expired__gte=0), name="point_age_flows_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outstanding} of age {self.age}"


class PointCount(models.Model):
    """One row: up to which day and transaction the days of points are counted. Its lock keeps two counts apart."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    zone = models.CharField(max_length=64, blank=True)  # whose days they are
    last_day = models.DateField(null=True)  # counted up to here, included; null: nothing is
    last_transaction = models.BigIntegerField(default=0)  # of those of counted days, the newest that was seen
    counted_at = models.DateTimeField(null=True)  # the ages are of this moment

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="point_count_one_row")]

    def __str__(self) -> str:
        return f"until {self.last_day}"


class SettlementMonth(models.Model):
    """A month that an owner closed: what a point was worth then, and a digest of its lines."""

    append_only = True

    month = models.DateField(primary_key=True)  # its first day
    point_value = models.DecimalField(max_digits=12, decimal_places=6)
    currency = models.CharField(max_length=3)
    digest = models.CharField(max_length=64)
    actor = models.CharField(max_length=80)  # kind:id
    actor_label = models.CharField(max_length=160, blank=True)
    closed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("closed month")
        verbose_name_plural = _("closed months")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(month__day=1), name="settlement_month_begins_on_the_first"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class SettlementLine(models.Model):
    """What one business owes another for a closed month: points that it issued and that were spent there.

    Nobody is the programme's own account. Names are those of the day of closing. Below zero where more redemptions of
    earlier months were undone than there were new ones.
    """

    append_only = True

    month = models.ForeignKey(SettlementMonth, on_delete=models.PROTECT, related_name="lines", db_index=False)
    debtor = models.ForeignKey(
        "workspace.Business", on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    creditor = models.ForeignKey(
        "workspace.Business", on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    debtor_name = models.CharField(max_length=120, blank=True)
    creditor_name = models.CharField(max_length=120, blank=True)
    points = models.BigIntegerField()
    amount = MoneyField()

    class Meta:
        verbose_name = _("settled debt")
        verbose_name_plural = _("settled debts")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["month", "debtor", "creditor"], name="settlement_line_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=~Q(points=0), name="settlement_line_has_points"),
        ]

    def __str__(self) -> str:
        return f"{self.debtor_name} to {self.creditor_name}: {self.points}"
