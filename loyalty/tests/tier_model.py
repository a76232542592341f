"""Tiers in plain Python, by their definition (docs/algorithms/tiers.md): the SQL is compared with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from loyalty import rules

NONE = -1


@dataclass
class Sale:
    at: datetime
    net: int  # what is left of it: points, or money


@dataclass(frozen=True)
class Claim:
    """A tier that was reached at a moment, by what was collected in the window that ended then (None: as a gift)."""

    tier: int
    at: datetime
    kept_until: datetime | None
    needs: int | None


@dataclass
class Rules:
    thresholds: list[int]
    basis: str
    window_months: int | None
    keep_months: int | None
    grace_days: int
    drops_to: str
    zone: ZoneInfo


@dataclass
class Member:
    """`tier` is a place in the thresholds, or NONE."""

    rules: Rules
    sales: list[Sale] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    tier: int = NONE
    kept_until: datetime | None = None

    def collected(self, at: datetime) -> int:
        since = rules.window_start(at, self.rules.window_months, self.rules.zone)
        counted = [
            sale for sale in self.sales if (since is None or sale.at >= since) and sale.at <= at and sale.net > 0
        ]
        if self.rules.basis == "visits":
            return len({sale.at.astimezone(self.rules.zone).date() for sale in counted})
        return sum(sale.net for sale in counted)

    def reached(self, at: datetime) -> int:
        have = self.collected(at)
        return max((place for place, asked in enumerate(self.rules.thresholds) if asked <= have), default=NONE)

    def grace_ends(self, kept_until: datetime) -> datetime:
        return rules.available_at(kept_until, self.rules.grace_days, self.rules.zone)

    def stands(self, claim: Claim, at: datetime, reached: int) -> bool:
        is_past = claim.kept_until is not None and claim.kept_until <= at
        if is_past and (claim.tier <= reached or self.grace_ends(claim.kept_until) <= at):
            return False
        return claim.needs is None or self.collected(claim.at) >= claim.needs

    def judge(self, at: datetime) -> None:
        reached = self.reached(at)
        fresh = rules.expires_at(at, self.rules.keep_months, self.rules.zone)
        standing = [one for one in self.claims if one.tier >= max(reached, 0) and self.stands(one, at, reached)]
        best = max(standing, key=lambda one: (one.tier, one.kept_until is None, one.kept_until), default=None)
        is_over = self.kept_until is not None and self.grace_ends(self.kept_until) <= at
        tier = best.tier if best else reached
        if tier < self.tier and is_over and self.rules.drops_to == "next" and self.tier - 1 > tier:
            self._claim(Claim(self.tier - 1, at, fresh, None))
        elif best is not None:
            self.tier, self.kept_until = best.tier, best.kept_until
        elif reached == NONE:
            self.tier, self.kept_until = NONE, None
        else:
            self._claim(Claim(reached, at, fresh, self.rules.thresholds[reached]))

    def _claim(self, claim: Claim) -> None:
        self.claims.append(claim)
        self.tier, self.kept_until = claim.tier, claim.kept_until
