"""Where people begin with an earning rule: kinds of rules in their words, and which fields each kind has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from loyalty.models import EarningRule

Trigger, Effect = EarningRule.Trigger, EarningRule.Effect


@dataclass(frozen=True, slots=True)
class Shape:
    """`main` fields are always shown, `more` behind "More conditions"."""

    trigger: str
    effect: str
    main: Sequence[str]
    more: Sequence[str] = ("business", "starts_on", "ends_on")
    has_basket: bool = True  # an example sale shows what it does


_TIME = ("weekdays", "from_time", "to_time")
SHAPES: Mapping[str, Shape] = {
    "multiply": Shape(
        Trigger.SALE,
        Effect.MULTIPLY,
        ("name", "factor", "categories", "products", *_TIME),
        ("min_spend", "is_first_purchase", "birthday_days", "tier", "business", "starts_on", "ends_on", "stacks"),
    ),
    "bonus": Shape(
        Trigger.SALE,
        Effect.BONUS,
        ("name", "points", "min_spend", "is_first_purchase", "categories", "products"),
        (*_TIME, "birthday_days", "tier", "business", "starts_on", "ends_on"),
    ),
    "cap": Shape(
        Trigger.SALE, Effect.CAP, ("name", "points", "per"), (*_TIME, "tier", "business", "starts_on", "ends_on")
    ),
    "join": Shape(Trigger.JOIN, Effect.BONUS, ("name", "points"), ("starts_on", "ends_on")),
    "birthday": Shape(
        Trigger.BIRTHDAY, Effect.BONUS, ("name", "points"), ("tier", "business", "starts_on", "ends_on"), False
    ),
    "action": Shape(Trigger.ACTION, Effect.BONUS, ("name", "action", "points", "per_limit", "per"), has_basket=False),
}


@dataclass(frozen=True, slots=True)
class Start:
    slug: str
    shape: Shape
    icon: str
    title: str | Promise
    text: str | Promise
    initial: Mapping[str, Any] = field(default_factory=dict)


STARTS: Sequence[Start] = (
    Start(
        "day",
        SHAPES["multiply"],
        "repeat",
        _("Double points on a day"),
        _("Fill a quiet day: everything counts twice."),
        {"name": _("Double points on Tuesday"), "factor": "2", "weekdays": ["2"]},
    ),
    Start(
        "happy-hour",
        SHAPES["multiply"],
        "clock",
        _("Happy hour"),
        _("More points between two times of the day."),
        {"name": _("Happy hour"), "factor": "2", "from_time": "15:00", "to_time": "17:00"},
    ),
    Start(
        "category",
        SHAPES["multiply"],
        "shapes",
        _("A category"),
        _("More points on what you would like to sell more of."),
        {"name": _("Double points on coffee"), "factor": "2", "categories": "coffee"},
    ),
    Start(
        "product",
        SHAPES["multiply"],
        "package",
        _("A product"),
        _("More points on single products, by stock code."),
        {"name": _("Triple points on the product of the month"), "factor": "3"},
    ),
    Start(
        "min-spend",
        SHAPES["bonus"],
        "shopping-bag",
        _("A bonus from an amount on"),
        _("A reason to add one more thing to the basket."),
        {"name": _("Bonus for large baskets"), "points": "50", "min_spend": "30"},
    ),
    Start(
        "first-purchase",
        SHAPES["bonus"],
        "sparkles",
        _("A bonus for the first purchase"),
        _("Makes the first visit worth a second one."),
        {"name": _("First visit bonus"), "points": "50", "is_first_purchase": True},
    ),
    Start(
        "birthday",
        SHAPES["birthday"],
        "gift",
        _("A birthday gift"),
        _("Points by themselves on the member’s birthday, once a year."),
        {"name": _("Happy birthday"), "points": "100"},
    ),
    Start(
        "sign-up",
        SHAPES["join"],
        "user-plus",
        _("A sign-up bonus"),
        _("Points for joining, before the first sale counts."),
        {"name": _("Welcome"), "points": "50"},
    ),
    Start(
        "action",
        SHAPES["action"],
        "message-square-text",
        _("A bonus for an action"),
        _("For a review, an event or whatever your systems report."),
        {"name": _("Thank you for the review"), "points": "20", "action": "review", "per": "month", "per_limit": 1},
    ),
    Start(
        "cap",
        SHAPES["cap"],
        "shield-check",
        _("A limit"),
        _("At most so many points in a sale, a day or a month."),
        {"name": _("Daily limit"), "points": "500", "per": "day"},
    ),
)


def shape_of(rule: EarningRule) -> Shape:
    return next(one for one in SHAPES.values() if (one.trigger, one.effect) == (rule.trigger, rule.effect))


def find_start(slug: str) -> Start | None:
    return next((start for start in STARTS if start.slug == slug), None)
