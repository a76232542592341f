"""What a programme is asked for, at onboarding and in its settings."""

from __future__ import annotations

import re
import zoneinfo
from functools import cache
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from core.countries import COUNTRIES, CURRENCIES
from core.errors import InvalidInput
from core.forms import LiveForm, LongSelect
from core.presentation import SYMBOLS
from programs import media, rules
from programs.models import Programme, User

COLOUR_PATTERN = re.compile(r"#[0-9a-f]{6}")


def country_choices() -> list[tuple[str, str]]:
    return [(code, country.name) for code, country in COUNTRIES.items()]


def currency_choices() -> list[tuple[str, str]]:
    return [(code, f"{code} ({SYMBOLS[code]})" if code in SYMBOLS else code) for code in CURRENCIES]


@cache
def time_zone_choices() -> list[tuple[str, str]]:
    """Named places only: abbreviations and fixed offsets do not know summer time."""
    places = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [(name, name.replace("_", " ").replace("/", ", ")) for name in places]


class ProgrammeForm(LiveForm):
    """Name, country, currency, time zone, colour."""

    name = forms.CharField(
        label=_("Programme name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    country = forms.ChoiceField(
        label=_("Country"),
        choices=country_choices,
        widget=LongSelect,
        help_text=_("How phone numbers without a country code are read."),
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=currency_choices, widget=LongSelect)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=time_zone_choices,
        widget=LongSelect,
        help_text=_("Days and weeks in every figure are counted here."),
    )
    language = forms.ChoiceField(
        label=_("Language of your customers"),
        choices=lambda: settings.PORTAL_LANGUAGES,
        help_text=_("Of texts, e-mails and the points page, for who has not chosen one."),
    )
    colour = forms.CharField(
        label=_("Brand colour"),
        widget=forms.TextInput(attrs={"type": "color"}),
        help_text=_("For your customers' pages. We darken it where white text needs it."),
    )
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text=_("PNG, JPEG or WebP, at most 512 kB. A square looks best."),
    )

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())

    def clean_colour(self) -> str:
        colour = str(self.cleaned_data["colour"]).lower()
        if not COLOUR_PATTERN.fullmatch(colour):
            raise forms.ValidationError(_("Enter a colour such as #2563eb."))
        return colour

    def clean_logo(self) -> bytes | None:
        """The picture's bytes, checked. A file larger than we take is not read."""
        upload: UploadedFile[bytes] | None = self.cleaned_data["logo"]
        if upload is None:
            return None
        try:
            return media.check_image(upload.read(media.MAX_BYTES + 1)).data
        except InvalidInput as refused:
            raise forms.ValidationError(str(refused.message)) from refused


class ProgrammeSettingsForm(ProgrammeForm):
    cors_origins = forms.CharField(
        label=_("Web pages that may call the API"),
        required=False,
        max_length=rules.MAX_ORIGINS * rules.ORIGIN_MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "autocapitalize": "off", "spellcheck": "false"}),
        help_text=_("Their addresses without a path, such as https://shop.example.com, one in each line. Empty: none."),
    )

    def __init__(self, *args: Any, programme: Programme, is_currency_fixed: bool, **kwargs: Any) -> None:
        values = ("name", "country", "currency", "time_zone", "language", "colour")
        initial = {name: getattr(programme, name) for name in values}
        initial["cors_origins"] = "\n".join(programme.cors_origins)
        super().__init__(*args, initial=initial, **kwargs)
        zones = time_zone_choices()
        if programme.time_zone not in dict(zones):
            zones = [(programme.time_zone, programme.time_zone), *zones]
        zone_field = self.fields["time_zone"]
        assert isinstance(zone_field, forms.ChoiceField)
        zone_field.choices = zones
        if is_currency_fixed:
            self.fields["currency"].disabled = True  # a browser then sends none, and the stored one stands
            self.fields["currency"].help_text = _("Fixed since the first sale: every amount so far is in it.")

    def clean_currency(self) -> str:
        """A page that was opened before the first sale may still send another."""
        stored = str(self.cleaned_data["currency"])
        if self.fields["currency"].disabled and self.data.get(self.add_prefix("currency"), stored) != stored:
            raise forms.ValidationError(
                _("The currency cannot change after the first sale: every amount so far is in it.")
            )
        return stored

    def clean_cors_origins(self) -> list[str]:
        typed = str(self.cleaned_data["cors_origins"]).split()
        if len(typed) > rules.MAX_ORIGINS:
            raise forms.ValidationError(_("At most %(count)d addresses.") % {"count": rules.MAX_ORIGINS})
        wrong = [one for one in typed if not rules.clean_origin(one)]
        if wrong:
            text = _("%(typed)s is not an address such as https://shop.example.com.")
            raise forms.ValidationError(text % {"typed": wrong[0][: rules.ORIGIN_MAX_LENGTH]})
        return list(dict.fromkeys(rules.clean_origin(one) for one in typed))


class PersonForm(LiveForm):
    """A person's own name, language, theme and e-mails."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=lambda: [("", _("As the browser says")), *settings.LANGUAGES]
    )
    theme = forms.ChoiceField(
        label=_("Theme"), choices=[("dark", _("Dark")), ("light", _("Light")), ("system", _("As the device"))]
    )
    notifications = forms.MultipleChoiceField(
        label=_("E-mails to you"),
        required=False,
        choices=[("team", _("Somebody joins a programme of yours, or a business asks to"))],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("E-mails about your own log-in always come."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        values = ("name", "language", "theme", "notifications")
        super().__init__(*args, initial={name: getattr(user, name) for name in values}, **kwargs)

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())
