"""Stamp cards as people read them: what a member has, what came and went, and what the programme's cards come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.actor import Actor
from loyalty.access_stamps import visible_cards
from loyalty.actions.stamps import AT_A_TILL, is_open
from loyalty.models import StampBook, StampCard, StampEntry, StampReward

HISTORY = 20


@dataclass(frozen=True, slots=True)
class MemberCard:
    """A card for one member. `on_card` may be below 0: the next stamps make up for it."""

    card: StampCard
    on_card: int
    completed: int
    is_open: bool

    @property
    def filled(self) -> int:
        return max(self.on_card, 0)

    @property
    def missing(self) -> int:
        return int(self.card.stamps) - self.on_card

    @property
    def places(self) -> Sequence[int]:
        """The numbers of the places on the card, from 1."""
        return range(1, self.card.stamps + 1)

    @property
    def most_by_hand(self) -> int:
        """How many stamps a till may give at once."""
        return int(self.card.sale_limit or AT_A_TILL)

    @property
    def text(self) -> str:
        """How far the member is, in words."""
        filled = {"filled": self.filled, "stamps": self.card.stamps}
        return _("%(filled)s of %(stamps)s stamps") % filled

    @property
    def missing_text(self) -> str:
        text = ngettext("%(missing)s to go", "%(missing)s to go", self.missing)
        return text % {"missing": self.missing}


@dataclass(frozen=True, slots=True)
class MemberStamps:
    """`ready`: full cards that wait, what runs out first in front. `cards`: what the member can collect on."""

    cards: Sequence[MemberCard]
    ready: Sequence[StampReward]

    @property
    def is_empty(self) -> bool:
        return not (self.cards or self.ready)

    @property
    def nearest(self) -> MemberCard | None:
        return min((one for one in self.cards if one.filled), key=lambda one: one.missing, default=None)


def stamps_of_member(
    customer_id: int, *, now: datetime, business_id: int | None = None, with_closed: bool = False
) -> MemberStamps:
    """The cards that are open now (at a business: there) and the full ones that wait; three queries, however many.

    `with_closed`: also those that are not collected on any more and have stamps of the member.
    """
    cards = StampCard.objects.select_related("business")
    if business_id is not None:
        cards = cards.filter(Q(business__isnull=True) | Q(business_id=business_id))
    found = {card.pk: card for card in cards}
    books = {book.card_id: book for book in StampBook.objects.filter(account_id=customer_id, card_id__in=found)}
    shown = [_member_card(card, books.get(card.pk), now) for card in found.values()]
    waiting = (
        StampReward.objects.filter(book__in=books.values(), state=StampReward.State.READY)
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))
        .select_related("book__card__business")
    )
    return MemberStamps(
        cards=[one for one in shown if one.is_open or (with_closed and one.card.pk in books)],
        ready=sorted(waiting, key=lambda one: (one.expires_at is None, one.expires_at or one.made_at, one.pk)),
    )


def _member_card(card: StampCard, book: StampBook | None, now: datetime) -> MemberCard:
    has_place = card.business is None or card.business.is_active
    return MemberCard(
        card=card,
        on_card=book.stamps if book else 0,
        completed=book.completed if book else 0,
        is_open=has_place and is_open(card, now),
    )


# -- history ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StampMovement:
    """Something that happened to a member's stamps. `stamps` is 0 for what happened to a full card."""

    at: datetime
    card: StampCard
    stamps: int
    text: str
    business: str
    who: str
    reason: str


def stamp_history(customer_id: int, *, actor: Actor | None = None, limit: int | None = HISTORY) -> list[StampMovement]:
    """The newest of what happened to a member's stamps and full cards, newest first.

    `limit` None is all of it. For an `actor` limited to a business what happened there; a customer's own page passes
    none.
    """
    entries = StampEntry.objects.filter(book__account_id=customer_id).select_related("book__card", "business")
    rewards = StampReward.objects.filter(book__account_id=customer_id).select_related("book__card", "business")
    if actor is not None and actor.business_id is not None:
        entries = entries.filter(business_id=actor.business_id)
        rewards = rewards.filter(business_id=actor.business_id)
    rows = [_entry_row(entry) for entry in entries.order_by("-id")[:limit]]
    for reward in rewards.order_by("-id")[:limit]:
        rows += _reward_rows(reward)
    return sorted(rows, key=lambda row: row.at, reverse=True)[:limit]


def _entry_row(entry: StampEntry) -> StampMovement:
    number = abs(entry.stamps)
    if entry.kind == StampEntry.Kind.UNDONE:
        text = _("Undone")
    elif entry.stamps > 0:
        text = ngettext("%(number)s stamp", "%(number)s stamps", number) % {"number": number}
    else:
        text = ngettext("%(number)s stamp taken back", "%(number)s stamps taken back", number) % {"number": number}
    return StampMovement(
        at=entry.at,
        card=entry.book.card,
        stamps=entry.stamps,
        text=text,
        business=entry.business.name if entry.business else "",
        who="" if entry.kind == StampEntry.Kind.SALE else entry.actor_label,
        reason=entry.reason,
    )


def _reward_rows(reward: StampReward) -> list[StampMovement]:
    full = _("Card full: %(gives)s") % {"gives": reward.gives}
    rows = [StampMovement(reward.made_at, reward.book.card, 0, full, "", "", "")]
    said = {
        StampReward.State.USED: _("Used: %(gives)s"),
        StampReward.State.VOID: _("Not full any more: %(gives)s"),
        StampReward.State.EXPIRED: _("Ran out: %(gives)s"),
    }
    if reward.ended_at is not None:
        text = said[StampReward.State(reward.state)] % {"gives": reward.gives}
        place = reward.business.name if reward.business else ""
        rows.insert(0, StampMovement(reward.ended_at, reward.book.card, 0, text, place, reward.used_by_label, ""))
    return rows


# -- figures ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CardFigures:
    """`members` have stamps on the card in hand; `completed` are full cards ever, `used` and `waiting` of them."""

    card: StampCard
    is_open: bool
    members: int
    completed: int
    used: int
    waiting: int


def card_figures(actor: Actor, *, now: datetime, is_active: bool = True) -> list[CardFigures]:
    """The cards that the actor sees, in their order, each with what it comes to; three queries."""
    cards = list(visible_cards(actor).filter(is_active=is_active))
    books = StampBook.objects.filter(card__in=cards).values("card_id")
    members = dict(books.filter(stamps__gt=0).values_list("card_id").annotate(number=Count("id")))
    rewards = StampReward.objects.filter(book__card__in=cards).exclude(state=StampReward.State.VOID)
    ready = Q(state=StampReward.State.READY) & (Q(expires_at__isnull=True) | Q(expires_at__gt=now))
    counted = rewards.values_list("book__card_id").annotate(
        completed=Count("id"),
        used=Count("id", filter=Q(state=StampReward.State.USED)),
        waiting=Count("id", filter=ready),
    )
    figures = {card_id: tuple(numbers) for card_id, *numbers in counted}
    shown = []
    for card in cards:
        completed, used, waiting = figures.get(card.pk, (0, 0, 0))
        shown.append(CardFigures(card, is_open(card, now), members.get(card.pk, 0), completed, used, waiting))
    return shown


def stamps_of_order(order_id: int) -> QuerySet[StampEntry]:
    """What a sale gave, for the till."""
    entries: QuerySet[StampEntry] = StampEntry.objects.filter(order_id=order_id).select_related("book__card")
    return entries.order_by("id")
