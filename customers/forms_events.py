"""How long events of others are kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import LiveForm
from customers.models import EventPolicy


class PolicyForm(LiveForm):
    keep_days = forms.TypedChoiceField(
        label=_("Keep them for"),
        coerce=int,
        help_text=_("Older ones are deleted. Sales, points and consent are kept."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = {90: _("90 days"), 180: _("180 days"), 365: _("1 year"), 730: _("2 years"), 1825: _("5 years")}
        self.fields["keep_days"].choices = [(days, words[days]) for days in EventPolicy.CHOICES]  # type: ignore[attr-defined]
