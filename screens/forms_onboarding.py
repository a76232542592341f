"""The one guided form that makes a programme."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from loyalty.rules import MAX_RATE
from programs import rules
from programs.actions.programmes import SlugInvalid, SlugTaken, is_free_slug
from programs.forms import ProgrammeForm
from workspace.models import Business

DEFAULT_RATE = "5"
SLUG_RESERVED = _("This word is reserved. Add something to it, such as your town.")


class OnboardingForm(ProgrammeForm):
    slug = forms.CharField(
        label=_("Address"),
        max_length=rules.SLUG_MAX_LENGTH,
        help_text=_("Small letters, digits and hyphens. It cannot change later."),
        widget=forms.TextInput(attrs={"autocapitalize": "off", "autocomplete": "off", "spellcheck": "false"}),
    )
    business_name = forms.CharField(
        label=_("First business"),
        max_length=80,
        required=False,
        help_text=_("The shop's name as members see it. Empty: the programme's name."),
    )
    category = forms.ChoiceField(label=_("Category"), choices=Business.Category.choices, initial=Business.Category.CAFE)
    points_per_unit = forms.CharField(
        label=_("Points for each unit of money"),
        max_length=12,
        initial=DEFAULT_RATE,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    request_key = forms.CharField(max_length=64, widget=forms.HiddenInput)
    field_order = ("name", "slug", "country", "currency", "time_zone")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["language"].required = False
        self.suffixes = {"slug": f".{settings.PUBLIC_HOST}"}

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).strip().lower()
        if slug in rules.RESERVED_SLUGS:
            raise forms.ValidationError(SLUG_RESERVED)
        if not rules.is_valid_slug(slug):
            raise forms.ValidationError(str(SlugInvalid.message))
        if not is_free_slug(slug):
            raise forms.ValidationError(str(SlugTaken.message))
        return slug

    def clean_points_per_unit(self) -> Decimal:
        return parse_rate(str(self.cleaned_data["points_per_unit"]))


def parse_rate(text: str) -> Decimal:
    """A rate as a person types it: 5, 0.5, 0,5. Raises ValidationError."""
    typed = text.strip().replace(",", ".")
    try:
        rate = Decimal(typed)
    except InvalidOperation as error:
        raise forms.ValidationError(_("Enter a number such as 5 or 0.5.")) from error
    if not rate.is_finite() or not 0 <= rate <= MAX_RATE:
        raise forms.ValidationError(_("Enter a rate between 0 and 10,000."))
    if rate != rate.quantize(Decimal("0.0001")):
        raise forms.ValidationError(_("A rate has at most 4 digits after the point."))
    return rate
