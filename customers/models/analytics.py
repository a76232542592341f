"""Counts that the analytics pages add up, by day and month of the programme's zone: no row is about one person.

`customers.actions.rollups` keeps those that follow the event stream, `customers.actions.people_counts` and
`intelligence.actions.products` the others. All of it can be built again from raw rows. A row without a business is
about the whole programme.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, FloatField
from django.db.models.functions import Cast, Sqrt

from customers.models.fields import MoneyField
from customers.models.products import Product


class _OfBusiness(models.Model):
    # Counts are made of rows whose keys the server has checked; of half a million it need not look at each again.
    business = models.ForeignKey(
        "workspace.Business", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )

    class Meta:
        abstract = True


class _OfBusinessOrAll(models.Model):
    business = models.ForeignKey(
        "workspace.Business", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        abstract = True


class HourlySales(_OfBusiness):
    """What one business sold in one hour of the clock, by channel; refunds are in the hour of their own."""

    day = models.DateField()
    hour = models.PositiveSmallIntegerField()  # 0 to 23; the hour that a clock change repeats counts twice
    channel = models.CharField(max_length=20, blank=True)  # of a refund: its order's; empty: of no order
    orders = models.IntegerField()
    revenue = MoneyField()  # before refunds
    refunds = MoneyField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["business", "day", "hour", "channel"], name="hourly_sales_once"),
        ]
        indexes: ClassVar = [models.Index("day", name="hourly_sales_by_day")]


class _ProductFigures(_OfBusiness):
    product = models.ForeignKey(
        Product, on_delete=models.CASCADE, null=True, related_name="+", db_index=False, db_constraint=False
    )
    orders = models.IntegerField()  # different orders that it is on
    units = models.DecimalField(max_digits=19, decimal_places=3)
    revenue = MoneyField()  # before refunds
    refunded_units = models.DecimalField(max_digits=19, decimal_places=3)
    refunds = MoneyField()

    class Meta:
        abstract = True


class ProductDay(_ProductFigures):
    """What one business sold of one product on one day, and what came back on it. No product: lines that name none."""

    day = models.DateField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["day", "business", "product"], name="product_day_once", nulls_distinct=False
            ),
        ]
        indexes: ClassVar = [models.Index("product", "day", name="product_day_by_product")]


class ProductMonth(_ProductFigures):
    """The sum of the days of one month: what long periods add up instead."""

    month = models.DateField()  # its first day

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["month", "business", "product"], name="product_month_once", nulls_distinct=False
            ),
        ]
        indexes: ClassVar = [models.Index("product", "month", name="product_month_by_product")]


class BuyerDay(_OfBusinessOrAll):
    """How many people bought on `day` who had bought before, the last time on `before` (none: never).

    Different people of any period add up from it: each is counted on the one day of the period whose `before` lies
    ahead of the period. docs/algorithms/metrics.md has the proof. Who is a member on `before` is one on `day`, so those
    two counts do the same for members.
    """

    day = models.DateField()
    before = models.DateField(null=True)
    customers = models.IntegerField()
    members = models.IntegerField(default=0)  # of them, on `day`
    members_before = models.IntegerField(default=0)  # of them, on `before` already

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["business", "day", "before"],
                name="buyer_day_once",
                nulls_distinct=False,
                include=["customers", "members", "members_before"],
            ),
        ]


class CohortMonth(_OfBusinessOrAll):
    """What people whose first order was in the month `cohort` did in `month`."""

    cohort = models.DateField()  # first days of months
    month = models.DateField()
    customers = models.IntegerField()  # who bought; in their first month that is everybody
    orders = models.IntegerField()
    revenue = MoneyField()  # net

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["business", "cohort", "month"], name="cohort_month_once", nulls_distinct=False
            ),
        ]


class PeopleGroup(_OfBusinessOrAll):
    """How many active customers who bought have `key` in common, and what they bought ever."""

    class Kind(models.TextChoices):
        ORDERS = "orders"  # how often they bought; MOST_ORDERS: so often or more
        COUNTRY = "country"
        REGION = "region"

    MOST_ORDERS = 10

    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.CharField(max_length=190, blank=True)
    customers = models.IntegerField()
    orders = models.IntegerField()
    revenue = MoneyField()  # net

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["business", "kind", "key"], name="people_group_once", nulls_distinct=False),
        ]


class ProductPair(_OfBusinessOrAll):
    """How often `product` and `other` were on one order; each pair is there in both directions.

    Support is together / baskets, confidence together / orders, lift together x baskets / (orders x other_orders), the
    score, by which lists go, together x the root of lift. A product that is deleted stays until the next count.
    """

    product = models.ForeignKey(
        Product, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    other = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    together = models.IntegerField()
    orders = models.IntegerField()  # with `product`
    other_orders = models.IntegerField()
    baskets = models.IntegerField()  # all that were looked at
    score = models.GeneratedField(
        expression=F("together")
        * Sqrt(
            Cast("together", FloatField())
            * F("baskets")
            / Cast("orders", FloatField())
            / Cast("other_orders", FloatField())
        ),
        output_field=models.FloatField(),
        db_persist=True,
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["product", "business", "other"], name="product_pair_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=~models.Q(product=models.F("other")), name="product_pair_of_two"),
        ]
        indexes: ClassVar = [models.Index("business", F("score").desc(), name="product_pair_by_score")]


class CountedAt(models.Model):
    """When the counts of `kind` were made that do not follow each sale."""

    class Kind(models.TextChoices):
        PEOPLE = "people"
        PAIRS = "pairs"

    kind = models.CharField(primary_key=True, max_length=10, choices=Kind.choices)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.kind
