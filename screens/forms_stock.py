"""What staff type about stock: a sheet of products and quantities, a place, when a product is low."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.actions.stock import StockLine
from customers.models import Product, StockLevel, StockLocation, StockMovement
from screens.forms_till import KeyedForm

ROWS = 8  # of an empty sheet; a sheet with more typed into it grows
MOST_ROWS = 200
_TEXT = {"autocomplete": "off", "spellcheck": "false"}
_NUMBER = {"inputmode": "decimal", "autocomplete": "off"}

NOT_ONE_PRODUCT = gettext_lazy("No product has this stock code or barcode, or several have this barcode.")


class SheetForm(KeyedForm):
    """Products by stock code or barcode with a quantity each; empty rows are left out. Sent twice, it is one act."""

    location = forms.ModelChoiceField(
        label=gettext_lazy("Place"), queryset=StockLocation.objects.none(), to_field_name="code", empty_label=None
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=120, required=False)

    act = ""  # what its key is for
    may_be_negative = False

    def __init__(
        self, data: Any = None, *, locations: Sequence[StockLocation], products: Sequence[Product] = ()
    ) -> None:
        super().__init__(data)
        queryset = StockLocation.objects.filter(pk__in=[one.pk for one in locations])
        for name in ("location", "to"):
            if name in self.fields:
                field = self.fields[name]
                assert isinstance(field, forms.ModelChoiceField)
                field.queryset = queryset.order_by("business", "name")
        given = sum(name.startswith("product-") for name in data) if data else 0
        self.initial.update(zip(("location", "to"), (one.code for one in locations), strict=False))
        self.numbers = range(min(max(ROWS, given, len(products)), MOST_ROWS))
        for number in self.numbers:
            self.fields[f"product-{number}"] = forms.CharField(
                label=_("Product"),
                max_length=64,
                required=False,
                widget=forms.TextInput(attrs=_TEXT),
                initial=products[number].sku if number < len(products) else "",
            )
            self.fields[f"quantity-{number}"] = forms.DecimalField(
                label=_("Quantity"),
                required=False,
                max_digits=11,
                decimal_places=3,
                min_value=None if self.may_be_negative else 0,
                localize=True,
                widget=forms.TextInput(attrs=_NUMBER),
            )

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"product-{number}"], self[f"quantity-{number}"]) for number in self.numbers]

    @property
    def said(self) -> dict[str, Any]:
        """What a valid sheet says beside its lines, as the action takes it."""
        return {
            name: self.cleaned_data[name] for name in ("location", "reason", "reference", "to") if name in self.fields
        }

    @property
    def meaning(self) -> list[object]:
        """The same for two sheets that ask for the same."""
        said = [getattr(value, "code", value) for value in self.said.values()]
        return [*said, *((line.product_id, f"{line.quantity.normalize():f}") for line in self.lines)]

    def clean(self) -> None:
        """Find all products in one query; a row that is half filled or unknown says so."""
        super().clean()
        typed = {number: self.cleaned_data.get(f"product-{number}", "").strip() for number in self.numbers}
        known = products_named([text for text in typed.values() if text])
        self.lines: list[StockLine] = []
        for number, text in typed.items():
            quantity = self.cleaned_data.get(f"quantity-{number}")
            if text and text not in known:
                self.add_error(f"product-{number}", NOT_ONE_PRODUCT)
            elif text and quantity is None and f"quantity-{number}" not in self.errors:
                self.add_error(f"quantity-{number}", _("How many?"))
            elif quantity is not None and not text:
                self.add_error(f"product-{number}", _("Of which product?"))
            elif text and quantity is not None:
                self.lines.append(StockLine(known[text].pk, quantity))
        if not self.lines and not self.errors:
            raise forms.ValidationError(_("Name at least one product."))


def products_named(texts: Sequence[str]) -> dict[str, Product]:
    """Products by what was typed: their stock code, also in capitals or small letters, else their barcode. One query.

    A barcode of several products on offer names none of them.
    """
    if not texts:
        return {}
    spelled = {text: (text, text.upper(), text.lower()) for text in texts}
    found = list(Product.objects.filter(Q(sku__in=set(chain(*spelled.values()))) | Q(barcode__in=texts)))
    by_sku = {one.sku: one for one in found}
    named = {text: [by_sku[sku] for sku in skus if sku in by_sku][:1] for text, skus in spelled.items()}
    for text in texts:
        same = [one for one in found if one.barcode == text]
        named[text] = named[text] or [one for one in same if one.archived_at is None] or same
    return {text: products[0] for text, products in named.items() if len(products) == 1}


class ReceiveForm(SheetForm):
    act = "received"
    reference = forms.CharField(
        label=gettext_lazy("Delivery note"), max_length=120, required=False, widget=forms.TextInput(attrs=_TEXT)
    )


class CountForm(SheetForm):
    act = "counted"


class CorrectForm(SheetForm):
    act = "corrected"
    may_be_negative = True
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=120, help_text=gettext_lazy("Such as breakage, or a gift.")
    )


class MoveForm(SheetForm):
    act = "moved"
    location = forms.ModelChoiceField(
        label=gettext_lazy("From"), queryset=StockLocation.objects.none(), to_field_name="code", empty_label=None
    )
    to = forms.ModelChoiceField(
        label=gettext_lazy("To"), queryset=StockLocation.objects.none(), to_field_name="code", empty_label=None
    )


class PlaceForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    business = forms.ChoiceField(label=gettext_lazy("Shop"))
    is_default = forms.BooleanField(label=gettext_lazy("Sales leave this place"), required=False)

    def __init__(self, data: Any = None, *, businesses: Sequence[Any] = (), place: StockLocation | None = None) -> None:
        known = {"name": place.name, "is_default": place.is_default} if place else {}
        super().__init__(data, initial=known)
        field = self.fields["business"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(business.code, business.name) for business in businesses]
        del self.fields["is_default" if place is None else "business"]
        if place is not None and place.is_default:
            del self.fields["is_default"]


class LevelForm(forms.Form):
    low_at = forms.DecimalField(
        label=gettext_lazy("Low at"),
        required=False,
        min_value=0,
        max_digits=11,
        decimal_places=3,
        localize=True,
        widget=forms.TextInput(attrs=_NUMBER),
        help_text=gettext_lazy("Empty: nobody is told."),
    )
    lead_days = forms.IntegerField(
        label=gettext_lazy("Days from an order to the shelf"),
        min_value=0,
        max_value=365,
        widget=forms.TextInput(attrs=_NUMBER),
    )
    target_days = forms.IntegerField(
        label=gettext_lazy("Days that a delivery should last"),
        min_value=1,
        max_value=365,
        widget=forms.TextInput(attrs=_NUMBER),
    )

    def __init__(self, data: Any = None, *, level: StockLevel) -> None:
        low = level.low_at.normalize() if level.low_at is not None else None
        known = {"low_at": low, "lead_days": level.lead_days, "target_days": level.target_days}
        super().__init__(data, initial=known)


STATES = [
    ("", gettext_lazy("All")),
    ("low", gettext_lazy("Low")),
    ("out", gettext_lazy("None left")),
    ("order", gettext_lazy("To order")),
]


class StockFilterForm(forms.Form):
    """Every field optional; what is not valid in a link is left out."""

    q = forms.CharField(label=gettext_lazy("Product"), required=False, max_length=120, strip=True)
    location = forms.ChoiceField(label=gettext_lazy("Place"), required=False)
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False, choices=STATES)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), required=False, choices=[("", gettext_lazy("Any")), *StockMovement.Kind.choices]
    )
    product = forms.CharField(required=False, max_length=16)

    def __init__(self, data: Any, *, locations: Sequence[StockLocation]) -> None:
        super().__init__(data)
        field = self.fields["location"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("All places")), *((one.code, one.name) for one in locations)]
        self.ids = {one.code: one.pk for one in locations}
        self.is_valid()
        self.valid = {name: text.replace("\x00", "") for name, text in self.cleaned_data.items() if text}

    @property
    def location_id(self) -> int | None:
        return self.ids.get(self.valid.get("location", ""))
