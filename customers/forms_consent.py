"""What a customer said to somebody of the team."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import LiveForm


class ConsentForm(LiveForm):
    asked = forms.ChoiceField(label=_("What for"))
    answer = forms.ChoiceField(
        label=_("What they said"), choices=[("yes", _("Yes")), ("no", _("No, or not any more"))], initial="no"
    )
    words = forms.CharField(
        label=_("The words that they agreed to"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed for a yes: what they read or heard, and where it is kept. It is the proof."),
    )

    def __init__(self, *args: Any, asked: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["asked"].choices = asked  # type: ignore[attr-defined]
