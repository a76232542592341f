"""What staff type about one order: what is given back of it, and how far its delivery is."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.presentation import format_exact
from customers.actions.refunds import ReturnedLine
from screens.forms_till import AmountField, KeyField
from screens.reports_orders import Line

FULFILMENTS = (
    ("", _("Not said")),
    ("unfulfilled", _("Not sent yet")),
    ("partial", _("Partly sent")),
    ("fulfilled", _("Sent or handed over")),
)


class RefundForm(forms.Form):
    """Pieces of lines, or an amount. Sent twice, it is one refund."""

    key = KeyField()
    amount = AmountField(
        label=_("Or an amount"), required=False, help_text=_("For goodwill, where nothing comes back to the shelf.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=120, required=False)

    def __init__(self, *args: Any, lines: Sequence[Line], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        amount = self.fields["amount"]
        assert isinstance(amount, AmountField)
        amount.currency = currency
        self.fields["key"].required = False
        self.lines = [line for line in lines if line.left > 0]
        for line in self.lines:
            self.fields[f"line-{line.position}"] = forms.DecimalField(
                label=line.title,
                required=False,
                min_value=0,
                max_value=line.left,
                error_messages={
                    "max_value": gettext("At most %(left)s can come back.") % {"left": format_exact(line.left)}
                },
                max_digits=12,
                decimal_places=3,
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "placeholder": "0"}),
            )

    def clean(self) -> None:
        """Nothing filled in is a slip: everything has a button of its own."""
        super().clean()
        if not self.errors and not self.returned() and self.amount_given() is None:
            first = f"line-{self.lines[0].position}" if self.lines else "amount"
            self.add_error(first, gettext("Enter what comes back, or choose “Refund everything”."))

    def returned(self) -> list[ReturnedLine]:
        """The lines that something comes back of."""
        given = {line.position: self.cleaned_data.get(f"line-{line.position}") for line in self.lines}
        return [ReturnedLine(position, quantity) for position, quantity in given.items() if quantity]

    def amount_given(self) -> Decimal | None:
        amount: Decimal | None = self.cleaned_data.get("amount")
        return amount

    @property
    def rows(self) -> list[tuple[Line, forms.BoundField]]:
        return [(line, self[f"line-{line.position}"]) for line in self.lines]


class RefundEverythingForm(forms.Form):
    key = KeyField()
    reason = forms.CharField(label=_("Reason"), max_length=120, required=False)


class FulfilmentForm(forms.Form):
    fulfilment_status = forms.ChoiceField(label=_("Delivery"), required=False)

    def __init__(self, data: Any = None, *, known: str) -> None:
        super().__init__(data, initial={"fulfilment_status": known})
        field = self.fields["fulfilment_status"]
        assert isinstance(field, forms.ChoiceField)
        own = [] if known in dict(FULFILMENTS) else [(known, known)]  # a word of the shop's own system
        field.choices = [*FULFILMENTS, *own]
