"""Stamp cards: making, changing, copying, ordering, archiving and deleting them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import InvalidInput, PermissionRefused
from core.money import MAX_AMOUNT, quantise
from core.tenancy import active_programme
from loyalty.access_stamps import get_card
from loyalty.actions.rewards import ICONS
from loyalty.errors import StampCardFixed, StampCardInUse
from loyalty.models import StampCard
from loyalty.values import changes_between, check, clean_line, fields_of, lower_words, place_in, plain_of
from workspace.actions import audit
from workspace.models import Business

MAX_CARDS = 50  # each of them is looked at with each sale
MIN_STAMPS, MAX_STAMPS = 2, 50
MAX_LIMIT = 100
MAX_REWARD_DAYS = 3660
MAX_WORDS = 100
# What members were promised when they got their first stamp.
FIXED = (
    "stamps", "per", "business_id", "categories", "products", "min_spend", "sale_limit", "day_limit", "reward_days",
    "starts_on",
)  # fmt: skip

Per = StampCard.Per


@dataclass(frozen=True, slots=True, kw_only=True)
class CardValues:
    """What a person decides about a stamp card; see StampCard for what each field means. Money is the programme's."""

    name: str
    gives: str
    stamps: int = 10
    icon: str = "coffee"
    per: str = Per.SALE
    business_id: int | None = None
    categories: Sequence[str] = ()
    products: Sequence[str] = ()
    min_spend: Decimal = Decimal(0)
    sale_limit: int | None = None
    day_limit: int | None = None
    reward_days: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None

    def cleaned(self, currency: str) -> CardValues:
        """The same, normalised. Raises InvalidInput at the first field that is wrong."""
        name = clean_line(self.name, 60, "name")
        gives = clean_line(self.gives, 80, "gives")
        check(bool(name), "name", _("Give the card a name. Members read it."))
        check(bool(gives), "gives", _("Say what a full card gives, such as “A free coffee”."))
        check(self.icon in ICONS, "icon", _("There is no such picture."))
        check(self.per in Per.values, "per", _("Say what gives a stamp."))
        text = _("A card has %(least)s to %(most)s stamps.") % {"least": MIN_STAMPS, "most": MAX_STAMPS}
        check(MIN_STAMPS <= self.stamps <= MAX_STAMPS, "stamps", text)
        _check_limits(self)
        spend = self.min_spend
        check(spend.is_finite() and 0 <= spend <= MAX_AMOUNT, "min_spend", _("Enter an amount, or 0 for any."))
        check(spend == quantise(spend, currency), "min_spend", _("The amount has too many digits after the point."))
        check(self.per == Per.SALE or not spend, "min_spend", _("Only a stamp for a sale can ask for an amount."))
        check(
            self.starts_on is None or self.ends_on is None or self.starts_on <= self.ends_on,
            "ends_on",
            _("The last day is before the first."),
        )
        many = _("These are too many for one card. Make a second one.")
        return replace(
            self,
            name=name,
            gives=gives,
            categories=lower_words(self.categories, most=MAX_WORDS, length=120, field="categories", too_many=many),
            products=lower_words(self.products, most=MAX_WORDS, length=64, field="products", too_many=many),
        )


def values_of(card: StampCard) -> CardValues:
    """What was decided about a stored card."""
    values: dict[str, Any] = {}
    for name in CardValues.__dataclass_fields__:
        value = getattr(card, name)
        values[name] = tuple(value) if isinstance(value, list) else value
    return CardValues(**values)


def create_card(*, values: CardValues, actor: Actor, now: datetime) -> StampCard:
    """Make a card that members collect on at once, the last in the order.

    Raises InvalidInput, also when there are MAX_CARDS, and PermissionRefused where the actor is limited to a business
    and the card is not of it.
    """
    values = values.cleaned(active_programme().currency)
    with transaction.atomic():
        last = StampCard.objects.select_for_update(of=("self",)).order_by("position", "pk").last()
        if StampCard.objects.filter(is_active=True).count() >= MAX_CARDS:
            raise InvalidInput(_("There are as many stamp cards as a programme can have. Archive one that is over."))
        _check_place(values, actor)
        card = StampCard.objects.create(**fields_of(values), position=last.position + 1 if last else 0, created_at=now)
        _record(actor, "created", card, {"after": _plain(values)})
    return card


