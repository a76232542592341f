"""From a cell's text to a value that COPY takes, or to a problem. Pure: no database, no clock but the one passed in.

A file repeats itself: a million sales lines have a few thousand different dates, prices and stock codes. So a `Cells`
judges each distinct text once and answers the rest from memory, which is a dictionary look-up for each cell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from core.errors import InvalidInput
from core.phones import parse_phone
from core.texts import can_be_kept
from customers.imports.problems import SPREADSHEET_ERRORS

NULL = r"\N"  # COPY's text format for "no value"
REMEMBERED = 50_000  # distinct texts kept for each column; more of them are judged again, so memory stays flat
MAX_QUANTITY = 1_000_000  # one line; the product with MAX_PRICE fits NUMERIC(19,4)
MAX_PRICE = 999_999_999
FIRST_YEAR = 1900

Convert = Callable[[str], str]


class CellProblem(Exception):
    """The text cannot be a value of its column; the argument is a code of `problems.PROBLEMS`."""


class Cells(dict[str, str]):
    """`cells[text]` is the COPY text of a cell of one column; a problem is noted in `noted` and gives NULL."""

    def __init__(self, convert: Convert, noted: list[str], *, required: bool = False) -> None:
        super().__init__()
        self.convert = convert
        self.noted = noted
        self.required = required

    def __missing__(self, text: str) -> str:
        stripped = text.strip()
        try:
            if not stripped:
                if self.required:
                    raise CellProblem("required")
                value = NULL
            elif stripped in SPREADSHEET_ERRORS:
                raise CellProblem("cell_error")
            else:
                value = self.convert(stripped)
        except CellProblem as problem:
            self.noted.append(str(problem))  # not remembered: the next row with this text has the problem too
            return NULL
        if len(self) >= REMEMBERED:
            self.clear()
        self[text] = value
        return value


_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def escape(text: str) -> str:
    """`text` as one field of COPY's text format. Source: PostgreSQL documentation, "COPY", File Formats."""
    return text.translate(_ESCAPES)


def unescape(field: str) -> str:
    """A field of COPY's text format for people to read: no value is empty, line breaks are blanks."""
    if field == NULL:
        return ""
    return re.sub(r"\\(.)", lambda found: " " if found[1] in "tnr" else found[1], field)


def text_of(limit: int, *, cut: bool = False) -> Convert:
    """Text with runs of white space made one blank; longer than `limit` is cut or refused."""

    def convert(text: str) -> str:
        plain = " ".join(text.split())
        if len(plain) > limit:
            if not cut:
                raise CellProblem("too_long")
            plain = plain[:limit]
        return escape(plain)

    return convert


def reference_of(limit: int) -> Convert:
    """A number or code of the source, kept as written: SKU "48173c" is not "48173C"."""

    def convert(text: str) -> str:
        if len(text) > limit:
            raise CellProblem("too_long")
        return escape(text)

    return convert


def customer_number(text: str) -> str:
    """A customer's number. Spreadsheets turn 17850 into "17850.0" where some are missing: that is undone. So is the
    apostrophe that shop systems put before digits, to make a spreadsheet keep them."""
    text = text.removeprefix("'")
    if text.endswith(".0") and text[:-2].isdecimal():
        text = text[:-2]
    return reference_of(120)(text)


def postcode(text: str) -> str:
    return text_of(20, cut=True)(text.removeprefix("'"))


# The words of shop systems, squeezed. What nobody has paid yet is no sale. Sources: see `presets`.
_WORDS = {
    "paid": "paid partiallypaid partiallyrefunded partrefunded processing completed complete closed shipped fulfilled "
    "delivered bezahlt abgeschlossen versendet",
    "refunded": "refunded erstattet",
    "unpaid": "unpaid pending authorized expired onhold pendingpayment failed draft checkoutdraft holded paymentreview "
    "fraud suspectedfraud new open offen",
    "cancelled": "cancelled canceled voided trash storniert",
}
STATUSES = {word: status for status, words in _WORDS.items() for word in words.split()}


def order_status(text: str) -> str:
    """paid, unpaid, refunded or cancelled."""
    found = STATUSES.get(re.sub(r"[\W_]+", "", text.casefold()).removeprefix("wc"))
    if found is None:
        raise CellProblem("status")
    return found


TAG_LENGTH, TAGS_OF_CELL = 40, 50  # as customers.actions.tags has them


def tag_names(text: str) -> str:
    """Names between commas and semicolons as a JSON list, each once, whatever its capitals."""
    names: dict[str, str] = {}
    for part in re.split("[,;]", text):
        name = " ".join(part.split())
        if len(name) > TAG_LENGTH or not can_be_kept(name):
            raise CellProblem("tag")
        if name:
            names.setdefault(name.lower(), name)
    if len(names) > TAGS_OF_CELL:
        raise CellProblem("tags_of_customer")
    return escape(json.dumps(list(names.values()))) if names else NULL


_EMAIL = re.compile(r"[^@\s\"(),:;<>\[\\\]]+@[^@\s.]+(\.[^@\s.]+)+")


def email(text: str) -> str:
    lowered = text.lower()  # longer than the text where a capital has no small letter of its own
    if len(lowered) > 254 or not _EMAIL.fullmatch(text):
        raise CellProblem("email")
    return escape(lowered)


def phone_of(country: str) -> Convert:
    """E.164, with `country` for national spellings."""

    def convert(text: str) -> str:
        try:
            return parse_phone(text.removeprefix("'"), country)
        except InvalidInput as error:
            raise CellProblem("phone") from error

    return convert


