"""The form of a provider's account: its fields are the provider's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.forms import LiveForm
from messaging.providers.contract import Field, Provider

KEPT = _("Saved. Leave it empty to keep it.")


class ConnectionForm(LiveForm):
    """`known` are the stored settings of this provider; a secret among them is never put into the page."""

    def __init__(self, *args: Any, provider: Provider, sender: str, known: Mapping[str, str], **kwargs: Any) -> None:
        self.provider = provider
        super().__init__(*args, **kwargs)
        for field in (*provider.fields, provider.sender):
            value = sender if field is provider.sender else known.get(field.name, field.initial)
            self.fields[field.name] = _form_field(field, value, is_kept=bool(known.get(field.name)))
        self.fields["is_active"] = forms.BooleanField(
            label=_("Send texts through this provider"), required=False, initial=True
        )

    @property
    def settings(self) -> dict[str, str]:
        return {field.name: self.cleaned_data[field.name] for field in self.provider.fields}

    def add_refusal(self, refused: InvalidInput) -> None:
        """Show what the action refused at the field that it names."""
        self.add_error(refused.field if refused.field in self.fields else None, str(refused.message))


def _form_field(field: Field, value: str, *, is_kept: bool) -> forms.Field:
    common: dict[str, Any] = {"label": field.label, "help_text": field.help, "required": field.is_required}
    if field.kind == "choice":
        return forms.ChoiceField(**common, initial=value, choices=field.choices)
    if field.kind == "secret":
        common |= {"required": field.is_required and not is_kept, "help_text": KEPT if is_kept else field.help}
        secret = forms.PasswordInput(attrs={"autocomplete": "off"})  # never rendered with its value
        return forms.CharField(**common, max_length=field.max_length, widget=secret)
    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}) if field.kind == "lines" else forms.TextInput()
    return forms.CharField(**common, max_length=field.max_length, initial=value, widget=widget)


class TestTextForm(forms.Form):
    phone = forms.CharField(
        label=_("Your number"), max_length=40, widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"})
    )
