"""How a view reaches a reward or a claim: another business's and a missing one are the same 404."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import PermissionRefused
from loyalty.errors import UnknownHold, UnknownReward
from loyalty.models import Hold, Reward


def visible_rewards(actor: Actor) -> QuerySet[Reward]:
    """The rewards that are given where the actor is, in their order: those of all businesses and of the own one."""
    rewards = Reward.objects.select_related("business", "tier")
    if actor.business_id is None:
        return rewards
    return rewards.filter(Q(business__isnull=True) | Q(business_id=actor.business_id))


def get_reward(actor: Actor, code: str, *, write: bool = False) -> Reward:
    """A reward; to `write` it is locked, in the caller's transaction, so that no sale takes one meanwhile.

    Raises UnknownReward, and PermissionRefused where somebody limited to a business wants to change one of all.
    """
    rewards = visible_rewards(actor).filter(code=code)
    reward = (rewards.select_for_update(of=("self",)) if write else rewards).first() if "\0" not in code else None
    if reward is None:
        raise UnknownReward()
    if write and not may_change(actor, reward):
        raise PermissionRefused(_("This reward is given at all businesses. Ask somebody who sees all of them."))
    return reward


def may_change(actor: Actor, reward: Reward) -> bool:
    return actor.business_id is None or reward.business_id == actor.business_id


def get_claim(actor: Actor, code: str) -> Hold:
    """Points that were set aside under `code`, in any state, as people type it: spaces, dashes and capitals aside.

    A claim that its member made without a place is shown to every business where it can be redeemed.
    Raises UnknownHold.
    """
    typed = "".join(code.split()).replace("-", "").lower()
    holds = Hold.objects.select_related(
        "transaction__reward__business", "transaction__business", "account__customer", "settled_by"
    )
    hold = holds.filter(transaction__code=typed).first() if "\0" not in typed else None
    if hold is None or not _is_visible(actor, hold):
        raise UnknownHold()
    return hold


def _is_visible(actor: Actor, hold: Hold) -> bool:
    made = hold.transaction
    if actor.business_id is None or made.business_id == actor.business_id:
        return True
    return made.business_id is None and made.reward is not None and made.reward.business_id in (None, actor.business_id)