_GROUPS = r"\d{1,3}(?:[ ,'\u00a0\u202f]\d{3})+|\d{1,2}(?:,\d{2})*,\d{3}"  # the second as India writes 1,23,456
_PLAIN = re.compile(rf"(?:{_GROUPS}|\d+)(?:\.\d+)?|\.\d+", re.ASCII)
_COMMA = re.compile(r"(?:\d{1,3}(?:[ .'\u00a0\u202f]\d{3})+|\d+),(?:\d{1,2}|\d{4,})", re.ASCII)
_SEPARATORS = re.compile(r"[ ,'\u00a0\u202f]")
_SEPARATORS_DOT = re.compile(r"[ .'\u00a0\u202f]")
_CURRENCY = re.compile(r"^(?:[A-Z]{3}|[^\w\s.,'+\-()−])\s*|\s*(?:[A-Z]{3}|[^\w\s.,'+\-()−])$")


def number_of(*, decimals: int, largest: int, signed: bool) -> Convert:
    """A number as shops write it: 12.40, 12,40, 1,200.50, £3, -6, (6.00); "0" for any zero, no trailing zeros."""

    def convert(text: str) -> str:
        plain, negative = _unsigned(_CURRENCY.sub("", text))
        if _COMMA.fullmatch(plain):
            plain = _SEPARATORS_DOT.sub("", plain).replace(",", ".")
        elif _PLAIN.fullmatch(plain):
            plain = _SEPARATORS.sub("", plain)
        else:
            raise CellProblem("number")
        whole, _dot, fraction = plain.partition(".")
        whole, fraction = whole.lstrip("0"), fraction.rstrip("0")
        if len(fraction) > decimals:
            raise CellProblem("digits")
        if len(whole) > len(str(largest)) or int(whole or 0) > largest:
            raise CellProblem("too_large")
        value = (whole or "0") + (f".{fraction}" if fraction else "")
        if value == "0" or not negative:
            return value
        if not signed:
            raise CellProblem("negative")
        return f"-{value}"

    return convert


def _unsigned(text: str) -> tuple[str, bool]:
    """The digits and whether they are below zero: -6, −6, 6-, (6)."""
    if text.startswith("(") and text.endswith(")"):
        return _CURRENCY.sub("", text[1:-1].strip()), True
    if text[:1] in "-−" and text:
        return _CURRENCY.sub("", text[1:].strip()), True
    if text.endswith("-"):
        return text[:-1].strip(), True
    return text.removeprefix("+"), False


_DAY_FIRST = re.compile(
    r"(\d{1,4})[./\- ](\d{1,2})[./\- ](\d{1,4})(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp][Mm])?)?"
)


# "Apr 19, 2020 1:25:12 PM" and "19 April 2020".
_MONTH_NAME = re.compile(
    r"^(?:(?P<before>\d{1,2})\.? )?(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? "
    r"(?:(?P<day>\d{1,2}),? )?(?P<year>\d{4}),?",
    re.IGNORECASE,
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


_ZONE = re.compile(r" (?:([+-]\d{2}:?\d{2})|UTC|GMT)$")  # as shop systems write it, which is nearly ISO 8601


def _in_figures(found: re.Match[str], order: str) -> str:
    parts = {"d": found["before"] or found["day"] or "0", "m": str(_MONTHS.index(found["month"].lower()) + 1)}
    return "-".join({**parts, "y": found["year"]}[part] for part in order)


def parse_moment(text: str, order: str) -> datetime:
    """A date, with or without a time, naive unless the text names its zone. `order` is ymd, dmy or mdy.

    ISO 8601 is read whatever the order says; two-digit years are of this century. Raises CellProblem.
    """
    try:
        return datetime.fromisoformat(_ZONE.sub(lambda zone: zone[1] or "+00:00", text))
    except ValueError:
        pass
    found = _DAY_FIRST.fullmatch(_MONTH_NAME.sub(lambda month: _in_figures(month, order), text))
    if not found:
        raise CellProblem("date")
    parts = dict(zip(order, found.group(1, 2, 3), strict=True))
    year = int(parts["y"]) + (2000 if len(parts["y"]) == 2 else 0)
    hour, minute, second = (int(part or 0) for part in found.group(4, 5, 6))
    if found[7]:
        if not 1 <= hour <= 12:
            raise CellProblem("date")
        hour = hour % 12 + (12 if found[7].lower() == "pm" else 0)
    try:
        return datetime(year, int(parts["m"]), int(parts["d"]), hour, minute, second)  # noqa: DTZ001 (zone follows)
    except ValueError as error:
        raise CellProblem("date") from error


def moment_of(order: str, zone: ZoneInfo, latest: datetime) -> Convert:
    """A moment as aware UTC; a text without a zone is the wall clock of `zone`. After `latest`: refused."""

    def convert(text: str) -> str:
        moment = parse_moment(text, order)
        if moment.year < FIRST_YEAR:
            raise CellProblem("date")
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        try:
            aware = aware.astimezone(UTC)
        except OverflowError as error:  # the last hours of the year 9999
            raise CellProblem("future") from error
        if aware > latest:
            raise CellProblem("future")
        return aware.isoformat()

    return convert


def day_of(order: str, latest: date) -> Convert:
    """A calendar day, such as a birthday."""

    def convert(text: str) -> str:
        day = parse_moment(text, order).date()
        if day.year < FIRST_YEAR:
            raise CellProblem("date")
        if day > latest:
            raise CellProblem("future")
        return day.isoformat()

    return convert
