"""What a cashier types: a number, an amount, points, words."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.codes import public_code
from core.errors import DomainError, InvalidInput
from core.idempotency import IdempotencyKeyReused
from core.money import parse_amount, quantise
from core.phones import parse_phone
from core.presentation import format_points
from customers.consent import WORDINGS
from loyalty.errors import NotEnoughPoints, UnknownMember
from screens.till_token import TOKEN_DIGITS
from workspace.models import Business

MAX_POINTS = 10_000_000  # one redemption; a typing slip above it is refused
# [0-9], not \d: a digit of another script at a till is a slip.
_POINTS = re.compile(r"[0-9]{1,3}(?:[ ,.'\u00a0\u202f][0-9]{3})+|[0-9]+")


class PhoneField(forms.CharField):
    """A number in any spelling; cleaned to E.164. The form's `country` is the default region."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"type": "tel", "inputmode": "tel", "autocomplete": "off"}
        kwargs.setdefault("label", gettext_lazy("Phone number"))
        kwargs.setdefault("error_messages", {"required": gettext_lazy("Enter the customer’s phone number.")})
        super().__init__(max_length=64, widget=forms.TextInput(attrs=attrs), **kwargs)

    country = ""

    def clean(self, value: Any) -> str:
        """A code that a customer shows (till_token) is read before; here it is one that has run out."""
        typed = super().clean(value)
        if len("".join(typed.split())) == TOKEN_DIGITS:
            raise forms.ValidationError(_("This code has run out. Ask the customer to show it again."))
        return _or_refuse(lambda: parse_phone(typed, self.country)) if typed else ""


class AmountField(forms.CharField):
    """An amount of money as typed; cleaned to a positive Decimal of the form's `currency`."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off"}
        kwargs.setdefault("label", gettext_lazy("Amount paid"))
        kwargs.setdefault("error_messages", {"required": gettext_lazy("Enter the amount that was paid.")})
        super().__init__(max_length=24, widget=forms.TextInput(attrs=attrs), **kwargs)

    currency = ""

    def clean(self, value: Any) -> Decimal | None:
        typed = super().clean(value)
        return _or_refuse(lambda: parse_amount(typed, self.currency)) if typed else None


class PointsField(forms.CharField):
    """Whole points, more than none, with or without separators."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"inputmode": "numeric", "autocomplete": "off"}
        kwargs.setdefault("label", gettext_lazy("Points to redeem"))
        kwargs.setdefault("error_messages", {"required": gettext_lazy("Enter how many points.")})
        super().__init__(max_length=16, widget=forms.TextInput(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> int | None:
        typed = super().clean(value)
        if not typed:
            return None
        if not _POINTS.fullmatch(typed):
            raise forms.ValidationError(_("Enter whole points, such as 350."))
        points = int(re.sub(r"\D", "", typed))
        if not 0 < points <= MAX_POINTS:
            raise forms.ValidationError(_("Enter between 1 and 10,000,000 points."))
        return points


def _or_refuse(parse: Any) -> Any:
    try:
        return parse()
    except InvalidInput as error:
        raise forms.ValidationError(str(error.message)) from error


class KeyField(forms.CharField):
    """The key of one sale: made when the form is drawn, sent with every try, so that a double click is one sale."""

    def __init__(self) -> None:
        super().__init__(max_length=64, widget=forms.HiddenInput, initial=public_code)


class KeyedForm(forms.Form):
    """A form whose input is one act, however often it is sent."""

    key = KeyField()

    def refuse(self, error: DomainError) -> int:
        """Say why it was refused, and keep the input under a new key: the old one gives this answer for ever.

        Returns the status of the page.
        """
        status = error.status
        if isinstance(error, NotEnoughPoints | UnknownMember):
            self.add_error("points", _too_few_points(error, abs(self.cleaned_data["points"])))
            status = NotEnoughPoints.status
        elif isinstance(error, IdempotencyKeyReused):
            text = _("This form has recorded something else before. Look at what was recorded, then send it again.")
            self.add_error(None, text)
        else:
            self.add_error(None, str(error.message))
        self.data = {**{name: self.data[name] for name in self.data}, "key": public_code()}
        return status


def _too_few_points(error: NotEnoughPoints | UnknownMember, asked: int) -> str:
    """What was there, what is missing, that nothing was taken. Who has no account has no points."""
    balance = error.data["balance"] if isinstance(error, NotEnoughPoints) else 0
    assert isinstance(balance, int)
    facts = {"balance": format_points(balance), "missing": format_points(asked - balance)}
    text = ngettext(
        "Only %(balance)s point is there: %(missing)s too few. Nothing was taken.",
        "Only %(balance)s points are there: %(missing)s too few. Nothing was taken.",
        balance,
    )
    return text % facts


class FindForm(forms.Form):
    phone = PhoneField()

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].country = country  # type: ignore[attr-defined]


class CreateForm(FindForm):
    first_name = forms.CharField(
        label=gettext_lazy("First name"),
        max_length=80,
        required=False,
        widget=forms.TextInput(
            attrs={"placeholder": gettext_lazy("Greet them by name next time"), "autocomplete": "off"}
        ),
    )
    referral_code = forms.CharField(
        label=gettext_lazy("Code of who sent them"),
        max_length=24,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    service = forms.BooleanField(label=WORDINGS["till-service-1"], required=False)
    marketing = forms.BooleanField(label=WORDINGS["till-marketing-1"], required=False)


class AmountForm(KeyedForm):
    """`example` is no money in the currency's digits; `point` the key of the pad between them, empty for none."""

    amount = AmountField()

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].currency = currency  # type: ignore[attr-defined]
        self.example = str(quantise(Decimal(0), currency))
        self.point = "." if "." in self.example else ""


class PhoneAmountForm(AmountForm):
    """Both at once: the card of a business on the home page."""

    phone = PhoneField()
    field_order = ("phone", "amount")

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].country = country  # type: ignore[attr-defined]


class RedeemForm(KeyedForm):
    points = PointsField()
    reason = forms.CharField(
        label=gettext_lazy("What for"),
        max_length=120,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("A coffee"), "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Say what the points are for.")},
    )


class ReceiptEmailForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"placeholder": gettext_lazy("name@example.com"), "autocomplete": "off"}),
    )


class DeviceForm(forms.Form):
    business = forms.ModelChoiceField(
        label=gettext_lazy("Business"), queryset=Business.objects.none(), empty_label=None, to_field_name="code"
    )
    name = forms.CharField(
        label=gettext_lazy("Name of this till"),
        max_length=60,
        help_text=gettext_lazy("Shown in the list of sales, such as “Till 2” or “Counter”."),
    )

    def __init__(self, *args: Any, businesses: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["business"].queryset = businesses  # type: ignore[attr-defined]
