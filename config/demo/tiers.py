"""The tiers of the demo programmes: made through the product's own action, where the product itself suggests them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from core.actor import Actor
from loyalty.actions.tiers import TierValues, create_tier
from loyalty.balances import settings_now
from loyalty.models import Tier
from loyalty.tasks import apply_tiers
from screens.reports_tiers import suggested_tiers


@dataclass(frozen=True, slots=True)
class DemoTier:
    name: str
    factor: str = "1"
    benefits: str = ""


def make_tiers(wanted: Sequence[DemoTier], actor: Actor, *, now: datetime) -> None:
    """Three tiers that members have from `now` on, by what they collected until then; made once."""
    if not Tier.objects.exists():
        numbers = suggested_tiers(settings_now(), now=now)
        with transaction.atomic():
            for step, tier in enumerate(wanted, start=1):
                values = TierValues(
                    name=tier.name,
                    threshold=Decimal(numbers[f"threshold_{step}"]),
                    factor=Decimal(tier.factor),
                    benefits=tier.benefits,
                )
                create_tier(values=values, actor=actor, now=now)
    apply_tiers(now)
