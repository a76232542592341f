"""What runs of the analysis found. Lives in the programme's schema; results per customer are in `CustomerFacts`."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F

from customers.models.fields import MoneyField


class RfmRun(models.Model):
    """One scoring of all customers: how many were in each group then, and who moved since the run before.

    `figures` maps a group's code to its numbers, `grid` counts customers by recency and frequency score, `moves` is a
    list of [from, to, customers] with "" for people who had no group yet.
    """

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    customers = models.IntegerField()
    figures = models.JSONField(default=dict)
    grid = models.JSONField(default=list)
    moves = models.JSONField(default=list)

    class Meta:
        indexes: ClassVar = [models.Index(F("finished_at").desc(), name="rfm_run_newest")]

    def __str__(self) -> str:
        return f"RFM {self.finished_at:%Y-%m-%d %H:%M}"


class CustomerFeatures(models.Model):
    """What is known of a customer who bought: counts, sums and dates, as of the end of a day.

    `intelligence.features.families` computes the columns and `registry` reads them; all of it can be built again from
    raw rows. The windows (`…_30`, `…_90`, `…_365`) end on the day on which the row was last counted: each night for
    everybody.
    """

    customer = models.OneToOneField(
        "customers.Customer", on_delete=models.CASCADE, primary_key=True, related_name="features"
    )
    orders_count = models.IntegerField()
    order_days = models.IntegerField()
    first_order_on = models.DateField()
    last_order_on = models.DateField()
    gross_spend = MoneyField()  # before refunds
    first_day_spend = MoneyField()
    day_spend_squares = models.FloatField()  # the sum of squares of what was spent on each day
    gap_squares = models.BigIntegerField()  # of days from one order day to the next
    refunds_count = models.IntegerField()
    refunded = MoneyField()
    refunded_later = MoneyField()  # after the first order day
    lines_count = models.IntegerField()
    items = models.DecimalField(max_digits=19, decimal_places=3)
    products_count = models.IntegerField()
    # A product that is deleted leaves its number until the row is counted again.
    favourite_product = models.ForeignKey(
        "customers.Product",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    orders_30 = models.IntegerField()
    orders_90 = models.IntegerField()
    orders_365 = models.IntegerField()
    spend_30 = MoneyField()  # net
    spend_90 = MoneyField()
    spend_365 = MoneyField()
    weekend_orders = models.IntegerField()
    morning_orders = models.IntegerField()
    evening_orders = models.IntegerField()
    main_channel = models.CharField(max_length=20)
    channels_count = models.SmallIntegerField()
    businesses_count = models.SmallIntegerField()


class StaleFeatures(models.Model):
    """A customer whose features must be counted again; gone when that is done."""

    customer_id = models.BigIntegerField(primary_key=True)


class FeatureRun(models.Model):
    """One counting of everybody's features.

    `figures` maps a feature to [customers who have it] and, of numbers, what a tenth, half and nine tenths of them have
    at most.
    """

    as_of = models.DateField()  # the windows of that run end here
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    customers = models.IntegerField()
    changed = models.IntegerField()  # rows that were written or deleted
    figures = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [models.Index(F("finished_at").desc(), name="feature_run_newest")]

    def __str__(self) -> str:
        return f"{self.as_of}"
