"""What the pages about rewards show: rows, facts in words, suggestions to begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.actor import Actor
from core.codes import keyed_digest
from core.presentation import format_money, format_points
from core.tenancy import active_schema
from loyalty.access_rewards import may_change
from loyalty.balances import settings_now
from loyalty.models import Reward
from loyalty.reports_rewards import Claim, StaffReward
from loyalty.rules import worth
from programs.models import Programme
from screens.reports_movements import say_when

TONES = {"live": "success", "soon": "accent", "over": "", "out": "warning", "archived": ""}


def picture_url(reward: Reward | None) -> str:
    """Another picture has another address, so each may be kept for ever."""
    return f"/rewards/pictures/{reward.image}" if reward is not None and reward.image else ""


@dataclass(frozen=True, slots=True)
class RewardRow:
    """One line of the catalogue. `place` counts from 1 among those that are offered; 0 where nobody may move it."""

    reward: Reward
    picture: str
    worth: Decimal
    stock: str
    is_low: bool
    this_month: int
    ever: int
    claimed: int
    state: str
    state_text: str
    tone: str
    may_edit: bool
    place: int
    is_last: bool


def row(
    one: StaffReward, *, value: Decimal | None = None, may_edit: bool = False, place: int = 0, last: int = 0
) -> RewardRow:
    reward, taken = one.reward, one.taken
    if value is None:
        value = settings_now().point_value
    return RewardRow(
        reward=reward,
        picture=picture_url(reward),
        worth=worth(reward.points, value),
        stock=_stock_text(reward.stock),
        is_low=one.is_low,
        this_month=taken.this_month,
        ever=taken.ever,
        claimed=taken.claimed,
        state=one.state,
        state_text=state_text(one.state),
        tone=TONES[one.state],
        may_edit=may_edit,
        place=place,
        is_last=place == last,
    )


def rows(found: Sequence[StaffReward], *, may_edit: bool, actor: Actor) -> list[RewardRow]:
    value = settings_now().point_value
    last = sum(one.state != "archived" for one in found)
    return [
        row(
            one,
            value=value,
            may_edit=may_edit and may_change(actor, one.reward),
            place=place if one.state != "archived" else 0,
            last=last,
        )
        for place, one in enumerate(found, 1)
    ]


def state_text(state: str) -> str:
    return {
        "live": _("Offered"),
        "soon": _("Begins later"),
        "over": _("Time is over"),
        "out": _("None left"),
        "archived": _("Archived"),
    }[state]


def _stock_text(stock: int | None) -> str:
    if stock is None:
        return _("Not counted")
    return ngettext("%(stock)s left", "%(stock)s left", stock) % {"stock": format_points(stock)}


def facts(reward: Reward, programme: Programme) -> list[tuple[str, str]]:
    """What holds for a reward, as (what, how) in words."""
    limit = _("As often as they like")
    if reward.member_limit is not None:
        limit = ngettext("Once", "%(times)s times", reward.member_limit) % {"times": reward.member_limit}
        if reward.member_limit_days is not None:
            days = ngettext("within a day", "within %(days)s days", reward.member_limit_days)
            limit = f"{limit}, {days % {'days': reward.member_limit_days}}"
    return [
        (_("Given at"), reward.business.name if reward.business is not None else _("All businesses")),
        (_("For"), _("From the tier %(tier)s on") % {"tier": reward.tier.name} if reward.tier else _("Every member")),
        (_("Each member"), limit),
        (_("When"), _when(reward, programme.zone)),
        (_("A claimed code lasts"), _lasting(reward.claim_minutes)),
    ]


def _when(reward: Reward, zone: ZoneInfo) -> str:
    first = date_format(reward.starts_at.astimezone(zone), "j M Y") if reward.starts_at is not None else ""
    last = ""
    if reward.ends_at is not None:
        last = date_format((reward.ends_at - timedelta(microseconds=1)).astimezone(zone), "j M Y")
    if first and last:
        return _("%(first)s to %(last)s") % {"first": first, "last": last}
    if first:
        return _("From %(first)s on") % {"first": first}
    return _("Until %(last)s") % {"last": last} if last else _("Always")


def _lasting(minutes: int) -> str:
    """7 days, 2 hours, 15 minutes."""
    if minutes % 1440 == 0:
        days = minutes // 1440
        return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
    if minutes % 60 == 0:
        hours = minutes // 60
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}


@dataclass(frozen=True, slots=True)
class ClaimRow:
    claim: Claim
    mark: str
    made: str
    until: str


def claims(found: Sequence[Claim], *, zone: ZoneInfo, now: datetime) -> list[ClaimRow]:
    return [
        ClaimRow(
            claim,
            mark_of(claim),
            say_when(claim.made_at, zone=zone, now=now),
            date_format(claim.expires_at.astimezone(zone), "D j M, G:i"),
        )
        for claim in found
    ]


def mark_of(claim: Claim) -> str:
    """Names a claim on a page of this programme; nobody can redeem by it."""
    return keyed_digest("screens.rewards.claim", active_schema(), claim.code)[:9].hex()


@dataclass(frozen=True, slots=True)
class PreviewCard:
    """How members will see a reward. `worth` is empty while points have no value."""

    name: str
    points: int
    icon: str
    picture: str
    worth: str


def preview_card(typed: Mapping[str, Any], currency: str, reward: Reward | None = None) -> PreviewCard:
    points = typed.get("points") or 0
    value = worth(points, settings_now().point_value)
    return PreviewCard(
        name=typed.get("name") or _("Your reward"),
        points=points,
        icon=typed.get("icon") or "gift",
        picture=picture_url(reward),
        worth=format_money(value, currency) if value else "",
    )


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An example to start from; `query` fills the form."""

    name: str
    points: int
    icon: str
    text: str
    query: str


def suggestions(currency: str) -> list[Suggestion]:
    """Three rewards at a small, a middle and a large cost, by what a point is worth: soon reached, worth coming back
    for, worth saving for."""
    value = settings_now().point_value
    ideas = [
        (
            Decimal(3),
            100,
            "coffee",
            _("Any coffee"),
            _("Reached within a few visits: it shows that points are worth it."),
        ),
        (Decimal(5), 250, "cake-slice", _("Cake of the day"), _("A reason to come back on a quiet afternoon.")),
        (Decimal(15), 750, "shopping-bag", _("A bag to take home"), _("Worth saving for, and seen at home.")),
    ]
    found = []
    for money, without_value, icon, name, text in ideas:
        points = _round_number(money / value) if value else without_value
        query = urlencode({"name": name, "points": points, "icon": icon})
        found.append(Suggestion(name, points, icon, text, query))
    return found


def _round_number(points: Decimal) -> int:
    """A number that people remember: two digits, then zeros."""
    whole = max(1, int(points))
    step = int("1" + "0" * max(0, len(str(whole)) - 2))
    return max(step, round(whole / step) * step)
