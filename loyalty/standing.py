"""Where a member stands among the programme's tiers, and what they gain next. Reads only.

Tiers are judged in SQL when something happens (`migrations/sql/tiers.sql`); this shows what was judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.clock import local_day
from core.presentation import format_money, format_number, format_points
from core.tenancy import active_programme
from loyalty import rules
from loyalty.balances import settings_now
from loyalty.models import Account, LoyaltySettings, Reward, Tier, TierChange

Basis = LoyaltySettings.TierBasis
SHOWN_REWARDS = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """A member among the tiers. Amounts are in what the programme counts (`basis`): points, money or visits.

    `collected` is theirs in the window that ends now, `missing` what the next tier still asks for (0: there is none).
    The tier is kept up to and with the day `kept_until` (None: for good), in grace until `ends_on`; `to_keep` is what
    they still need by then to keep it for another period (0: nothing).
    """

    basis: str
    window_months: int | None
    collected: Decimal
    tier: Tier | None
    since: datetime | None
    kept_until: date | None
    ends_on: date | None
    is_in_grace: bool
    to_keep: Decimal
    next_tier: Tier | None
    missing: Decimal
    gains: Sequence[str]

    @property
    def percent(self) -> int:
        """How far it is to the next tier, 0 to 100; 100 at the highest."""
        if self.next_tier is None:
            return 100
        return min(99, int(self.collected * 100 / self.next_tier.threshold))

    @property
    def collected_text(self) -> str:
        return amount_text(self.collected, self.basis)

    @property
    def missing_text(self) -> str:
        return amount_text(self.missing, self.basis)

    @property
    def to_keep_text(self) -> str:
        return amount_text(self.to_keep, self.basis)


def amount_text(amount: Decimal, basis: str) -> str:
    """ "320 points", "£120.00" or "3 visits", in the language that is active."""
    if basis == Basis.SPEND:
        return format_money(amount, active_programme().currency)
    number = int(amount)
    if basis == Basis.VISITS:
        return ngettext("%(number)s visit", "%(number)s visits", number) % {"number": format_points(number)}
    return ngettext("%(points)s point", "%(points)s points", number) % {"points": format_points(number)}


def standing_of(customer_id: int, *, now: datetime) -> Standing | None:
    """A customer among the tiers at `now`; None where the programme has no tiers. Up to six queries.

    Who is no member has collected nothing.
    """
    tiers = list(Tier.objects.filter(is_active=True).order_by("rank"))
    if not tiers:
        return None
    account = Account.objects.filter(pk=customer_id).first()
    settings, zone = settings_now(), active_programme().zone
    months = settings.tier_window_months
    collected = Decimal(0)
    if account is not None:
        collected = collected_by(customer_id, settings.tier_basis, rules.window_start(now, months, zone), now)
    mine = next((tier for tier in tiers if account is not None and tier.pk == account.tier_id), None)
    above = [tier for tier in tiers if tier.rank > (mine.rank if mine else 0)]
    next_tier = above[0] if above else None
    kept_until = account.tier_kept_until if account is not None and mine is not None else None
    to_keep = Decimal(0)
    if mine is not None and kept_until is not None:
        since = rules.window_start(max(kept_until, now), months, zone)
        to_keep = max(mine.threshold - collected_by(customer_id, settings.tier_basis, since, now), Decimal(0))
    return Standing(
        basis=settings.tier_basis,
        window_months=months,
        collected=collected,
        tier=mine,
        since=account.tier_since if account is not None and mine is not None else None,
        kept_until=_last_day(kept_until),
        ends_on=_last_day(kept_until and rules.available_at(kept_until, settings.tier_grace_days, zone)),
        is_in_grace=kept_until is not None and kept_until <= now,
        to_keep=to_keep,
        next_tier=next_tier,
        missing=max(next_tier.threshold - collected, Decimal(0)) if next_tier else Decimal(0),
        gains=gains_of(next_tier) if next_tier else (),
    )


def collected_by(customer_id: int, basis: str, since: datetime | None, until: datetime) -> Decimal:
    """What a customer collected from `since` (None: ever) to `until`, as tiers count it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT loyalty_tier_figure(%s::bigint, %s, coalesce(%s::timestamptz, '-infinity'), %s::timestamptz, %s)",
            [customer_id, basis, since, until, active_programme().time_zone],
        )
        return Decimal(cursor.fetchone()[0])


def gains_of(tier: Tier) -> list[str]:
    """What members of a tier get, in words: more points, what the shop wrote, rewards of its own."""
    gains = []
    if tier.factor > 1:
        gains.append(_("%(factor)s times the points") % {"factor": factor_text(tier.factor)})
    if tier.benefits:
        gains.append(tier.benefits)
    names = list(Reward.objects.filter(tier=tier, is_active=True).values_list("name", flat=True)[:SHOWN_REWARDS])
    gains.extend(_("Reward: %(name)s") % {"name": name} for name in names)
    return gains


def factor_text(factor: Decimal) -> str:
    """ "2", "1.5", "1.25" in the language that is active."""
    plain = factor.normalize()
    return format_number(plain, max(0, -int(plain.as_tuple().exponent)))


@dataclass(frozen=True, slots=True)
class TierStep:
    """A line of a member's history: what happened, in words, and when."""

    text: str
    reason: str
    by: str
    at: datetime
    kept_until: date | None
    change: TierChange


def tier_history(customer_id: int, *, most: int | None = 20) -> list[TierStep]:
    """What happened to a member's tier, newest first (`most` None: all of it). One query."""
    changes = TierChange.objects.filter(account_id=customer_id).select_related("tier", "before").order_by("-pk")
    return [
        TierStep(change_text(one), one.reason, one.actor_label, one.at, _last_day(one.kept_until), one)
        for one in changes[:most]
    ]


def change_text(change: TierChange) -> str:
    """A change of tier in words."""
    cause, names = (
        TierChange.Cause(change.cause),
        {
            "tier": change.tier.name if change.tier else "",
            "before": change.before.name if change.before else "",
        },
    )
    if cause == TierChange.Cause.REACHED:
        return _("Reached %(tier)s") % names
    if cause == TierChange.Cause.RENEWED:
        return _("Keeps %(tier)s for another period") % names
    if cause == TierChange.Cause.SET:
        return _("%(tier)s, given by hand") % names if change.tier else _("What was given by hand was taken back")
    if cause == TierChange.Cause.RETIRED:
        return (_("%(before)s ended, now %(tier)s") if change.tier else _("%(before)s ended")) % names
    if cause == TierChange.Cause.UNDONE:
        text = _("%(before)s lost: a purchase was given back. Now %(tier)s")
        return (text if change.tier else _("%(before)s lost: a purchase was given back")) % names
    return (
        _("%(before)s not reached again, now %(tier)s") if change.tier else _("%(before)s not reached again")
    ) % names


def _last_day(moment: datetime | None) -> date | None:
    """The last whole day before a moment, in the programme's zone."""
    if moment is None:
        return None
    return local_day(moment - timedelta(microseconds=1), active_programme().zone)
