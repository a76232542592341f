"""What is chosen on the list of messages perhaps sent."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django import forms
from django.http import QueryDict

from messaging.actions.unconfirmed import MOST_AT_ONCE


class SelectionForm(forms.Form):
    """`seen` is when the list was shown: what came later was not chosen. A line's own button sends `one`."""

    seen = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z"])
    all = forms.BooleanField(required=False)
    confirmed = forms.BooleanField(required=False)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        chosen = [*data.getlist("selected"), *data.getlist("one")]
        self.selected = [code for code in chosen if code.isalnum()][:MOST_AT_ONCE]  # the database takes no NUL

    @property
    def codes(self) -> Collection[str] | None:
        """None: all of them."""
        return None if self.cleaned_data["all"] else self.selected

    def seen_at(self, now: datetime) -> datetime:
        seen: datetime = self.cleaned_data["seen"]
        return min(seen, now)
