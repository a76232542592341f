"""Suggest something to members, leave some out by chance, and note who came back.

Who is told is decided when a rule finds something for somebody, not before: those who were left out at the same moment
for the same reason are the fair comparison. Source: G. A. Johnson, R. A. Lewis, E. I. Nubbemeyer, "Ghost Ads:
Improving the Economics of Measuring Online Ad Effectiveness", Journal of Marketing Research 54 (2017).
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from core.actor import Actor
from loyalty.effects import wilson
from loyalty.errors import UnknownBusiness, UnknownCrossPromotion, UnknownRecommender
from loyalty.models import CoVisit, CrossPromotion, Recommendation, RecommenderSettings
from loyalty.recommenders import RECOMMENDERS, Asked, Evidence, Recommender, Suggestion, Words
from loyalty.values import changes_between, check, clean_line
from programs.actions.due_work import ensure_due
from workspace.actions import audit
from workspace.models import Business

Channel, Verdict = Recommendation.Channel, CrossPromotion.Verdict
AT_THE_TILL = timedelta(hours=3)  # a sale within it is the visit at which it was said
LATE_ORDERS = timedelta(days=7)  # sales may become known this much later
KEPT = timedelta(days=730)
MOST_PROMOTIONS = 500
LEARN = "loyalty.recommendations.learn"
MAX_HOLD_BACK = 50
OUTCOME_DAYS = (7, 90)


# -- what the owner decides -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleValues:
    """See RecommenderSettings. `parameters` are those of the rule; one that is missing has its default."""

    is_active: bool = True
    parameters: Mapping[str, int] = field(default_factory=dict)
    hold_back: int = 10
    outcome_days: int = 30


def find_recommender(name: str) -> Recommender:
    """Raises UnknownRecommender."""
    found = RECOMMENDERS.get(name)
    if found is None:
        raise UnknownRecommender()
    return found


def rules_now() -> Mapping[str, RuleValues]:
    """Every rule as it is used now, in their order. One query."""
    rows = {row.name: row for row in RecommenderSettings.objects.all()}
    return {name: _values_of(rule, rows.get(name)) for name, rule in RECOMMENDERS.items()}


def _values_of(rule: Recommender, row: RecommenderSettings | None) -> RuleValues:
    if row is None:
        return RuleValues(parameters=rule.defaults)
    kept = {name: row.parameters.get(name, default) for name, default in rule.defaults.items()}
    return RuleValues(is_active=row.is_active, parameters=kept, hold_back=row.hold_back, outcome_days=row.outcome_days)


def change_rule(*, name: str, values: RuleValues, actor: Actor) -> RuleValues:
    """Use a rule like this from now on; what was suggested before keeps its days.

    Raises UnknownRecommender, InvalidInput at the first field that is wrong, and PermissionRefused for people limited
    to one business.
    """
    actor.check_sees_all()
    rule = find_recommender(name)
    values = _checked(rule, values)
    with transaction.atomic():
        RecommenderSettings.objects.get_or_create(name=name)
        row = RecommenderSettings.objects.select_for_update().get(name=name)
        changed = changes_between(_flat(_values_of(rule, row)), _flat(values))
        for each, value in asdict(values).items():
            setattr(row, each, value)
        row.save()
        if changed:
            audit.record(actor, "loyalty.recommender.changed", subject=f"recommender:{name}", data={"changes": changed})
            ensure_due(kind=LEARN, by=timezone.now())
    return values


def _checked(rule: Recommender, values: RuleValues) -> RuleValues:
    unknown = set(values.parameters) - set(rule.defaults)
    check(not unknown, next(iter(unknown), ""), gettext_lazy("This rule has no such parameter."))
    full = rule.defaults | dict(values.parameters)
    for one in rule.parameters:
        text = gettext_lazy("Enter a whole number from %(least)s to %(most)s.")
        check(one.least <= full[one.name] <= one.most, one.name, text % {"least": one.least, "most": one.most})
    check(
        0 <= values.hold_back <= MAX_HOLD_BACK, "hold_back", gettext_lazy("Leave out between 0 and 50 of 100 members.")
    )
    least, most = OUTCOME_DAYS
    check(least <= values.outcome_days <= most, "outcome_days", gettext_lazy("Enter between 7 and 90 days."))
    return RuleValues(
        is_active=values.is_active, parameters=full, hold_back=values.hold_back, outcome_days=values.outcome_days
    )


def _flat(values: RuleValues) -> dict[str, object]:
    return {
        "is_active": values.is_active,
        "hold_back": values.hold_back,
        "outcome_days": values.outcome_days,
        **values.parameters,
    }


def set_cross_promotion(
    *, business: str, other: str, verdict: str, text: str = "", actor: Actor, now: datetime
) -> CrossPromotion:
    """Always or never suggest `other` to those who buy at `business` ("" for anywhere); said again, it is the new word.

    Names are codes. Raises UnknownBusiness, InvalidInput, and PermissionRefused for people limited to one business.
    """
    actor.check_sees_all()
    text = clean_line(text, 140, "text")
    check(verdict in Verdict.values, "verdict", gettext_lazy("Say always or never."))
    check(business != other, "other", gettext_lazy("Choose another business than the first."))
    with transaction.atomic():
        pair = (_business(business) if business else None, _business(other))
        check(
            CrossPromotion.objects.count() < MOST_PROMOTIONS,
            "other",
            gettext_lazy("There are 500 of these. Delete one that is not needed any more."),
        )
        made, _new = CrossPromotion.objects.update_or_create(
            business=pair[0],
            other=pair[1],
            defaults={"verdict": verdict, "text": text if verdict == Verdict.ALWAYS else "", "created_at": now},
        )
        audit.record(actor, "loyalty.cross_promotion.set", subject=f"business:{other}", data=_told(made))
    return made


def delete_cross_promotion(*, code: str, actor: Actor) -> None:
    """Let the figures decide again. Raises UnknownCrossPromotion, PermissionRefused."""
    actor.check_sees_all()
    with transaction.atomic():
        found = CrossPromotion.objects.select_for_update(of=("self",)).select_related("business", "other")
        promotion = found.filter(code=code).first() if "\0" not in code else None
        if promotion is None:
            raise UnknownCrossPromotion()
        told = _told(promotion)
        promotion.delete()
        audit.record(actor, "loyalty.cross_promotion.deleted", subject=f"business:{promotion.other.code}", data=told)


def _business(code: str) -> Business:
    found = Business.objects.active().filter(code=code).first() if "\0" not in code else None
    if found is None:
        raise UnknownBusiness()
    return found


def _told(promotion: CrossPromotion) -> dict[str, object]:
    business = promotion.business
    return {"verdict": promotion.verdict, "business": business.code if business else "", "text": promotion.text}


# -- suggest ----------------------------------------------------------------------------------------------------------


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
    """The rows that still run. Those whose days are over are closed, so that a new one can begin."""
    people = {customer_id for customer_id, _name in found}
    rows = list(Recommendation.objects.filter(customer__in=people, is_open=True))
    over = [row.pk for row in rows if row.ends_at <= now]
    if over:
        Recommendation.objects.filter(pk__in=over).update(is_open=False)
    return {(row.customer_id, row.rule): row for row in rows if row.ends_at > now}


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


# -- learn ------------------------------------------------------------------------------------------------------------

_LEARN = """
WITH seen AS MATERIALIZED (
    SELECT DISTINCT o.customer_id, o.business_id
    FROM customers_order o JOIN customers_customer c ON c.id = o.customer_id
    WHERE o.placed_at > %(since)s AND o.placed_at <= %(now)s AND o.status <> 'cancelled' AND c.state = 'active'
), sizes AS (SELECT business_id, count(*) AS people FROM seen GROUP BY business_id)
SELECT a.business_id, b.business_id, count(*), min(here.people), min(there.people),
       (SELECT count(DISTINCT customer_id) FROM seen)
FROM seen a
JOIN seen b ON b.customer_id = a.customer_id AND b.business_id <> a.business_id
JOIN sizes here ON here.business_id = a.business_id
JOIN sizes there ON there.business_id = b.business_id
GROUP BY a.business_id, b.business_id
"""


def learn_co_visits(*, now: datetime) -> int:
    """Count anew who buys where, for every pair of businesses. Returns how many pairs share somebody."""
    days = rules_now()["co_visits"].parameters["window"]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LEARN, {"since": now - timedelta(days=days), "now": now})
        pairs = [
            CoVisit(
                business_id=business, other_id=other, both=both, here=here, there=there, everybody=everybody,
                low=wilson(both, here).low, learned_at=now,
            )
            for business, other, both, here, there, everybody in cursor.fetchall()
        ]  # fmt: skip
        CoVisit.objects.all().delete()
        CoVisit.objects.bulk_create(pairs)
    return len(pairs)


def learn_soon(*, actor: Actor, now: datetime) -> None:
    """Let the background count anew at once. Raises PermissionRefused for people limited to one business."""
    actor.check_sees_all()
    ensure_due(kind=LEARN, by=now)
