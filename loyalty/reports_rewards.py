"""Rewards as people read them: who can have which now, how often each was taken, what is claimed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import BigIntegerField, Count, Func, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.actor import Actor
from core.clock import day_start, local_day
from core.presentation import format_points
from core.tenancy import active_programme
from loyalty import rules
from loyalty.access_rewards import visible_rewards
from loyalty.balances import balance_of, points_of
from loyalty.models import Hold, Reward, Tier, Transaction

LOW_STOCK = 5  # from here on a page says that few are left
CLAIM_SHOWN = timedelta(days=2)  # how long the points page says that a claim ran out

READY, POINTS, TIER, LIMIT, STOCK = "ready", "points", "tier", "limit", "stock"


def offered(rewards: QuerySet[Reward], now: datetime) -> QuerySet[Reward]:
    """Those that are given at `now`, as far as it goes without a member. A closed business gives none."""
    return rewards.filter(
        Q(starts_at__isnull=True) | Q(starts_at__lte=now),
        Q(ends_at__isnull=True) | Q(ends_at__gt=now),
        Q(business__isnull=True) | Q(business__is_active=True),
        is_active=True,
    )


# -- for one member ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MemberReward:
    """A reward for one member. `state` is `ready`, or why not: the first of tier, limit, stock, points.

    `missing` is how many points are still to come; `percent` how far the member is; `left` how many more times they may
    have it (None: any number).
    """

    reward: Reward
    state: str
    missing: int
    percent: int
    left: int | None

    @property
    def is_ready(self) -> bool:
        return self.state == READY

    @property
    def text(self) -> str:
        """Why it is not to be had, in words; empty when it is."""
        if self.state == TIER:
            return _("From the tier %(tier)s on") % {"tier": self.reward.tier.name if self.reward.tier else ""}
        if self.state == LIMIT:
            return _("Taken as often as it is given")
        if self.state == STOCK:
            return _("None left at the moment")
        if self.state == POINTS:
            text = ngettext("%(points)s point to go", "%(points)s points to go", self.missing)
            return text % {"points": format_points(self.missing)}
        return ""

    @property
    def few_left(self) -> str:
        """That the shelf is nearly empty, in words."""
        stock = self.reward.stock
        if stock is None or not 0 < stock <= LOW_STOCK:
            return ""
        return ngettext("Only %(stock)s left", "Only %(stock)s left", stock) % {"stock": stock}

    @property
    def times_left(self) -> str:
        """How many more times the member can have it, in words."""
        if not self.left:
            return ""
        return ngettext("%(times)s more time", "%(times)s more times", self.left) % {"times": self.left}


@dataclass(frozen=True, slots=True)
class MemberRewards:
    """`ready` first, in the programme's order; then what is missing least; `next_up` is the nearest by points."""

    balance: int
    rewards: Sequence[MemberReward]

    @property
    def ready(self) -> Sequence[MemberReward]:
        return [one for one in self.rewards if one.is_ready]

    @property
    def next_up(self) -> MemberReward | None:
        waiting = [one for one in self.rewards if one.state == POINTS]
        return min(waiting, key=lambda one: one.missing, default=None)


def rewards_of_member(
    customer_id: int, *, now: datetime, business_id: int | None = None, balance: int | None = None
) -> MemberRewards:
    """What is offered now to a customer (at a business: there), and what of it they can have.

    Judges as the ledger does, which has the last word. Four to seven queries, however many rewards there are.
    """
    found = offered(Reward.objects.select_related("business", "tier"), now)
    if business_id is not None:
        found = found.filter(Q(business__isnull=True) | Q(business_id=business_id))
    rewards = list(found)
    touched = balance_of(customer_id, now=now)
    points = touched.points if balance is None else balance
    had = _had_by([customer_id], rewards, now)
    return _judge_all(rewards, points, _reached([touched.tier_id]).get(touched.tier_id), had.get(customer_id, {}))


def rewards_of_members(customer_ids: Sequence[int], *, now: datetime) -> Mapping[int, MemberRewards]:
    """The same for each member among these, at all businesses. Four queries, however many they are (but see
    `points_of`).
    """
    rewards = list(offered(Reward.objects.select_related("business", "tier"), now))
    members = points_of(customer_ids, now=now)
    reached = _reached([one.tier_id for one in members.values()])
    had = _had_by(list(members), rewards, now)
    return {
        pk: _judge_all(rewards, one.points, reached.get(one.tier_id), had.get(pk, {})) for pk, one in members.items()
    }


