"""Sales and what was given back of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from customers.models.fields import MoneyField
from customers.models.people import Customer
from customers.models.products import Product
from customers.querysets import OrderQuerySet, RefundQuerySet


class Order(models.Model):
    """One sale. Add-points, till, imports and store syncs that name the same reference are the same order.

    `total` is what its lines come to, or the amount paid where a till knows no lines. `business_id` never changes.
    """

    class Status(models.TextChoices):
        PAID = "paid", _("Paid")
        PART_REFUNDED = "part_refunded", _("Part refunded")
        REFUNDED = "refunded", _("Refunded")
        CANCELLED = "cancelled", _("Cancelled")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    # A foreign key whose column leads an index below has no index of its own: each one slows every write.
    business = models.ForeignKey("workspace.Business", on_delete=models.PROTECT, related_name="orders", db_index=False)
    source = models.CharField(max_length=40)  # till, api, import:retail …
    reference = models.CharField(max_length=120)  # the shop's own number; unique in the business
    number = models.CharField(max_length=60, blank=True)  # as shown to people
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="orders", db_index=False
    )
    channel = models.CharField(max_length=20, default="store")
    status = models.CharField(max_length=14, choices=Status.choices, default=Status.PAID)
    fulfilment_status = models.CharField(max_length=20, blank=True)
    placed_at = models.DateTimeField()
    total = MoneyField()
    refunded_total = MoneyField(default=0)
    discount = MoneyField(default=0)
    tax = MoneyField(default=0)
    shipping = MoneyField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["business", "reference"], name="order_reference_unique"),
            models.CheckConstraint(condition=Q(total__gte=0), name="order_total_not_negative"),
            models.CheckConstraint(condition=Q(refunded_total__gte=0), name="order_refunded_not_negative"),
        ]
        indexes: ClassVar = [
            models.Index(F("placed_at").desc(), F("id").desc(), name="order_newest"),
            # What is computed of a customer's orders is in the index: each of them lies on another page of the table.
            models.Index(
                "customer",
                F("placed_at").desc(),
                name="order_by_customer",
                include=["id", "status", "total", "channel", "business"],
            ),
            models.Index("business", F("placed_at").desc(), name="order_by_business"),
            # Search by the number that people are shown; the sales of a till have none.
            models.Index(fields=["number"], name="order_by_number", condition=~Q(number="")),
            # The list's filters. What tills write is left out: a sale there costs nothing more.
            models.Index(
                "channel", F("placed_at").desc(), F("id").desc(), name="order_by_channel", condition=~Q(channel="store")
            ),
            models.Index(
                "fulfilment_status",
                F("placed_at").desc(),
                F("id").desc(),
                name="order_by_fulfilment",
                condition=~Q(fulfilment_status=""),
            ),
            models.Index(
                "status", F("placed_at").desc(), F("id").desc(), name="order_by_status", condition=~Q(status="paid")
            ),
        ]

    def __str__(self) -> str:
        return self.number or self.reference


class OrderLine(models.Model):
    """One line of an order. `total` = quantity × unit price − discount."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines", db_index=False)
    position = models.PositiveIntegerField()
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, null=True, blank=True, related_name="lines", db_index=False
    )
    title = models.CharField(max_length=200, blank=True)
    quantity = models.DecimalField(max_digits=12, decimal_places=3)
    unit_price = MoneyField()
    discount = MoneyField(default=0)
    total = MoneyField()

    class Meta:
        # What was bought, without a look at the lines themselves.
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["order", "position"], include=["product", "quantity"], name="order_line_position"
            )
        ]
        # Top products and who bought a product.
        indexes: ClassVar = [models.Index("product", "order", name="order_line_by_product")]


class Refund(models.Model):
    """Money given back, counted on its own date. `order` is empty where the source names none."""

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    business = models.ForeignKey("workspace.Business", on_delete=models.PROTECT, related_name="refunds", db_index=False)
    source = models.CharField(max_length=40)
    reference = models.CharField(max_length=120)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="refunds")
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="refunds", db_index=False
    )
    order_reference = models.CharField(max_length=120, blank=True, db_default="")  # the order that an import names
    refunded_at = models.DateTimeField()
    total = MoneyField()  # positive: what the customer got back
    reason = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = RefundQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["business", "reference"], name="refund_reference_unique"),
            models.CheckConstraint(condition=Q(total__gte=0), name="refund_total_not_negative"),
        ]
        indexes: ClassVar = [
            models.Index(F("refunded_at").desc(), F("id").desc(), name="refund_newest"),
            models.Index("customer", F("refunded_at").desc(), name="refund_by_customer"),
        ]


class RefundLine(models.Model):
    """One line given back; `quantity` and `total` are positive."""

    refund = models.ForeignKey(Refund, on_delete=models.CASCADE, related_name="lines", db_index=False)
    position = models.PositiveIntegerField()
    is_rest = models.BooleanField(default=False, db_default=False)  # of the line before, spread over several sales
    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, null=True, blank=True, related_name="refunds")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    title = models.CharField(max_length=200, blank=True)
    quantity = models.DecimalField(max_digits=12, decimal_places=3)
    unit_price = MoneyField()
    total = MoneyField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["refund", "position"], name="refund_line_position")]
