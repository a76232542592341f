"""What staff say about an act on many customers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.actor import Actor
from customers.actions.bulk import field_values, tag_values
from customers.actions.tags import MAX_NAME_LENGTH
from customers.forms_attributes import ValueField
from customers.models import AttributeDefinition, BulkRun

Act = BulkRun.Act


class BulkForm(forms.Form):
    """An act that needs no more words: archive, restore, export. `definition` is the field to set, once chosen."""

    def __init__(
        self, *args: Any, act: BulkRun.Act, definition: AttributeDefinition | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.act = act
        self.definition = definition
        if act in (Act.TAG, Act.UNTAG):
            self.fields["name"] = forms.CharField(
                label=gettext_lazy("Tag"),
                max_length=MAX_NAME_LENGTH,
                widget=forms.TextInput(attrs={"list": "tag-names", "autocomplete": "off"}),
            )
        if definition is not None:
            self.fields["value"] = ValueField(definition)

    @property
    def is_ready(self) -> bool:
        """Whether all is known that the form depends on."""
        return self.act != Act.SET or self.definition is not None

    def clean(self) -> None:
        if not self.is_ready:
            raise forms.ValidationError(_("Choose a field first."))

    def values(self, *, actor: Actor, now: datetime) -> dict[str, object]:
        """The values of the act. Raises InvalidInput."""
        given = self.cleaned_data
        if "name" in self.fields:
            return tag_values(given["name"], is_new=self.act == Act.TAG, actor=actor, now=now)
        if self.definition is not None:
            return field_values(self.definition, given["value"])
        return {}
