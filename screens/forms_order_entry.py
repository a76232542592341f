"""A sale that staff type: where, to whom, when, and its lines of products with quantities and prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.codes import typed_code
from core.errors import DomainError, InvalidInput
from core.money import quantise
from core.phones import InvalidPhone, parse_phone
from customers.actions.orders import OrderKnown
from customers.models import Customer, Product
from customers.search import search_for
from loyalty.errors import OrderAlreadyEarned, OrderCancelled, OrderOfAnotherCustomer, OrderTotalDiffers
from loyalty.operations import MAX_LINES, SaleLine
from screens.forms_stock import NOT_ONE_PRODUCT, products_named
from screens.forms_till import AmountField, KeyedForm
from workspace.models import Business

ROWS = 3  # of an empty form
_TEXT = {"autocomplete": "off", "spellcheck": "false"}
_NUMBER = {"inputmode": "decimal", "autocomplete": "off"}
_OF_THE_REFERENCE = (OrderKnown, OrderAlreadyEarned, OrderCancelled, OrderOfAnotherCustomer, OrderTotalDiffers)


@dataclass(frozen=True, slots=True)
class EntryLine:
    row: int
    product: Product
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal


class MomentField(forms.CharField):
    """A day and a time of the programme's `zone`; None where nothing is typed."""

    zone: ZoneInfo

    def clean(self, value: Any) -> datetime | None:
        typed = super().clean(value)
        if not typed:
            return None
        try:
            return datetime.fromisoformat(typed).replace(tzinfo=self.zone)
        except ValueError as error:
            raise forms.ValidationError(_("Enter a day and a time such as 2026-06-17T10:30.")) from error


