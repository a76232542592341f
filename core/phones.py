"""Phone numbers in any spelling become E.164, with the programme's country as the default region."""

from __future__ import annotations

from unicodedata import category

import phonenumbers
from django.utils.translation import gettext_lazy as _
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from core.errors import InvalidInput

SHORTEST_BEGIN = 4  # digits; fewer begin too many numbers to look at
_SEPARATORS = str.maketrans("", "", " -./()\u00a0")


class InvalidPhone(InvalidInput):
    code = "invalid_phone"
    message = _("This is not a complete phone number. Check the digits.")


def parse_phone(text: str, country: str, *, field: str = "phone") -> str:
    """The E.164 form of a number as a person types it; `country` (ISO 3166 alpha-2) applies to national spellings.

    Accepts spaces, dots, dashes, brackets, a leading 00 and a pasted "tel:". Raises InvalidPhone for anything that
    cannot be a subscriber's number: wrong length, letters, an unassigned country code.
    """
    typed = text.strip().removeprefix("tel:")
    # libphonenumber reads letters as a keypad ("CALL ME 1"), which at a till is always a slip; and PostgreSQL
    # stores no NUL.
    if len(typed) > 40 or any(character.isalpha() or category(character) == "Cc" for character in typed):
        raise InvalidPhone(field=field)
    if typed.startswith("00"):
        typed = "+" + typed[2:]
    try:
        number = phonenumbers.parse(typed, country)
    except phonenumbers.NumberParseException as error:
        raise InvalidPhone(field=field) from error
    if number.extension or not _is_plausible(number):
        raise InvalidPhone(field=field)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def phone_begin(text: str, country: str) -> str:
    """How numbers in E.164 begin that a person has begun to type: "0171" is +49171 in Germany. Empty: no number yet.

    It takes four digits, and what tells a number from an id: a plus or a zero in front.
    """
    typed = text.strip().removeprefix("tel:").translate(_SEPARATORS)
    digits = typed.removeprefix("+")
    if len(digits) < SHORTEST_BEGIN or not (digits.isascii() and digits.isdecimal()):
        return ""
    if typed.startswith("+"):
        return typed
    if typed.startswith("00"):
        return "+" + typed[2:]
    if not typed.startswith("0"):
        return ""
    trunk = phonenumbers.ndd_prefix_for_region(country, True) or ""
    return dial_code(country) + typed.removeprefix(trunk)


def _is_plausible(number: phonenumbers.PhoneNumber) -> bool:
    """In an assigned range, or as long as a mobile number there.

    Validity alone would refuse ranges assigned after this library's release; "possible" alone accepts a UK mobile
    number with a digit missing, because some old UK landlines have nine.
    """
    mobile = phonenumbers.PhoneNumberType.MOBILE
    reason = phonenumbers.is_possible_number_for_type_with_reason(number, mobile)
    # The length first: ranges are some thirty regular expressions.
    return bool(reason == phonenumbers.ValidationResult.IS_POSSIBLE or phonenumbers.is_valid_number(number))


def example_phone(country: str) -> str:
    """A mobile number as `country` writes it: a field groups what is typed alike. Empty where none is known."""
    number = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL) if number else ""


def display_phone(e164: str, country: str) -> str:
    """National grouping inside `country`, international elsewhere; the text itself when it is not E.164."""
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    national = phonenumbers.country_code_for_region(country) == number.country_code
    style = phonenumbers.PhoneNumberFormat.NATIONAL if national else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)


_CODES = {country: code for code, countries in COUNTRY_CODE_TO_REGION_CODE.items() for country in countries}


def dial_code(country: str) -> str:
    """The prefix of a country's numbers, such as +44."""
    return f"+{_CODES[country]}"


def dial_code_of(e164: str) -> str:
    """The dial code of a number in E.164, such as +44."""
    return f"+{phonenumbers.parse(e164, None).country_code}"


def mask_phone(e164: str) -> str:
    """Only the last three digits, for screens and logs of people who may not see the number."""
    return "•" * max(len(e164) - 4, 0) + e164[-3:]
