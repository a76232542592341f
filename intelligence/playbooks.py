"""What is worth doing after a run, by thresholds that the owner sets: whom to treat as VIPs, whom to win back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from customers.models import CustomerScores
from intelligence.models import IntelligenceSettings


class Worth(Protocol):
    """Figures of an archetype; value and churn are means, None before the first forecast."""

    customers: int
    value_12: Decimal | None
    churn: float | None
    value_at_risk: Decimal | None


class Play(StrEnum):
    VIPS = "vips"  # an archetype that is worth much, of enough people for a campaign
    RETENTION = "retention"  # one whose people are about to stay away
    VIP_TIER = "vip_tier"  # customers who are worth much, wherever they are


@dataclass(frozen=True, slots=True)
class Idea:
    """`archetype` None: it is about customers of all of them. `money`, of the programme's currency, is at stake."""

    play: Play
    customers: int
    money: Decimal
    archetype: Worth | None = None


def ideas(archetypes: Sequence[Worth], settings: IntelligenceSettings) -> list[Idea]:
    """What calls for a campaign, the most money first. One query."""
    found = [idea for one in archetypes for idea in _of_archetype(one, settings)]
    rich = CustomerScores.objects.filter(value_12__gt=settings.vip_customer_value).count()
    if rich:
        found.append(Idea(Play.VIP_TIER, rich, rich * settings.vip_customer_value))
    return sorted(found, key=lambda idea: -idea.money)


def _of_archetype(one: Worth, settings: IntelligenceSettings) -> list[Idea]:
    if one.value_12 is None or one.churn is None or not one.customers:
        return []
    found = []
    if one.value_12 > settings.vip_value and one.customers > settings.vip_customers:
        found.append(Idea(Play.VIPS, one.customers, one.value_12 * one.customers, one))
    if one.churn > settings.retention_churn and one.value_at_risk:
        found.append(Idea(Play.RETENTION, one.customers, one.value_at_risk, one))
    return found