class OrderEntryForm(KeyedForm):
    """Rows that stay empty are left out; a price that stays empty is the product's. Sent twice, it is one sale.

    A draft is looked at and not recorded: only its rows are judged, as far as they are filled in.
    """

    business = forms.ModelChoiceField(
        label=gettext_lazy("Shop"), queryset=Business.objects.none(), to_field_name="code", empty_label=None
    )
    customer = forms.CharField(
        label=gettext_lazy("Customer"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs=_TEXT),
        help_text=gettext_lazy("Phone number, e-mail address or name. Empty: a sale without a customer."),
    )
    placed_at = MomentField(
        label=gettext_lazy("When"),
        required=False,
        max_length=32,
        widget=forms.TextInput(attrs={"type": "datetime-local", "autocomplete": "off"}),
        help_text=gettext_lazy("Empty: now."),
    )
    reference = forms.CharField(
        label=gettext_lazy("Your own number"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs=_TEXT),
        help_text=gettext_lazy("The same number at the same shop is the same order."),
    )
    earns = forms.BooleanField(label=gettext_lazy("The customer earns points"), required=False, initial=True)

    def __init__(
        self,
        data: Any = None,
        *,
        businesses: QuerySet[Business],
        customers: QuerySet[Customer],
        country: str,
        currency: str,
        zone: ZoneInfo,
        may_earn: bool,
        is_draft: bool = False,
        initial: Any = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self.fields["business"].queryset = businesses  # type: ignore[attr-defined]
        self.fields["placed_at"].zone = zone  # type: ignore[attr-defined]
        if not may_earn:
            del self.fields["earns"]
        self.customers, self.country, self.currency, self.is_draft = customers, country, currency, is_draft
        self.lines: list[EntryLine] = []
        self.person: Customer | None = None
        self.phone = ""
        given = sum(name.startswith("product-") for name in data) + ("more" in data) if data else 0
        self.numbers = range(min(max(ROWS, given), MAX_LINES))
        for number in self.numbers:
            self._add_row(number)
        if is_draft:  # a scanner types its next code there
            empty = next((number for number in self.numbers if not self.data.get(f"product-{number}")), 0)
            self.fields[f"product-{empty}"].widget.attrs["autofocus"] = True

    def _add_row(self, number: int) -> None:
        self.fields[f"product-{number}"] = forms.CharField(
            label=_("Product"), max_length=64, required=False, widget=forms.TextInput(attrs=_TEXT)
        )
        self.fields[f"quantity-{number}"] = forms.DecimalField(
            label=_("Quantity"),
            required=False,
            max_digits=11,
            decimal_places=3,
            min_value=Decimal("0.001"),
            localize=True,
            widget=forms.TextInput(attrs={**_NUMBER, "placeholder": "1"}),
        )
        price = AmountField(label=_("Price of one"), required=False)
        price.currency = self.currency
        self.fields[f"price-{number}"] = price

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        return [
            (self[f"product-{number}"], self[f"quantity-{number}"], self[f"price-{number}"]) for number in self.numbers
        ]

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def sale_lines(self) -> list[SaleLine]:
        return [
            SaleLine(amount=line.amount, quantity=line.quantity, title=line.product.title, sku=line.product.sku)
            for line in self.lines
        ]

    @property
    def earning(self) -> bool:
        return bool(self.cleaned_data.get("earns"))

    @property
    def meaning(self) -> Sequence[object]:
        """The same for two forms that ask for the same."""
        said = self.cleaned_data
        lines = [
            (line.product.pk, f"{line.quantity.normalize():f}", f"{line.amount.normalize():f}") for line in self.lines
        ]
        moment = said["placed_at"].isoformat() if said["placed_at"] else ""
        person = self.person.code if self.person else self.phone
        return [said["business"].code, person, moment, said["reference"], self.earning, lines]

    def clean_customer(self) -> str:
        """Whoever is meant: a number that nobody has is somebody new, anything else finds exactly one."""
        typed = str(self.cleaned_data["customer"]).strip()
        if not typed or self.is_draft:
            return typed
        try:
            self.phone = parse_phone(typed, self.country)
        except InvalidPhone:
            self.person = self._only_one(typed)
        return typed

    def _only_one(self, typed: str) -> Customer:
        by_code = self.customers.filter(code=typed_code(typed)).first()
        if by_code is not None:
            return by_code
        search = search_for(typed, country=self.country)
        found = list(self.customers.filter(search.strict)[:2]) if search else []
        if len(found) == 1:
            return found[0]
        if found:
            raise forms.ValidationError(_("This fits several customers. Type the phone number or e-mail address."))
        raise forms.ValidationError(_("Nobody of this name or address is known. A phone number adds somebody new."))

    def clean(self) -> None:
        """Find all products in one query and reckon the lines; a row that cannot be sold says so."""
        super().clean()
        typed = {number: self.cleaned_data.get(f"product-{number}", "").strip() for number in self.numbers}
        known = products_named([text for text in typed.values() if text])
        for number, text in typed.items():
            line = self._line(number, text, known.get(text))
            if line is not None:
                self.lines.append(line)
        if self.is_draft:
            self._forget_all_but_rows()
        elif not self.lines and not self.errors:
            self.add_error("product-0", _("Name at least one product."))

    def _line(self, number: int, text: str, product: Product | None) -> EntryLine | None:
        product_field, quantity_field, price_field = (f"{name}-{number}" for name in ("product", "quantity", "price"))
        quantity, price = self.cleaned_data.get(quantity_field), self.cleaned_data.get(price_field)
        if {product_field, quantity_field, price_field} & self.errors.keys():
            return None
        if not text:
            if quantity is not None or price is not None:
                self.add_error(product_field, _("Of which product?"))
            return None
        if product is None:
            self.add_error(product_field, NOT_ONE_PRODUCT)
            return None
        price = price or product.price
        if not price:
            self.add_error(price_field, _("What did one cost?"))
            return None
        quantity = quantity or Decimal(1)
        amount = quantise(quantity * price, self.currency)
        if not amount:
            self.add_error(price_field, _("This comes to nothing."))
            return None
        return EntryLine(number, product, quantity, price, amount)

    def _forget_all_but_rows(self) -> None:
        rows = {field.name for row in self.rows for field in row}
        for name in self.errors.keys() - rows:
            del self.errors[name]

    def refuse(self, error: DomainError) -> int:
        """Say why at its field, if it has one."""
        if isinstance(error, _OF_THE_REFERENCE):
            self.add_error("reference", str(error.message))
        elif isinstance(error, InvalidInput) and error.field in self.fields:
            self.add_error(error.field, str(error.message))
        else:
            return super().refuse(error)
        return error.status
