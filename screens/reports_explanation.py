"""Why one customer is seen as they are: the kind they belong to, what sets them apart, and what is expected of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.actor import Actor
from core.presentation import format_money
from customers.models import Customer, CustomerArchetype, CustomerScores
from intelligence.features.registry import FEATURES, Feature
from intelligence.models import IntelligenceSettings
from intelligence.reports_archetype import usual_values
from intelligence.reports_features import features_of, say

CARD_NEEDS = ("archetype__archetype", "archetype__second")  # for select_related


@dataclass(frozen=True, slots=True)
class ArchetypeCard:
    """`percent`: how sure it is. `otherwise` is what they are most like after that, or empty."""

    code: str
    name: str
    description: str
    percent: int
    otherwise: str
    otherwise_code: str
    since: str


def archetype_card(customer: Customer, actor: Actor) -> ArchetypeCard | None:
    """None for who never bought, and for people limited to one business. `customer` brings CARD_NEEDS."""
    found: CustomerArchetype | None = getattr(customer, "archetype", None)
    if found is None or actor.business_id is not None:
        return None
    return ArchetypeCard(
        code=found.archetype.code,
        name=found.archetype.name,
        description=found.archetype.description,
        percent=round(found.confidence * 100),
        otherwise=found.second.name if found.second else "",
        otherwise_code=found.second.code if found.second else "",
        since=date_format(found.since, "j F Y"),
    )


@dataclass(frozen=True, slots=True)
class Beside:
    """One feature of the customer, of the typical one of their kind, and of everybody; empty where it is not known."""

    feature: Feature
    own: str
    typical: str
    everybody: str


def beside_the_typical(customer: Customer, *, day: date, currency: str) -> list[Beside]:
    """What archetypes are made of, for one customer as of a day, who brings CARD_NEEDS. Two queries."""
    own = features_of(customer.pk, today=day)
    member: CustomerArchetype | None = getattr(customer, "archetype", None)
    if own is None or member is None:
        return []
    usual, typical = usual_values(), member.archetype.typical
    return [
        Beside(
            feature=feature,
            own=say(feature, own[key], currency),
            typical=say(feature, typical[key], currency),
            everybody=say(feature, usual[key], currency) if key in usual else "",
        )
        for key, feature in FEATURES.items()
        if key in typical
    ]


@dataclass(frozen=True, slots=True)
class Worths:
    """What is expected in 3, 6 and 12 months, and how that is counted, in words."""

    values: Sequence[tuple[str, str]]
    low: Decimal
    high: Decimal
    expected: Decimal
    range_text: str
    at_risk: str
    counted: str


def worths(scores: CustomerScores, settings: IntelligenceSettings, currency: str) -> Worths:
    def money(amount: Decimal) -> str:
        return format_money(amount, currency)

    amounts = ((3, scores.value_3), (6, scores.value_6), (12, scores.value_12))
    counted = _("As money of today, at %(rate)s%% a year.") % {"rate": _percent(settings.discount_rate)}
    if settings.margin < 1:
        counted += " " + _("Of what is spent, %(margin)s%% counts.") % {"margin": _percent(settings.margin)}
    return Worths(
        values=[(ngettext("%(count)s month", "%(count)s months", n) % {"count": n}, money(a)) for n, a in amounts],
        low=scores.value_12_low,
        high=scores.value_12_high,
        expected=scores.value_12,
        range_text=_("%(low)s to %(high)s") % {"low": money(scores.value_12_low), "high": money(scores.value_12_high)},
        at_risk=money(scores.value_at_risk),
        counted=counted,
    )


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f}"
