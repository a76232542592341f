"""Referrals as staff read them: a few figures, what waits for a person, everything else by pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from core.actor import Actor
from core.keyset import KeysetPage, Order, keyset_page
from core.phones import display_phone
from core.presentation import format_money
from loyalty.models import Referral
from loyalty.querysets import ReferralQuerySet
from programs.models import Programme
from screens.reports_movements import say_when

NEWEST = Order(("pk",))
REVIEWED_AT_ONCE = 50
DAYS = 90
TONES = {"completed": "success", "review": "warning", "pending": "accent"}


@dataclass(frozen=True, slots=True)
class ReferralRow:
    """`said` is where it stands in a sentence, `flags` why a person looks first."""

    code: str
    referrer: str
    referrer_code: str
    friend: str
    friend_code: str
    state: str
    label: str
    tone: str
    said: str
    flags: list[str]
    purchase: str
    points: int
    at: datetime
    when: str


@dataclass(frozen=True, slots=True)
class ReferralFigures:
    """Of the last DAYS days, what was claimed then; `points` went to both sides."""

    claimed: int
    completed: int
    waiting: int
    points: int

    @property
    def percent(self) -> int | None:
        """How many of the claims became purchases; None where there is none."""
        return round(100 * self.completed / self.claimed) if self.claimed else None


def referral_figures(*, actor: Actor, now: datetime) -> ReferralFigures:
    """One query."""
    completed = Q(state=Referral.State.COMPLETED)
    found = Referral.objects.visible_to(actor).filter(created_at__gt=now - timedelta(days=DAYS))
    sums = found.aggregate(
        claimed=Count("pk"),
        completed=Count("pk", filter=completed),
        waiting=Count("pk", filter=Q(state=Referral.State.PENDING)),
        referrers=Coalesce(Sum("referrer_points", filter=completed), 0),
        friends=Coalesce(Sum("friend_points", filter=completed), 0),
    )
    return ReferralFigures(sums["claimed"], sums["completed"], sums["waiting"], sums["referrers"] + sums["friends"])


def review_rows(*, actor: Actor, programme: Programme, now: datetime) -> list[ReferralRow]:
    """What waits for a person, the oldest first. One query."""
    found = _with_names(Referral.objects.visible_to(actor)).filter(state=Referral.State.REVIEW).order_by("pk")
    return [_row(one, programme, now) for one in found[:REVIEWED_AT_ONCE]]


def referral_page(
    *, actor: Actor, programme: Programme, state: str, cursor: str, size: int, now: datetime
) -> KeysetPage[ReferralRow]:
    """Newest first, in one query. `state` "" is all."""
    found = _with_names(Referral.objects.visible_to(actor))
    if state in Referral.State.values:
        found = found.filter(state=state)
    page = keyset_page(found, NEWEST, descending=True, cursor=cursor, size=size)
    return page.with_rows([_row(one, programme, now) for one in page.rows])


def _with_names(found: ReferralQuerySet) -> ReferralQuerySet:
    return found.select_related("referrer__customer", "friend", "order", "business")


def _row(one: Referral, programme: Programme, now: datetime) -> ReferralRow:
    referrer, friend = one.referrer.customer, one.friend
    zone = programme.zone
    if friend is not None:
        who = friend.name or display_phone(friend.phone, programme.country) or _("No name yet")
    else:
        who = display_phone(one.friend_phone, programme.country) if one.friend_phone else _("Not a customer")
    return ReferralRow(
        code=one.code,
        referrer=referrer.name or _("No name yet"),
        referrer_code=referrer.code,
        friend=who,
        friend_code=friend.code if friend else "",
        state=one.state,
        label=one.get_state_display(),
        tone=TONES.get(one.state, ""),
        said=one.get_reason_display() if one.reason else "",
        flags=[str(Referral.Flag(flag).label) for flag in one.flags],
        purchase=format_money(one.order.total, programme.currency) if one.order else "",
        points=one.referrer_points + one.friend_points if one.state == Referral.State.COMPLETED else 0,
        at=one.created_at,
        when=say_when(one.created_at, zone=zone, now=now),
    )
