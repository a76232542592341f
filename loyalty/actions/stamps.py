"""Stamps of members: given and taken back by hand, brought up to refunds, and full cards used (stamps.sql).

Acts by hand are known by their key, as everything in the ledger: the same key gets the same answer, a refusal included
(not that of somebody who is no member: it makes nobody one, and nothing is kept).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.clock import local_day
from core.errors import DomainError, InvalidInput
from core.idempotency import MAX_KEY_LENGTH, IdempotencyKeyReused, digest_of
from core.tenancy import active_programme
from core.texts import can_be_kept
from customers.actions.events import wake_readers
from customers.actions.refunds import orders_of_refunds
from customers.models import Order
from loyalty.access_stamps import get_card, get_stamp_entry, get_stamp_reward
from loyalty.actions.membership import join
from loyalty.errors import (
    REFUSALS,
    AlreadyReversed,
    IdempotencyKeyRequired,
    NotReversible,
    StampCardClosed,
    StampCardElsewhere,
    StampRewardNotUsed,
    StampRewardOver,
    UndoWindowPassed,
    UnknownMember,
)
from loyalty.models import Account, StampAct, StampBook, StampCard, StampEntry, StampReward, StampSale
from loyalty.operations import MAX_REASON_LENGTH
from loyalty.rules import UNDO_SECONDS
from workspace.actions import audit

MAX_BY_HAND = 50  # stamps at once
AT_A_TILL = 5  # where the card says nothing
Kind = StampAct.Kind
_SETTLE = "SELECT ledger_settle_stamps(%s::bigint[], %s, %s, %s::timestamptz, %s)"
_WRITE = "SELECT ledger_write_stamps(%s, %s, %s, NULL, %s::bigint, %s::bigint, %s, %s, %s, %s::timestamptz)"
_FILL = "SELECT ledger_fill_cards(%s, %s, %s::timestamptz, %s)"


class StampAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What an act came to, as stored with it. `stamps` came (below 0: went); the rest is right afterwards: how many
    are `on_card`, how many full cards there were in all and are `ready`. `reward` is the full card that it is about."""

    card: str
    customer: str
    stamps: int = 0
    on_card: int = 0
    completed: int = 0
    ready: int = 0
    entry: str | None = None
    reward: str | None = None
    reason: str = ""
    is_replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks, when, and by which key. `business` is the id of where it happens, if anywhere."""

    key: str
    owner: str = ""
    actor: Actor
    now: datetime
    business: int | None = None


def give_stamps(
    *,
    card: str,
    customer_id: int,
    stamps: int,
    key: str,
    actor: Actor,
    now: datetime,
    reason: str = "",
    owner: str = "",
    business: int | None = None,
    most: int = MAX_BY_HAND,
) -> StampAnswer:
    """Give `stamps` on the card with this code by hand, or take some back (below 0); who was no member becomes one.

    `most` at once. Raises InvalidInput, UnknownStampCard, UnknownMember (nobody, or nothing to take back),
    StampCardClosed, StampCardElsewhere and IdempotencyKeyReused.
    """
    request = Request(key=key, owner=owner, actor=actor, now=now, business=business or actor.business_id)
    found = get_card(actor, card)
    reason = " ".join(reason.split())
    if stamps == 0 or abs(stamps) > most:
        raise InvalidInput(_("Enter between 1 and %(most)s stamps.") % {"most": most}, field="stamps")
    if len(reason) > MAX_REASON_LENGTH or not can_be_kept(reason):
        raise InvalidInput(_("This text is too long or has characters that cannot be kept."), field="reason")

    def act() -> StampAnswer:
        _check_place(found, request)
        if stamps > 0:
            _check_open(found, now)
        book, _made = StampBook.objects.get_or_create(account_id=customer_id, card=found, defaults={"changed_at": now})
        entry = _write(book, stamps, StampEntry.Kind.HAND, None, reason, request)
        return _answer(book, entry=entry, stamps=stamps, reason=reason)

    digest = digest_of("give", found.pk, customer_id, stamps, reason)
    return _once(Kind.GIVE, request, digest, customer_id, act, joins=stamps > 0)


def undo_stamps(
    *, entry: str, key: str, actor: Actor, now: datetime, owner: str = "", within_undo_window: bool = False
) -> StampAnswer:
    """Take back what was given by hand, once. Stamps of a sale go with the sale.

    `within_undo_window`: only while it is younger than UNDO_SECONDS. Raises UnknownStampEntry, NotReversible,
    AlreadyReversed, UndoWindowPassed and IdempotencyKeyReused.
    """
    found = get_stamp_entry(actor, entry)
    request = Request(key=key, owner=owner, actor=actor, now=now, business=found.business_id)

    def act() -> StampAnswer:
        if found.kind != StampEntry.Kind.HAND:
            raise NotReversible()
        if StampEntry.objects.filter(undoes=found).exists():
            raise AlreadyReversed()
        _check_window(found.at, now, holds=within_undo_window)
        undone = _write(found.book, -found.stamps, StampEntry.Kind.UNDONE, found, found.reason, request)
        return _answer(found.book, entry=undone, stamps=-found.stamps)

    return _once(Kind.UNDO, request, digest_of("undo", found.pk), found.book.account_id, act)


def use_reward(
    *, reward: str, key: str, actor: Actor, now: datetime, owner: str = "", business: int | None = None
) -> StampAnswer:
    """Give a member what their full card is for. Of two who try at once, one does.

    Raises UnknownStampReward, StampRewardOver, StampCardElsewhere and IdempotencyKeyReused.
    """
    found = get_stamp_reward(actor, reward)
    request = Request(key=key, owner=owner, actor=actor, now=now, business=business or actor.business_id)

    def act() -> StampAnswer:
        _check_place(found.book.card, request)
        _fill(found.book, request)  # what ran out meanwhile did
        found.refresh_from_db(fields=["state"])
        if found.state != StampReward.State.READY:
            raise StampRewardOver(reward=found.code, state=found.state)
        StampReward.objects.filter(pk=found.pk).update(
            state=StampReward.State.USED,
            ended_at=now,
            business_id=request.business,
            used_by=actor.reference,
            used_by_label=actor.label[:160],
        )
        return _told("used", found, request)

    return _once(Kind.USE, request, digest_of("use", found.pk), found.book.account_id, act)


def release_reward(
    *, reward: str, key: str, actor: Actor, now: datetime, owner: str = "", within_undo_window: bool = False
) -> StampAnswer:
    """Undo the use of a full card: it waits for its member again, unless it ran out or its stamps are gone.

    Raises UnknownStampReward, StampRewardNotUsed, UndoWindowPassed and IdempotencyKeyReused.
    """
    found = get_stamp_reward(actor, reward)
    request = Request(key=key, owner=owner, actor=actor, now=now, business=found.business_id)

    def act() -> StampAnswer:
        found.refresh_from_db()
        if found.state != StampReward.State.USED or (
            actor.business_id is not None and found.business_id != actor.business_id
        ):
            raise StampRewardNotUsed(reward=found.code, state=found.state)
        _check_window(found.ended_at or now, now, holds=within_undo_window)
        StampReward.objects.filter(pk=found.pk).update(
            state=StampReward.State.READY, ended_at=None, business_id=None, used_by="", used_by_label=""
        )
        _fill(found.book, request)
        return _told("released", found, request)

    return _once(Kind.RELEASE, request, digest_of("release", found.pk), found.book.account_id, act)


# -- stamps of sales --------------------------------------------------------------------------------------------------


def settle_stamps(order_ids: Sequence[int], *, actor: Actor, now: datetime) -> None:
    """Bring the stamps of sales up to what is left of them; safe to repeat. The caller has locked the accounts."""
    met = sorted(StampSale.objects.filter(order_id__in=order_ids).values_list("order_id", flat=True).distinct())
    if met:
        _call(_SETTLE, [met, actor.reference, actor.label[:160], now, active_programme().time_zone])
        wake_readers()


def settle_orders(codes: Sequence[str], refunds: Sequence[str], *, actor: Actor, now: datetime) -> None:
    """Settle what was cancelled or given back in some other way (import, store): orders and refunds by their codes."""
    of_refunds = orders_of_refunds(refunds) if refunds else []
    sales = StampSale.objects.filter(Q(order__code__in=codes) | Q(order_id__in=of_refunds))
    for account_id in sorted(sales.values_list("book__account_id", flat=True).distinct()):
        with transaction.atomic():
            Account.objects.select_for_update(no_key=True).get(pk=account_id)
            orders = Order.objects.filter(stamp_sales__in=sales, stamp_sales__book__account_id=account_id)
            settle_stamps(list(orders.values_list("pk", flat=True).distinct()), actor=actor, now=now)


def forget_stamp_reasons(*, customer_id: int) -> None:
    """Take what people wrote out of an erased customer's stamps."""
    _call("SELECT loyalty_forget_stamp_reasons(%s::bigint)", [customer_id])


