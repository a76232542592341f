"""The one way from Python into the ledger's SQL function: one round trip for one or many operations."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

import msgspec
import psycopg
from django.db import DatabaseError, OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected, SerializationFailure

from core.actor import Actor
from core.errors import DomainError
from core.tenancy import active_programme
from loyalty.balances import settings_now
from loyalty.earning import Terms
from loyalty.errors import REFUSALS, UNKNOWN, ApprovalRequired
from loyalty.models import Transaction
from loyalty.operations import AdjustPoints, Item, Setting
from programs.models import Programme
from workspace.currency import currency_kept, is_known_fixed

# A clash of two calls for one key or order (or a deadlock across such) wrote nothing: each further try finds the other.
TRIES = 5
_IN_VAIN = "LP001"
_CALL = "SELECT ordinal, status, response FROM loyalty_post(%s::text::jsonb, %s::text::jsonb, %s::timestamptz)"


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """What a transaction came to, as stored with it: a repeated key gives the same values, whatever happened since.

    `points` is the change (negative takes), `balance` and `debt` are afterwards. The codes are public ones. `pending`
    of the points can be spent from `available_at` on and are not in the balance yet.
    """

    transaction: str
    kind: str
    points: int
    balance: int
    customer: str
    debt: int = 0
    business: str | None = None
    is_new: bool = False  # the customer was made by this call
    order: str | None = None
    reference: str | None = None
    amount: Decimal | None = None
    rate: Decimal | None = None
    rounding: str | None = None
    reason: str | None = None
    reverses: str | None = None
    held: int = 0  # the change of what is set aside; `points` are not among it
    hold: str | None = None  # the hold that this captures or voids
    expires_at: datetime | None = None  # of a hold
    pending: int = 0
    available_at: datetime | None = None
    terms: Terms | None = None  # how an earn's points came about, where rules or a tier had a part in it
    reward: str | None = None  # what was redeemed or claimed
    recipient: str | None = None  # of a transfer: the customer that got the points …
    sender: str | None = None  # … or gave them
    action: str | None = None  # what a bonus is for
    is_replayed: bool = False


class _Stored(msgspec.Struct):
    refusal: str | None = None


Outcome = Posting | DomainError

_decode_posting = msgspec.json.Decoder(Posting).decode
_decode_stored = msgspec.json.Decoder(_Stored).decode
_decode_any = msgspec.json.Decoder(dict[str, object]).decode


def setting(now: datetime) -> Setting:
    """What operations are read against in the programme active now."""
    programme = active_programme()
    return Setting(country=programme.country, currency=programme.currency, now=now)


def post(items: Sequence[Item], *, owner: str, source: str, actor: Actor, now: datetime) -> list[Outcome]:
    """Post items (`Operation.item`) and return one outcome for each, in their order. One round trip.

    Atomic as a whole, but not all-or-nothing in meaning: a refused item is an outcome, not an exception. Raises
    CurrencyChanged where a first sale meets a change of the currency.
    """
    programme = active_programme()
    if is_known_fixed(programme) or not any(item["kind"] == "earn" for item in items):
        return _post(items, programme, owner=owner, source=source, actor=actor, now=now)
    with currency_kept(programme):
        return _post(items, programme, owner=owner, source=source, actor=actor, now=now)


def _post(
    items: Sequence[Item], programme: Programme, *, owner: str, source: str, actor: Actor, now: datetime
) -> list[Outcome]:
    unapproved = _unapproved(items, owner)
    numbered = [{"ordinal": ordinal, **item} for ordinal, item in enumerate(items) if ordinal not in unapproved]
    call = {
        "owner": owner,
        "actor": actor.reference,
        "actor_label": actor.label[:160],
        "ip": actor.ip,
        "business_id": actor.business_id,
        "source": source,
        "zone": programme.time_zone,
        "programme_id": programme.pk,
    }
    called = msgspec.json.encode(call).decode()
    outcomes: list[Outcome | None] = [None] * len(items)
    for ordinal, refusal in unapproved.items():
        outcomes[ordinal] = refusal
    while numbered:
        try:
            answers = _execute([msgspec.json.encode(numbered).decode(), called, now])
            numbered = []
        except DatabaseError as error:
            answers = _in_vain(error)
            answered = {ordinal for ordinal, _status, _response in answers}
            numbered = [item for item in numbered if item["ordinal"] not in answered]
        for ordinal, status, response in answers:
            outcomes[ordinal] = _outcome(status, response)
    return [outcome for outcome in outcomes if outcome is not None]


def _unapproved(items: Sequence[Item], owner: str) -> dict[int, ApprovalRequired]:
    """Adjustments by hand of more points than one person may move, by their place; a used key answers as it did.

    A query only where there are any, and another where any is too large.
    """
    adjusts = [place for place, item in enumerate(items) if item["kind"] == "adjust" and not item["is_approved"]]
    limit = settings_now().approval_above if adjusts else None
    if limit is None:
        return {}
    large = {place: items[place]["key"] for place in adjusts if abs(cast(int, items[place]["points"])) > limit}
    if not large:
        return {}
    stored = Transaction.objects.filter(key_owner=owner, key_endpoint=AdjustPoints.endpoint, key__in=large.values())
    used = set(stored.values_list("key", flat=True))
    return {place: ApprovalRequired(limit=limit) for place, key in large.items() if key not in used}


def _in_vain(error: DatabaseError) -> list[tuple[int, str, str]]:
    """The answers to those who were new and got nothing: the call was undone, so that nobody is left behind."""
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error) or cause.sqlstate != _IN_VAIN:
        raise error
    return msgspec.json.decode(cause.diag.message_detail or "", type=list[tuple[int, str, str]])


def _execute(parameters: Sequence[str | datetime]) -> list[tuple[int, str, str]]:
    for attempt in range(1, TRIES + 1):
        try:
            # One statement is its own transaction; inside the caller's, a savepoint lets it be tried again.
            with transaction.atomic() if connection.in_atomic_block else nullcontext(), connection.cursor() as cursor:
                cursor.execute(_CALL, parameters)
                rows: list[tuple[int, str, str]] = cursor.fetchall()
                return rows
        except OperationalError as error:
            if attempt == TRIES or not isinstance(error.__cause__, SerializationFailure | DeadlockDetected):
                raise
            time.sleep(random.uniform(0, 0.005 * attempt))  # noqa: S311
    raise AssertionError("unreachable")


def _outcome(status: str, response: str) -> Outcome:
    if status in UNKNOWN:
        return UNKNOWN[status]()
    if status == "done":
        return _decode_posting(response)
    refusal = _decode_stored(response).refusal
    if refusal is not None:
        facts: Mapping[str, Any] = _decode_any(response)
        return REFUSALS[refusal](**{name: value for name, value in facts.items() if name != "refusal"})
    return msgspec.structs.replace(_decode_posting(response), is_replayed=True)


def one(outcomes: Sequence[Outcome]) -> Posting:
    """The posting of a call with one item; a refusal is raised (its row is committed by then)."""
    (outcome,) = outcomes
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome
