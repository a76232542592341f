"""What a condition may choose from: codes with the words that people read for them.

`choices` is what a list offers, narrowed by what somebody types; `labels` gives the words for codes that are in a tree
already, also of what is not offered any more. One query for each kind of thing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.db.models import Case, CharField, F, Model, Q, Value, When
from django.db.models.expressions import Expression
from django.db.models.functions import Coalesce, Lower, NullIf
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from core.countries import COUNTRIES
from customers.attributes import definitions
from customers.models import Archetype, CustomerScores, Product, Tag
from customers.order_words import channel_words
from customers.reports.customer_list import countries_of_customers
from customers.reports.orders import channels_of_orders
from customers.rfm_groups import RFM_GROUPS
from loyalty.models import Reward, StampCard, Tier
from segments.fields.base import Field
from segments.models import Segment
from segments.operators import Kind
from segments.rules import Rules, conditions
from workspace.models import Business

MOST = 200  # offered at once: words find the others
_MOST_KNOWN = 5_000  # categories or vendors that are looked through
Choice: TypeAlias = tuple[str, str]  # code and label
Labels: TypeAlias = Mapping[tuple[str, str], str]  # of (name of the choices, code)


def choices(name: str, *, words: str = "") -> list[Choice]:
    """The first MOST that hold every word, in their order. One query at most; KeyError for an unknown `name`."""
    return _source(name).offered(words.casefold().split())


def labels(asked: Mapping[str, Collection[str]]) -> Labels:
    """Of each code under the name of its choices. One query for each name whose codes are rows."""
    return {
        (name, code): label
        for name, codes in asked.items()
        if codes
        for code, label in _source(name).named(codes).items()
    }


def labels_of(rules: Rules, fields: Mapping[str, Field]) -> Labels:
    return labels(asked_by(rules, fields))


def asked_by(rules: Rules, fields: Mapping[str, Field]) -> Mapping[str, Collection[str]]:
    """Codes of a tree by the name of their choices. The tree need not have passed `check`."""
    found: dict[str, set[str]] = {}
    for _path, one in conditions(rules):
        known = fields.get(one.field)
        if known is None:
            continue
        asked = [(known.choices, known.kind, one.value)]
        for narrowing in one.where:
            if own := known.source.properties.get(narrowing.property):
                asked.append((own.choices, own.kind, narrowing.value))
        for name, kind, value in asked:
            if name and kind in (Kind.CHOICE, Kind.CHOICES) and isinstance(value, list):
                found.setdefault(name, set()).update(code.strip() for code in value if isinstance(code, str))
    return found


@dataclass(frozen=True, slots=True)
class _Words:
    """Codes that are words by themselves, or have words that are known without a query."""

    codes: Callable[[], Iterable[str]]
    label: Callable[[str], str] = str

    def offered(self, words: Sequence[str]) -> list[Choice]:
        found = ((code, self.label(code)) for code in self.codes())
        return [one for one in found if all(word in one[1].casefold() for word in words)][:MOST]

    def named(self, codes: Collection[str]) -> Mapping[str, str]:
        return {code: self.label(code) for code in codes}


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows that are known by their code. Those that are not offered any more are named still, and said to be gone."""

    model: type[Model]
    order: Sequence[Any]
    label: F | Expression = field(default_factory=lambda: F("name"))
    is_offered: Q = field(default_factory=lambda: Q(is_active=True))

    def offered(self, words: Sequence[str]) -> list[Choice]:
        found = self._all().filter(self.is_offered).order_by(*self.order)
        for word in words:
            found = found.filter(label__icontains=word)
        return list(found.values_list("code", "label")[:MOST])

    def named(self, codes: Collection[str]) -> Mapping[str, str]:
        is_gone = Case(When(self.is_offered, then=Value(False)), default=Value(True))
        found = self._all().annotate(is_gone=is_gone).filter(code__in=codes)
        known = {code: _gone(label) if gone else label for code, label, gone in found.values_list(*_NAMED)}
        return {code: known.get(code, _("(gone)")) for code in codes}

    def _all(self) -> Any:
        return self.model._default_manager.annotate(label=self.label)


_WEEKDAYS = {str(number + 1): name for number, name in WEEKDAYS.items()}  # as ISO 8601 counts them
_NAMED = ("code", "label", "is_gone")


def _gone(label: str) -> str:
    return _("%(name)s (gone)") % {"name": label}


def _either(name: str, other: str) -> Expression:
    return Coalesce(NullIf(name, Value("")), other, output_field=CharField())


def _country(code: str) -> str:
    return COUNTRIES[code].name if code in COUNTRIES else code


def _languages() -> list[str]:
    """Those that customers may read first; the others as they are called."""
    first = [code for code, _name in settings.PORTAL_LANGUAGES]
    return [*first, *sorted((code for code in LANG_INFO if _is_other_language(code, first)), key=_language)]


def _is_other_language(code: str, first: Sequence[str]) -> bool:
    return code not in first and "name" in LANG_INFO[code]


def _language(code: str) -> str:
    return _(LANG_INFO[code]["name"]) if "name" in LANG_INFO.get(code, {}) else code


def _of_products(column: str) -> Callable[[], Iterable[str]]:
    def known() -> Iterable[str]:
        found = Product.objects.exclude(**{column: ""}).order_by(column)
        return found.values_list(column, flat=True).distinct()[:_MOST_KNOWN]

    return known


def _rfm_group(code: str) -> str:
    return str(RFM_GROUPS[code].name) if code in RFM_GROUPS else code


def _churn_band(code: str) -> str:
    return str(dict(CustomerScores.Band.choices).get(code, code))


def _options(key: str) -> Iterable[str]:
    return next((own.options for own in definitions() if own.key == key), ())


_SOURCES: Mapping[str, _Words | _Rows] = {
    "countries": _Words(countries_of_customers, _country),
    "languages": _Words(_languages, _language),
    "tags": _Rows(Tag, [Lower("name"), "pk"], is_offered=Q(is_going=False)),
    "businesses": _Rows(Business, ["pk"]),
    "channels": _Words(channels_of_orders, channel_words),
    "products": _Rows(Product, ["label", "pk"], label=_either("title", "sku"), is_offered=Q(archived_at__isnull=True)),
    "categories": _Words(_of_products("category")),
    "vendors": _Words(_of_products("vendor")),
    "tiers": _Rows(Tier, ["rank"]),
    "rewards": _Rows(Reward, ["position", "points", "pk"]),
    "weekdays": _Words(lambda: _WEEKDAYS, lambda code: str(_WEEKDAYS.get(code, code))),
    "segments": _Rows(Segment, [Lower("name"), "pk"], is_offered=Q(archived_at__isnull=True)),
    "stamp_cards": _Rows(StampCard, ["position", "pk"]),
    "rfm_groups": _Words(lambda: RFM_GROUPS, _rfm_group),
    "archetypes": _Rows(
        Archetype,
        ["place", "pk"],
        label=_either("own_name", "found_name"),
        is_offered=Q(is_current=True, level=Archetype.Level.KIND),
    ),
    "churn_bands": _Words(lambda: CustomerScores.Band.values, _churn_band),
}


def _source(name: str) -> _Words | _Rows:
    kind, _colon, key = name.partition(":")
    return _Words(lambda: _options(key)) if kind == "attribute" else _SOURCES[name]
