"""How points, stamps, tiers and all that hangs on an account move when two customers become one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from django.db import connection
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from core.tenancy import active_programme
from customers.merging import Mover, OnlyOne, Pair, Rows, moves, stays
from loyalty.models import (
    Account,
    AdjustmentRequest,
    AffiliateCustomer,
    HoldAllocation,
    Lot,
    Recommendation,
    Referral,
    ReferralCode,
    StampReward,
)

KEY_OWNER = "merge"


class Points(Mover):
    """Transactions, lots, claims, debt and tier, by the ledger's own function (migrations/sql/ledger_merge.sql)."""

    name = "loyalty_account.customer_id"
    title = _("Points")
    columns = (
        "loyalty_account.customer_id",
        "loyalty_transaction.account_id",
        "loyalty_lot.account_id",
        "loyalty_hold.account_id",
        "loyalty_tierchange.account_id",
    )

    def lock(self, customer_ids: Sequence[int]) -> None:
        """The ledger's order: accounts come before what references customers."""
        locked = Account.objects.select_for_update(no_key=True).filter(pk__in=customer_ids).order_by("pk")
        list(locked.values_list("pk"))

    def count(self, customer_id: int) -> int:
        account = Account.objects.filter(pk=customer_id).first()
        return account.available + account.held + account.pending - account.debt if account else 0

    def move(self, pair: Pair) -> dict[str, Any] | None:
        moved = _ask(
            "SELECT ledger_merge(%s, %s, %s, %s::text::jsonb, %s::timestamptz)",
            [pair.duplicate_id, pair.survivor_id, pair.key, _call(pair), pair.now],
        )
        return msgspec.json.decode(moved) if moved else None

    def undo(self, pair: Pair, moved: dict[str, Any]) -> None:
        _ask(
            "SELECT ledger_unmerge(%s, %s, %s::text::jsonb, %s, %s::text::jsonb, %s::timestamptz)",
            [
                pair.duplicate_id,
                pair.survivor_id,
                msgspec.json.encode(moved).decode(),
                f"{pair.key}:undo",
                _call(pair),
                pair.now,
            ],
        )

    def left(self, survivor_id: int, moved: dict[str, Any]) -> int:
        """Points of the lots that came over, and those of them that claims of the duplicate set aside."""
        lots = [new for _old, new in moved["lots"]]
        live: int = (
            Lot.objects.filter(pk__in=lots, account=survivor_id).aggregate(points=Sum("remaining"))["points"] or 0
        )
        held = HoldAllocation.objects.filter(lot__in=lots, hold__in=moved["transactions"])
        aside: int = held.aggregate(points=Sum("points"))["points"] or 0
        debt = Account.objects.filter(pk=survivor_id).values_list("debt", flat=True).first() or 0
        return live + aside - min(debt, int(moved["debt"]))


class Stamps(Mover):
    """Stamp cards, the sales behind them and full cards; runs once both have an account."""

    name = "loyalty_stampbook.account_id"
    title = _("Full stamp cards")
    columns = (name,)

    def count(self, customer_id: int) -> int:
        ready = StampReward.objects.filter(book__account=customer_id, state=StampReward.State.READY)
        return ready.count()

    def move(self, pair: Pair) -> list[Any] | None:
        books = _ask(
            "SELECT ledger_merge_stamps(%s, %s, %s, %s, %s::timestamptz, %s)",
            [pair.duplicate_id, pair.survivor_id, *_who(pair)],
        )
        return msgspec.json.decode(books) or None

    def left(self, survivor_id: int, moved: list[Any]) -> int:
        rewards = [reward for book in moved for reward in book["rewards"]]
        ready = StampReward.objects.filter(pk__in=rewards, state=StampReward.State.READY)
        return ready.count()

    def undo(self, pair: Pair, moved: list[Any]) -> None:
        _ask(
            "SELECT ledger_unmerge_stamps(%s::text::jsonb, %s, %s, %s::timestamptz, %s)",
            [msgspec.json.encode(moved).decode(), *_who(pair)],
        )


def _call(pair: Pair) -> str:
    call = {
        "owner": KEY_OWNER,
        "actor": pair.actor.reference,
        "actor_label": pair.actor.label[:160],
        "ip": pair.actor.ip,
        "source": KEY_OWNER,
        "zone": active_programme().time_zone,
    }
    return msgspec.json.encode(call).decode()


def _who(pair: Pair) -> list[Any]:
    return [pair.actor.reference, pair.actor.label[:160], pair.now, active_programme().time_zone]


def _ask(query: str, values: Sequence[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone()[0]


def _own_friend(pair: Pair) -> Q:
    """One of the two brought the other: nobody brings themselves."""
    return Q(friend=pair.survivor_id)


def _own_referrer(pair: Pair) -> Q:
    return Q(referrer=pair.survivor_id)


def _second_affiliate(pair: Pair) -> Q:
    """Somebody counts for one affiliate: the survivor's."""
    taken = AffiliateCustomer.objects.filter(customer=pair.survivor_id).exclude(state=AffiliateCustomer.State.ENDED)
    return ~Q(state=AffiliateCustomer.State.ENDED) if taken.exists() else Q(pk__in=())


def _same_rule(pair: Pair) -> Q:
    """A member has one open recommendation of a rule."""
    open_ones = Recommendation.objects.filter(customer=pair.survivor_id, is_open=True)
    return Q(is_open=True, rule__in=list(open_ones.values_list("rule", flat=True)))


moves(
    Points(),
    Stamps(),
    Rows(AdjustmentRequest),
    Rows(Referral, "referrer", title=_("Referrals"), staying=_own_friend),
    Rows(Referral, "friend", staying=_own_referrer),
    OnlyOne(ReferralCode, "account"),
    Rows(AffiliateCustomer, staying=_second_affiliate),
    Rows(Recommendation, staying=_same_rule),
)
stays({"loyalty_entry.account_id": "entries are never changed: the transfer of the merge adds its own"})
