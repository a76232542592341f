"""What the pages of a segment accept in their URLs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from segments.models import SegmentChange

WAYS = [("", _("Came and left")), ("in", _("Came")), ("out", _("Left"))]


class HistoryForm(forms.Form):
    """Every field optional; what is not valid in a link is left out."""

    way = forms.ChoiceField(label=_("Which way"), required=False, choices=WAYS)
    reason = forms.ChoiceField(
        label=_("Reason"), required=False, choices=[("", _("Any reason")), *SegmentChange.Reason.choices]
    )
    day = forms.DateField(label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    @property
    def given(self) -> Mapping[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def filters(self) -> Mapping[str, Any]:
        return self.given
