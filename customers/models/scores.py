"""What models expect of a customer, for lists and segments to sort and filter by. Intelligence writes it each night."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from customers.models.fields import MoneyField
from customers.models.people import Customer


class CustomerScores(models.Model):
    """Churn and lifetime value of a customer who bought, 1:1; there is no row for anybody else.

    A table of its own beside `CustomerFacts`: nearly every row changes each night, when a day has passed, and facts
    with all their indexes change with sales only. docs/algorithms/value.md says what the figures are.
    """

    class Band(models.TextChoices):
        """Of churn; the edges are `intelligence.engine.churn.EDGES`."""

        LOW = "low", _("Low risk")
        MEDIUM = "medium", _("Medium risk")
        HIGH = "high", _("High risk")
        LOST = "lost", _("Lost")

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="scores")
    churn = models.FloatField()  # chance of no purchase within `horizon_days`, 0 to 1
    horizon_days = models.PositiveSmallIntegerField()  # the programme's rhythm, the same for all of a run
    band = models.CharField(max_length=6, choices=Band.choices)
    # Present value of what is spent in so many months, as margin; with the range of 12 months that holds 8 in 10.
    value_3 = MoneyField()
    value_6 = MoneyField()
    value_12 = MoneyField()
    value_12_low = MoneyField()
    value_12_high = MoneyField()
    value_at_risk = MoneyField()  # churn times the value of 12 months
    next_purchase_on = models.DateField(null=True)  # as likely as not by then; none within a year
    computed_on = models.DateField()  # the day at whose end all this was known
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "customer scores"
        indexes: ClassVar = [
            models.Index(F("value_12").desc(), F("customer").desc(), name="scores_by_value"),
            models.Index("churn", "customer", name="scores_by_churn"),
            models.Index("band", "customer", name="scores_by_band"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.churn:.2f}"
