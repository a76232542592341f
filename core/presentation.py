"""How values look to a person: money, points, initials. Used by templates, messages and exports alike."""

from __future__ import annotations

import unicodedata
import zlib
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from django.utils.formats import number_format
from django.utils.translation import get_language, ngettext

from core.money import minor_units, quantise

MINUS = "\u2212"
NARROW_SPACE = "\u202f"
NO_BREAK_SPACE = "\u00a0"
AVATAR_HUES = 7

# What people write in the shop; any other currency shows its ISO code.
SYMBOLS = {
    "AUD": "A$",
    "BRL": "R$",
    "CAD": "CA$",
    "CNY": "CN¥",
    "EUR": "€",
    "GBP": "£",
    "GHS": "GH₵",
    "ILS": "₪",
    "INR": "₹",
    "JPY": "¥",
    "KES": "KSh",
    "KRW": "₩",
    "MXN": "MX$",
    "NGN": "₦",
    "NZD": "NZ$",
    "PHP": "₱",
    "PLN": "zł",
    "RWF": "RF",
    "TRY": "₺",
    "TZS": "TSh",
    "UAH": "₴",
    "UGX": "USh",
    "USD": "$",
    "VND": "₫",
    "ZAR": "R",
}
# Languages that write the symbol after the number.
SYMBOL_LAST = frozenset(
    {
        "bg",
        "cs",
        "da",
        "de",
        "es",
        "et",
        "fi",
        "fr",
        "it",
        "lt",
        "lv",
        "nb",
        "pl",
        "pt",
        "sk",
        "sv",
    }
)


def format_number(value: Decimal | float, decimals: int = 0) -> str:
    """`value` grouped and pointed as the active language does, with a true minus sign."""
    size = Decimal(str(value)).copy_abs().quantize(Decimal(1).scaleb(-decimals))  # number_format would cut, not round
    text = _grouped(size, decimals, get_language())
    rounds_to_zero = not any(digit in text for digit in "123456789")
    return text if value >= 0 or rounds_to_zero else f"{MINUS}{text}"


def format_exact(value: Decimal) -> str:
    """A number with as many digits after the point as it has: 2, 1.5."""
    exponent = value.normalize().as_tuple().exponent
    return format_number(value, max(0, -exponent) if isinstance(exponent, int) else 0)


@lru_cache(maxsize=16_384)
def _grouped(size: Decimal, decimals: int, language: str | None) -> str:
    """Pure, with the active language as an argument. The same figures come back in tables and charts all day."""
    return number_format(size, decimal_pos=decimals, force_grouping=True)


def format_money(amount: Decimal | float, currency: str, *, whole: bool = False) -> str:
    """`amount` with its currency: £1,206.40, −£3.00, KSh 250.00, or 1.206,40 € in German.

    `whole` leaves the minor unit out, for headline figures.
    """
    value = amount if isinstance(amount, Decimal) else Decimal(str(amount))
    value = value.quantize(Decimal(1)) if whole else quantise(value, currency)
    number = format_number(abs(value), 0 if whole else minor_units(currency))
    symbol = SYMBOLS.get(currency, currency)
    language = (get_language() or "en").split("-")[0]
    if language in SYMBOL_LAST:
        text = f"{number}{NO_BREAK_SPACE}{symbol}"
    elif symbol[-1].isalpha():
        text = f"{symbol}{NO_BREAK_SPACE}{number}"
    else:
        text = f"{symbol}{number}"
    return f"{MINUS}{text}" if value < 0 else text


def noun_count(number: Decimal) -> int:
    """What `ngettext` asks, of a number that need not be whole: 1.5 points are many."""
    return int(number) if number == number.to_integral_value() else 2


def format_points(points: int) -> str:
    """Grouped whole points: 1,284."""
    return format_number(points)


def format_signed(value: Decimal | float, decimals: int = 0) -> str:
    """A change: +46, −350, 0."""
    text = format_number(value, decimals)
    return f"+{text}" if value > 0 else text


def time_left(started_at: datetime, done: int, total: int, *, now: datetime) -> str:
    """About how long the rest takes at the pace so far; nothing before a twentieth is done or at the very end."""
    seconds = (now - started_at).total_seconds() * (total - done) / max(done, 1)
    if done * 20 < total or seconds < 5:
        return ""
    if seconds < 90:
        tens = max(10, round(seconds, -1))
        return ngettext("About %(count)s second left", "About %(count)s seconds left", int(tens)) % {"count": int(tens)}
    minutes = round(seconds / 60)
    return ngettext("About %(count)s minute left", "About %(count)s minutes left", minutes) % {"count": minutes}


def initials(name: str) -> str:
    """One or two capitals for an avatar; "#" for a phone number or nothing at all."""
    words = [word for word in name.split() if word[0].isalpha()]
    if not words:
        return "#"
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return unicodedata.normalize("NFC", letters).upper()


def avatar_hue(key: object) -> int:
    """A colour number from 1 to AVATAR_HUES that stays the same for the same key."""
    return zlib.crc32(str(key).encode()) % AVATAR_HUES + 1
