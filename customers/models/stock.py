"""What lies where: places, how much of a product is in each, and every movement that made it so."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from customers.models.products import Product
from customers.querysets import StockLevelQuerySet, StockLocationQuerySet, StockMovementQuerySet


class QuantityField(models.DecimalField):  # type: ignore[type-arg]
    """Pieces, metres or kilograms, to the gram."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_digits", 14)
        kwargs.setdefault("decimal_places", 3)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


class StockLocation(models.Model):
    """A shelf room of a business. What the business sells leaves its default place."""

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    business = models.ForeignKey("workspace.Business", on_delete=models.PROTECT, related_name="stock_locations")
    name = models.CharField(_("name"), max_length=80)
    is_default = models.BooleanField(default=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = StockLocationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["business", "name"], name="stock_location_name"),
            models.UniqueConstraint(
                fields=["business"], condition=Q(is_default=True), name="stock_location_one_default"
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(archived_at__isnull=True), name="stock_location_default_is_open"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StockLevel(models.Model):
    """How much of a product is at a place: the sum of its movements there, which an audit compares.

    A product is tracked where it has a level. Below zero says that more was sold than anybody wrote down.
    `counted_at` is the last count: what happened before it is in it already, however late it is told.
    """

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="levels", db_index=False)
    location = models.ForeignKey(StockLocation, on_delete=models.PROTECT, related_name="levels")
    quantity = QuantityField(default=0)
    low_at = QuantityField(null=True, blank=True)  # at this or below it is low; empty: nobody is told
    lead_days = models.PositiveSmallIntegerField(default=7, db_default=7)  # from an order to the shelf
    target_days = models.PositiveSmallIntegerField(default=28, db_default=28)  # a delivery should last so long
    counted_at = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)

    objects = StockLevelQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["product", "location"], name="stock_level_once"),
            models.CheckConstraint(condition=Q(low_at__isnull=True) | Q(low_at__gte=0), name="stock_low_not_negative"),
            models.CheckConstraint(condition=Q(target_days__gte=1), name="stock_target_is_a_day"),
        ]
        indexes: ClassVar = [
            # "What is low", of few.
            models.Index("location", "product", name="stock_low", condition=Q(quantity__lte=F("low_at"))),
        ]


class StockMovement(models.Model):
    """Something came, went or was counted. Append only: what was wrong is corrected by another movement."""

    append_only = True

    class Kind(models.TextChoices):
        RECEIVED = "received", _("Received")
        SOLD = "sold", _("Sold")
        RETURNED = "returned", _("Came back")
        COUNTED = "counted", _("Counted")
        MOVED = "moved", _("Moved")
        CORRECTED = "corrected", _("Corrected")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="movements", db_index=False)
    location = models.ForeignKey(StockLocation, on_delete=models.PROTECT, related_name="movements", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    quantity = QuantityField()  # signed; of a count, the difference that it found
    reason = models.CharField(max_length=120, blank=True)
    reference = models.CharField(max_length=120, blank=True)  # a delivery note, an order
    origin = models.CharField(max_length=60, blank=True)  # what it was made of, once: `sold:<order>:<product>`
    actor = models.CharField(max_length=60)
    actor_label = models.CharField(max_length=120)
    at = models.DateTimeField()

    objects = StockMovementQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["origin"], condition=~Q(origin=""), name="stock_movement_once"),
            models.CheckConstraint(
                condition=Q(kind__in=("received", "returned"), quantity__gt=0)
                | Q(kind="sold", quantity__lt=0)
                | Q(kind="counted")
                | (Q(kind__in=("moved", "corrected")) & ~Q(quantity=0)),
                name="stock_movement_sign",
            ),
        ]
        indexes: ClassVar = [
            models.Index("product", "location", F("id").desc(), name="stock_movement_by_product"),
            models.Index("location", F("id").desc(), name="stock_movement_by_location"),
        ]


class StockForecast(models.Model):
    """When a level runs out, as `intelligence` reckoned it; lists sort by it. A rebuild replaces all of them."""

    class Model(models.TextChoices):
        SMOOTH = "smooth", _("Sells every week")
        LUMPY = "lumpy", _("Sells unevenly")
        INTERMITTENT = "intermittent", _("Sells now and then")
        NONE = "none", _("Too little is known")

    level = models.OneToOneField(StockLevel, on_delete=models.CASCADE, primary_key=True, related_name="forecast")
    model = models.CharField(max_length=12, choices=Model.choices)
    weekly_demand = QuantityField()
    # Days from `computed_on`; empty: not within a year.
    days_left = models.PositiveSmallIntegerField(null=True)
    days_left_low = models.PositiveSmallIntegerField(null=True)  # 8 times in 10 it lasts at least so long …
    days_left_high = models.PositiveSmallIntegerField(null=True)  # … and at most so long
    order_quantity = QuantityField(default=0)  # to order now; 0: not yet
    order_point = QuantityField(default=0)  # to order at this level
    computed_on = models.DateField()
