"""Sales, redemptions, reversals and adjustments over the API: the hot acts, plain views over msgspec."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.permissions import Perm
from loyalty.actions import points
from loyalty.actions.rules import ACTION_WORD
from loyalty.api_acts import act, count_number, do, key_of
from loyalty.errors import UnknownBusiness
from loyalty.operations import (
    AddPoints,
    AdjustPoints,
    AwardBonus,
    Operation,
    RedeemPoints,
    ReverseTransaction,
    SaleLine,
    TransferPoints,
)
from workspace.api_auth import ApiCaller
from workspace.api_bodies import InvalidBody, read
from workspace.models import Business


class LineInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One line of a sale. `amount` is what was paid for the whole line, its discount taken off; all lines together are
    not more than `amount_spent`. `sku` and `category` decide which earning rules are about it; a known stock code
    brings its own category."""

    amount: Decimal
    quantity: Decimal = Decimal(1)
    title: str = ""
    sku: str = ""
    category: str = ""

    def line(self) -> SaleLine:
        return SaleLine(
            amount=self.amount, quantity=self.quantity, title=self.title, sku=self.sku, category=self.category
        )


class AddPointsInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A sale. `amount_spent` is a number or a text such as "12.40". `order_ref` is the shop's own order number.
    `placed_at`, with its zone, is when the sale was, if not now. `lines` are what was sold (at most 200)."""

    business_id: str
    customer_phone_number: str
    amount_spent: Decimal
    order_ref: str = ""
    placed_at: datetime | None = None
    lines: list[LineInput] = []


class RedeemPointsInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`points_to_redeem` for what `reward_description` says, or the reward `reward_id` for what it costs."""

    business_id: str
    customer_phone_number: str
    points_to_redeem: int | None = None
    reward_description: str | None = None
    reward_id: str | None = None


class ReverseInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`points` takes back only a part of what was given; what was redeemed always comes back whole.
    `cancels_order`, without `points`: the sale never happened."""

    points: int | None = None
    reason: str = ""
    cancels_order: bool = False


class AdjustPointsInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`points` above 0 gives, below 0 takes."""

    customer_phone_number: str
    points: int
    reason: str
    business_id: str | None = None


class AwardInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`action` is the word of an earning rule, such as `review`: small letters, digits, `-` and `_`."""

    customer_phone_number: str
    action: str
    business_id: str | None = None


class TransferInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`points` pass from one member to the other and keep their expiry."""

    customer_phone_number: str
    recipient_phone_number: str
    points: int
    reason: str = ""


PointsInput = AddPointsInput | RedeemPointsInput | AdjustPointsInput | AwardInput | TransferInput

_ADD = msgspec.json.Decoder(AddPointsInput)
_REDEEM = msgspec.json.Decoder(RedeemPointsInput)
_REVERSE = msgspec.json.Decoder(ReverseInput)
_ADJUST = msgspec.json.Decoder(AdjustPointsInput)
_AWARD = msgspec.json.Decoder(AwardInput)
_TRANSFER = msgspec.json.Decoder(TransferInput)


@act(
    Perm.POINTS_WRITE,
    id="transactions_add_points",
    summary="Record a sale and give its points",
    description="Finds or makes the customer by phone number in any spelling, and the order by its reference.",
    request=AddPointsInput,
)
def add_points(request: HttpRequest, caller: ApiCaller) -> HttpResponse:
    return _post(request, caller, _ADD)


@act(Perm.POINTS_WRITE, id="transactions_redeem_points", summary="Redeem points", request=RedeemPointsInput)
def redeem_points(request: HttpRequest, caller: ApiCaller) -> HttpResponse:
    return _post(request, caller, _REDEEM)


@act(Perm.POINTS_ADJUST, id="transactions_adjust", summary="Adjust a balance by hand", request=AdjustPointsInput)
def adjust(request: HttpRequest, caller: ApiCaller) -> HttpResponse:
    return _post(request, caller, _ADJUST)


@act(
    Perm.POINTS_WRITE,
    id="transactions_award_bonus",
    summary="Give the bonus for something that a customer did",
    description="What the earning rules give for `action`, as often as they allow. Who was no member becomes one.",
    request=AwardInput,
)
def award_bonus(request: HttpRequest, caller: ApiCaller) -> HttpResponse:
    return _post(request, caller, _AWARD)


