"""Fields of the programme's own: what a value of each kind is, as forms, API and imports send it, and how it reads.

Stored in `Customer.attributes` as JSON: text, a number, true or false, and a date as `2026-11-22`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.presentation import format_number
from customers.imports.values import CellProblem, number_of
from customers.models import AttributeDefinition

Value = str | int | float | bool

MAX_ATTRIBUTES = 50  # of one customer
MAX_KEY_LENGTH = 60
MAX_TEXT_LENGTH = 500
MAX_NUMBER = 10**15  # beyond it a float loses whole numbers
MAX_DECIMALS = 6
_READ_NUMBER = number_of(decimals=MAX_DECIMALS, largest=MAX_NUMBER, signed=True)
# What people and other systems write for yes and no, in the languages of the staff and of the customers.
YES = frozenset({"yes", "y", "true", "1", "on", "ja", "j", "wahr"})
NO = frozenset({"no", "n", "false", "0", "off", "nein", "falsch"})


def definitions() -> list[AttributeDefinition]:
    """Those in use, in their order. One query."""
    return list(AttributeDefinition.objects.filter(is_archived=False))


def coerce(definition: AttributeDefinition, value: object) -> Value | None:
    """The value as it is stored, from JSON or from what somebody typed; None for nothing: the value goes.

    Raises InvalidInput, with the key in `data`, for what the kind cannot hold.
    """
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "":
        return None
    return _READERS[AttributeDefinition.Kind(definition.kind)](definition, value)


def _text(definition: AttributeDefinition, value: object) -> str:
    text = str(value)
    if len(text) > MAX_TEXT_LENGTH or "\x00" in text or any(0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        raise refused(definition, _("“%(field)s” takes a text of up to 500 characters."))
    return text


def _number(definition: AttributeDefinition, value: object) -> int | float:
    """Typed in any of the ways that shops write numbers; of an import as the file has it."""
    try:
        number = Decimal(_READ_NUMBER(value) if isinstance(value, str) else str(value))
    except (CellProblem, InvalidOperation) as error:  # also true and false
        raise refused(definition, _("“%(field)s” is a number.")) from error
    if not number.is_finite() or abs(number) > MAX_NUMBER:
        raise refused(definition, _("“%(field)s” is a number."))
    number = round(number, MAX_DECIMALS)
    return int(number) if number == number.to_integral_value() else float(number)


def _date(definition: AttributeDefinition, value: object) -> str:
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError as error:
        raise refused(definition, _("“%(field)s” is a date such as 2026-11-22.")) from error
    return f"{day:%Y-%m-%d}" if day.year >= 1000 else f"{day.year:04}-{day:%m-%d}"


def _yes_no(definition: AttributeDefinition, value: object) -> bool:
    word = str(value).casefold()
    if word not in YES | NO:
        raise refused(definition, _("“%(field)s” is yes or no."))
    return word in YES


def _choice(definition: AttributeDefinition, value: object) -> str:
    found = {option.casefold(): option for option in definition.options}.get(str(value).casefold())
    if found is None:
        raise refused(definition, _("“%(field)s” is one of: %(options)s."))
    return str(found)


_READERS: Mapping[AttributeDefinition.Kind, Callable[[AttributeDefinition, object], Value]] = {
    AttributeDefinition.Kind.TEXT: _text,
    AttributeDefinition.Kind.NUMBER: _number,
    AttributeDefinition.Kind.DATE: _date,
    AttributeDefinition.Kind.YES_NO: _yes_no,
    AttributeDefinition.Kind.CHOICE: _choice,
}


def refused(definition: AttributeDefinition, message: str | Promise) -> InvalidInput:
    words = {"field": definition.label, "options": ", ".join(definition.options)}
    return InvalidInput(str(message) % words, field="attributes", attribute=definition.key)


def merged(stored: Mapping[str, object], given: Mapping[str, object]) -> dict[str, object]:
    """`stored` with what was given, key by key: null takes a key away, what is defined is checked and typed.

    Raises InvalidInput; one query.
    """
    known = {one.key: one for one in AttributeDefinition.objects.filter(key__in=given, is_archived=False)}
    return joined(stored, typed(given, known))


def typed(given: Mapping[str, object], known: Mapping[str, AttributeDefinition]) -> dict[str, object]:
    """What was given as it is stored, checked by the definitions in use. Raises InvalidInput."""
    check_plain(given)
    return {key: coerce(known[key], value) if key in known else value for key, value in given.items()}


def joined(stored: Mapping[str, object], typed: Mapping[str, object]) -> dict[str, object]:
    """`stored` with typed values; None takes a key away. Raises InvalidInput for too many."""
    result = {key: value for key, value in {**stored, **typed}.items() if value is not None}
    if len(result) > MAX_ATTRIBUTES and len(result) > len(stored):
        raise InvalidInput(_("A customer may have up to 50 attributes."), field="attributes")
    return result


def check_plain(given: Mapping[str, object]) -> None:
    """Flat values only, so that lists and segments can compare them."""
    for key, value in given.items():
        is_plain = value is None or isinstance(value, str | int | float | bool)
        is_number = isinstance(value, float) and not math.isfinite(value)
        too_long = len(key) > MAX_KEY_LENGTH or len(str(value)) > MAX_TEXT_LENGTH
        if not key or not is_plain or is_number or too_long or "\x00" in f"{key}{value}":
            raise InvalidInput(
                _("Attributes are short names with text, a number, true, false or null."), field="attributes"
            )


def shown(definition: AttributeDefinition | None, value: object) -> str:
    """How staff read a stored value; one that does not fit its kind, such as an old one, as it is."""
    if value in (None, ""):
        return ""
    kind = definition.kind if definition else None
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, int | float) and kind == AttributeDefinition.Kind.NUMBER:
        decimals = max(-int(Decimal(str(value)).normalize().as_tuple().exponent), 0)
        return format_number(Decimal(str(value)), decimals)
    if kind == AttributeDefinition.Kind.DATE:
        try:
            return date_format(date.fromisoformat(str(value)), "j M Y")
        except ValueError:
            return str(value)
    return str(value)