def _judge_all(
    rewards: Iterable[Reward], points: int, reached: Decimal | None, had: Mapping[int, int]
) -> MemberRewards:
    judged = [_judged(reward, points, reached or Decimal(0), had.get(reward.pk, 0)) for reward in rewards]
    order = {READY: 0, POINTS: 1, STOCK: 2, LIMIT: 3, TIER: 4}
    judged.sort(key=lambda one: (order[one.state], one.missing))
    return MemberRewards(points, judged)


def _judged(reward: Reward, balance: int, reached: Decimal, had: int) -> MemberReward:
    missing = max(0, reward.points - balance)
    left = None if reward.member_limit is None else max(0, reward.member_limit - had)
    if reward.tier is not None and reached < reward.tier.threshold:
        state = TIER
    elif left == 0:
        state = LIMIT
    elif reward.stock == 0:
        state = STOCK
    else:
        state = POINTS if missing else READY
    percent = min(100, max(0, balance) * 100 // reward.points)
    return MemberReward(reward, state, missing, percent, left)


def _reached(tier_ids: Iterable[int | None]) -> Mapping[int | None, Decimal]:
    """What each tier asks for; one that has ended is left out. Ranks do not compare with an ended tier."""
    wanted = {pk for pk in tier_ids if pk is not None}
    if not wanted:
        return {}
    return dict(Tier.objects.filter(pk__in=wanted, is_active=True).values_list("pk", "threshold"))


def _had_by(customer_ids: Sequence[int], rewards: Iterable[Reward], now: datetime) -> Mapping[int, Mapping[int, int]]:
    """How often each member took or holds each reward that has a limit, within the limit's days. One query."""
    zone = active_programme().zone
    within = Q()
    for reward in rewards:
        if reward.member_limit is None:
            continue
        since = Q(reward_id=reward.pk)
        if reward.member_limit_days is not None:
            since &= Q(at__gte=rules.days_ago(now, reward.member_limit_days - 1, zone))
        within |= since
    if not within:
        return {}
    net = Func("pk", function="ledger_net_of", output_field=BigIntegerField())
    stands = Q(reversed_at__isnull=True) | ~Q(net=0)
    taken = Transaction.objects.done().annotate(net=net).filter(within, stands, account_id__in=customer_ids)
    taken = taken.filter(Q(kind="redeem") | Q(hold__state=Hold.State.HELD, hold__expires_at__gt=now))
    found: dict[int, dict[int, int]] = {}
    rows = taken.values_list("account_id", "reward_id").annotate(number=Count("pk")).order_by()
    for account_id, reward_id, number in rows:
        found.setdefault(account_id, {})[reward_id] = number
    return found


# -- claims -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """Points set aside under `code`. `state` is held, captured, voided or expired, as it is now: one that ran out is
    expired before the ledger has given its points back. `seconds` is how long it still lasts.
    """

    code: str
    state: str
    points: int
    what: str
    reward: Reward | None
    business: str
    made_at: datetime
    expires_at: datetime
    seconds: int
    customer_code: str
    customer: str
    customer_short: str
    phone_masked: str

    @property
    def is_live(self) -> bool:
        return self.state == Hold.State.HELD

    @property
    def is_short(self) -> bool:
        """It ends within the hour: worth watching the clock."""
        return self.is_live and self.seconds < 3600

    @property
    def spoken(self) -> str:
        """The code in groups of four, in capitals: to be read from a screen."""
        return " ".join(self.code[place : place + 4] for place in range(0, len(self.code), 4)).upper()

    @property
    def masked(self) -> str:
        """Enough of the code to tell two apart, not enough to redeem one."""
        return f"{self.code[:2].upper()}•• •••• ••{self.code[-2:].upper()}"


def claim_of(hold: Hold, now: datetime) -> Claim:
    made, customer = hold.transaction, hold.account.customer
    is_over = hold.state == Hold.State.HELD and hold.expires_at <= now
    reward = made.reward
    shop = made.business or (reward.business if reward is not None else None)
    return Claim(
        code=made.code,
        state=Hold.State.EXPIRED if is_over else hold.state,
        points=hold.points,
        what=made.reason,
        reward=reward,
        business=shop.name if shop is not None else "",
        made_at=made.at,
        expires_at=hold.expires_at,
        seconds=max(0, int((hold.expires_at - now).total_seconds())),
        customer_code=customer.code,
        customer=customer.name or _("No name yet"),
        customer_short=f"{customer.first_name} {customer.last_name[:1]}".strip(),
        phone_masked=f"••• ••• {customer.phone[-3:]}" if customer.phone else "",
    )


_WITH_NAMES = ("transaction__reward__business", "transaction__business", "account__customer")


def claims_of_member(customer_id: int, *, now: datetime) -> list[Claim]:
    """A member's live claims of rewards, the first to run out first, then those that ran out lately. One query."""
    mine = Hold.objects.filter(account_id=customer_id, transaction__reward__isnull=False)
    recent = Q(state=Hold.State.HELD) | Q(state=Hold.State.EXPIRED, expires_at__gt=now - CLAIM_SHOWN)
    holds = mine.filter(recent).select_related(*_WITH_NAMES).order_by("expires_at")
    claims = [claim_of(hold, now) for hold in holds]
    return sorted(claims, key=lambda claim: not claim.is_live)


def live_claims(reward: Reward, *, actor: Actor, now: datetime, most: int = 50) -> list[Claim]:
    """What members hold of a reward, the first to run out first. One query.

    People limited to a business see the claims of its own rewards and those made for it, not who of all members.
    """
    holds = Hold.objects.filter(transaction__reward=reward, state=Hold.State.HELD, expires_at__gt=now)
    if actor.business_id not in (None, reward.business_id):
        holds = holds.filter(transaction__business_id=actor.business_id)
    return [claim_of(hold, now) for hold in holds.select_related(*_WITH_NAMES).order_by("expires_at")[:most]]


# -- for staff --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """How often a reward was redeemed, without what was undone; and how many claims of it live."""

    this_month: int = 0
    ever: int = 0
    claimed: int = 0


def times_taken(*, actor: Actor, now: datetime, zone: ZoneInfo) -> Mapping[int, Taken]:
    """For each reward that was ever taken: how often, this month (the programme's) and ever; one query for all.

    People limited to a business count what was redeemed there, and claims that name it or no place.
    """
    first = day_start(local_day(now, zone).replace(day=1), zone)
    done = Transaction.objects.done().filter(reward__isnull=False, reversed_at__isnull=True)
    if actor.business_id is not None:
        done = done.filter(Q(business_id=actor.business_id) | Q(kind="hold", business__isnull=True))
    redeemed, held = Q(kind="redeem"), Q(hold__state=Hold.State.HELD, hold__expires_at__gt=now)
    rows = done.values_list("reward_id").annotate(
        month=Count("pk", filter=redeemed & Q(at__gte=first)),
        ever=Count("pk", filter=redeemed),
        claimed=Count("pk", filter=held),
    )
    return {pk: Taken(month, ever, claimed) for pk, month, ever, claimed in rows.order_by()}


@dataclass(frozen=True, slots=True)
class StaffReward:
    """A reward in the catalogue. `state` is live, soon, over, out (none left) or archived."""

    reward: Reward
    taken: Taken
    state: str

    @property
    def is_low(self) -> bool:
        return self.reward.stock is not None and 0 < self.reward.stock <= LOW_STOCK


def catalogue(*, actor: Actor, now: datetime, zone: ZoneInfo) -> list[StaffReward]:
    """All rewards that the actor may see, in the order of members, archived ones last. Two queries."""
    taken = times_taken(actor=actor, now=now, zone=zone)
    rows = [staff_reward(reward, taken.get(reward.pk, Taken()), now) for reward in visible_rewards(actor)]
    return sorted(rows, key=lambda row: row.state == "archived")


def staff_reward(reward: Reward, taken: Taken, now: datetime) -> StaffReward:
    state = "live"
    if not reward.is_active:
        state = "archived"
    elif reward.starts_at is not None and reward.starts_at > now:
        state = "soon"
    elif reward.ends_at is not None and reward.ends_at <= now:
        state = "over"
    elif reward.stock == 0:
        state = "out"
    return StaffReward(reward, taken, state)


def redemptions_of(reward: Reward, *, actor: Actor, most: int = 20) -> list[Transaction]:
    """Who had a reward lately, newest first. One query."""
    found = Transaction.objects.done().visible_to(actor).filter(reward=reward, kind=Transaction.Kind.REDEEM)
    return list(found.select_related("business", "order", "account__customer").order_by("-pk")[:most])
