"""One archetype beside all others: what is typical of its people, how it grew, and who is worth most."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import F
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.charts import Chart, Series
from core.clock import local_day
from core.presentation import format_number
from customers.models import Archetype, CustomerArchetype
from intelligence.engine.words import WORDS
from intelligence.features.registry import FEATURES, Feature
from intelligence.models import ArchetypeRun, FeatureRun
from intelligence.reports_features import say

SIZES = 60  # runs whose sizes a chart shows


@dataclass(frozen=True, slots=True)
class TraitBar:
    """`words` follow "they"; `percent` is the strength against the strongest."""

    words: str
    percent: float


def trait_bars(archetype: Archetype) -> list[TraitBar]:
    """What sets an archetype apart, the most telling first."""
    strongest = max((strength for _code, strength in archetype.traits), default=1) or 1
    return [
        TraitBar(WORDS[code].phrase, strength / strongest * 100)
        for code, strength in archetype.traits[:6]
        if code in WORDS
    ]


def size_chart(archetype: Archetype, zone: ZoneInfo) -> Chart | None:
    """Customers at the newest runs; None while there is one only. One query."""
    runs = ArchetypeRun.objects.order_by("-finished_at").values_list("finished_at", "found")[:SIZES]
    found = [(at, next((row["customers"] for row in rows if row["id"] == archetype.pk), 0)) for at, rows in runs][::-1]
    if len(found) < 2:
        return None
    first, last = found[0][1], found[-1][1]
    since = date_format(local_day(found[0][0], zone), "j F")
    text = {
        1: _("From %(first)s customers on %(since)s to %(last)s now."),
        0: _("As many customers now as on %(since)s: %(last)s."),
        -1: _("From %(first)s customers on %(since)s down to %(last)s now."),
    }[(last > first) - (last < first)]
    return Chart(
        id="size",
        title=_("Customers over time"),
        finding=text % {"first": format_number(first), "last": format_number(last), "since": since},
        labels=[date_format(local_day(at, zone), "j M") for at, _count in found],
        series=[Series(_("Customers"), [count for _at, count in found], shape="area")],
        axis_title=_("Run"),
    )


@dataclass(frozen=True, slots=True)
class TypicalRow:
    feature: Feature
    here: str
    everybody: str  # empty where it is not known


def typical_rows(archetype: Archetype, currency: str) -> list[TypicalRow]:
    """What half of an archetype's people have at most, beside everybody. One query."""
    usual, typical = usual_values(), archetype.typical
    return [
        TypicalRow(
            feature=feature,
            here=say(feature, typical[key], currency),
            everybody=say(feature, usual[key], currency) if key in usual else "",
        )
        for key, feature in FEATURES.items()
        if key in typical
    ]


def usual_values() -> dict[str, float]:
    """What half of all customers have at most, by feature. One query."""
    run = FeatureRun.objects.order_by("-finished_at").first()
    return {key: found[2] for key, found in run.figures.items() if len(found) > 2} if run else {}


def most_valued(archetype: Archetype, *, count: int = 10) -> list[CustomerArchetype]:
    """Those of an archetype who are worth most; who was not forecast yet comes last. One query."""
    members = CustomerArchetype.objects.filter(archetype=archetype, customer__state="active")
    value = F("customer__scores__value_12").desc(nulls_last=True)
    return list(members.select_related("customer", "customer__scores").order_by(value, "pk")[:count])
