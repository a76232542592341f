"""What staff type about tiers. Limits and meanings are the action's business."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import InvalidInput
from core.money import parse_amount
from loyalty.actions.tiers import MAX_GRACE_DAYS, MAX_MONTHS, TierSettings, TierValues
from loyalty.models import LoyaltySettings, Tier
from screens.forms_programme import NumberField
from screens.forms_rules import DayInput
from screens.forms_till import PointsField

Basis = LoyaltySettings.TierBasis
STEPS = 3
_TEXT = {"autocomplete": "off"}
_NUMBER = {**_TEXT, "inputmode": "numeric"}


class ThresholdField(forms.CharField):
    """What a tier asks for, as people type numbers: 1,000 visits or points, 1,000.50 of money; cleaned to a Decimal."""

    basis = str(Basis.POINTS)
    currency = ""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("error_messages", {"required": gettext_lazy("Enter what the tier asks for.")})
        super().__init__(max_length=20, widget=forms.TextInput(attrs={**_TEXT, "inputmode": "decimal"}), **kwargs)

    def clean(self, value: Any) -> Decimal | None:
        typed = super().clean(value)
        if not typed:
            return None
        if self.basis != Basis.SPEND:
            return Decimal(PointsField().clean(typed) or 0)
        try:
            return parse_amount(typed, self.currency)
        except InvalidInput as error:
            raise forms.ValidationError(str(error.message)) from error


def typed_number(number: Decimal) -> str:
    """A stored number as a form shows it: 300, 99.5."""
    return f"{number.normalize():f}"


class TierForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=40,
        help_text=gettext_lazy("Members read it."),
        widget=forms.TextInput(attrs={**_TEXT, "placeholder": gettext_lazy("Regular")}),
        error_messages={"required": gettext_lazy("Give the tier a name. Members read it.")},
    )
    threshold = ThresholdField(label=gettext_lazy("Asks for"))
    factor = NumberField(
        label=gettext_lazy("Times the points"),
        max_length=8,
        widget=forms.TextInput(attrs={**_TEXT, "inputmode": "decimal"}),
        help_text=gettext_lazy("Of each sale while they have it. 1: as everybody."),
        error_messages={"required": gettext_lazy("Enter how many times the points.")},
    )
    benefits = forms.CharField(
        label=gettext_lazy("What else members get"),
        required=False,
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("In your words: “A free refill, and first choice of the window seats.”"),
    )

    def __init__(self, data: Any = None, *, basis: str, currency: str, tier: Tier | None = None) -> None:
        initial: dict[str, Any] = {"factor": "1"}
        if tier is not None:
            initial = {
                "name": tier.name,
                "threshold": typed_number(tier.threshold),
                "factor": typed_number(tier.factor),
                "benefits": tier.benefits,
            }
        super().__init__(data, initial=initial)
        _count_in(self, basis, currency)

    def values(self) -> TierValues:
        return TierValues(**self.cleaned_data)

    def refuse(self, error: InvalidInput) -> None:
        """Show a refusal at its field, or above the form where it has none here."""
        self.add_error(error.field if error.field in self.fields else None, str(error.message))


def _count_in(form: forms.Form, basis: str, currency: str) -> None:
    for field in form.fields.values():
        if isinstance(field, ThresholdField):
            field.basis, field.currency = basis, currency


class TierRulesForm(forms.Form):
    """What counts towards tiers and how long they are kept, for all of them."""

    tier_basis = forms.ChoiceField(label=gettext_lazy("Members collect"), choices=Basis.choices)
    tier_window_months = forms.IntegerField(
        label=gettext_lazy("Within how many months"),
        required=False,
        min_value=1,
        max_value=MAX_MONTHS,
        widget=forms.TextInput(attrs=_NUMBER),
        help_text=gettext_lazy("Looking back from each day. Empty: everything ever counts."),
    )
    tier_keep_months = forms.IntegerField(
        label=gettext_lazy("A tier is kept for how many months"),
        required=False,
        min_value=1,
        max_value=MAX_MONTHS,
        widget=forms.TextInput(attrs=_NUMBER),
        help_text=gettext_lazy("From the day it is reached. Empty: for good."),
    )
    tier_grace_days = forms.IntegerField(
        label=gettext_lazy("Days of grace after that"),
        min_value=0,
        max_value=MAX_GRACE_DAYS,
        widget=forms.TextInput(attrs=_NUMBER),
        help_text=gettext_lazy("Time to reach it again without losing it. 0: none."),
        error_messages={"required": gettext_lazy("Enter 0 to 366 days.")},
    )
    tier_drops_to = forms.ChoiceField(label=gettext_lazy("Then they fall to"), choices=LoyaltySettings.TierDrop.choices)

    def settings(self) -> TierSettings:
        return TierSettings(**self.cleaned_data)

    def refuse(self, error: InvalidInput) -> None:
        self.add_error(error.field if error.field in self.fields else None, str(error.message))


class StarterForm(forms.Form):
    """Three tiers to begin with; what is emptied is not made. Rising numbers are the action's business."""

    def __init__(self, *args: Any, basis: str, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for step in range(1, STEPS + 1):
            number = {"number": step}
            self.fields[f"name_{step}"] = forms.CharField(
                label=_("Name of tier %(number)s") % number,
                required=False,
                max_length=40,
                widget=forms.TextInput(attrs=_TEXT),
            )
            self.fields[f"threshold_{step}"] = ThresholdField(
                label=_("What tier %(number)s asks for") % number, required=False
            )
        _count_in(self, basis, currency)

    @property
    def rows(self) -> list[tuple[Any, Any]]:
        return [(self[f"name_{step}"], self[f"threshold_{step}"]) for step in range(1, STEPS + 1)]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for step in range(1, STEPS + 1):
            name, threshold = given.get(f"name_{step}"), given.get(f"threshold_{step}")
            if name and threshold is None and not self.has_error(f"threshold_{step}"):
                self.add_error(f"threshold_{step}", _("Enter what the tier asks for."))
            if threshold is not None and not name and not self.has_error(f"name_{step}"):
                self.add_error(f"name_{step}", _("Give the tier a name. Members read it."))
        if not self.errors and not self.tiers(given):
            self.add_error(None, _("Name at least one tier."))
        return given

    def refuse(self, error: InvalidInput) -> None:
        self.add_error(None, str(error.message))

    def tiers(self, given: dict[str, Any] | None = None) -> list[TierValues]:
        cleaned = self.cleaned_data if given is None else given
        return [
            TierValues(name=cleaned[f"name_{step}"], threshold=cleaned[f"threshold_{step}"])
            for step in range(1, STEPS + 1)
            if cleaned.get(f"name_{step}") and cleaned.get(f"threshold_{step}") is not None
        ]


class TierByHandForm(forms.Form):
    """A tier for one member, or what was given by hand taken back."""

    tier = forms.ModelChoiceField(
        label=gettext_lazy("Tier"),
        queryset=Tier.objects.none(),
        required=False,
        to_field_name="code",
        empty_label=gettext_lazy("What they reach by themselves"),
    )
    until = forms.DateField(
        label=gettext_lazy("Kept until"),
        required=False,
        widget=DayInput(),
        help_text=gettext_lazy("The last day. Empty: for good."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=200,
        widget=forms.TextInput(attrs=_TEXT),
        help_text=gettext_lazy("The customer and your colleagues read this."),
        error_messages={"required": gettext_lazy("Say why, so that the history explains itself.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tier"].queryset = Tier.objects.filter(is_active=True).order_by("rank")  # type: ignore[attr-defined]

    def refuse(self, error: InvalidInput) -> None:
        self.add_error(error.field if error.field in self.fields else None, str(error.message))
