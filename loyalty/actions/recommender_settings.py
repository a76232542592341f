"""What the owner decides about recommendations: which rules are used and how, and which business goes with which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from core.actor import Actor
from loyalty.errors import UnknownBusiness, UnknownCrossPromotion, UnknownRecommender
from loyalty.models import CrossPromotion, RecommenderSettings
from loyalty.recommenders import RECOMMENDERS, Recommender
from loyalty.values import changes_between, check, clean_line
from programs.actions.due_work import ensure_due
from workspace.actions import audit
from workspace.models import Business

Verdict = CrossPromotion.Verdict
LEARN = "loyalty.recommendations.learn"
MOST_PROMOTIONS = 500
MAX_HOLD_BACK = 50
OUTCOME_DAYS = (7, 90)


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
        others = CrossPromotion.objects.exclude(business=pair[0], other=pair[1])
        check(
            others.count() < MOST_PROMOTIONS,
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
