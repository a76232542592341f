"""What the pages about earning rules show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.utils.translation import gettext as _

from core.actor import Actor
from core.clock import local_day
from core.presentation import format_points
from customers.models import Product
from loyalty.access import visible_rules
from loyalty.actions.rule_trial import RuleTrial
from loyalty.explain import ExplainedLine
from loyalty.models import EarningRule
from loyalty.rule_words import sentence_of
from programs.models import Programme

MOST_CATEGORIES = 6


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule of the list. `place` is its place among all rules, from 1; `badge` says what keeps it from working."""

    rule: EarningRule
    sentence: str
    place: int
    is_last: bool
    may_edit: bool
    badge: str
    tone: str


def rule_rows(*, actor: Actor, programme: Programme, now: datetime, may_edit: bool) -> Sequence[RuleRow]:
    """The rules that hold where the actor is, in their order. One query."""
    today = local_day(now, programme.zone)
    rules = list(visible_rules(actor))
    rows = []
    for place, rule in enumerate(rules, 1):
        badge, tone = _("On"), "success"
        if not rule.is_active:
            badge, tone = _("Off"), ""
        elif rule.ends_on and rule.ends_on < today:
            badge, tone = _("Over"), ""
        elif rule.starts_on and rule.starts_on > today:
            badge, tone = _("Soon"), "accent"
        is_mine = may_edit and (actor.business_id is None or rule.business_id == actor.business_id)
        sentence = sentence_of(rule, programme.currency)
        rows.append(RuleRow(rule, sentence, place, place == len(rules), is_mine, badge, tone))
    return rows


@dataclass(frozen=True, slots=True)
class TrialLine:
    line: ExplainedLine
    is_own: bool  # of the rule that is tried


@dataclass(frozen=True, slots=True)
class TrialCard:
    """The example sale explained; `verdict` says in a sentence what the rule changes."""

    lines: Sequence[TrialLine]
    points: int
    verdict: str
    tone: str


def trial_card(trial: RuleTrial) -> TrialCard:
    lines = [TrialLine(line, line.rule == trial.rule_code) for line in trial.with_rule.lines]
    difference = format_points(abs(trial.difference))
    if trial.difference > 0:
        verdict, tone = _("This rule adds %(points)s here.") % {"points": difference}, "success"
    elif trial.difference < 0:
        verdict, tone = _("This rule takes %(points)s away here.") % {"points": difference}, "warning"
    else:
        verdict, tone = _("This rule changes nothing here. Try another day, hour, member or basket."), "info"
    return TrialCard(lines, trial.points, verdict, tone)


def known_categories() -> Sequence[str]:
    """The categories that most products have."""
    found = Product.objects.exclude(category="").values("category").annotate(products=Count("pk"))
    return list(found.order_by("-products", "category").values_list("category", flat=True)[:MOST_CATEGORIES])
