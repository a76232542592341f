"""What a rule is, and the facts about members that rules share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Count, Max
from django.utils.functional import Promise

from core.clock import local_day
from core.tenancy import active_programme
from customers.models import Order
from loyalty.reports_rewards import MemberRewards, rewards_of_members
from workspace.models import Business

Evidence = Mapping[str, Any]  # JSON-safe: whole numbers, texts, ISO dates
Options = Mapping[str, int]

LOOKS_BACK = timedelta(days=730)  # visits before that say nothing about today


@dataclass(frozen=True, slots=True)
class Parameter:
    """A whole number that the owner decides, from `least` to `most`; `unit` is read behind it."""

    name: str
    label: str | Promise
    unit: str | Promise
    default: int
    least: int
    most: int
    help_text: str | Promise = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a rule found for a member. `business_id` is where it sends them, if to one place."""

    evidence: Evidence
    business_id: int | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """`text` is the suggestion, `reason` why it is made."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommender:
    """A rule. `suggest` gives what it found for each member, the best first, or leaves a member out; it reads only.

    `at_target`: only a purchase at the suggested business counts as coming back. The words are made from the evidence
    alone, in the language that is active: one set for the member, one for whoever serves them.
    """

    name: str
    title: str | Promise
    explanation: str | Promise
    icon: str
    suggest: Callable[[Asked, Options], Mapping[int, Sequence[Suggestion]]]
    to_member: Callable[[Evidence], Words]
    to_staff: Callable[[Evidence], Words]
    parameters: Sequence[Parameter] = field(default_factory=tuple)
    at_target: bool = False

    @property
    def defaults(self) -> dict[str, int]:
        return {one.name: one.default for one in self.parameters}


@dataclass(frozen=True, slots=True)
class Visits:
    """How often a member bought at a business in LOOKS_BACK, and when last."""

    business_id: int
    number: int
    last_at: datetime


class Asked:
    """The members that are asked about, and what rules want to know of them: each fact is read once, when first needed.

    A handful of queries, however many members there are.
    """

    def __init__(self, customer_ids: Sequence[int], *, now: datetime) -> None:
        self.customer_ids = customer_ids
        self.now = now

    @cached_property
    def visits(self) -> Mapping[int, Sequence[Visits]]:
        """For each member who bought: one entry for each business, the latest first."""
        bought = Order.objects.filter(
            customer__in=self.customer_ids, placed_at__gt=self.now - LOOKS_BACK, placed_at__lte=self.now
        ).exclude(status=Order.Status.CANCELLED)
        rows = bought.values_list("customer_id", "business_id").annotate(number=Count("pk"), last=Max("placed_at"))
        found: dict[int, list[Visits]] = defaultdict(list)
        for customer_id, business_id, number, last_at in rows.order_by("-last", "business_id"):
            if customer_id is not None:
                found[customer_id].append(Visits(business_id, number, last_at))
        return found

    @cached_property
    def businesses(self) -> Mapping[int, Business]:
        """The businesses that take part now."""
        return {one.pk: one for one in Business.objects.active()}

    @cached_property
    def rewards(self) -> Mapping[int, MemberRewards]:
        return rewards_of_members(self.customer_ids, now=self.now)

    def day_of(self, moment: datetime) -> date:
        """The programme's day."""
        return local_day(moment, active_programme().zone)
