"""What staff say about an act on many customers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from customers.actions.bulk import field_values, tag_values
from customers.actions.tags import MAX_NAME_LENGTH
from customers.attributes import MAX_TEXT_LENGTH
from customers.models import AttributeDefinition, BulkRun

Act = BulkRun.Act


class BulkForm(forms.Form):
    """An act that needs no more words: archive, restore, export."""

    def __init__(self, *args: Any, act: BulkRun.Act, definitions: Sequence[AttributeDefinition], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.act = act
        self.definitions = {one.code: one for one in definitions}
        if act in (Act.TAG, Act.UNTAG):
            self.fields["name"] = forms.CharField(
                label=_("Tag"),
                max_length=MAX_NAME_LENGTH,
                widget=forms.TextInput(attrs={"list": "tag-names", "autocomplete": "off"}),
            )
        if act == Act.SET:
            self.fields["field"] = forms.ChoiceField(
                label=_("Field"), choices=[(one.code, one.label) for one in definitions]
            )
            self.fields["value"] = forms.CharField(
                label=_("Value"),
                required=False,
                max_length=MAX_TEXT_LENGTH,
                help_text=_("A day as 2026-11-22, yes or no in words. Empty takes the value away."),
            )

    def values(self, *, actor: Actor, now: datetime) -> dict[str, object]:
        """The values of the act. Raises InvalidInput."""
        given = self.cleaned_data
        if "name" in self.fields:
            return tag_values(given["name"], is_new=self.act == Act.TAG, actor=actor, now=now)
        if "field" in self.fields:
            return field_values(self.definitions[given["field"]], given["value"])
        return {}
