"""What a person types about products: one of them, and filters of their list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from core.forms import LiveForm
from core.keyset import with_query
from customers.forms import Chip
from customers.models import Product
from customers.reports.products import ProductFilters

_AMOUNT = {"inputmode": "decimal", "autocomplete": "off"}


def _amount(label: Any, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=0,
        max_digits=15,
        decimal_places=4,
        localize=True,
        widget=forms.TextInput(attrs=_AMOUNT),
        help_text=help_text,
    )


class ProductForm(LiveForm):
    title = forms.CharField(label=_("Title"), max_length=200)
    sku = forms.CharField(
        label=_("Stock code"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Sales and imports name the product by it."),
    )
    price = _amount(_("Price"))
    cost = _amount(_("Cost"), _("What you pay for one. Customers never see it."))
    category = forms.CharField(
        label=_("Category"), max_length=120, required=False, help_text=_("Earning rules and stamp cards can name it.")
    )
    vendor = forms.CharField(label=_("Vendor"), max_length=120, required=False)
    barcode = forms.CharField(
        label=_("Barcode"), max_length=64, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=Product.Kind.choices)

    def __init__(self, *args: Any, product: Product | None = None, **kwargs: Any) -> None:
        known = {name: getattr(product, name) for name in self.base_fields} if product else {}
        for name in ("price", "cost"):
            if known.get(name) is not None:
                known[name] = _shortest(known[name])
        super().__init__(*args, initial=known, **kwargs)


def _shortest(amount: Any) -> Any:
    """12.5000 as 12.50, 0.0125 as it is."""
    cents = amount.quantize(type(amount)("0.01"))
    return cents if cents == amount else amount


STATES = [("", _("Offered")), ("archived", _("Archived")), ("all", _("All"))]
STOCK = [("", _("Any")), ("low", _("Low")), ("out", _("None left")), ("untracked", _("Not tracked"))]


class ProductFilterForm(forms.Form):
    """Every field optional; what is not valid in a link is left out."""

    q = forms.CharField(required=False, max_length=120, strip=True)
    category = forms.ChoiceField(label=_("Category"), required=False)
    vendor = forms.ChoiceField(label=_("Vendor"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("Goods")), ("service", _("Services"))])
    state = forms.ChoiceField(label=_("Archive"), required=False, choices=STATES)
    stock = forms.ChoiceField(label=_("Stock"), required=False, choices=STOCK)

    def __init__(self, query: QueryDict, *, categories: Sequence[str], vendors: Sequence[str]) -> None:
        super().__init__(query)
        for name, choices in (("category", categories), ("vendor", vendors)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("Any")), *((choice, choice) for choice in choices)]

    @property
    def valid(self) -> Mapping[str, Any]:
        """The fields that are given and valid."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What a search keeps: the other filters, as they are in the URL."""
        return [(name, self.data[name]) for name in self.valid if name != "q"]

    def filters(self) -> ProductFilters:
        valid = self.valid
        return ProductFilters(
            text=valid.get("q", "").replace("\x00", ""),
            category=valid.get("category", ""),
            vendor=valid.get("vendor", ""),
            kind=valid.get("kind", ""),
            state=valid.get("state", ""),
            stock=valid.get("stock", ""),
        )

    def chips(self, query: QueryDict) -> list[Chip]:
        """The active filters, each with the link that removes it."""
        chips = []
        for name, value in self.valid.items():
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                text = dict(field.choices).get(value, value)  # type: ignore[arg-type]
                chips.append(Chip(str(field.label), str(text), with_query(query, **{name: None})))
        return chips
