"""The rewards of the demo programmes, made through the product's own action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.actor import Actor
from loyalty.actions.rewards import RewardValues, create_reward
from loyalty.models import Reward


@dataclass(frozen=True, slots=True)
class DemoReward:
    """`shop` is the key of a business of the demo; empty: every business."""

    name: str
    points: int
    icon: str
    description: str = ""
    shop: str = ""
    stock: int | None = None
    member_limit: int | None = None


def make_rewards(wanted: Sequence[DemoReward], shops: Mapping[str, int], actor: Actor) -> Mapping[str, str]:
    """The codes of the rewards by name; those that a load before has made are left as they are."""
    codes = dict(Reward.objects.values_list("name", "code"))
    for reward in wanted:
        if reward.name in codes:
            continue
        values = RewardValues(
            name=reward.name,
            points=reward.points,
            icon=reward.icon,
            description=reward.description,
            business_id=shops[reward.shop] if reward.shop else None,
            member_limit=reward.member_limit,
        )
        codes[reward.name] = create_reward(values=values, stock=reward.stock, actor=actor).code
    return codes
