"""Words of numbers, windows and lists, as sentences about segments say them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from core.presentation import format_exact, format_money
from segments.fields.base import Phrase
from segments.operators import Kind
from segments.rules import Calendar, Dates, Last, Next, Over, Window

MOST_NAMED = 6  # of one list; the others are counted
_AMOUNTS: Mapping[str, Phrase] = {
    "is": gettext_lazy("exactly %(number)s"),
    "is_not": gettext_lazy("more or less than %(number)s"),
    "more": gettext_lazy("more than %(number)s"),
    "at_least": gettext_lazy("at least %(number)s"),
    "less": gettext_lazy("less than %(number)s"),
    "at_most": gettext_lazy("at most %(number)s"),
    "between": gettext_lazy("between %(low)s and %(high)s"),
    "beyond": gettext_lazy("less than %(low)s or more than %(high)s"),
}
_COUNTS: Mapping[str, Phrase] = {
    **_AMOUNTS,
    "is_not": gettext_lazy("more or fewer than %(number)s"),
    "less": gettext_lazy("fewer than %(number)s"),
    "beyond": gettext_lazy("fewer than %(low)s or more than %(high)s"),
}
_THIS: Mapping[tuple[str, int], Phrase] = {
    ("day", 0): gettext_lazy(" today"), ("day", -1): gettext_lazy(" yesterday"), ("day", 1): gettext_lazy(" tomorrow"),
    ("week", 0): gettext_lazy(" this week"), ("week", -1): gettext_lazy(" last week"),
    ("week", 1): gettext_lazy(" next week"),
    ("month", 0): gettext_lazy(" this month"), ("month", -1): gettext_lazy(" last month"),
    ("month", 1): gettext_lazy(" next month"),
    ("year", 0): gettext_lazy(" this year"), ("year", -1): gettext_lazy(" last year"),
    ("year", 1): gettext_lazy(" next year"),
}  # fmt: skip
_SPANS: Mapping[str, Any] = {
    "minute": ngettext_lazy("%(count)d minute", "%(count)d minutes", "count"),
    "hour": ngettext_lazy("%(count)d hour", "%(count)d hours", "count"),
    "day": ngettext_lazy("%(count)d day", "%(count)d days", "count"),
    "week": ngettext_lazy("%(count)d week", "%(count)d weeks", "count"),
    "month": ngettext_lazy("%(count)d month", "%(count)d months", "count"),
    "year": ngettext_lazy("%(count)d year", "%(count)d years", "count"),
}
_UNITS: Mapping[str, Phrase] = {
    "minute": gettext_lazy("minute"), "hour": gettext_lazy("hour"), "day": gettext_lazy("day"),
    "week": gettext_lazy("week"), "month": gettext_lazy("month"), "year": gettext_lazy("year"),
}  # fmt: skip
_ONES: Mapping[str, Phrase] = {
    "minute": gettext_lazy("a minute"), "hour": gettext_lazy("an hour"), "day": gettext_lazy("a day"),
    "week": gettext_lazy("a week"), "month": gettext_lazy("a month"), "year": gettext_lazy("a year"),
}  # fmt: skip


def amount(op: str, value: Any, kind: Kind, *, currency: str, nouns: Any = None) -> str:
    """At least £30; with `nouns`, of `ngettext_lazy`, at least 2 orders."""
    words = str((_COUNTS if nouns else _AMOUNTS)[op])
    if isinstance(value, list):
        low, high = (Decimal(str(one)) for one in value)
        return words % {"low": _exact(low, kind, currency, None), "high": _exact(high, kind, currency, nouns)}
    return words % {"number": _exact(Decimal(str(value)), kind, currency, nouns)}


def figure(number: Decimal, kind: Kind, *, currency: str, nouns: Any = None) -> str:
    """As people want to read it: 3 orders, £58.20, 51%."""
    return _exact(round(number, 4) if kind is Kind.MONEY else round(number, 1), kind, currency, nouns)


def _exact(number: Decimal, kind: Kind, currency: str, nouns: Any) -> str:
    if kind is Kind.MONEY:
        return format_money(number, currency, whole=number == number.to_integral_value())
    text = f"{format_exact(number)}%" if kind is Kind.SHARE else format_exact(number)
    return f"{text} {nouns % (1 if number == 1 else 2)}" if nouns else text


def one_of(names: Sequence[str], word: str) -> str:
    """A, B or C; of many the first few, and how many others."""
    if len(names) > MOST_NAMED + 1:
        rest = len(names) - MOST_NAMED
        names = [*names[:MOST_NAMED], ngettext("%(count)d other", "%(count)d others", rest) % {"count": rest}]
    return listed(names, word)


def listed(parts: Sequence[str], word: str) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return _("%(first)s %(and)s %(last)s") % {"first": ", ".join(parts[:-1]), "and": word, "last": parts[-1]}


def days(count: int) -> str:
    return str(_SPANS["day"] % {"count": count})


def when(window: Window | None) -> str:
    match window:
        case None:
            return ""
        case Last(1, "day"):
            return _(" today")
        case Next(1, "day"):
            return _(" tomorrow")
        case Last(count, unit):
            return _(" in the last %(span)s") % {"span": _span(count, unit)}
        case Next(count, unit):
            return _(" in the next %(span)s") % {"span": _span(count, unit)}
        case Over(count, unit):
            span = _ONES[unit] if count == 1 else _SPANS[unit] % {"count": count}
            return _(" more than %(span)s ago") % {"span": span}
        case Dates(first, last):
            return _between(first, last)
        case Calendar(unit, offset):
            return _calendar(unit, offset)


def _span(count: int, unit: str) -> str:
    return str(_UNITS[unit]) if count == 1 else str(_SPANS[unit] % {"count": count})


def _between(first: date | None, last: date | None) -> str:
    if first is not None and last is not None:
        if first == last:
            return _(" on %(day)s") % {"day": _day(first)}
        start = date_format(first, "j F") if first.year == last.year else _day(first)
        return _(" between %(first)s and %(last)s") % {"first": start, "last": _day(last)}
    if first is not None:
        return _(" since %(day)s") % {"day": _day(first)}
    assert last is not None
    return _(" until %(day)s") % {"day": _day(last)}


def _calendar(unit: str, offset: int) -> str:
    if (unit, offset) in _THIS:
        return str(_THIS[unit, offset])
    span = _SPANS[unit] % {"count": abs(offset)}
    if unit == "day":
        return (_(" %(span)s ago") if offset < 0 else _(" %(span)s from now")) % {"span": span}
    words = {"unit": _UNITS[unit], "span": span}
    return (_(" in the %(unit)s %(span)s ago") if offset < 0 else _(" in the %(unit)s %(span)s from now")) % words


def _day(day: date) -> str:
    return date_format(day, "j F Y")
