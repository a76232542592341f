"""What staff decide about affiliates and payouts. Limits and meanings are the action's business."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from loyalty.actions.affiliates import AffiliateValues
from loyalty.models.affiliates import Rule
from screens.forms_programme import NumberField

_DECIMAL = {"inputmode": "decimal", "autocomplete": "off"}


def _number(label: Any, help_text: Any = "") -> NumberField:
    widget = forms.TextInput(attrs=_DECIMAL)
    return NumberField(label=label, required=False, max_length=14, widget=widget, help_text=help_text)


class AffiliateForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=120,
        help_text=gettext_lazy("A person or a site. Statements carry it."),
        error_messages={"required": gettext_lazy("Give the affiliate a name.")},
    )
    link_code = forms.CharField(
        label=gettext_lazy("Code"),
        required=False,
        max_length=24,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        help_text=gettext_lazy("In their link, and said at the till. Empty: one is made."),
    )
    email = forms.CharField(label=gettext_lazy("E-mail"), required=False, max_length=254)
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        required=False,
        max_length=40,
        help_text=gettext_lazy("Who buys with this number or e-mail address is the affiliate, and earns nothing."),
    )
    website = forms.CharField(label=gettext_lazy("Website"), required=False, max_length=200)
    rule = forms.ChoiceField(label=gettext_lazy("They get"), choices=Rule.choices)
    percent = _number(gettext_lazy("Percent"), gettext_lazy("Of the goods, without tax where the sale says it."))
    amount = _number(gettext_lazy("Amount"), gettext_lazy("For a sale, or for a new customer’s first one."))
    min_spend = _number(gettext_lazy("Sales of at least"), gettext_lazy("Empty: any sale."))
    orders_limit = forms.IntegerField(
        label=gettext_lazy("Sales of each customer"),
        required=False,
        min_value=1,
        help_text=gettext_lazy("1: only the first. Empty: all."),
    )
    months_limit = forms.IntegerField(
        label=gettext_lazy("Months of each customer"),
        required=False,
        min_value=1,
        help_text=gettext_lazy("From the day they came. Empty: for good."),
    )
    order_cap = _number(gettext_lazy("Most of one sale"), gettext_lazy("Empty: no limit."))
    month_cap = _number(gettext_lazy("Most in a month"), gettext_lazy("Empty: no limit."))
    window_days = forms.IntegerField(
        label=gettext_lazy("Days from link to coming"),
        min_value=1,
        help_text=gettext_lazy("Who opens the link and comes within these days counts."),
    )
    hold_days = forms.IntegerField(
        label=gettext_lazy("Days until a commission can be paid"),
        min_value=0,
        help_text=gettext_lazy("So that what is given back is given back before."),
    )

    def values(self) -> AffiliateValues:
        said: dict[str, Any] = dict(self.cleaned_data)
        for name in ("percent", "amount", "min_spend"):
            said[name] = said[name] or Decimal(0)
        return AffiliateValues(**said)

    @classmethod
    def of(cls, values: AffiliateValues) -> AffiliateForm:
        shown = {name: getattr(values, name) for name in cls.base_fields}
        for name, value in shown.items():
            if isinstance(value, Decimal):
                shown[name] = f"{value.normalize():f}" if value else ""
        return cls(initial=shown)


class AffiliateSettingsForm(forms.Form):
    website = forms.CharField(
        label=gettext_lazy("Your website"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off"}),
        help_text=gettext_lazy("Links may lead there, too. Empty: to your points page only."),
    )
    daily_review = forms.IntegerField(
        label=gettext_lazy("Look at people from so many in a day"),
        min_value=1,
        help_text=gettext_lazy("Of one affiliate: the next ones wait until somebody agrees."),
    )


class PaidForm(forms.Form):
    paid_on = forms.DateField(label=gettext_lazy("Paid on"), widget=forms.DateInput(attrs={"type": "date"}))
    reference = forms.CharField(
        label=gettext_lazy("Reference"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Such as the number of the transfer."),
    )
