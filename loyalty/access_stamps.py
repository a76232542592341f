"""How a view reaches a stamp card or a full one: another business's and a missing one are the same 404."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import PermissionRefused
from loyalty.errors import UnknownStampCard, UnknownStampEntry, UnknownStampReward
from loyalty.models import StampCard, StampEntry, StampReward


def visible_cards(actor: Actor) -> QuerySet[StampCard]:
    """The stamp cards of where the actor is, in their order: those of all businesses and of the own one."""
    cards = StampCard.objects.select_related("business")
    if actor.business_id is None:
        return cards
    return cards.filter(Q(business__isnull=True) | Q(business_id=actor.business_id))


def get_card(actor: Actor, code: str, *, write: bool = False) -> StampCard:
    """A stamp card; to `write` it is locked, in the caller's transaction.

    Raises UnknownStampCard, and PermissionRefused where somebody limited to a business wants to change one of all.
    """
    cards = visible_cards(actor).filter(code=code)
    card = (cards.select_for_update(of=("self",)) if write else cards).first() if "\0" not in code else None
    if card is None:
        raise UnknownStampCard()
    if write and not may_change(actor, card):
        raise PermissionRefused(_("This card holds for all businesses. Ask somebody who sees all of them."))
    return card


def may_change(actor: Actor, card: StampCard) -> bool:
    return actor.business_id is None or card.business_id == actor.business_id


def get_stamp_reward(actor: Actor, code: str) -> StampReward:
    """A full card by its code, as people type it: spaces, dashes and capitals aside. Raises UnknownStampReward."""
    typed = "".join(code.split()).replace("-", "").lower()
    rewards = StampReward.objects.select_related("book__card__business", "book__account__customer")
    if actor.business_id is not None:
        rewards = rewards.filter(Q(book__card__business__isnull=True) | Q(book__card__business_id=actor.business_id))
    reward = rewards.filter(code=typed).first() if "\0" not in typed else None
    if reward is None:
        raise UnknownStampReward()
    return reward


def get_stamp_entry(actor: Actor, code: str) -> StampEntry:
    """Stamps that came or went, where the actor is. Raises UnknownStampEntry."""
    entries = StampEntry.objects.select_related("book__card", "book__account__customer")
    if actor.business_id is not None:
        entries = entries.filter(business_id=actor.business_id)
    entry = entries.filter(code=code).first() if "\0" not in code else None
    if entry is None:
        raise UnknownStampEntry()
    return entry
