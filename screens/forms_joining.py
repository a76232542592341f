"""Forms of businesses that join: what the owner sets and decides, what the business says."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.forms import LiveForm
from programs.models import JoinSettings
from screens.forms_onboarding import DEFAULT_RATE, parse_rate
from workspace.actions.join_codes import FIRST_YEAR, LAST_YEAR, MAX_TERMS, MAX_USES
from workspace.actions.joining import Applicant
from workspace.models import Business

RATE_INPUT = {"inputmode": "decimal", "autocomplete": "off"}


def rate_text(rate: Decimal) -> str:
    """5, 0.5: as a person would type it."""
    return f"{rate.normalize():f}"


class RateForm(LiveForm):
    points_per_unit = forms.CharField(
        label=_("Points for each unit of money"), max_length=12, widget=forms.TextInput(attrs=RATE_INPUT)
    )

    def clean_points_per_unit(self) -> Decimal:
        return parse_rate(str(self.cleaned_data["points_per_unit"]))


def _clean_name(text: str) -> str:
    return " ".join(text.split())


class JoinForm(RateForm):
    """What a business says about itself when it asks to join."""

    name = forms.CharField(
        label=_("Name of the business"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    category = forms.ChoiceField(label=_("Category"), choices=Business.Category.choices)
    contact_person = forms.CharField(
        label=_("Contact person"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(
        label=_("E-mail of the business"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    address = forms.CharField(
        label=_("Address"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"}),
    )
    agree = forms.BooleanField(
        label=_("My business agrees to these terms"),
        error_messages={"required": _("A business joins when it agrees to the terms.")},
    )
    terms = forms.CharField(max_length=64, widget=forms.HiddenInput)
    field_order = ("name", "category", "contact_person", "email", "address", "points_per_unit", "agree")

    def __init__(self, *args: Any, mark: str, is_settled: bool = False, **kwargs: Any) -> None:
        kwargs["initial"] = {"points_per_unit": DEFAULT_RATE, **kwargs.get("initial", {}), "terms": mark}
        super().__init__(*args, **kwargs)
        self.mark = mark
        rate = self.fields["points_per_unit"]
        rate.label = _("Earning rate that you wish for")
        rate.help_text = _("Points for each unit of money. The programme sets the rate when it approves.")
        if is_settled:
            rate.disabled = self.fields["name"].disabled = True
            rate.label = _("Earning rate")
            rate.help_text = _("Points for each unit of money, as the invitation says.")

    def clean_name(self) -> str:
        return _clean_name(str(self.cleaned_data["name"]))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("terms") != self.mark and "agree" not in self.errors:
            again = {**self.data, "terms": self.mark}  # the newer terms, and nothing agreed to
            again.pop("agree", None)
            self.data = again
            self.add_error("agree", _("The terms have changed since you opened this page. Read them again."))
        return data

    @property
    def applicant(self) -> Applicant:
        names = ("name", "contact_person", "email", "category", "address", "points_per_unit")
        return Applicant(**{name: self.cleaned_data[name] for name in names})


class JoinCodeForm(forms.Form):
    """A join code as somebody types it from a sheet of paper."""

    code = forms.CharField(
        label=_("Join code"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Sixteen letters and digits, from the owner of the programme."),
    )


class JoinSettingsForm(LiveForm):
    is_on = forms.BooleanField(
        label=_("The join code works"),
        required=False,
        help_text=_("Whoever has it may ask to join. You approve each business."),
    )
    expires_on = forms.DateField(
        label=_("Works until"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    max_uses = forms.IntegerField(label=_("At most so many requests"), required=False, min_value=1, max_value=MAX_USES)
    asks_invited = forms.BooleanField(
        label=_("Invited businesses wait for approval, too"),
        required=False,
        help_text=_("Without it, an invitation is your approval: the business is in when it accepts the terms."),
    )
    terms = forms.CharField(
        label=_("Your own terms"),
        required=False,
        max_length=MAX_TERMS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Shown below the value of a point and how settlement works. Businesses agree to them."),
    )

    def __init__(self, *args: Any, stored: JoinSettings | None, zone: ZoneInfo, **kwargs: Any) -> None:
        self.zone = zone
        initial: dict[str, Any] = {}
        if stored is not None:
            names = ("is_on", "max_uses", "asks_invited", "terms")
            initial = {name: getattr(stored, name) for name in names}
            if stored.expires_at is not None:
                initial["expires_on"] = (stored.expires_at.astimezone(zone) - timedelta(seconds=1)).date()
        super().__init__(*args, initial=initial, **kwargs)

    def clean_expires_on(self) -> date | None:
        day: date | None = self.cleaned_data["expires_on"]
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValidationError(_("Choose a day from 2000 to 2100."))
        return day

    @property
    def changes(self) -> dict[str, object]:
        """For `change_join_settings`. The day named is the last on which the code works."""
        data = dict(self.cleaned_data)
        last = data.pop("expires_on")
        ends = datetime.combine(last + timedelta(days=1), time.min, tzinfo=self.zone) if last else None
        return {**data, "expires_at": ends, "terms": data["terms"].replace("\r\n", "\n").strip()}


class BusinessInvitationForm(RateForm):
    name = forms.CharField(label=_("Name of the business"), max_length=80)
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"placeholder": "sam@example.com"})
    )
    field_order = ("name", "email", "points_per_unit")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"points_per_unit": DEFAULT_RATE})
        super().__init__(*args, **kwargs)

    def clean_name(self) -> str:
        return _clean_name(str(self.cleaned_data["name"]))


class ApproveForm(RateForm):
    name = forms.CharField(label=_("Name"), max_length=80)
    field_order = ("name", "points_per_unit")

    def clean_name(self) -> str:
        return _clean_name(str(self.cleaned_data["name"]))


class DeclineForm(LiveForm):
    reason = forms.CharField(
        label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}), help_text=_("They read it.")
    )
