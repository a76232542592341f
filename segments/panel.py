"""What stands beside the rows while a segment is built: who matches now, how that moved, and five of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.clock import local_day
from core.presentation import format_money, format_number
from core.requests import StaffRequest
from customers.models import Customer
from customers.reports.customer_list import name_and_contact
from customers.words import clock_time
from segments.choices import labels_of
from segments.describe import Describer
from segments.fields.base import Field
from segments.judging import Judged
from segments.models import Segment
from segments.reports.overview import sizes
from segments.reports.preview import SPENT_DAYS, Figures, Preview, preview
from segments.rules import pruned
from segments.statement import Moment

RISKY = 0.5  # a mean of churn from which on it is coloured


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    value: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    label: str
    people: int
    percent: float


@dataclass(frozen=True, slots=True)
class Sampled:
    code: str
    name: str
    away: str
    spent: Decimal


@dataclass(frozen=True, slots=True)
class Panel:
    """`total` None: it could not be counted; `is_slow` says that it only takes longer."""

    total: int | None = None
    share: str = ""  # of everybody, in words
    at: str = ""
    sentence: str = ""  # what is asked, as a person would say it
    is_slow: bool = False
    is_empty: bool = False  # nothing is asked yet
    figures: Sequence[Figure] = ()
    channels: Sequence[Channel] = ()
    people: Sequence[Sampled] = ()
    seed: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    growth: Sequence[tuple[str, int]] = ()
    by_hand: int = 0

    @property
    def is_counted(self) -> bool:
        return self.total is not None

    @property
    def has_others(self) -> bool:
        return self.total is not None and self.total > len(self.people)

    @property
    def spark(self) -> list[int]:
        return [people for _day, people in self.growth]


def panel_of(
    judged: Judged, fields: Mapping[str, Field], request: StaffRequest, segment: Segment | None, *, seed: int = 0
) -> Panel:
    now, zone, currency = timezone.now(), request.programme.zone, request.programme.currency
    daily = sizes(segment, today=local_day(now, zone)) if segment else []
    growth = [(date_format(day, "j M"), people) for day, people in daily[::-1][::7][::-1]]
    if judged.rules is None:
        return Panel(growth=growth)
    if pruned(judged.rules.match) is None:
        return Panel(is_empty=True, growth=growth)
    found = preview(judged.rules, fields, Moment(now, zone), actor=request.actor, seed=str(seed) if seed else "")
    if found.total is None or found.figures is None:
        return Panel(is_slow=True, growth=growth)
    return Panel(
        total=found.total,
        share=_share(found.total, found.everyone),
        at=clock_time(now, zone),
        sentence=Describer(fields, labels_of(judged.rules, fields), currency).sentence(judged.rules),
        figures=_figures(found, found.figures, currency),
        channels=[
            Channel(_("Text"), found.figures.sms, _percent(found.figures.sms, found.total)),
            Channel(_("E-mail"), found.figures.email, _percent(found.figures.email, found.total)),
        ],
        people=[_sampled(one, request) for one in found.sample],
        seed=seed,
        counts=found.counts or {},
        growth=growth,
        by_hand=segment.choices.count() if segment else 0,
    )


def _figures(found: Preview, figures: Figures, currency: str) -> list[Figure]:
    none = "–"
    mean = figures.spent / found.total if found.total else None
    low, high = figures.likely_back or (0, 0)
    back = _("%(low)s to %(high)s") % {"low": format_number(low), "high": format_number(high)}
    risk = "" if figures.churn is None else f"{format_number(figures.churn * 100)}%"
    spent = ngettext("Spent, %(days)s day", "Spent, %(days)s days", SPENT_DAYS) % {"days": SPENT_DAYS}
    return [
        Figure(spent, format_money(figures.spent, currency, whole=True)),
        Figure(_("Each, on average"), none if mean is None else format_money(mean, currency)),
        Figure(_("Churn risk"), risk or none, "warning" if figures.churn and figures.churn >= RISKY else ""),
        Figure(_("Likely to come back"), none if figures.likely_back is None else back),
    ]


def _sampled(customer: Customer, request: StaffRequest) -> Sampled:
    now, zone = timezone.now(), request.programme.zone
    facts = getattr(customer, "facts", None)
    last = facts.last_order_at if facts else None
    if last is None:
        away = _("never bought")
    else:
        days = (local_day(now, zone) - local_day(last, zone)).days
        text = ngettext("%(count)s day away", "%(count)s days away", days)
        away = text % {"count": format_number(days)} if days else _("bought today")
    name = name_and_contact(customer, request.programme.country)[0]
    return Sampled(customer.code, name, away, facts.total_spent if facts else Decimal(0))


def _share(part: int, whole: int) -> str:
    words = _("%(percent)s%% of all") % {"percent": format_number(_percent(part, whole), 1)}
    return words if part else ""


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0
