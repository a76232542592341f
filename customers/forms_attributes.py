"""Fields of the programme's own in forms: their definition, their value of one customer, the list's filters by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import InvalidInput
from core.keyset import with_query
from customers.actions.attributes import AttributeValues
from customers.attribute_filters import AttributeFilter
from customers.attributes import MAX_TEXT_LENGTH, coerce, shown
from customers.models import AttributeDefinition

Kind = AttributeDefinition.Kind
EMPTY, FILLED = "empty", "filled"
OWN_FIELD = "attr_"  # how the names of their fields begin


def field_name(definition: AttributeDefinition) -> str:
    return f"{OWN_FIELD}{definition.code}"


class ValueField(forms.CharField):
    """One value, typed by its definition; empty takes the value away. `stored` is as its widget holds it."""

    def __init__(self, definition: AttributeDefinition, stored: str = "") -> None:
        self.definition = definition
        super().__init__(
            label=definition.label,
            help_text=definition.help,
            required=False,
            max_length=MAX_TEXT_LENGTH,
            initial=stored,
            widget=_widget(definition, stored),
        )
        if isinstance(self.widget, forms.Select):
            self.widget.attrs.pop("maxlength", None)

    def clean(self, value: Any) -> Any:
        try:
            return coerce(self.definition, super().clean(value))
        except InvalidInput as error:
            raise forms.ValidationError(str(error.message)) from error


class AttributeField(ValueField):
    """One value of one customer. What no longer fits its kind stays until somebody changes it."""

    def __init__(self, definition: AttributeDefinition, stored: object) -> None:
        super().__init__(definition, _typed(stored))

    def clean(self, value: Any) -> Any:
        return KEPT if self.to_python(value) == self.initial else super().clean(value)


KEPT = object()


def _typed(stored: object) -> str:
    """A stored value as its widget holds it."""
    if isinstance(stored, bool):
        return "yes" if stored else "no"
    return "" if stored is None else str(stored)


def _widget(definition: AttributeDefinition, stored: str) -> forms.Widget:
    if definition.kind == Kind.NUMBER:
        return forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    if definition.kind == Kind.DATE:
        return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    if definition.kind == Kind.YES_NO:
        return forms.Select(choices=[("", _("Not known")), ("yes", _("Yes")), ("no", _("No"))])
    if definition.kind == Kind.CHOICE:
        offered = dict.fromkeys([*definition.options, *([stored] if stored else [])])
        return forms.Select(choices=[("", _("Not known")), *((option, option) for option in offered)])
    return forms.TextInput(attrs={"autocomplete": "off"})


class DefinitionForm(forms.Form):
    """A field of the programme's own. Kind and key are asked for once."""

    label = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Kind.choices)
    options = forms.CharField(
        label=gettext_lazy("What can be chosen"),
        required=False,
        max_length=9000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("One line for each. For “One of a list” only."),
    )
    help = forms.CharField(
        label=gettext_lazy("Hint"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Shown under the field where it is filled in."),
    )
    key = forms.CharField(
        label=gettext_lazy("Key"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("What imports and the API call it. Empty: made of the name."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, definition: AttributeDefinition | None = None, **kwargs: Any) -> None:
        if definition is not None:
            kwargs["initial"] = {
                "label": definition.label,
                "help": definition.help,
                "options": "\n".join(definition.options),
            }
        super().__init__(*args, **kwargs)
        if definition is not None:
            del self.fields["kind"], self.fields["key"]
            if definition.kind != Kind.CHOICE:
                del self.fields["options"]

    def values(self) -> AttributeValues:
        given = self.cleaned_data
        return AttributeValues(label=given["label"], help=given["help"], options=given.get("options", "").splitlines())


# -- filters of the list ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FilterGroup:
    """What asks for one field in the dialog of filters."""

    definition: AttributeDefinition
    fields: Sequence[BoundField]


def filter_fields(definition: AttributeDefinition) -> dict[str, forms.Field]:
    """The list's parameters for one field, all of them optional."""
    name, label = field_name(definition), definition.label
    presence = [("", _("Any")), (FILLED, _("Is filled in")), (EMPTY, _("Is empty"))]
    if definition.kind == Kind.TEXT:
        how = [("", _("Contains")), ("is", _("Is exactly")), *presence[1:]]
        return {
            f"{name}_op": forms.ChoiceField(label=label, required=False, choices=how),
            name: forms.CharField(label=_("%(field)s: what") % {"field": label}, required=False, max_length=120),
        }
    if definition.kind in (Kind.NUMBER, Kind.DATE):
        edge = _number_edge if definition.kind == Kind.NUMBER else _date_edge
        return {
            f"{name}_min": edge(_("%(field)s from") % {"field": label}),
            f"{name}_max": edge(_("%(field)s up to") % {"field": label}),
            f"{name}_op": forms.ChoiceField(label=label, required=False, choices=presence),
        }
    values = [("=yes", _("Yes")), ("=no", _("No"))]
    if definition.kind == Kind.CHOICE:
        values = [(f"={option}", option) for option in definition.options]
    return {name: forms.ChoiceField(label=label, required=False, choices=[presence[0], *values, *presence[1:]])}


def _number_edge(label: str) -> forms.Field:
    widget = forms.TextInput(attrs={"inputmode": "decimal"})
    return forms.DecimalField(label=label, required=False, max_digits=15, decimal_places=6, widget=widget)


def _date_edge(label: str) -> forms.Field:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


def asked_of(definition: AttributeDefinition, valid: Mapping[str, Any]) -> AttributeFilter | None:
    """What the valid parameters ask of one field."""
    name, key = field_name(definition), definition.key
    value, op = valid.get(name, ""), valid.get(f"{name}_op", "")
    if (EMPTY in (value, op) and definition.kind != Kind.TEXT) or op == EMPTY:
        return AttributeFilter(key, "empty")
    if (FILLED in (value, op) and definition.kind != Kind.TEXT) or op == FILLED:
        return AttributeFilter(key, "filled")
    if definition.kind in (Kind.NUMBER, Kind.DATE):
        low, high = (_plain(valid.get(f"{name}_{edge}")) for edge in ("min", "max"))
        return AttributeFilter(key, "between", low, high) if low is not None or high is not None else None
    if not value:
        return None
    if definition.kind == Kind.TEXT:
        return AttributeFilter(key, "is" if op == "is" else "contains", value)
    asked = value.removeprefix("=")
    return AttributeFilter(key, "is", asked == "yes" if definition.kind == Kind.YES_NO else asked)


def _plain(value: Any) -> Any:
    """A day as it is stored; a number as JSON has it."""
    if value is None:
        return None
    return value.isoformat() if hasattr(value, "isoformat") else float(value)


def chip_text(definition: AttributeDefinition, asked: AttributeFilter) -> str:
    """What a filter's chip says behind the name of the field."""
    low, high = shown(definition, asked.value), shown(definition, asked.highest)
    words = {"low": low, "high": high, "text": low}
    if asked.op == "between":
        if not low or not high:
            return (_("from %(low)s") if low else _("up to %(high)s")) % words
        return low if low == high else _("%(low)s to %(high)s") % words
    texts = {"empty": _("is empty"), "filled": _("is filled in"), "contains": _("contains %(text)s")}
    return texts.get(asked.op, "%(text)s") % words


def without(definition: AttributeDefinition, query: QueryDict) -> str:
    """The list's address without the filter by this field."""
    return with_query(query, **dict.fromkeys(filter_fields(definition)))
