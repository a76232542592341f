"""What staff type about tags."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.actions.tags import MAX_NAME_LENGTH
from customers.models import Tag


class TagNamesForm(forms.Form):
    """One tag or several with commas between them."""

    name = forms.CharField(label=_("Add a tag"), max_length=400)

    def names(self) -> list[str]:
        return [name.strip() for name in self.cleaned_data["name"].split(",") if name.strip()]


class TagForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=MAX_NAME_LENGTH)
    tone = forms.ChoiceField(label=_("Colour"), choices=Tag.Tone.choices, initial=Tag.Tone.GREY, required=False)

    def __init__(self, *args: Any, tag: Tag | None = None, **kwargs: Any) -> None:
        if tag is not None:
            kwargs["initial"] = {"name": tag.name, "tone": tag.tone}
        super().__init__(*args, **kwargs)

    def clean_tone(self) -> str:
        return self.cleaned_data["tone"] or Tag.Tone.GREY


class MergeTagForm(forms.Form):
    into = forms.ModelChoiceField(
        label=_("Give its customers this tag instead"),
        queryset=Tag.objects.none(),
        to_field_name="code",
        empty_label=_("Choose a tag"),
    )

    def __init__(self, *args: Any, tag: Tag, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["into"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Tag.objects.in_use().exclude(pk=tag.pk)
