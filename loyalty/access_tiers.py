"""How a view reaches a tier. Tiers are the whole programme's: everybody of it sees them."""

from __future__ import annotations

from loyalty.errors import UnknownTier
from loyalty.models import Tier


def get_tier(code: str, *, write: bool = False) -> Tier:
    """A tier, also one that has ended; to `write` it is locked in the caller's transaction. Raises UnknownTier."""
    tiers = Tier.objects.filter(code=code)
    tier = (tiers.select_for_update() if write else tiers).first() if "\0" not in code else None
    if tier is None:
        raise UnknownTier()
    return tier
