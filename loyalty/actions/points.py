"""Every act on points. Each is one round trip into the ledger's SQL and safe to repeat with the same key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from core.actor import Actor
from core.errors import DomainError
from loyalty import ledger
from loyalty.errors import TooManyOperations
from loyalty.ledger import Outcome, Posting
from loyalty.operations import (
    AddPoints,
    AdjustPoints,
    AwardBonus,
    CaptureHold,
    HoldPoints,
    Item,
    Operation,
    RedeemPoints,
    ReverseTransaction,
    SaleLine,
    TransferPoints,
    VoidHold,
)
from loyalty.rules import HOLD_MINUTES, UNDO_SECONDS

MAX_BATCH = 1000


def add_points(
    *,
    business: int | str,
    amount: Decimal,
    actor: Actor,
    now: datetime,
    phone: str = "",
    customer_id: int | None = None,
    reference: str = "",
    key: str = "",
    owner: str = "",
    source: str = "api",
    placed_at: datetime | None = None,
    lines: Sequence[SaleLine] = (),
) -> Posting:
    """Record a sale and give its points: finds or makes customer, account and order, all in one transaction.

    `business` is an id or code, `phone` in any spelling, `amount` in the programme's currency. The same `key` of the
    same `owner` (default: the actor) returns the first posting; without a key the `reference` serves. Never gives
    marketing consent. Raises InvalidInput (phone, amount, time), IdempotencyKeyRequired, IdempotencyKeyReused,
    UnknownBusiness, and OrderAlreadyEarned, OrderCancelled, OrderOfAnotherCustomer or OrderTotalDiffers.
    """
    operation = AddPoints(
        business=business,
        amount=amount,
        phone=phone,
        customer_id=customer_id,
        reference=reference,
        placed_at=placed_at,
        lines=lines,
        key=key,
    )
    return _post_one(operation, owner=owner, source=source, actor=actor, now=now)


def redeem_points(
    *,
    business: int | str,
    key: str,
    actor: Actor,
    now: datetime,
    points: int = 0,
    reason: str = "",
    reward: str = "",
    phone: str = "",
    customer_id: int | None = None,
    owner: str = "",
    source: str = "api",
) -> Posting:
    """Take `points` (whole, > 0) for what `reason` describes, oldest expiry first, and return the stored posting.

    Or the `reward` with this code, for what it costs. Safe to repeat: the same `key` returns the first result, a
    refusal included. Raises NotEnoughPoints (stored, replayable; no entry, lot, balance or stock changed),
    UnknownMember, UnknownBusiness, UnknownReward, the other refusals of rewards (loyalty.errors) and
    IdempotencyKeyReused.
    """
    operation = RedeemPoints(
        business=business, points=points, reason=reason, reward=reward, phone=phone, customer_id=customer_id, key=key
    )
    return _post_one(operation, owner=owner, source=source, actor=actor, now=now)


def reverse_transaction(
    *,
    transaction: str,
    key: str,
    actor: Actor,
    now: datetime,
    points: int | None = None,
    reason: str = "",
    cancels_order: bool = False,
    within_undo_window: bool = False,
    owner: str = "",
    source: str = "api",
) -> Posting:
    """Undo the transaction with the code `transaction`, once.

    What it gave is taken back, its own lot first; what is spent already becomes debt that the next earns repay. What
    it took comes back with the old expiry or a last chance. A reversal can be undone like anything else, and a transfer
    is undone on both sides; what cancelled an order or belongs to a refund stands. `points` takes back only a part of
    what was given. `cancels_order` also cancels the sale's order (a till's undo). `within_undo_window`: only while it
    is younger than UNDO_SECONDS; views pass it for people without Perm.POINTS_REVERSE. An actor limited to a business
    reaches only that business's transactions. Raises UnknownTransaction, AlreadyReversed, NotReversible,
    UndoWindowPassed, IdempotencyKeyReused.
    """
    operation = ReverseTransaction(
        transaction=transaction,
        points=points,
        reason=reason,
        cancels_order=cancels_order,
        not_before=undo_limit(now) if within_undo_window else None,
        key=key,
    )
    return _post_one(operation, owner=owner, source=source, actor=actor, now=now)


def adjust_points(
    *,
    points: int,
    reason: str,
    key: str,
    actor: Actor,
    now: datetime,
    phone: str = "",
    customer_id: int | None = None,
    business: int | None = None,
    owner: str = "",
    source: str = "page",
    is_approved: bool = False,
) -> Posting:
    """Give (`points` > 0) or take (< 0) by hand. Giving makes an account where the customer has none.

    `business` is the id of one that the actor may see, or none. More points than the programme lets one person move
    need `loyalty.actions.approvals`; `is_approved` says that they were, or that the rule is not about this.

    Raises NotEnoughPoints, UnknownMember, ApprovalRequired, InvalidInput (no reason, 0 points), IdempotencyKeyReused.
    """
    operation = AdjustPoints(
        points=points,
        reason=reason,
        phone=phone,
        customer_id=customer_id,
        business=business,
        key=key,
        is_approved=is_approved,
    )
    return _post_one(operation, owner=owner, source=source, actor=actor, now=now)


def hold_points(
    *,
    business: int | str | None,
    key: str,
    actor: Actor,
    now: datetime,
    points: int = 0,
    reason: str = "",
    reward: str = "",
    minutes: int = HOLD_MINUTES,
    phone: str = "",
    customer_id: int | None = None,
    owner: str = "",
    source: str = "api",
) -> Posting:
    """Set `points` aside, oldest expiry first, for `minutes`: nobody can spend them, and they do not expire meanwhile.

    The posting's `transaction` is the code by which `capture_hold` redeems them and `void_hold` gives them back; left
    alone they go back by themselves. A `reward` says itself what it costs and how long its code lasts, and needs no
    business until it is captured. Raises NotEnoughPoints, UnknownMember, UnknownBusiness, UnknownReward, the other
    refusals of rewards, InvalidInput and IdempotencyKeyReused.
    """
    operation = HoldPoints(
        business=business,
        points=points,
        reason=reason,
        reward=reward,
        minutes=minutes,
        phone=phone,
        customer_id=customer_id,
        key=key,
    )
    return _post_one(operation, owner=owner, source=source, actor=actor, now=now)


def capture_hold(
    *,
    hold: str,
    key: str,
    actor: Actor,
    now: datetime,
    points: int | None = None,
    business: int | str | None = None,
    owner: str = "",
    source: str = "api",
) -> Posting:
    """Redeem what was set aside, at the business and for the reason of the hold; returns the redemption.

    `points` redeems only a part, the rest goes back to its lots; a reward is redeemed whole. `business` is where, for a
    claim made without one; an actor limited to a business need not say so, and reaches only that business's holds and
    such claims of rewards that are given there. Raises HoldOver, MoreThanHeld, RewardIsWhole, RewardElsewhere,
    UnknownBusiness, UnknownHold and IdempotencyKeyReused.
    """
    operation = CaptureHold(hold=hold, points=points, business=business, key=key)
    return _post_one(operation, owner=owner, source=source, actor=actor, now=now)


def void_hold(*, hold: str, key: str, actor: Actor, now: datetime, owner: str = "", source: str = "api") -> Posting:
    """Give back what was set aside: to the same lots, with the same expiry; debt that arose meanwhile is repaid first.

    Raises HoldOver, UnknownHold and IdempotencyKeyReused.
    """
    return _post_one(VoidHold(hold=hold, key=key), owner=owner, source=source, actor=actor, now=now)


def transfer_points(
    *,
    points: int,
    key: str,
    actor: Actor,
    now: datetime,
    phone: str = "",
    customer_id: int | None = None,
    recipient_phone: str = "",
    recipient_id: int | None = None,
    reason: str = "",
    business: int | None = None,
    owner: str = "",
    source: str = "api",
) -> Posting:
    """Pass `points` on from one member to another. They keep their expiry and their issuer, so nobody gains by it.

    Returns the sender's posting. Reversing either side undoes both. Raises NotEnoughPoints, UnknownMember (the sender),
    UnknownRecipient (nobody, no member, or the sender) and IdempotencyKeyReused.
    """
    operation = TransferPoints(
        points=points,
        reason=reason,
        phone=phone,
        customer_id=customer_id,
        recipient_phone=recipient_phone,
        recipient_id=recipient_id,
        business=business,
        key=key,
    )
    return _post_one(operation, owner=owner, source=source, actor=actor, now=now)


def award_bonus(
    *,
    action: str,
    key: str,
    actor: Actor,
    now: datetime,
    phone: str = "",
    customer_id: int | None = None,
    business: int | None = None,
    owner: str = "",
    source: str = "api",
) -> Posting:
    """Give what the rules give for `action` (a review, a visit to an event …). Who was no member becomes one.

    Raises NoSuchAction, BonusLimitReached, UnknownMember and IdempotencyKeyReused.
    """
    operation = AwardBonus(action=action, phone=phone, customer_id=customer_id, business=business, key=key)
    return _post_one(operation, owner=owner, source=source, actor=actor, now=now)


def undo_limit(now: datetime) -> datetime:
    """What happened before this moment, a cashier cannot undo any more."""
    return now - timedelta(seconds=UNDO_SECONDS)


def post_batch(
    *, operations: Sequence[Operation | DomainError], owner: str, source: str, actor: Actor, now: datetime
) -> list[Outcome]:
    """Up to MAX_BATCH mixed operations in one round trip: one outcome each, in order; a refusal stops no other.

    Operations of one member happen in their order. An operation that is not even well-formed is refused alone, too;
    an error in its place (the caller could not read it) is returned as it is.
    Raises TooManyOperations.
    """
    if len(operations) > MAX_BATCH:
        raise TooManyOperations()
    setting = ledger.setting(now)
    items: list[Item] = []
    places: list[int] = []
    outcomes: list[Outcome | None] = [None] * len(operations)
    for place, operation in enumerate(operations):
        if isinstance(operation, DomainError):
            outcomes[place] = operation
            continue
        try:
            items.append(operation.item(setting))
            places.append(place)
        except DomainError as error:
            outcomes[place] = error
    if items:
        posted = ledger.post(items, owner=owner or actor.reference, source=source, actor=actor, now=now)
        for place, outcome in zip(places, posted, strict=True):
            outcomes[place] = outcome
    return [outcome for outcome in outcomes if outcome is not None]


def _post_one(operation: Operation, *, owner: str, source: str, actor: Actor, now: datetime) -> Posting:
    item = operation.item(ledger.setting(now))
    return ledger.one(ledger.post([item], owner=owner or actor.reference, source=source, actor=actor, now=now))
