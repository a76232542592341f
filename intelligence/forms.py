"""What staff enter about archetypes and forecasts. Ranges are the actions' business."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from intelligence.actions.settings import SettingsValues
from intelligence.models import IntelligenceSettings

_NUMBER = {"inputmode": "numeric", "autocomplete": "off"}
_DECIMAL = {"inputmode": "decimal", "autocomplete": "off"}
PERCENT = Decimal(100)
SHARES = ("margin", "discount_rate", "retention_churn")


def _whole(label: Any, *, required: bool = True, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label, required=required, help_text=help_text, widget=forms.TextInput(attrs=_NUMBER)
    )


def _decimal(label: Any, *, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(label=label, help_text=help_text, widget=forms.TextInput(attrs=_DECIMAL), localize=True)


class ClusterForm(forms.Form):
    """How to look for archetypes this once; what is empty is as in the settings."""

    sample_size = _whole(_("Customers to look at"), required=False)
    min_k = _whole(_("Fewest archetypes"), required=False)
    max_k = _whole(_("Most archetypes"), required=False)

    def asked(self) -> dict[str, int]:
        return {name: value for name, value in self.cleaned_data.items() if value is not None}


class RenameForm(forms.Form):
    name = forms.CharField(label=_("Name"), required=False, max_length=200)


class SettingsForm(forms.Form):
    """Shares are entered in percent."""

    margin = _decimal(_("Margin"), help_text=_("Of what customers spend, what is left after the goods are paid for."))
    discount_rate = _decimal(_("Discount rate, a year"), help_text=_("Money of next year is worth so much less."))
    horizon_days = _whole(
        _("Gone after"), required=False, help_text=_("Empty: from how often your own customers come.")
    )
    nightly_sample = _whole(_("Customers looked at each night"))
    weekly_sample = _whole(_("Customers looked at on Sundays"), required=False, help_text=_("Empty: all of them."))
    min_k = _whole(_("Fewest archetypes"))
    max_k = _whole(_("Most archetypes"))
    is_dynamic = forms.BooleanField(label=_("Fewer archetypes while there are few customers"), required=False)
    is_robust = forms.BooleanField(
        label=_("Measure against the typical customer"),
        required=False,
        help_text=_("Otherwise against the average, which a few very large customers move."),
    )
    vip_value = _decimal(_("VIP archetype: worth more than"), help_text=_("On average in the next 12 months."))
    vip_customers = _whole(_("VIP archetype: more people than"))
    retention_churn = _decimal(_("Win back: churn above"))
    vip_customer_value = _decimal(_("VIP customer: worth more than"))

    def __init__(self, data: Any = None, *, settings: IntelligenceSettings) -> None:
        super().__init__(data, initial=_initial(settings))

    def values(self) -> SettingsValues:
        said = dict(self.cleaned_data)
        for name in SHARES:
            said[name] = said[name] / PERCENT
        said["retention_churn"] = float(said["retention_churn"])
        return SettingsValues(**said)


def _initial(settings: IntelligenceSettings) -> dict[str, Any]:
    values = {name: getattr(settings, name) for name in SettingsValues.__slots__}
    for name in SHARES:
        values[name] = (Decimal(str(values[name])) * PERCENT).normalize() + 0
        values[name] = f"{values[name]:f}"
    return values
