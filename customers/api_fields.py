"""Fields that several answers share."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.money import quantise


@extend_schema_field({"type": "string", "format": "decimal", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"})
class AmountField(serializers.Field[Any, Any, Any, Any]):
    """Money as text, exact: the currency's digits, more only where a unit price has them."""

    def to_representation(self, value: Decimal) -> str:
        rounded = quantise(value, self.context["currency"])
        return str(rounded if rounded == value else value.normalize())


class AverageField(AmountField):
    """Money that was divided: rounded to the currency's digits."""

    def to_representation(self, value: Decimal) -> str:
        return str(quantise(value, self.context["currency"]))


class QuantityField(AmountField):
    """A count of pieces, metres or kilograms."""

    def to_representation(self, value: Decimal) -> str:
        return f"{value.normalize():f}"
