"""What the pages about tiers show: the ladder, its rules in words, a start, and how many members would be where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.actions.tiers import TierSettings
from loyalty.models import LoyaltySettings, Reward, Tier
from loyalty.reports_tiers import collected_at_shares, members_by_tier, members_reaching
from loyalty.standing import Standing, TierStep, amount_text, factor_text, standing_of, tier_history
from screens.forms_tiers import typed_number

Basis = LoyaltySettings.TierBasis
TONES = ("1", "2", "3", "4", "5", "6", "7")
# The best two in five, one in seven and one in twenty-five: most members see the first step within reach.
SHARES = (0.4, 0.15, 0.04)
FALLBACK = {
    Basis.POINTS: (100, 300, 1000),
    Basis.SPEND: (100, 300, 1000),
    Basis.VISITS: (5, 15, 40),
}
FRIENDLY = tuple(Decimal(text) for text in ("1", "1.2", "1.5", "2", "2.5", "3", "4", "5", "6", "8", "10"))


@dataclass(frozen=True, slots=True)
class TierRow:
    """One step of the ladder. `members` is None for people limited to one business, who do not see everybody."""

    tier: Tier
    asks: str
    factor: str  # empty: as everybody
    rewards: Sequence[str]
    members: int | None
    customers_url: str
    tone: str


class Part(NamedTuple):
    """Members of one step, for the `stacked_bar` tag: who has none comes first, in grey."""

    label: str
    members: int
    tone: str


def tier_rows(tiers: Sequence[Tier], *, basis: str, members: dict[int | None, int] | None) -> list[TierRow]:
    """The tiers in the order given. One query."""
    rewards = defaultdict(list)
    for tier_id, name in Reward.objects.filter(tier__in=tiers, is_active=True).values_list("tier_id", "name"):
        rewards[tier_id].append(name)
    people = reverse("customers:list")
    return [
        TierRow(
            tier=tier,
            asks=amount_text(tier.threshold, basis),
            factor=factor_text(tier.factor) if tier.factor > 1 else "",
            rewards=rewards[tier.pk],
            members=members.get(tier.pk, 0) if members is not None else None,
            customers_url=f"{people}?{urlencode({'tier': tier.name})}",
            tone=TONES[place % len(TONES)],
        )
        for place, tier in enumerate(tiers)
    ]


def parts_now(rows: Sequence[TierRow], members: dict[int | None, int]) -> list[Part]:
    """Members by tier as they are; whoever waits to be moved out of an ended tier is with those without one."""
    placed = [Part(row.tier.name, row.members or 0, row.tone) for row in rows]
    without = sum(members.values()) - sum(part.members for part in placed)
    return [Part(_("No tier yet"), without, "muted"), *placed]


def current_members(*, sees_all: bool) -> dict[int | None, int] | None:
    return members_by_tier() if sees_all else None


def parts_reached(steps: Sequence[tuple[str, Decimal]], *, basis: str, window: int | None, now: datetime) -> list[Part]:
    """Members by the highest of the rising `steps` (name, threshold) that they reach now. One query."""
    counts = members_reaching([threshold for _name, threshold in steps], basis=basis, window_months=window, now=now)
    names = [_("No tier yet"), *(name for name, _threshold in steps)]
    tones = ["muted", *(TONES[place % len(TONES)] for place in range(len(steps)))]
    return [Part(*part) for part in zip(names, counts, tones, strict=True)]


def rules_text(settings: LoyaltySettings | TierSettings) -> list[str]:
    """How members reach and keep a tier, a sentence each."""
    return [_collects(settings.tier_basis, settings.tier_window_months), *_keeps(settings)]


def _collects(basis: str, months: int | None) -> str:
    if months is None:
        return {
            Basis.POINTS: _("All points that members ever earned by sales count, also those that they have spent."),
            Basis.SPEND: _("All the money that members ever spent counts, less what was given back."),
            Basis.VISITS: _("All visits that members ever made count: each day with a purchase at a business is one."),
        }[Basis(basis)]
    text = {
        Basis.POINTS: ngettext(
            "Points that members earned by sales within the last month count, also those that they have spent.",
            "Points that members earned by sales within the last %(months)s months count, also those that they have "
            "spent.",
            months,
        ),
        Basis.SPEND: ngettext(
            "The money that members spent within the last month counts, less what was given back.",
            "The money that members spent within the last %(months)s months counts, less what was given back.",
            months,
        ),
        Basis.VISITS: ngettext(
            "Visits within the last month count: each day with a purchase at a business is one.",
            "Visits within the last %(months)s months count: each day with a purchase at a business is one.",
            months,
        ),
    }[Basis(basis)]
    return text % {"months": months}


def _keeps(settings: LoyaltySettings | TierSettings) -> list[str]:
    months, days = settings.tier_keep_months, settings.tier_grace_days
    if months is None:
        return [_("A tier is kept for good.")]
    kept = ngettext("A tier is kept for %(months)s month.", "A tier is kept for %(months)s months.", months)
    sentences = [kept % {"months": months}]
    if days:
        grace = ngettext(
            "After that there is %(days)s day of grace to reach it again.",
            "After that there are %(days)s days of grace to reach it again.",
            days,
        )
        sentences.append(grace % {"days": days})
    if settings.tier_drops_to == LoyaltySettings.TierDrop.NEXT:
        sentences.append(_("Who does not, falls one tier lower, or to the tier that they reach now if it is higher."))
    else:
        sentences.append(_("Who does not, falls to the tier that they reach now."))
    return sentences


def suggested_tiers(settings: LoyaltySettings, *, now: datetime) -> dict[str, str]:
    """Three tiers to begin with, as StarterForm takes them: friendly numbers near what members really collected.

    One query. Where too few collected anything, plain numbers.
    """
    basis = Basis(settings.tier_basis)
    reached = collected_at_shares(SHARES, basis=basis, window_months=settings.tier_window_months, now=now)
    numbers: list[Decimal] = []
    for figure in reached:
        number = friendly(figure)
        while numbers and number <= numbers[-1]:
            number = _next_friendly(number)
        numbers.append(number)
    if reached[0] <= 0:
        numbers = [Decimal(number) for number in FALLBACK[basis]]
    names = (_("Regular"), _("Friend"), _("Best friend"))
    given: dict[str, str] = {}
    for step, (name, number) in enumerate(zip(names, numbers, strict=True), 1):
        given |= {f"name_{step}": name, f"threshold_{step}": typed_number(number)}
    return given


def friendly(figure: Decimal) -> Decimal:
    """The whole number that people remember nearest to `figure`, 1 at least: 3, 15, 250, 1200."""
    if figure <= 1:
        return Decimal(1)
    unit = Decimal(10) ** figure.adjusted()
    known = [step * unit for step in FRIENDLY if (step * unit) % 1 == 0]
    return min(known, key=lambda number: abs(number - figure))


def _next_friendly(number: Decimal) -> Decimal:
    unit = Decimal(10) ** number.adjusted()
    return next(step * unit for step in FRIENDLY if step * unit > number and (step * unit) % 1 == 0)


# -- one member -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HistoryLine:
    text: str
    day: str
    detail: str


@dataclass(frozen=True, slots=True)
class TierCard:
    """A member among the tiers, for their profile. `keeps` says in words how long the tier lasts."""

    standing: Standing
    since: str
    keeps: Sequence[str]
    history: Sequence[HistoryLine]


def tier_card(customer_id: int, *, now: datetime, zone: ZoneInfo) -> TierCard | None:
    """Where a member stands and what was before; None where the programme has no tiers. Up to seven queries."""
    standing = standing_of(customer_id, now=now)
    if standing is None:
        return None
    since = date_format(standing.since.astimezone(zone), "j M Y") if standing.since else ""
    history = [
        HistoryLine(step.text, date_format(step.at.astimezone(zone), "j M Y"), _detail(step))
        for step in tier_history(customer_id)
    ]
    return TierCard(standing, since, _keeps_of(standing), history)


def _keeps_of(standing: Standing) -> list[str]:
    if standing.tier is None:
        return []
    if standing.kept_until is None:
        return [_("Kept for good.")]
    day = date_format(standing.kept_until, "j M Y")
    if standing.is_in_grace and standing.ends_on is not None:
        last = {"day": day, "end": date_format(standing.ends_on, "j M Y"), "amount": standing.to_keep_text}
        return [_("Its time was over on %(day)s: %(amount)s more until %(end)s keep it.") % last]
    kept = _("Kept until %(day)s.") % {"day": day}
    if not standing.to_keep:
        return [kept, _("Enough is collected to keep it after that.")]
    return [kept, _("%(amount)s more by then keep it for another period.") % {"amount": standing.to_keep_text}]


def _detail(step: TierStep) -> str:
    until = _("until %(day)s") % {"day": date_format(step.kept_until, "j M Y")} if step.kept_until else ""
    return " · ".join(part for part in (until, step.reason, step.by) if part)
