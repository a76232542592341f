"""What the API takes for a programme's currency, country and time zone: what the forms offer, and nothing else."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.countries import COUNTRIES, CURRENCIES
from programs.forms import time_zone_choices


class KnownWordField(serializers.CharField):
    """One of `known()`; anything else is the error `code`."""

    code: ClassVar[str]

    def known(self) -> Collection[str]:
        raise NotImplementedError

    def to_internal_value(self, data: Any) -> str:
        word = super().to_internal_value(data)
        if word not in self.known():
            raise serializers.ValidationError(_("There is no such choice."), self.code)
        return word


class CurrencyField(KnownWordField):
    code = "unknown_currency"

    def known(self) -> Collection[str]:
        return CURRENCIES


class CountryField(KnownWordField):
    code = "unknown_country"

    def known(self) -> Collection[str]:
        return COUNTRIES


class TimeZoneField(KnownWordField):
    code = "unknown_time_zone"

    def known(self) -> Collection[str]:
        return dict(time_zone_choices())
