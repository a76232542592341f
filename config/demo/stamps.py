"""The stamp card of the demo: made when the last weeks begin, stamped by their sales as any other."""

from __future__ import annotations

from datetime import datetime

from core.actor import Actor
from loyalty.actions.stamp_cards import CardValues, create_card
from loyalty.models import StampCard

CARD = "Coffee card"
WEEKS = 3  # of stamps: enough for full cards, and quick to load


def make_card(business_id: int, actor: Actor, *, now: datetime) -> None:
    """Nine coffees and the tenth is free, from `now` on; made once."""
    if not StampCard.objects.filter(name=CARD).exists():
        values = CardValues(name=CARD, gives="A free coffee", stamps=9, day_limit=2, business_id=business_id)
        create_card(values=values, actor=actor, now=now)
