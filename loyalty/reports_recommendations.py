"""What became of what was suggested: who came back and when, of those who were told and of those left out by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q
from django.db.models.functions import ExtractDay

from core.actor import Actor
from loyalty.actions.recommender_settings import RuleValues, rules_now
from loyalty.effects import Effect, difference
from loyalty.models import CoVisit, CrossPromotion, Recommendation
from loyalty.querysets import RecommendationQuerySet
from loyalty.recommenders import RECOMMENDERS, Recommender

DAYS = 365  # what the figures look back on
ENOUGH = 30  # members of a group; fewer say nothing yet
MOST_PAIRS = 60

TOLD, LEFT_OUT = "told", "left_out"
BACK, AWAY, RUNNING = "back", "away", "running"
GROUPS: Mapping[str, Q] = {TOLD: Q(is_held=False), LEFT_OUT: Q(is_held=True)}


@dataclass(frozen=True, slots=True)
class Group:
    """Members whose days are over. `by_day[n]`: how many came back on day n after it was said, from 0."""

    members: int = 0
    by_day: Mapping[int, int] = field(default_factory=dict)

    @property
    def came_back(self) -> int:
        return sum(self.by_day.values())

    @property
    def share(self) -> float:
        return self.came_back / self.members if self.members else 0.0

    @property
    def median_days(self) -> int | None:
        """Of those who came back, the day by which half of them had. None where nobody did."""
        seen = 0
        for day, number in sorted(self.by_day.items()):
            seen += number
            if 2 * seen >= self.came_back:
                return day
        return None

    def share_by(self, day: int) -> float:
        """Of all members of the group, those who were back by the end of day `day`."""
        back = sum(number for each, number in self.by_day.items() if each <= day)
        return back / self.members if self.members else 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule did. `running` members still have their days; `effect` is told less left out, in shares."""

    rule: Recommender
    values: RuleValues
    running: int
    told: Group
    left_out: Group

    @property
    def effect(self) -> Effect | None:
        return difference(self.told.came_back, self.told.members, self.left_out.came_back, self.left_out.members)

    @property
    def verdict(self) -> str:
        """`nothing` yet, too `early`, `works`, `harms`, or `unclear`: chance alone may do as much."""
        effect = self.effect
        if not self.told.members and not self.left_out.members:
            return "nothing"
        if effect is None or min(self.told.members, self.left_out.members) < ENOUGH:
            return "early"
        if not effect.is_clear:
            return "unclear"
        return "works" if effect.difference > 0 else "harms"


def outcomes(*, actor: Actor, now: datetime) -> Sequence[Outcome]:
    """Of every rule, in their order, over DAYS days. Three queries."""
    rules, found = rules_now(), _recent(actor, now)
    ended = found.filter(ends_at__lte=now).annotate(day=ExtractDay(F("came_back_at") - F("counts_from")))
    counted: dict[tuple[str, bool], dict[int | None, int]] = {}
    for name, is_held, day, number in (
        ended.values_list("rule", "is_held", "day").annotate(number=Count("pk")).order_by()
    ):
        counted.setdefault((name, is_held), {})[day] = number
    running = dict(found.filter(ends_at__gt=now).values_list("rule").annotate(number=Count("pk")).order_by())
    return [
        Outcome(
            RECOMMENDERS[name],
            values,
            running.get(name, 0),
            _group(counted.get((name, False), {})),
            _group(counted.get((name, True), {})),
        )
        for name, values in rules.items()
    ]


def _group(days: Mapping[int | None, int]) -> Group:
    return Group(sum(days.values()), {day: number for day, number in days.items() if day is not None})


def _recent(actor: Actor, now: datetime) -> RecommendationQuerySet:
    return Recommendation.objects.visible_to(actor).filter(made_at__gt=now - timedelta(days=DAYS))


def rows_of(rule: str, *, group: str, outcome: str, actor: Actor, now: datetime) -> RecommendationQuerySet:
    """The rows behind a figure; "" for `group` or `outcome` means all of them."""
    found = _recent(actor, now).filter(GROUPS.get(group, Q()), rule=rule)
    wanted: dict[str, Any] = {
        BACK: Q(ends_at__lte=now, came_back_at__isnull=False),
        AWAY: Q(ends_at__lte=now, came_back_at__isnull=True),
        RUNNING: Q(ends_at__gt=now),
    }
    return found.filter(wanted.get(outcome, Q())).select_related("customer", "business", "till_business", "order")


def learned_pairs(*, actor: Actor, most: int = MOST_PAIRS) -> Sequence[CoVisit]:
    """Who buys where, too: the likeliest pairs first. One query."""
    found = CoVisit.objects.visible_to(actor).filter(business__is_active=True, other__is_active=True)
    return list(found.select_related("business", "other").order_by("-low", "pk")[:most])


def promotions(*, actor: Actor) -> Sequence[CrossPromotion]:
    """The owner's words, the first said first. One query."""
    return list(CrossPromotion.objects.visible_to(actor).select_related("business", "other").order_by("pk"))