# -- the one way in ---------------------------------------------------------------------------------------------------


def _once(
    kind: Kind,
    request: Request,
    digest: bytes,
    customer_id: int,
    act: Callable[[], StampAnswer],
    *,
    joins: bool = False,
) -> StampAnswer:
    """Lock the account, look for the key, act, and keep the answer; a refusal is kept, too, and raised.

    Where it would have made somebody a member, all of it is undone and the key is free, as with points.
    """
    if not request.key:
        raise IdempotencyKeyRequired()
    if len(request.key) > MAX_KEY_LENGTH or "\0" in request.key:
        raise InvalidInput(_("This text is too long."), field="idempotency_key")
    owner = request.owner or request.actor.reference
    refusal: DomainError | None = None
    with transaction.atomic():
        is_new = joins and not Account.objects.filter(pk=customer_id).exists()
        _lock(customer_id, request, joins=joins)
        known = StampAct.objects.filter(key_owner=owner, kind=kind, key=request.key).first()
        if known is not None:
            return _replayed(known, digest)
        try:
            with transaction.atomic():  # a refusal leaves nothing behind
                answer = act()
            stored: dict[str, Any] = msgspec.to_builtins(answer)
        except DomainError as error:
            if is_new or error.code.removeprefix("loyalty.") not in REFUSALS:
                raise
            refusal = error
            stored = {"refusal": error.code.removeprefix("loyalty."), **error.data}
        try:
            with transaction.atomic():
                StampAct.objects.create(
                    kind=kind,
                    key_owner=owner,
                    key=request.key,
                    request_digest=digest,
                    response=stored,
                    at=request.now,
                )
        except IntegrityError as clash:  # another member's act took the key meanwhile
            raise IdempotencyKeyReused() from clash
    if refusal is not None:
        raise refusal
    return answer


