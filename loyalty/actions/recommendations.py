"""Suggest something to members, leave some out by chance, and note who came back.

Who is told is decided when a rule finds something for somebody, not before: those who were left out at the same moment
for the same reason are the fair comparison. Source: G. A. Johnson, R. A. Lewis, E. I. Nubbemeyer, "Ghost Ads:
Improving the Economics of Measuring Online Ad Effectiveness", Journal of Marketing Research 54 (2017).
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from loyalty.actions.recommender_settings import RuleValues, rules_now
from loyalty.models import Recommendation
from loyalty.recommenders import RECOMMENDERS, Asked, Evidence, Recommender, Suggestion, Words

Channel = Recommendation.Channel
AT_THE_TILL = timedelta(hours=3)  # a sale within it is the visit at which it was said
LATE_ORDERS = timedelta(days=7)  # sales may become known this much later
KEPT = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class Recommended:
    """What a rule says to a member now. Without a `code` it was only looked at; `is_held`: the member is not told."""

    rule: Recommender
    evidence: Evidence
    code: str = ""
    is_held: bool = False

    @property
    def to_member(self) -> Words:
        return self.rule.to_member(self.evidence)

    @property
    def to_staff(self) -> Words:
        return self.rule.to_staff(self.evidence)


def recommend(
    customer_ids: Sequence[int], *, channel: str, till_business_id: int | None = None, now: datetime
) -> Mapping[int, Sequence[Recommended]]:
    """What these members are told now, by the rules in their order. Who is left out by chance is noted and not told.

    Asked again, a rule says the same to the same member until its days are over: nobody is drawn twice. Two queries
    and what the rules in use read, however many members are asked about.
    """
    rules = {name: values for name, values in rules_now().items() if values.is_active}
    found = _suggestions(customer_ids, rules, now)
    if not found:
        return {}
    standing = _open_rows(found, now)
    fresh = [
        _draw(customer_id, rule, rules[rule.name], options[0], channel, till_business_id, now)
        for (customer_id, name), (rule, options) in found.items()
        if (customer_id, name) not in standing
    ]
    if fresh:
        # What is over makes room for a new one.
        Recommendation.objects.filter(customer__in=_people(found), is_open=True, ends_at__lte=now).update(is_open=False)
        Recommendation.objects.bulk_create(fresh, ignore_conflicts=True)
        standing = _open_rows(found, now)  # somebody else may have drawn first
    told: dict[int, list[Recommended]] = {}
    for (customer_id, name), (rule, options) in found.items():
        row = standing.get((customer_id, name))
        suggestion = _still_meant(rule, row, options) if row else None
        if row is not None and suggestion is not None and not row.is_held:
            told.setdefault(customer_id, []).append(Recommended(rule, suggestion.evidence, row.code))
    return told


def look_at(customer_id: int, *, now: datetime) -> Sequence[Recommended]:
    """What the rules find for a member now, for staff: nothing is drawn or noted by looking."""
    rules = {name: values for name, values in rules_now().items() if values.is_active}
    found = _suggestions([customer_id], rules, now)
    standing = _open_rows(found, now)
    seen = []
    for key, (rule, options) in found.items():
        row = standing.get(key)
        suggestion = _still_meant(rule, row, options) if row else options[0]
        if suggestion is not None:
            seen.append(Recommended(rule, suggestion.evidence, row.code if row else "", row.is_held if row else False))
    return seen


Found = Mapping[tuple[int, str], tuple[Recommender, Sequence[Suggestion]]]


def _suggestions(customer_ids: Sequence[int], rules: Mapping[str, RuleValues], now: datetime) -> Found:
    asked = Asked(customer_ids, now=now)
    return {
        (customer_id, name): (RECOMMENDERS[name], suggestions)
        for name, values in rules.items()
        for customer_id, suggestions in RECOMMENDERS[name].suggest(asked, values.parameters).items()
    }


def _open_rows(found: Found, now: datetime) -> Mapping[tuple[int, str], Recommendation]:
    """The rows that still run."""
    rows = Recommendation.objects.filter(customer__in=_people(found), is_open=True, ends_at__gt=now)
    return {(row.customer_id, row.rule): row for row in rows}


def _people(found: Found) -> set[int]:
    return {customer_id for customer_id, _name in found}


def _still_meant(rule: Recommender, row: Recommendation, options: Sequence[Suggestion]) -> Suggestion | None:
    """Of what the rule finds now, what the row is about: where only one business counts, that one."""
    if not rule.at_target:
        return options[0]
    return next((one for one in options if one.business_id == row.business_id), None)


def _draw(
    customer_id: int,
    rule: Recommender,
    values: RuleValues,
    suggestion: Suggestion,
    channel: str,
    till_business_id: int | None,
    now: datetime,
) -> Recommendation:
    is_elsewhere = rule.at_target and suggestion.business_id != till_business_id
    counts_from = now if till_business_id is None or is_elsewhere else now + AT_THE_TILL
    return Recommendation(
        customer_id=customer_id,
        rule=rule.name,
        is_held=secrets.randbelow(100) < values.hold_back,
        channel=channel,
        business_id=suggestion.business_id,
        till_business_id=till_business_id,
        at_target=rule.at_target,
        evidence=dict(suggestion.evidence),
        made_at=now,
        counts_from=counts_from,
        ends_at=counts_from + timedelta(days=values.outcome_days),
    )


# -- who came back ----------------------------------------------------------------------------------------------------


_RETURNS = """
UPDATE loyalty_recommendation r SET order_id = first.id, came_back_at = first.placed_at
FROM loyalty_recommendation mine
LEFT JOIN LATERAL (
    SELECT o.id, o.placed_at FROM customers_order o
    WHERE o.customer_id = mine.customer_id AND o.placed_at >= mine.counts_from AND o.placed_at < mine.ends_at
      AND o.status <> 'cancelled' AND (NOT mine.at_target OR o.business_id = mine.business_id)
    ORDER BY o.placed_at, o.id LIMIT 1
) first ON true
WHERE mine.id = r.id AND mine.ends_at > %(since)s AND r.order_id IS DISTINCT FROM first.id
  AND (%(people)s::bigint[] IS NULL OR mine.customer_id = ANY(%(people)s))
"""


def note_returns(*, now: datetime, customer_ids: Collection[int] | None = None) -> int:
    """Read from the orders who came back, of these people or of all, and close what is over. Safe to repeat.

    The first purchase counts; one that is cancelled later does not, and the next one does. Returns how many changed.
    """
    people = None if customer_ids is None else list(customer_ids)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_RETURNS, {"since": now - LATE_ORDERS, "people": people})
        changed: int = cursor.rowcount
        Recommendation.objects.filter(is_open=True, ends_at__lte=now).update(is_open=False)
    return changed


def forget_recommendations(*, customer_id: int) -> None:
    """Nothing of what was suggested to an erased person stays."""
    Recommendation.objects.filter(customer=customer_id).delete()


def sweep_recommendations(*, now: datetime) -> int:
    """Delete what is older than KEPT. Returns how many."""
    number, _each = Recommendation.objects.filter(ends_at__lt=now - KEPT).delete()
    return number