@act(
    Perm.POINTS_ADJUST,
    id="transactions_transfer",
    summary="Pass points on to another member",
    description="The answer is the sender's transaction. Reversing either side undoes both.",
    request=TransferInput,
)
def transfer(request: HttpRequest, caller: ApiCaller) -> HttpResponse:
    return _post(request, caller, _TRANSFER)


@act(
    Perm.POINTS_WRITE,
    id="transactions_reverse",
    summary="Undo a transaction",
    description="Callers without `points:reverse` can undo what is younger than a minute.",
    request=ReverseInput,
)
def reverse(request: HttpRequest, caller: ApiCaller, transaction_id: str) -> HttpResponse:
    now = timezone.now()
    item = read(request, _REVERSE) if request.body else ReverseInput()
    return do(reversal_of(item, transaction_id, key=key_of(request), caller=caller, now=now), caller, now)


def _post(request: HttpRequest, caller: ApiCaller, decoder: msgspec.json.Decoder[Any]) -> HttpResponse:
    item = read(request, decoder)
    return do(operation_of(item, key=key_of(request), caller=caller), caller, timezone.now())


def operation_of(item: PointsInput, *, key: str, caller: ApiCaller) -> Operation:
    """Raises PermissionRefused for what the caller may not do, UnknownBusiness and TooManyRequests."""
    count_number(caller)
    if isinstance(item, AddPointsInput):
        return AddPoints(
            business=item.business_id,
            phone=item.customer_phone_number,
            amount=item.amount_spent,
            reference=item.order_ref,
            placed_at=item.placed_at,
            lines=[line.line() for line in item.lines],
            key=key,
        )
    if isinstance(item, RedeemPointsInput):
        wanted = wanted_of(item)
        return RedeemPoints(
            business=item.business_id,
            phone=item.customer_phone_number,
            points=wanted.points,
            reason=wanted.reason,
            reward=wanted.reward,
            key=key,
        )
    if isinstance(item, AwardInput):
        if not ACTION_WORD.fullmatch(item.action.strip().lower()):
            raise InvalidInput(_("Enter one word of small letters, digits and hyphens."), field="action")
        return AwardBonus(
            phone=item.customer_phone_number,
            action=item.action,
            business=_visible_id(caller, item.business_id),
            key=key,
        )
    caller.require(Perm.POINTS_ADJUST)
    if isinstance(item, TransferInput):
        count_number(caller)  # it names two
        return TransferPoints(
            points=item.points,
            phone=item.customer_phone_number,
            recipient_phone=item.recipient_phone_number,
            reason=item.reason,
            business=caller.business_id,
            key=key,
        )
    return AdjustPoints(
        phone=item.customer_phone_number,
        points=item.points,
        reason=item.reason,
        business=_visible_id(caller, item.business_id),
        key=key,
    )


class Wanted(NamedTuple):
    points: int
    reason: str
    reward: str


def wanted_of(item: RedeemPointsInput) -> Wanted:
    """What the points are for: a reward, or a number and its description. Raises InvalidBody for both or neither."""
    free = {"points_to_redeem": item.points_to_redeem, "reward_description": item.reward_description}
    for field, value in free.items():
        if item.reward_id is not None and value is not None:
            raise InvalidBody(_("A reward says itself what it costs and what it is."), field=field)
        if item.reward_id is None and value is None:
            raise InvalidBody(_("This field is required."), field=field, field_code="required")
    return Wanted(item.points_to_redeem or 0, item.reward_description or "", item.reward_id or "")


def reversal_of(
    item: ReverseInput, transaction: str, *, key: str, caller: ApiCaller, now: datetime
) -> ReverseTransaction:
    """Who may not reverse in general may undo what is younger than a minute."""
    return ReverseTransaction(
        transaction=transaction,
        points=item.points,
        reason=item.reason,
        cancels_order=item.cancels_order,
        not_before=None if Perm.POINTS_REVERSE in caller.permissions else points.undo_limit(now),
        key=key,
    )


def _visible_id(caller: ApiCaller, code: str | None) -> int | None:
    """The id of the business named, or of the one that the caller is limited to. The ledger also takes adjustments and
    bonuses of no business, so it would not notice one that is not there. Raises UnknownBusiness."""
    if code is None:
        return caller.business_id
    shops = Business.objects.none() if "\0" in code else Business.objects.visible_to(caller.actor).filter(code=code)
    business_id: int | None = shops.values_list("pk", flat=True).first()
    if business_id is None:
        raise UnknownBusiness()
    return business_id
