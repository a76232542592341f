from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from core.actor import Actor
from core.clock import Period

if TYPE_CHECKING:
    from loyalty.models import AffiliateLine, CoVisit, CrossPromotion, Recommendation, Referral, Transaction


MERGE = "points.merge"  # the endpoint of what moves points between two entries of one person


def _undoing(*kinds: str) -> Q:
    """What undoes such a transaction, and what undoes that, as far as people go: three times over."""
    return Q(kind="reverse") & (
        Q(reverses__kind__in=kinds)
        | Q(reverses__reverses__kind__in=kinds)
        | Q(reverses__reverses__reverses__kind__in=kinds)
    )


# The transactions behind a figure of the reports; the same as the flows of `loyalty.point_flows`.
FLOW_RULES: Mapping[str, Q] = {
    "issued": Q(kind__in=["earn", "bonus", "referral"]) | Q(kind="adjust", points__gt=0),
    "taken": Q(kind="adjust", points__lt=0) | _undoing("earn", "bonus", "referral", "adjust"),
    "redeemed": Q(kind="redeem") | _undoing("redeem"),
    "expired": Q(kind="expire") | _undoing("expire"),
}


class TransactionQuerySet(models.QuerySet["Transaction"]):
    def done(self) -> TransactionQuerySet:
        """What happened; refusals and repeats are answers, not history."""
        return self.filter(status="done")

    def told_to_members(self) -> TransactionQuerySet:
        """Without what a merge moved: the sales and gifts came along, and say where the points are from."""
        return self.exclude(key_endpoint=MERGE)

    def within(self, period: Period) -> TransactionQuerySet:
        return self.filter(at__gte=period.start, at__lt=period.end)

    def of_flow(self, flow: str) -> TransactionQuerySet:
        """What a report counts as issued, taken (back), redeemed or expired."""
        return self.filter(FLOW_RULES[flow])

    def visible_to(self, actor: Actor) -> TransactionQuerySet:
        """Everything, or for people limited to one business what happened there."""
        return self if actor.business_id is None else self.filter(business_id=actor.business_id)


class ReferralQuerySet(models.QuerySet["Referral"]):
    def open(self) -> ReferralQuerySet:
        """Those that can still give points."""
        return self.filter(state__in=["pending", "review"])

    def visible_to(self, actor: Actor) -> ReferralQuerySet:
        """Everything, or for people limited to one business what was claimed or bought there."""
        if actor.business_id is None:
            return self
        return self.filter(Q(business_id=actor.business_id) | Q(order__business_id=actor.business_id))


class AffiliateLineQuerySet(models.QuerySet["AffiliateLine"]):
    def open(self) -> AffiliateLineQuerySet:
        """Those that no payout has."""
        return self.filter(payout__isnull=True)

    def visible_to(self, actor: Actor) -> AffiliateLineQuerySet:
        """Everything, or for people limited to one business what its sales made."""
        return self if actor.business_id is None else self.filter(business_id=actor.business_id)


class CoVisitQuerySet(models.QuerySet["CoVisit"]):
    def visible_to(self, actor: Actor) -> CoVisitQuerySet:
        """Everything, or for people limited to one business the pairs that it is part of."""
        if actor.business_id is None:
            return self
        return self.filter(Q(business_id=actor.business_id) | Q(other_id=actor.business_id))


class CrossPromotionQuerySet(models.QuerySet["CrossPromotion"]):
    def visible_to(self, actor: Actor) -> CrossPromotionQuerySet:
        """Everything, or for people limited to one business the owner's words that name it."""
        if actor.business_id is None:
            return self
        return self.filter(Q(business_id=actor.business_id) | Q(other_id=actor.business_id))


class RecommendationQuerySet(models.QuerySet["Recommendation"]):
    def visible_to(self, actor: Actor) -> RecommendationQuerySet:
        """Everything, or for people limited to one business what suggested it or was said at its tills."""
        if actor.business_id is None:
            return self
        return self.filter(Q(business_id=actor.business_id) | Q(till_business_id=actor.business_id))
