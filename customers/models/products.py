"""What shops sell."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from customers.models.fields import MoneyField
from customers.querysets import ProductQuerySet


class Product(models.Model):
    """Something a shop sells, known by its stock code. Postage, fees and adjustments are products of another kind."""

    class Kind(models.TextChoices):
        GOODS = "goods", _("Goods")
        SERVICE = "service", _("Postage, fees and adjustments")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    sku = models.CharField(_("stock code"), max_length=64, unique=True)
    title = models.CharField(_("title"), max_length=200, blank=True)
    vendor = models.CharField(_("vendor"), max_length=120, blank=True)
    category = models.CharField(_("category"), max_length=120, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.GOODS)
    price = MoneyField(_("price"), null=True, blank=True)
    cost = MoneyField(_("cost"), null=True, blank=True)  # what the shop pays for one
    barcode = models.CharField(_("barcode"), max_length=64, blank=True, default="", db_default="")
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)  # out of lists; a sale may still name it
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            # A scanner at the shelf, and the API's look-up.
            models.Index(fields=["barcode"], name="product_by_barcode", condition=~Q(barcode="")),
        ]

    def __str__(self) -> str:
        return self.title or self.sku
