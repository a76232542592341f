"""Businesses that leave the programme, and the final statements that settle them.

A final statement is never changed: what happens to the business's points later is the programme's own
(docs/algorithms/settlement.md, "Leaving").
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from customers.models.fields import MoneyField


class LeavingWay(models.TextChoices):
    """Who pays for the points of the business that members still hold."""

    PAID = "paid", _("The business pays for its live points")
    TAKEN_OVER = "taken_over", _("The programme takes its live points over")


class Leaving(models.Model):
    """A business leaves at the end of its last day: asked for by its manager, or decided by an owner."""

    class State(models.TextChoices):
        ASKED = "asked", _("Asked for")
        SCHEDULED = "scheduled", _("Decided")
        DONE = "done", _("Left")
        CANCELLED = "cancelled", _("Called off")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    business = models.ForeignKey(
        "workspace.Business", on_delete=models.PROTECT, related_name="leavings", db_constraint=False
    )
    state = models.CharField(max_length=10, choices=State.choices)
    last_day = models.DateField(_("last day"))
    way = models.CharField(_("live points"), max_length=10, choices=LeavingWay.choices, default=LeavingWay.PAID)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    asked_by_label = models.CharField(max_length=160, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    decided_by_label = models.CharField(max_length=160, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("leaving")
        verbose_name_plural = _("leavings")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["business"], condition=~Q(state="cancelled"), name="leaving_once_per_business"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.business} {self.last_day}"

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.ASKED, self.State.SCHEDULED)


class FinalStatement(models.Model):
    """What a business that left owed and was owed on its last day, and what became of its live points."""

    append_only = True

    leaving = models.OneToOneField(Leaving, on_delete=models.PROTECT, primary_key=True, related_name="statement")
    business = models.OneToOneField(
        "workspace.Business", on_delete=models.PROTECT, related_name="final_statement", db_constraint=False
    )
    business_name = models.CharField(max_length=120)
    last_day = models.DateField()
    point_value = models.DecimalField(max_digits=12, decimal_places=6)
    currency = models.CharField(max_length=3)
    way = models.CharField(max_length=10, choices=LeavingWay.choices)
    points = models.BigIntegerField()  # live ones of the business, at the end of the last day
    amount = MoneyField()  # what they are worth
    digest = models.CharField(max_length=64)
    closed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("final statement")
        verbose_name_plural = _("final statements")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(points__gte=0) & Q(amount__gte=0), name="final_statement_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.business_name} {self.last_day}"


class FinalLine(models.Model):
    """A debt of a month that was open on the last day, settled by a final statement. Nobody is the programme's own."""

    append_only = True

    statement = models.ForeignKey(FinalStatement, on_delete=models.PROTECT, related_name="lines", db_index=False)
    month = models.DateField()
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
        verbose_name = _("debt of a final statement")
        verbose_name_plural = _("debts of final statements")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["statement", "month", "debtor", "creditor"], name="final_line_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=~Q(points=0), name="final_line_has_points"),
        ]

    def __str__(self) -> str:
        return f"{self.debtor_name} to {self.creditor_name}: {self.points}"
