"""What staff type about the programme's points."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.actions.settings import PointSettings
from loyalty.balances import settings_now
from loyalty.models import EarningRate, LoyaltySettings, Transaction
from loyalty.rules import MAX_EXPIRY_MONTHS, MAX_PENDING_DAYS
from screens.forms_till import MAX_POINTS, AmountField, KeyedForm, PointsField
from workspace.models import Business

FLOWS = [
    ("", ""),
    ("issued", gettext_lazy("Points issued")),
    ("taken", gettext_lazy("Points taken back")),
    ("redeemed", gettext_lazy("Points redeemed")),
    ("expired", gettext_lazy("Points expired")),
]


class NumberField(forms.CharField):
    """A plain decimal with a point or a comma; limits and digits are the action's business."""

    def clean(self, value: Any) -> Decimal | None:
        typed = super().clean(value)
        if not typed:
            return None
        if not re.fullmatch(r"[0-9]{1,9}([.,][0-9]{1,8})?", typed):
            raise forms.ValidationError(_("Enter a number such as 5 or 0.5."))
        try:
            return Decimal(typed.replace(",", "."))
        except InvalidOperation as error:
            raise forms.ValidationError(_("Enter a number such as 5 or 0.5.")) from error


class RateForm(forms.Form):
    points_per_unit = NumberField(
        max_length=12, widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    )
    rounding = forms.ChoiceField(label=gettext_lazy("Rounding"), choices=EarningRate.Rounding.choices)


class PointSettingsForm(forms.Form):
    point_value = NumberField(
        label=gettext_lazy("What one point is worth"),
        max_length=14,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=gettext_lazy("For “worth” on the points page, and for what you owe."),
    )
    pending_days = forms.IntegerField(
        label=gettext_lazy("Days until points of a sale can be spent"),
        required=False,
        min_value=0,
        max_value=MAX_PENDING_DAYS,
        help_text=gettext_lazy("Such as the days in which customers may bring things back. 0 or empty: at once."),
    )
    expiry_policy = forms.ChoiceField(
        label=gettext_lazy("Points run out"),
        required=False,
        choices=LoyaltySettings.Expiry.choices,
    )
    expiry_months = forms.IntegerField(
        label=gettext_lazy("Months until points run out"),
        required=False,
        min_value=1,
        max_value=MAX_EXPIRY_MONTHS,
        help_text=gettext_lazy("Empty: they never do. Points given before a change keep their date."),
    )
    expiry_day = forms.CharField(
        label=gettext_lazy("Day of the year"),
        required=False,
        max_length=5,
        help_text=gettext_lazy(
            "For a fixed day: month and day, such as 12-31. The months above are how long at least."
        ),
    )
    warning_days = forms.IntegerField(
        label=gettext_lazy("Days before that to warn"),
        required=False,
        min_value=0,
        max_value=366,
        help_text=gettext_lazy("A text to members who agreed to texts about their points. 0: no text."),
    )
    approval_above = forms.IntegerField(
        label=gettext_lazy("Points by hand that need a second person"),
        required=False,
        min_value=0,
        max_value=MAX_POINTS,
        help_text=gettext_lazy("Adjustments of more than this wait until somebody else approves. Empty: none do."),
    )

    def settings(self) -> PointSettings:
        """What a valid form says; what it leaves out stays as the programme has it or as it is by default."""
        said = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        if said.get("expiry_policy") != LoyaltySettings.Expiry.DATE:
            said.pop("expiry_day", None)  # left over from another choice
        kept = settings_now().reinstated_days
        return PointSettings(**{"reinstated_days": kept, **said})


class TransactionFilter(forms.Form):
    """The list's filters, from the URL; nonsense filters nothing."""

    kind = forms.ChoiceField(required=False, choices=[("", gettext_lazy("All kinds")), *Transaction.Kind.choices])
    business = forms.ModelChoiceField(required=False, queryset=Business.objects.none(), to_field_name="code")
    start = forms.DateField(required=False)
    end = forms.DateField(required=False)
    flow = forms.ChoiceField(required=False, choices=FLOWS)  # what a report's figure counts

    def __init__(self, *args: Any, businesses: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["business"].queryset = businesses  # type: ignore[attr-defined]


class PersonForm(KeyedForm):
    """What staff do for one customer at one business."""

    business = forms.ModelChoiceField(
        label=gettext_lazy("Business"), queryset=Business.objects.none(), empty_label=None, to_field_name="code"
    )

    def __init__(self, *args: Any, businesses: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["business"].queryset = businesses  # type: ignore[attr-defined]


class AddForm(PersonForm):
    amount = AmountField()
    field_order = ("amount", "business")

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].currency = currency  # type: ignore[attr-defined]


class RedeemForm(PersonForm):
    points = PointsField()
    reason = forms.CharField(
        label=gettext_lazy("What for"),
        max_length=120,
        error_messages={"required": gettext_lazy("Say what the points are for.")},
    )
    field_order = ("points", "reason", "business")


class AdjustForm(KeyedForm):
    points = forms.CharField(
        label=gettext_lazy("Points to give or take"),
        max_length=16,
        widget=forms.TextInput(attrs={"inputmode": "text", "autocomplete": "off"}),
        help_text=gettext_lazy("Such as 50, or -50 to take them away."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=200,
        help_text=gettext_lazy("The customer and your colleagues read this."),
        error_messages={"required": gettext_lazy("Say why, so that the history explains itself.")},
    )

    def clean_points(self) -> int:
        typed = self.cleaned_data["points"].replace("\u2212", "-")
        if not re.fullmatch(r"[+-]?[0-9]{1,9}", typed) or not 0 < abs(int(typed)) <= MAX_POINTS:
            raise forms.ValidationError(_("Enter whole points, such as 50 or -50."))
        return int(typed)
