"""Forms of the API keys page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import LiveForm
from core.permissions import SCOPE_PRESETS, Perm
from workspace.actions.api_keys import MAX_OVERLAP_HOURS
from workspace.models import Business

CUSTOM = "custom"
ACCESS_CHOICES = [
    ("read", _("Read: see customers, orders, points and figures")),
    ("write", _("Read and write: also sales, points, customers and imports")),
    ("admin", _("Everything, settings and keys included")),
    (CUSTOM, _("Only what is ticked below")),
]
LIFE_CHOICES = [("", _("Never")), ("30", _("In 30 days")), ("90", _("In 90 days")), ("365", _("In a year"))]


class ApiClientForm(LiveForm):
    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("The system that uses it, such as Web shop."))
    access = forms.ChoiceField(label=_("Access"), choices=ACCESS_CHOICES, initial="write", widget=forms.RadioSelect)
    scopes = forms.MultipleChoiceField(
        label=_("Permissions"),
        choices=[(perm.value, perm.label) for perm in sorted(SCOPE_PRESETS["admin"], key=list(Perm).index)],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    business = forms.ChoiceField(label=_("Limited to"), required=False)
    life = forms.ChoiceField(label=_("Ends"), choices=LIFE_CHOICES, required=False)

    def __init__(self, *args: Any, businesses: Sequence[Business], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["business"]
        assert isinstance(choices, forms.ChoiceField)
        choices.choices = [("", _("Every business")), *((one.code, one.name) for one in businesses)]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("access") == CUSTOM and not cleaned.get("scopes"):
            self.add_error("scopes", _("Choose at least one permission."))
        return cleaned

    def chosen_scopes(self) -> list[str]:
        """A preset or the ticked permissions."""
        access = self.cleaned_data["access"]
        return list(self.cleaned_data["scopes"]) if access == CUSTOM else [access]

    def expires_at(self, now: datetime) -> datetime | None:
        life = self.cleaned_data["life"]
        return now + timedelta(days=int(life)) if life else None


class RotateForm(forms.Form):
    overlap_hours = forms.IntegerField(min_value=0, max_value=MAX_OVERLAP_HOURS)