def _lock(customer_id: int, request: Request, *, joins: bool) -> None:
    if joins:
        join(customer_id=customer_id, actor=request.actor, source="stamps", now=request.now)
    elif Account.objects.select_for_update(no_key=True).filter(pk=customer_id).first() is None:
        raise UnknownMember()


def _replayed(known: StampAct, digest: bytes) -> StampAnswer:
    if bytes(known.request_digest) != digest:
        raise IdempotencyKeyReused()
    if "refusal" in known.response:
        facts = {name: value for name, value in known.response.items() if name != "refusal"}
        raise REFUSALS[known.response["refusal"]](**facts)
    return msgspec.structs.replace(msgspec.convert(known.response, StampAnswer), is_replayed=True)


def _write(
    book: StampBook, stamps: int, kind: StampEntry.Kind, undoes: StampEntry | None, reason: str, request: Request
) -> StampEntry:
    actor = request.actor
    pk = _call(
        _WRITE,
        [
            book.pk, stamps, kind, undoes.pk if undoes else None, request.business, reason, actor.reference,
            actor.label[:160], request.now,
        ],
    )  # fmt: skip
    _fill(book, request)
    entry = StampEntry.objects.get(pk=pk)
    act = "undone" if undoes is not None else "given" if stamps > 0 else "taken"
    # The reason stays in the history alone: there it can be taken out when the person is erased.
    _record(act, book, request, {"name": book.card.name, "stamps": stamps})
    return entry


def _fill(book: StampBook, request: Request) -> None:
    _call(_FILL, [book.pk, request.actor.reference, request.now, active_programme().time_zone])
    wake_readers()


def _told(act: str, reward: StampReward, request: Request) -> StampAnswer:
    """The answer to what happened to a full card, with its event and audit entry."""
    book = reward.book
    _call(
        "INSERT INTO customers_event (name, customer_id, business_id, occurred_at, actor, data) "
        "VALUES (%s, %s, %s, %s, %s, jsonb_build_object('card', %s::text, 'reward', %s::text)) RETURNING 1",
        [
            f"loyalty.stamps.reward_{act}", book.account_id, request.business, request.now, request.actor.reference,
            book.card.code, reward.code,
        ],
    )  # fmt: skip
    wake_readers()
    _record(f"reward_{act}", book, request, {"name": book.card.name, "gives": reward.gives, "reward": reward.code})
    return _answer(book, reward=reward.code)


def _answer(
    book: StampBook, *, entry: StampEntry | None = None, stamps: int = 0, reward: str | None = None, reason: str = ""
) -> StampAnswer:
    book.refresh_from_db(fields=["stamps", "completed"])
    return StampAnswer(
        card=book.card.code,
        customer=book.account.customer.code,
        stamps=stamps,
        on_card=book.stamps,
        completed=book.completed,
        ready=book.rewards.filter(state=StampReward.State.READY).count(),
        entry=entry.code if entry else None,
        reward=reward,
        reason=reason,
    )


def _record(act: str, book: StampBook, request: Request, facts: dict[str, Any]) -> None:
    audit.record(
        request.actor,
        f"loyalty.stamps.{act}",
        subject=f"customer:{book.account.customer.code}",
        business_id=request.business,
        data={"card": book.card.code, **facts},
    )


def _check_place(card: StampCard, request: Request) -> None:
    if card.business_id is not None and request.business is not None and card.business_id != request.business:
        raise StampCardElsewhere(card=card.code)


def _check_open(card: StampCard, now: datetime) -> None:
    """By hand as by a sale: the card is offered, and today is one of its days."""
    if not is_open(card, now):
        raise StampCardClosed(card=card.code)


def is_open(card: StampCard, now: datetime) -> bool:
    """Whether members collect on the card today, in the programme's zone."""
    today = local_day(now, active_programme().zone)
    starts, ends = card.starts_on, card.ends_on
    return card.is_active and (starts is None or starts <= today) and (ends is None or today <= ends)


def _check_window(at: datetime, now: datetime, *, holds: bool) -> None:
    if holds and at + timedelta(seconds=UNDO_SECONDS) < now:
        raise UndoWindowPassed()


def _call(sql: str, parameters: list[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]
