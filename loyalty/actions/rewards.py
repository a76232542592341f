"""What points buy: making, changing, ordering, stocking, picturing and archiving rewards."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import InvalidInput, PermissionRefused
from customers.actions import events
from customers.following import Figures, tell_followers
from loyalty.access_rewards import get_reward, may_change
from loyalty.events import REWARD_CAME_BACK, REWARD_RAN_OUT
from loyalty.models import Reward, Tier
from loyalty.pictures import check_picture, store_picture
from loyalty.rules import MAX_POINTS
from loyalty.values import changes_between, check, clean_line, place_in, plain_of
from workspace.actions import audit
from workspace.models import Business

MAX_REWARDS = 500  # a page shows all of them
MAX_STOCK = 1_000_000
MAX_LIMIT = 1000
MAX_LIMIT_DAYS = 3660
MAX_CLAIM_MINUTES = 43_200  # thirty days
# What a card shows where there is no picture; each is in static/icons.
ICONS = ("gift", "coffee", "croissant", "cake-slice", "utensils", "shopping-bag", "shirt", "ticket-percent")


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardValues:
    """What a person decides about a reward; see Reward for what each field means. Its stock has acts of its own."""

    name: str
    points: int
    description: str = ""
    icon: str = "gift"
    business_id: int | None = None
    tier_id: int | None = None
    member_limit: int | None = None
    member_limit_days: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    claim_minutes: int = 7 * 24 * 60

    def cleaned(self) -> RewardValues:
        """The same, normalised. Raises InvalidInput at the first field that is wrong."""
        name = clean_line(self.name, 80, "name")
        check(bool(name), "name", _("Give the reward a name. Members read it."))
        check(1 <= self.points <= MAX_POINTS, "points", _("Enter whole points, more than 0."))
        check(self.icon in ICONS, "icon", _("There is no such picture."))
        for limit, most, field in (
            (self.member_limit, MAX_LIMIT, "member_limit"),
            (self.member_limit_days, MAX_LIMIT_DAYS, "member_limit_days"),
        ):
            text = _("Enter a number between 1 and %(most)s, or nothing.") % {"most": most}
            check(limit is None or 1 <= limit <= most, field, text)
        check(
            self.member_limit_days is None or self.member_limit is not None,
            "member_limit",
            _("Say how often a member can have it within these days."),
        )
        for moment, field in ((self.starts_at, "starts_at"), (self.ends_at, "ends_at")):
            check(moment is None or moment.tzinfo is not None, field, _("Write the time with its zone."))
        check(
            self.starts_at is None or self.ends_at is None or self.starts_at < self.ends_at,
            "ends_at",
            _("The end is after the beginning."),
        )
        check(1 <= self.claim_minutes <= MAX_CLAIM_MINUTES, "claim_minutes", _("A code lasts 1 minute to 30 days."))
        return replace(self, name=name, description=clean_line(self.description, 300, "description"))


def values_of(reward: Reward) -> RewardValues:
    """What was decided about a stored reward."""
    return RewardValues(**{name: getattr(reward, name) for name in RewardValues.__dataclass_fields__})


def create_reward(*, values: RewardValues, actor: Actor, stock: int | None = None) -> Reward:
    """Make a reward, offered at once, the last in the order. `stock` None: as many as are asked for.

    Raises InvalidInput, also when there are MAX_REWARDS, and PermissionRefused where the actor is limited to a business
    and the reward is not of it.
    """
    values = values.cleaned()
    _check_stock(stock)
    with transaction.atomic():
        last = Reward.objects.select_for_update(of=("self",)).order_by("position", "pk").last()
        if Reward.objects.count() >= MAX_REWARDS:
            raise InvalidInput(_("There are as many rewards as a programme can have. Change one that is over."))
        _check_places(values, actor)
        reward = Reward.objects.create(**asdict(values), stock=stock, position=last.position + 1 if last else 0)
        _record(actor, "created", reward, {"after": {**plain_of(values), "stock": stock}})
    return reward


def change_reward(*, code: str, values: RewardValues, actor: Actor) -> Reward:
    """Change a reward; redemptions and claims from now on go by it, claims made before keep what they cost.

    Raises InvalidInput, UnknownReward, and PermissionRefused for a reward of others.
    """
    values = values.cleaned()
    with transaction.atomic():
        reward = get_reward(actor, code, write=True)
        _check_places(values, actor, before=reward)
        changed = changes_between(plain_of(values_of(reward)), plain_of(values))
        if changed:
            for name in changed:
                setattr(reward, name, getattr(values, name))
            reward.save(update_fields=[*changed, "updated_at"])
            _record(actor, "changed", reward, {"changes": changed})
    return reward


def switch_reward(*, code: str, is_active: bool, actor: Actor) -> Reward:
    """Archive a reward, or offer it again. Claims that members hold are honoured either way.

    Raises UnknownReward, and PermissionRefused for a reward of others.
    """
    with transaction.atomic():
        reward = get_reward(actor, code, write=True)
        if reward.is_active != is_active:
            reward.is_active = is_active
            reward.save(update_fields=["is_active", "updated_at"])
            _record(actor, "restored" if is_active else "archived", reward)
    return reward


def place_reward(*, code: str, place: int, actor: Actor) -> None:
    """Move a reward to `place` (from 1; beyond the last is last). Members see them in this order.

    The order is the whole programme's. Raises UnknownReward, and PermissionRefused for people limited to a business.
    """
    if actor.business_id is not None:
        raise PermissionRefused(_("The order holds for all businesses. Ask somebody who sees all of them."))
    with transaction.atomic():
        rewards = list(Reward.objects.select_for_update().order_by("pk"))
        moved = get_reward(actor, code)
        rewards.sort(key=lambda reward: (not reward.is_active, reward.position, reward.points, reward.pk))
        places = place_in(rewards, moved, place)
        if places["after"] != places["before"]:
            _record(actor, "moved", moved, places)


def set_stock(*, code: str, stock: int | None, actor: Actor) -> Reward:
    """Say how many are left; None: as many as are asked for. Raises InvalidInput, UnknownReward, PermissionRefused.

    Counted by hand while sales go on, this may forget one of them: `add_stock` for a delivery does not.
    """
    _check_stock(stock)
    with transaction.atomic():
        return _stocked(get_reward(actor, code, write=True), stock, actor)


def add_stock(*, code: str, number: int, actor: Actor) -> Reward:
    """Put `number` more on the shelf, or below 0 take some away; what is sold meanwhile stays counted.

    Raises InvalidInput (no stock is counted, 0, or fewer than none left), UnknownReward and PermissionRefused.
    """
    with transaction.atomic():
        reward = get_reward(actor, code, write=True)
        if reward.stock is None:
            raise InvalidInput(
                _("Nobody counts the stock of this reward. Say how many there are first."), field="change"
            )
        if number == 0 or not 0 <= reward.stock + number <= MAX_STOCK:
            text = _("There are %(stock)s left. Enter how many come or go, such as 12 or -3.")
            raise InvalidInput(text % {"stock": reward.stock}, field="change")
        return _stocked(reward, reward.stock + number, actor)


def set_picture(*, code: str, data: bytes, actor: Actor) -> Reward:
    """Show the picture in `data` (PNG, JPEG or WebP).

    Raises InvalidInput (`image`), UnknownReward, and PermissionRefused for a reward of others.
    """
    if not may_change(actor, get_reward(actor, code)):  # before work is spent on it
        raise PermissionRefused(_("This reward is given at all businesses. Ask somebody who sees all of them."))
    return _pictured(code, store_picture(check_picture(data)), actor)


def remove_picture(*, code: str, actor: Actor) -> Reward:
    """Show the icon again. Raises UnknownReward and PermissionRefused."""
    return _pictured(code, "", actor)


def _pictured(code: str, name: str, actor: Actor) -> Reward:
    with transaction.atomic():
        reward = get_reward(actor, code, write=True)
        if reward.image != name:
            changed = {"image": {"before": reward.image, "after": name}}
            reward.image = name
            reward.save(update_fields=["image", "updated_at"])
            _record(actor, "changed", reward, {"changes": changed})
    return reward


def _stocked(reward: Reward, stock: int | None, actor: Actor) -> Reward:
    before = reward.stock
    if stock != before:
        reward.stock = stock
        reward.save(update_fields=["stock", "updated_at"])
        _record(actor, "stocked", reward, {"before": before, "after": stock})
    if (stock == 0) != (before == 0):
        events.append(
            REWARD_RAN_OUT if stock == 0 else REWARD_CAME_BACK,
            actor=actor,
            occurred_at=timezone.now(),
            business_id=reward.business_id,
            data={"reward": reward.code, "reward_name": reward.name},
        )
    return reward


def _check_stock(stock: int | None) -> None:
    check(stock is None or 0 <= stock <= MAX_STOCK, "stock", _("Enter how many are left, or nothing."))


def _check_places(values: RewardValues, actor: Actor, before: Reward | None = None) -> None:
    """The business and the tier are there, and the business is one that the actor may decide about."""
    if actor.business_id is not None and values.business_id != actor.business_id:
        raise PermissionRefused(_("You can offer rewards of your own business only."))
    known = before is not None and values.business_id == before.business_id
    if values.business_id is not None and not known:
        is_there = Business.objects.active().visible_to(actor).filter(pk=values.business_id).exists()
        check(is_there, "business_id", _("There is no such business."))
    known = before is not None and values.tier_id == before.tier_id
    if values.tier_id is not None and not known:
        check(Tier.objects.filter(pk=values.tier_id, is_active=True).exists(), "tier_id", _("There is no such tier."))


def _record(actor: Actor, act: str, reward: Reward, data: dict[str, Any] | None = None) -> None:
    tell_followers(Figures.REWARDS)
    facts = {"name": reward.name, **(data or {})}
    audit.record(
        actor, f"loyalty.reward.{act}", subject=f"reward:{reward.code}", business_id=reward.business_id, data=facts
    )
