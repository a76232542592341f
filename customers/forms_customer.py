"""What a person types about one customer; the action judges what others have already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from core.forms import LiveForm
from core.phones import InvalidPhone, display_phone, parse_phone
from customers.actions.customers import CustomerValues
from customers.forms_attributes import KEPT, AttributeField, field_name
from customers.models import AttributeDefinition, Customer


class NewCustomerForm(LiveForm):
    first_name = forms.CharField(label=_("First name"), max_length=80, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=80, required=False)
    phone = forms.CharField(
        label=_("Phone"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
        help_text=_("In any spelling. Points are added to this number."),
    )
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, required=False, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    external_id = forms.CharField(
        label=_("External id"), max_length=120, required=False, help_text=_("The number in your own system.")
    )

    def __init__(
        self,
        *args: Any,
        phone_country: str,
        definitions: Sequence[AttributeDefinition] = (),
        stored: Mapping[str, object] | None = None,
        **kwargs: Any,
    ) -> None:
        self.phone_country = phone_country
        self.own_fields = {field_name(one): AttributeField(one, (stored or {}).get(one.key)) for one in definitions}
        super().__init__(*args, **kwargs)

    def extra_fields(self) -> Mapping[str, forms.Field]:
        return self.own_fields

    @property
    def attribute_fields(self) -> list[BoundField]:
        return [self[name] for name in self.own_fields]

    def values(self) -> CustomerValues:
        """What was sent, as the action takes it."""
        given: dict[str, Any] = {name: value for name, value in self.cleaned_data.items() if name in self.base_fields}
        own = {field.definition.key: self.cleaned_data[name] for name, field in self.own_fields.items()}
        changed = {key: value for key, value in own.items() if value is not KEPT}
        if changed:
            given["attributes"] = changed
        values: CustomerValues = given  # type: ignore[assignment]
        return values

    def clean_phone(self) -> str:
        typed: str = self.cleaned_data["phone"]
        try:
            if typed:
                parse_phone(typed, self.phone_country)
        except InvalidPhone as error:
            raise forms.ValidationError(str(error.message)) from error
        return typed


class CustomerForm(NewCustomerForm):
    """Every field of a customer, and those of the programme's own."""

    birthday = forms.DateField(
        label=_("Birthday"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    language = forms.CharField(label=_("Language"), max_length=10, required=False)
    address = forms.CharField(label=_("Address"), max_length=250, required=False)
    postcode = forms.CharField(label=_("Postcode"), max_length=20, required=False)
    city = forms.CharField(label=_("Town or city"), max_length=120, required=False)
    region = forms.CharField(label=_("Region"), max_length=120, required=False)
    country = forms.CharField(label=_("Country"), max_length=60, required=False)

    def __init__(self, *args: Any, customer: Customer, phone_country: str, **kwargs: Any) -> None:
        known = {name: getattr(customer, name) for name in self.base_fields}
        known["phone"] = display_phone(customer.phone, phone_country) if customer.phone else ""
        super().__init__(*args, initial=known, phone_country=phone_country, stored=customer.attributes, **kwargs)