def change_card(*, code: str, values: CardValues, actor: Actor) -> StampCard:
    """Change a card. Once members collect on it, what earns stamps and what a card needs stay (FIXED).

    Raises InvalidInput, StampCardFixed, UnknownStampCard, and PermissionRefused for a card of others.
    """
    values = values.cleaned(active_programme().currency)
    with transaction.atomic():
        card = get_card(actor, code, write=True)
        before = values_of(card)
        if is_collected(card):
            for name in FIXED:
                if getattr(values, name) != getattr(before, name):
                    raise StampCardFixed(field=name)
        if values.business_id != before.business_id:
            _check_place(values, actor)
        changed = changes_between(_plain(before), _plain(values))
        if changed:
            for name, value in fields_of(values).items():
                setattr(card, name, value)
            card.save()
            _record(actor, "changed", card, {"changes": changed})
    return card


def is_collected(card: StampCard) -> bool:
    """Whether members have, or had, stamps on it."""
    return card.books.exists()


def switch_card(*, code: str, is_active: bool, actor: Actor) -> StampCard:
    """Archive a card, or bring it back. Full ones that members hold can be used either way.

    Raises InvalidInput (too many active ones), UnknownStampCard, and PermissionRefused for a card of others.
    """
    with transaction.atomic():
        card = get_card(actor, code, write=True)
        if card.is_active != is_active:
            if is_active and StampCard.objects.filter(is_active=True).count() >= MAX_CARDS:
                raise InvalidInput(_("There are as many stamp cards as a programme can have. Archive one first."))
            card.is_active = is_active
            card.save(update_fields=["is_active", "updated_at"])
            _record(actor, "restored" if is_active else "archived", card)
    return card


def place_card(*, code: str, place: int, actor: Actor) -> None:
    """Move a card to `place` (from 1; beyond the last is last). Members see them in this order.

    The order is the whole programme's. Raises UnknownStampCard, and PermissionRefused for people limited to a business.
    """
    if actor.business_id is not None:
        raise PermissionRefused(_("The order holds for all businesses. Ask somebody who sees all of them."))
    with transaction.atomic():
        cards = list(StampCard.objects.select_for_update().order_by("pk"))
        moved = get_card(actor, code)
        cards.sort(key=lambda card: (not card.is_active, card.position, card.pk))
        places = place_in(cards, moved, place)
        if places["after"] != places["before"]:
            _record(actor, "moved", moved, places)


def delete_card(*, code: str, actor: Actor) -> None:
    """Delete a card that nobody ever had a stamp on. Raises StampCardInUse, UnknownStampCard and PermissionRefused."""
    with transaction.atomic():
        card = get_card(actor, code, write=True)
        if is_collected(card):
            raise StampCardInUse(card=card.code)
        _record(actor, "deleted", card, {"before": _plain(values_of(card))})
        card.delete()


def _check_limits(values: CardValues) -> None:
    for limit, most, field in (
        (values.sale_limit, MAX_LIMIT, "sale_limit"),
        (values.day_limit, MAX_LIMIT, "day_limit"),
        (values.reward_days, MAX_REWARD_DAYS, "reward_days"),
    ):
        text = _("Enter a number between 1 and %(most)s, or nothing.") % {"most": most}
        check(limit is None or 1 <= limit <= most, field, text)
    check(
        values.per == Per.ITEM or values.sale_limit is None,
        "sale_limit",
        _("A sale gives one stamp. Only a stamp for each item needs a limit."),
    )


def _check_place(values: CardValues, actor: Actor) -> None:
    if actor.business_id is not None and values.business_id != actor.business_id:
        raise PermissionRefused(_("You can make cards of your own business only."))
    if values.business_id is not None:
        is_there = Business.objects.active().visible_to(actor).filter(pk=values.business_id).exists()
        check(is_there, "business_id", _("There is no such business."))


def _plain(values: CardValues) -> dict[str, Any]:
    """As the audit log keeps it: JSON-safe, the business by its code."""
    plain = plain_of(values)
    business_id = plain.pop("business_id")
    plain["business"] = Business.objects.filter(pk=business_id).values_list("code", flat=True).first()
    return plain


def _record(actor: Actor, act: str, card: StampCard, data: dict[str, Any] | None = None) -> None:
    facts = {"name": card.name, **(data or {})}
    audit.record(
        actor, f"loyalty.stamp_card.{act}", subject=f"stamp_card:{card.code}", business_id=card.business_id, data=facts
    )
