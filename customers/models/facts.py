"""What is computed of customers and days, for lists and figures: all of it can be built again from raw rows."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Func, Q

from customers.models.fields import MoneyField
from customers.models.people import Customer
from customers.models.products import Product


class OrOldest(Func):
    """A time, or a moment before all others where there is none: lists sort by it and keyset pages compare it."""

    template = "(COALESCE(%(expressions)s, '1900-01-01 00:00:00+00'::timestamptz))"
    output_field = models.DateTimeField()


class CustomerFacts(models.Model):
    """What lists and segments sort and filter by, 1:1 with the customer; higher apps compute it, one action writes it.

    Built from raw rows by `customers.actions.facts`; a rebuild equals the roll-up. Behind the stream by seconds.
    """

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="facts")
    orders_count = models.IntegerField(default=0)
    total_spent = MoneyField(default=0)  # net: lines − refunds
    first_order_at = models.DateTimeField(null=True)
    last_order_at = models.DateTimeField(null=True)
    is_member = models.BooleanField(default=False)
    member_since = models.DateTimeField(null=True)
    balance = models.BigIntegerField(default=0)  # points
    lifetime_points = models.BigIntegerField(default=0)  # points ever earned
    tier = models.CharField(max_length=40, blank=True, default="", db_default="")  # its name; written by loyalty
    tier_rank = models.PositiveSmallIntegerField(null=True)  # the higher the better
    # Scores 1 (worst) to 5 (best) and the group they give; written by intelligence.
    rfm_recency = models.PositiveSmallIntegerField(null=True)
    rfm_frequency = models.PositiveSmallIntegerField(null=True)
    rfm_monetary = models.PositiveSmallIntegerField(null=True)
    rfm_group = models.CharField(max_length=20, blank=True)
    rfm_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes: ClassVar = [
            # The customer list's sort orders, newest or largest first, with the key as tie-break for keyset pages.
            models.Index(F("total_spent").desc(), F("customer_id").desc(), name="facts_by_spend"),
            models.Index(F("orders_count").desc(), F("customer_id").desc(), name="facts_by_orders"),
            models.Index(OrOldest(F("last_order_at")).desc(), F("customer_id").desc(), name="facts_by_last_order"),
            models.Index(F("balance").desc(), F("customer_id").desc(), name="facts_by_balance"),
            models.Index("rfm_group", "customer", name="facts_by_rfm_group"),
            models.Index("tier", "customer", name="facts_by_tier", condition=~Q(tier="")),
            models.Index(fields=["customer"], name="facts_of_members", condition=Q(is_member=True)),
            # The people behind a row of the cohort table.
            models.Index("first_order_at", "customer", name="facts_by_first_order"),
        ]


class BusinessCustomerFacts(models.Model):
    """The same figures for one customer at one business: what its own staff see, and whose regular somebody is.

    A roll-up of orders and refunds, written with `CustomerFacts`; there is no row for a business never bought from.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="business_facts")
    business = models.ForeignKey("workspace.Business", on_delete=models.PROTECT, related_name="+", db_index=False)
    orders_count = models.IntegerField(default=0)
    total_spent = MoneyField(default=0)  # net
    first_order_at = models.DateTimeField(null=True)
    last_order_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["customer", "business"], name="business_facts_once"),
        ]
        indexes: ClassVar = [
            # The customer list of people limited to one business, in its sort orders.
            models.Index("business", F("total_spent").desc(), F("customer_id").desc(), name="business_facts_by_spend"),
            models.Index(
                "business", F("orders_count").desc(), F("customer_id").desc(), name="business_facts_by_orders"
            ),
            models.Index(
                "business", OrOldest(F("last_order_at")).desc(), F("customer_id").desc(), name="business_facts_by_last"
            ),
            models.Index("business", "first_order_at", "customer", name="business_facts_by_first"),
        ]


class DailySales(models.Model):
    """What one business sold on one day of the programme's zone. Built from raw rows; a rebuild equals the roll-up.

    Refunds are on their own day. `customers`, `new_customers` and `members` count people once a day and business, so
    they add up to visits, never to people.
    """

    business = models.ForeignKey("workspace.Business", on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    orders = models.IntegerField(default=0)
    revenue = MoneyField(default=0)  # before refunds
    refunds = MoneyField(default=0)
    anonymous_orders = models.IntegerField(default=0)
    member_orders = models.IntegerField(default=0)
    member_revenue = MoneyField(default=0)
    customers = models.IntegerField(default=0)
    new_customers = models.IntegerField(default=0)  # whose first order anywhere in the programme this was
    members = models.IntegerField(default=0)
    units = models.DecimalField(max_digits=19, decimal_places=3, default=0)  # of all lines, before refunds

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["business", "day"], name="daily_sales_once"),
        ]
        indexes: ClassVar = [models.Index("day", "business", name="daily_sales_by_day")]


class ProductSales(models.Model):
    """What was sold of a product in the last DAYS days, less what came back in them: at one business, or at all (none).

    What the list of products sorts by. Built from the lines of orders and refunds after each import, and each night,
    when the days move on.
    """

    DAYS = 90  # up to today, in the programme's zone

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="sales", db_index=False)
    business = models.ForeignKey(
        "workspace.Business", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    quantity = models.DecimalField(max_digits=19, decimal_places=3)
    revenue = MoneyField()  # net

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["product", "business"], name="product_sales_once", nulls_distinct=False),
        ]


class StaleDay(models.Model):
    """A business-day whose roll-up must be computed again; gone when that is done."""

    business = models.ForeignKey("workspace.Business", on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["business", "day"], name="stale_day_once")]


class RollupState(models.Model):
    """One row: the zone whose days the roll-ups hold. Its lock keeps a rebuild and an update apart."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    zone = models.CharField(max_length=64, blank=True)
    rebuilt_at = models.DateTimeField(null=True)
