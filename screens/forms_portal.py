"""What customers type on the points page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.countries import COUNTRIES
from core.phones import InvalidPhone, dial_code, parse_phone
from customers.consent import WORDINGS
from customers.models import ConsentRecord, Customer

Given = Mapping[tuple[str, str], ConsentRecord]
SWITCH = {"role": "switch"}


def country_choices() -> list[tuple[str, str]]:
    """Countries with their dial codes, in the order of the active language's names."""
    names = {code: _(country.name) for code, country in COUNTRIES.items()}
    ordered = sorted(names, key=lambda code: _plain(names[code]))
    return [(code, f"{dial_code(code)} {code} · {names[code]}") for code in ordered]


def _plain(name: str) -> str:
    """Without accents: Österreich stands among the words with O."""
    letters = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).lower()


class PhoneForm(forms.Form):
    """A number in any spelling; `country` says how one without a country code is read."""

    country = forms.ChoiceField(
        label=gettext_lazy("Country"),
        choices=country_choices,
        required=False,
        widget=forms.Select(attrs={"autocomplete": "country"}),
        error_messages={"invalid_choice": gettext_lazy("Choose a country from the list.")},
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone number"),
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
        error_messages={"required": gettext_lazy("Enter your phone number.")},
    )

    def __init__(self, *args: object, country: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["country"].initial = country

    def clean_phone(self) -> str:
        country = self.cleaned_data.get("country") or self.fields["country"].initial
        try:
            return parse_phone(self.cleaned_data["phone"], country)
        except InvalidPhone as error:
            raise forms.ValidationError(str(error.message)) from error


def pin_field(label: Any, autocomplete: str) -> forms.CharField:
    attrs = {"inputmode": "numeric", "autocomplete": autocomplete, "maxlength": "8"}
    return forms.CharField(
        label=label,
        max_length=40,
        widget=forms.PasswordInput(attrs=attrs),
        error_messages={"required": gettext_lazy("Enter your PIN.")},
    )


def clean_pin(text: str) -> str:
    if not re.fullmatch(r"[0-9]{4,8}", text):
        raise forms.ValidationError(_("A PIN has four to eight digits."))
    return text


class PinSignInForm(PhoneForm):
    pin = pin_field(gettext_lazy("PIN"), "current-password")

    def clean_pin(self) -> str:
        return clean_pin(self.cleaned_data["pin"])


class PinForm(forms.Form):
    """A new PIN, typed twice because nobody sees it."""

    pin = pin_field(gettext_lazy("New PIN"), "new-password")
    again = pin_field(gettext_lazy("New PIN again"), "new-password")

    def clean_pin(self) -> str:
        return clean_pin(self.cleaned_data["pin"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("pin") and data.get("again") and data["pin"] != data["again"]:
            self.add_error("again", _("The two are not the same."))
        return data


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("6-digit code"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )

    def clean_code(self) -> str:
        digits = re.sub(r"\s", "", self.cleaned_data["code"])
        if not re.fullmatch(r"[0-9]{6}", digits):
            raise forms.ValidationError(_("The code has six digits."))
        return digits


class ConsentForm(forms.Form):
    """The customer's switches: texts, and e-mails for who has an address. The wording shown is stored with it."""

    service = forms.BooleanField(
        label=WORDINGS["portal-service-1"],
        help_text=gettext_lazy("After a visit: what you earned or spent, and your balance."),
        required=False,
        widget=forms.CheckboxInput(attrs=SWITCH),
    )
    marketing = forms.BooleanField(
        label=WORDINGS["portal-marketing-1"],
        help_text=gettext_lazy("Now and then. You can say stop at any time."),
        required=False,
        widget=forms.CheckboxInput(attrs=SWITCH),
    )
    email_service = forms.BooleanField(
        label=WORDINGS["portal-email-service-1"],
        help_text=gettext_lazy("Receipts and news of your points, by e-mail."),
        required=False,
        widget=forms.CheckboxInput(attrs=SWITCH),
    )
    email_marketing = forms.BooleanField(
        label=WORDINGS["portal-email-marketing-1"],
        help_text=gettext_lazy("Now and then. You can say stop at any time."),
        required=False,
        widget=forms.CheckboxInput(attrs=SWITCH),
    )

    def __init__(self, *args: Any, customer: Customer, given: Given, **kwargs: Any) -> None:
        initial = {name: _is_granted(given, *key) for name, key in CONSENTS.items()}
        super().__init__(*args, **{**kwargs, "initial": initial})
        if not customer.email:
            for name in ("email_service", "email_marketing"):
                del self.fields[name]


# Field → channel and purpose; its wording is `portal-<field>-1` with hyphens.
CONSENTS = {
    "service": ("sms", "service"),
    "marketing": ("sms", "marketing"),
    "email_service": ("email", "service"),
    "email_marketing": ("email", "marketing"),
}


def wording_of(field: str) -> str:
    return f"portal-{field.replace('_', '-')}-1"


def _is_granted(given: Given, channel: str, purpose: str) -> bool:
    record = given.get((channel, purpose))
    return record is not None and record.is_granted


class LanguageForm(forms.Form):
    language = forms.ChoiceField(label=gettext_lazy("Language"))

    def __init__(self, *args: Any, languages: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["language"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = languages
