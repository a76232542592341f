"""Who buys here buys there, too: a business that the member does not know, learned from all members (`CoVisit`).

The owner's word (`CrossPromotion`) goes first, either way. docs/algorithms/recommendations.md works an example.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.models import CoVisit, CrossPromotion
from loyalty.recommenders.base import Asked, Evidence, Options, Parameter, Recommender, Suggestion, Visits, Words
from workspace.models import Business

LEARNED, OWNER = "learned", "owner"
MOST = 5  # for one member


def suggest(asked: Asked, options: Options) -> Mapping[int, Sequence[Suggestion]]:
    """Businesses that a member has not bought at for `unknown_days`: the owner's first, then the likeliest."""
    if len(asked.businesses) < 2:
        return {}
    wanted, unwanted = _promotions(asked.businesses)
    learned = _learned(options)
    since = asked.now - timedelta(days=options["unknown_days"])
    found: dict[int, Sequence[Suggestion]] = {}
    for customer_id in asked.customer_ids:
        known = [one for one in asked.visits.get(customer_id, ()) if one.last_at > since]
        suggestions = _for_one(known, wanted, unwanted, learned, asked.businesses)
        if suggestions:
            found[customer_id] = suggestions[:MOST]
    return found


def _for_one(
    known: Sequence[Visits],
    wanted: Sequence[CrossPromotion],
    unwanted: set[tuple[int | None, int]],
    learned: Mapping[int, Sequence[CoVisit]],
    businesses: Mapping[int, Business],
) -> list[Suggestion]:
    here = {one.business_id for one in known}
    found: dict[int, Suggestion] = {}
    for promotion in wanted:
        applies = promotion.business_id is None or promotion.business_id in here
        if applies and promotion.other_id not in here and promotion.other_id not in found:
            found[promotion.other_id] = _chosen(promotion, businesses)
    for pair in sorted(_pairs(here, learned), key=lambda one: (-one.low, one.pk)):
        is_free = pair.other_id in businesses and pair.other_id not in here and pair.other_id not in found
        if is_free and not unwanted & {(None, pair.other_id), (pair.business_id, pair.other_id)}:
            found[pair.other_id] = _likely(pair, businesses)
    return list(found.values())


def _pairs(here: Iterable[int], learned: Mapping[int, Sequence[CoVisit]]) -> Iterable[CoVisit]:
    return (pair for business_id in here for pair in learned.get(business_id, ()))


def _promotions(businesses: Mapping[int, Business]) -> tuple[list[CrossPromotion], set[tuple[int | None, int]]]:
    """What the owner wants suggested, in the order of their words, and what not."""
    wanted, unwanted = [], set()
    for one in CrossPromotion.objects.order_by("pk"):
        if one.verdict == CrossPromotion.Verdict.NEVER:
            unwanted.add((one.business_id, one.other_id))
        elif one.other_id in businesses:
            wanted.append(one)
    return wanted, unwanted


def _learned(options: Options) -> Mapping[int, Sequence[CoVisit]]:
    """The pairs that enough people stand behind, by the business where they begin."""
    found: dict[int, list[CoVisit]] = defaultdict(list)
    for pair in CoVisit.objects.filter(both__gte=options["least_both"], low__gte=options["least_percent"] / 100):
        found[pair.business_id].append(pair)
    return found


def _chosen(promotion: CrossPromotion, businesses: Mapping[int, Business]) -> Suggestion:
    other, here = businesses[promotion.other_id], businesses.get(promotion.business_id or 0)
    evidence = {
        "chosen_by": OWNER,
        "business_id": other.code,
        "business": other.name,
        "because_business_id": here.code if here else None,
        "because_business": here.name if here else None,
        "note": promotion.text,
    }
    return Suggestion(evidence, other.pk)


def _likely(pair: CoVisit, businesses: Mapping[int, Business]) -> Suggestion:
    other, here = businesses[pair.other_id], businesses.get(pair.business_id)
    evidence = {
        "chosen_by": LEARNED,
        "business_id": other.code,
        "business": other.name,
        "because_business_id": here.code if here else None,
        "because_business": here.name if here else None,
        "both": pair.both,
        "here": pair.here,
        "percent": pair.percent,
    }
    return Suggestion(evidence, other.pk)


def to_member(evidence: Evidence) -> Words:
    return Words(_("Have you been to %(business)s?") % evidence, _reason(evidence))


def to_staff(evidence: Evidence) -> Words:
    return Words(_("Has not been to %(business)s") % evidence, _reason(evidence))


def _reason(evidence: Evidence) -> str:
    if evidence["chosen_by"] == OWNER:
        if evidence["note"]:
            return str(evidence["note"])
        if evidence["because_business"]:
            return _("%(because_business)s recommends it.") % evidence
        return _("We recommend it.")
    if not evidence["because_business"]:
        return _("Many of our members buy there.")
    return _("%(percent)s of 100 customers of %(because_business)s buy there, too.") % evidence


RECOMMENDER = Recommender(
    name="co_visits",
    title=gettext_lazy("Other businesses"),
    explanation=gettext_lazy("Suggests a business that a member does not know, where others who buy the same way go."),
    icon="store",
    suggest=suggest,
    to_member=to_member,
    to_staff=to_staff,
    at_target=True,
    parameters=(
        Parameter(
            "window", gettext_lazy("Learned from the last"), gettext_lazy("days"), 180, 30, 730,
        ),
        Parameter(
            "least_both", gettext_lazy("People who bought at both, at least"), "", 10, 5, 100_000,
        ),
        Parameter(
            "least_percent", gettext_lazy("They are at least so many of 100"), "%", 10, 1, 100,
            gettext_lazy("Surely: the lower end of the range that the count allows."),
        ),
        Parameter(
            "unknown_days", gettext_lazy("Where a member has not bought for"), gettext_lazy("days"), 365, 30, 730,
        ),
    ),
)  # fmt: skip
