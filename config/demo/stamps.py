"""The stamp card of the demo: made when the last weeks begin, stamped by their sales as any other."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.actor import Actor
from loyalty.actions.stamp_cards import CardValues, create_card
from loyalty.actions.stamps import use_reward
from loyalty.models import StampCard, StampReward

CARD = "Coffee card"
WEEKS = 3  # of stamps: enough for full cards, and quick to load


def make_card(business_id: int, actor: Actor, *, now: datetime) -> None:
    """Five coffees and the sixth is free, from `now` on; made once."""
    if not StampCard.objects.filter(name=CARD).exists():
        values = CardValues(name=CARD, gives="A free coffee", stamps=5, day_limit=2, business_id=business_id)
        create_card(values=values, actor=actor, now=now)


def use_full_cards(business_id: int, actor: Actor, *, now: datetime) -> None:
    """Two of three members come back for their free coffee, the day after their card was full."""
    ready = StampReward.objects.filter(state=StampReward.State.READY, made_at__lt=now - timedelta(hours=12))
    for pk, code in ready.order_by("pk").values_list("pk", "code"):
        if pk % 3:
            use_reward(reward=code, key=f"demo-{code}", actor=actor, now=now, business=business_id)
