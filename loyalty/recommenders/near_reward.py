"""Somebody is a few points short of a reward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy, ngettext

from core.presentation import format_points
from loyalty.recommenders.base import Asked, Evidence, Options, Parameter, Recommender, Suggestion, Words
from loyalty.reports_rewards import POINTS


def suggest(asked: Asked, options: Options) -> Mapping[int, Sequence[Suggestion]]:
    """The rewards that lack at most `within` points and nothing else, the nearest first."""
    found: dict[int, Sequence[Suggestion]] = {}
    for customer_id, rewards in asked.rewards.items():
        near = [one for one in rewards.rewards if one.state == POINTS and one.missing <= options["within"]]
        if near:
            near.sort(key=lambda one: (one.missing, one.reward.pk))
            found[customer_id] = [
                Suggestion(
                    {
                        "missing": one.missing,
                        "balance": rewards.balance,
                        "cost": one.reward.points,
                        "reward_id": one.reward.code,
                        "reward": one.reward.name,
                    },
                    one.reward.business_id,
                )
                for one in near
            ]
    return found


def to_member(evidence: Evidence) -> Words:
    text = ngettext(
        "Just %(points)s point to go: %(reward)s", "Just %(points)s points to go: %(reward)s", evidence["missing"]
    )
    reason = ngettext(
        "You have %(balance)s of %(cost)s point.", "You have %(balance)s of %(cost)s points.", evidence["cost"]
    )
    return Words(text % _facts(evidence), reason % _facts(evidence))


def to_staff(evidence: Evidence) -> Words:
    text = ngettext(
        "%(points)s point short of %(reward)s", "%(points)s points short of %(reward)s", evidence["missing"]
    )
    reason = ngettext(
        "They have %(balance)s of %(cost)s point.", "They have %(balance)s of %(cost)s points.", evidence["cost"]
    )
    return Words(text % _facts(evidence), reason % _facts(evidence))


def _facts(evidence: Evidence) -> dict[str, str]:
    return {
        "points": format_points(evidence["missing"]),
        "balance": format_points(evidence["balance"]),
        "cost": format_points(evidence["cost"]),
        "reward": evidence["reward"],
    }


RECOMMENDER = Recommender(
    name="near_reward",
    title=gettext_lazy("Near a reward"),
    explanation=gettext_lazy("Tells members who are a few points short of a reward that it is near."),
    icon="gift",
    suggest=suggest,
    to_member=to_member,
    to_staff=to_staff,
    parameters=(
        Parameter(
            "within", gettext_lazy("Points that may be missing"), "", 50, 1, 1_000_000,
        ),
    ),
)  # fmt: skip
