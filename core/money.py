"""Money is Decimal with the programme's one currency; amounts are stored as NUMERIC(19,4) and quantised when shown."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput

# ISO 4217 minor units where they are not 2.
# fmt: off
MINOR_UNITS = {
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}
# fmt: on
MAX_AMOUNT = Decimal("999999999.99")  # one sale, also where a coffee costs 50,000; a slip above it is refused

# [0-9], not \d: a digit of another script at a till is a slip.
_PLAIN = re.compile(r"[0-9]{1,3}(?:[ ,'\u00a0\u202f][0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?")
_COMMA = re.compile(r"[0-9]{1,3}(?:[ .'\u00a0\u202f][0-9]{3})+,[0-9]{1,2}|[0-9]+,[0-9]{1,2}")


def minor_units(currency: str) -> int:
    """Digits after the point in `currency`."""
    return MINOR_UNITS.get(currency, 2)


def quantise(amount: Decimal, currency: str) -> Decimal:
    """`amount` rounded half-even to the currency's minor unit, for display."""
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)))


def parse_amount(text: str, currency: str, *, field: str = "amount") -> Decimal:
    """A positive amount as a person types it: 12.40, 12,40, 1 200.50, 1.200,50.

    Raises InvalidInput: not a number, negative or zero, more digits than the currency has, above MAX_AMOUNT.
    """
    typed = text.strip()
    if _COMMA.fullmatch(typed):
        plain = re.sub(r"[ .'\u00a0\u202f]", "", typed).replace(",", ".")
    elif _PLAIN.fullmatch(typed):
        plain = re.sub(r"[ ,'\u00a0\u202f]", "", typed)
    else:
        raise InvalidInput(_("Enter an amount such as 12.40."), field=field)
    try:
        amount = Decimal(plain)
    except InvalidOperation as error:
        raise InvalidInput(_("Enter an amount such as 12.40."), field=field) from error
    return check_amount(amount, currency, field=field)


def check_amount(amount: Decimal, currency: str, *, field: str = "amount") -> Decimal:
    """The amount itself, if it can be one sale in `currency`. Raises InvalidInput."""
    if not amount.is_finite() or amount <= 0:
        raise InvalidInput(_("The amount must be more than zero."), field=field)
    if amount > MAX_AMOUNT:
        raise InvalidInput(_("This amount is too large for one sale."), field=field)
    if amount != quantise(amount, currency):
        raise InvalidInput(_("The amount has too many digits after the point."), field=field)
    return amount
