"""All kinds of insight, and what they say of an analysis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from core.presentation import format_money, format_number
from intelligence.analysis.findings import Findings

FAMILIES = ("people", "sales", "goods")  # modules of this package, read once


@dataclass(frozen=True, slots=True)
class Said:
    """One card. `money` is for the next 90 days, in the programme's currency, by the rule that `formula` names; None:
    it cannot be told in money. `action` opens `href`."""

    title: str
    text: str
    evidence: Sequence[str]
    money: float | None = None
    formula: str = ""
    action: str = ""
    href: str = ""
    is_good: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What a kind is given: the findings, and how to write figures."""

    found: Findings
    currency: str

    @property
    def base_words(self) -> str:
        """What the window is compared with, after "… did"."""
        return _("a year ago") if self.found.sales.is_of_year else _("in the 90 days before")

    def money(self, amount: float) -> str:
        return format_money(amount, self.currency, whole=abs(amount) >= 100)

    def number(self, value: float, decimals: int = 0) -> str:
        return format_number(value, decimals)

    def percent(self, share: float) -> str:
        return f"{format_number(share * 100, 1)}%"


Tell = Callable[[Asked], Said | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """`needs` says in words when it speaks."""

    code: str
    name: str | Promise
    needs: str | Promise
    tell: Tell


@dataclass(frozen=True, slots=True)
class Insight:
    code: str
    said: Said


@dataclass(frozen=True, slots=True)
class Told:
    """`insights` with the most money first; `silent` had nothing to say."""

    insights: Sequence[Insight] = field(default_factory=list)
    silent: Sequence[Kind] = field(default_factory=list)


KINDS: dict[str, Kind] = {}


def insight(code: str, *, name: str | Promise, needs: str | Promise) -> Callable[[Tell], Tell]:
    def register(tell: Tell) -> Tell:
        KINDS[code] = Kind(code, name, needs, tell)
        return tell

    return register


def insights_of(found: Findings, currency: str) -> Told:
    """What there is to say, in the active language. No query."""
    for family in FAMILIES:
        import_module(f"intelligence.insights.{family}")
    asked = Asked(found, currency)
    said = {kind.code: kind.tell(asked) for kind in KINDS.values()}
    spoken = [Insight(code, one) for code, one in said.items() if one is not None]
    spoken.sort(key=lambda one: (-(one.said.money or 0), one.code))
    return Told(spoken, [KINDS[code] for code, one in said.items() if one is None])


def link(url_name: str, *args: object, **query: object) -> str:
    path = reverse(url_name, args=args)
    return f"{path}?{urlencode(query)}" if query else path
