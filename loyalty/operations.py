"""What can be asked of the ledger, as values: checked, normalised, and turned into the items of its SQL function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, InvalidInput
from core.idempotency import MAX_KEY_LENGTH, digest_of
from core.money import check_amount
from core.phones import parse_phone
from loyalty.errors import IdempotencyKeyRequired, UnknownBusiness, UnknownHold, UnknownReward, UnknownTransaction
from loyalty.rules import CLOCK_TOLERANCE, FIRST_YEAR, HOLD_MINUTES, MAX_HOLD_MINUTES, MAX_POINTS

MAX_REFERENCE_LENGTH = 120
MAX_REASON_LENGTH = 200
MAX_ACTION_LENGTH = 40
MAX_LINES = 200
MAX_QUANTITY = 1_000_000
_STEP = Decimal("0.001")

Item = dict[str, object]


# Who and where is compared by the database, which knows that a code and an id, a number and a customer, are the same.
_MEANING = ("amount", "points", "reason", "reference", "original", "cancels_order", "minutes")
# It compares no place of an adjustment, a bonus or a transfer: theirs is the id of one that is there, or none.
_MEANING_AND_PLACE = (*_MEANING, "business_id")
_MEANING_IF_SAID = ("lines", "reward", "action")


@dataclass(frozen=True, slots=True)
class Setting:
    """What an operation is read against: the programme's country (phones) and currency (amounts), and the moment."""

    country: str
    currency: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`business` is an id, or a code as the API names it. `key` empty: the order reference serves (add only)."""

    kind: ClassVar[str]
    endpoint: ClassVar[str]

    key: str = ""

    def item(self, setting: Setting) -> Item:
        """The object that SQL reads. Raises InvalidInput and IdempotencyKeyRequired."""
        raise NotImplementedError

    def _base(self, content: Item, *, without_key: bool = False, meaning: Sequence[str] = _MEANING) -> Item:
        if not self.key and not without_key:
            raise IdempotencyKeyRequired()
        _check_text(self.key, MAX_KEY_LENGTH, "idempotency_key")
        item: Item = {"kind": self.kind, "endpoint": self.endpoint, **content}
        if self.key:
            item["key"] = self.key
        said = [content[name] for name in _MEANING_IF_SAID if name in content]
        item["digest"] = digest_of(self.kind, *(content.get(name) for name in meaning), *said).hex()
        return item


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleLine:
    """One line of a sale. `amount` is what was paid for the whole line, its discount taken off; `sku` and `category`
    decide which rules are about it. A known stock code brings its own category."""

    amount: Decimal
    quantity: Decimal = Decimal(1)
    title: str = ""
    sku: str = ""
    category: str = ""

    def item(self, position: int, currency: str) -> Item:
        field = f"lines.{position - 1}"
        if not (
            self.quantity.is_finite()
            and 0 < self.quantity <= MAX_QUANTITY
            and self.quantity == self.quantity.quantize(_STEP)
        ):
            raise InvalidInput(
                _("Enter a quantity above 0 with at most 3 digits after the point."), field=f"{field}.quantity"
            )
        return {
            "position": position,
            "amount": _plain(check_amount(self.amount, currency, field=f"{field}.amount")),
            "quantity": _plain(self.quantity),
            "title": _check_text(self.title.strip(), 200, f"{field}.title"),
            "sku": _check_text(self.sku.strip(), 64, f"{field}.sku"),
            "category": _check_text(self.category.strip(), 120, f"{field}.category"),
        }


def line_items(lines: Sequence[SaleLine], amount: Decimal, currency: str) -> list[Item]:
    """The lines of a sale as the ledger reads them, numbered from 1. Raises InvalidInput."""
    if len(lines) > MAX_LINES:
        raise InvalidInput(_("Send at most 200 lines."), field="lines")
    items = [line.item(position, currency) for position, line in enumerate(lines, 1)]
    if sum((line.amount for line in lines), Decimal(0)) > amount:
        raise InvalidInput(_("The lines add up to more than the amount."), field="lines")
    return items


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPoints(Operation):
    """A sale of `amount` to whoever has `phone` (any spelling; a new customer if nobody has) or to `customer_id`.

    `reference` is the shop's own order number; `placed_at` when the sale was, if not now. `lines` are what was sold, if
    that is known; what they leave of the amount (postage, a tip) earns as the business's rate says.
    """

    kind: ClassVar[str] = "earn"
    endpoint: ClassVar[str] = "points.add"

    business: int | str
    amount: Decimal
    phone: str = ""
    customer_id: int | None = None
    reference: str = ""
    placed_at: datetime | None = None
    lines: Sequence[SaleLine] = ()

    def item(self, setting: Setting) -> Item:
        reference = _check_text(self.reference.strip(), MAX_REFERENCE_LENGTH, "order_ref")
        content: Item = {
            **_business(self.business),
            **_person(self.phone, self.customer_id, setting),
            "amount": _plain(check_amount(self.amount, setting.currency, field="amount_spent")),
        }
        if reference:
            content["reference"] = reference
        if self.lines:
            content["lines"] = line_items(self.lines, self.amount, setting.currency)
        if self.placed_at is not None:
            content["placed_at"] = check_moment(self.placed_at, setting.now, "placed_at").isoformat()
        return self._base(content, without_key=bool(reference))


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeemPoints(Operation):
    """`points` (whole, more than 0) for what `reason` describes, or the `reward` with this code for what it costs."""

    kind: ClassVar[str] = "redeem"
    endpoint: ClassVar[str] = "points.redeem"

    business: int | str
    points: int = 0
    reason: str = ""
    reward: str = ""
    phone: str = ""
    customer_id: int | None = None

    def item(self, setting: Setting) -> Item:
        return self._base(_spending(self, setting))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseTransaction(Operation):
    """Undo the transaction with the code `transaction`: whole, or only `points` of what it gave (a partial refund).

    `not_before`: refuse if it is older. `cancels_order`: the sale itself never happened, its order is cancelled too;
    then all that is left of its points goes.
    """

    kind: ClassVar[str] = "reverse"
    endpoint: ClassVar[str] = "points.reverse"

    transaction: str
    points: int | None = None
    reason: str = ""
    not_before: datetime | None = None
    cancels_order: bool = False

    def item(self, setting: Setting) -> Item:
        content: Item = {"original": _code(self.transaction, UnknownTransaction), "cancels_order": self.cancels_order}
        if self.points is not None:
            if self.cancels_order:
                raise InvalidInput(_("A sale that never happened loses all its points."), field="points")
            content["points"] = _check_points(self.points, "points")
        if self.reason:
            content["reason"] = _check_text(self.reason.strip(), MAX_REASON_LENGTH, "reason")
        if self.not_before is not None:
            content["not_before"] = self.not_before.isoformat()
        return self._base(content)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustPoints(Operation):
    """Give (`points` > 0) or take (< 0) by hand, with a `reason` that people will read.

    `business` is the id of one that is there, or none.
    `is_approved`: a second person agreed, or need not (`loyalty.ledger.post` asks).
    """

    kind: ClassVar[str] = "adjust"
    endpoint: ClassVar[str] = "points.adjust"

    points: int
    reason: str
    phone: str = ""
    customer_id: int | None = None
    business: int | None = None
    is_approved: bool = False

    def item(self, setting: Setting) -> Item:
        reason = _check_text(self.reason.strip(), MAX_REASON_LENGTH, "reason")
        if not reason:
            raise InvalidInput(_("Say why, so that the history explains itself."), field="reason")
        if self.points == 0 or abs(self.points) > MAX_POINTS:
            raise InvalidInput(_("Enter whole points, more or less than 0."), field="points")
        return self._base(
            {
                "business_id": self.business,
                **_person(self.phone, self.customer_id, setting),
                "points": self.points,
                "reason": reason,
                "is_approved": self.is_approved,
            },
            meaning=_MEANING_AND_PLACE,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldPoints(Operation):
    """Set `points` aside for `minutes`, for what `reason` describes; then capture or void the hold.

    Or what the `reward` with this code costs, for as long as it says; then the business may be left to the capture.
    """

    kind: ClassVar[str] = "hold"
    endpoint: ClassVar[str] = "points.hold"

    business: int | str | None
    points: int = 0
    reason: str = ""
    reward: str = ""
    minutes: int = HOLD_MINUTES
    phone: str = ""
    customer_id: int | None = None

    def item(self, setting: Setting) -> Item:
        if self.reward:
            return self._base(_spending(self, setting))
        if not 0 < self.minutes <= MAX_HOLD_MINUTES:
            raise InvalidInput(_("Points can be set aside for 1 minute to 30 days."), field="minutes")
        return self._base({**_spending(self, setting), "minutes": self.minutes})


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureHold(Operation):
    """Redeem what the transaction with the code `hold` set aside: whole, or only `points` of it; the rest goes back.

    `business` is where, for a claim that its member made without one.
    """

    kind: ClassVar[str] = "capture"
    endpoint: ClassVar[str] = "points.capture"

    hold: str
    points: int | None = None
    business: int | str | None = None

    def item(self, setting: Setting) -> Item:
        content: Item = {"original": _code(self.hold, UnknownHold)}
        if self.business is not None:
            content |= _business(self.business)
        if self.points is not None:
            content["points"] = _check_points(self.points, "points")
        return self._base(content)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidHold(Operation):
    """Give back what the transaction with the code `hold` set aside."""

    kind: ClassVar[str] = "void"
    endpoint: ClassVar[str] = "points.void"

    hold: str

    def item(self, setting: Setting) -> Item:
        return self._base({"original": _code(self.hold, UnknownHold)})


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPoints(Operation):
    """Pass `points` on to another member, by phone or id; they keep their expiry and issuer."""

    kind: ClassVar[str] = "transfer"
    endpoint: ClassVar[str] = "points.transfer"

    points: int
    reason: str = ""
    phone: str = ""
    customer_id: int | None = None
    recipient_phone: str = ""
    recipient_id: int | None = None
    business: int | None = None

    def item(self, setting: Setting) -> Item:
        content: Item = {
            "business_id": self.business,
            **_person(self.phone, self.customer_id, setting),
            "points": _check_points(self.points, "points"),
            "reason": _check_text(self.reason.strip(), MAX_REASON_LENGTH, "reason"),
        }
        if self.recipient_id is not None:
            content["recipient_id"] = self.recipient_id
        else:
            content["recipient_phone"] = _e164(self.recipient_phone, setting.country, "recipient_phone_number")
        return self._base(content, meaning=_MEANING_AND_PLACE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardBonus(Operation):
    """What the rules give for something that a member did: `action` is its word, such as `review`."""

    kind: ClassVar[str] = "bonus"
    endpoint: ClassVar[str] = "points.bonus"

    action: str
    phone: str = ""
    customer_id: int | None = None
    business: int | None = None

    def item(self, setting: Setting) -> Item:
        action = _check_text(self.action.strip().lower(), MAX_ACTION_LENGTH, "action")
        if not action:
            raise InvalidInput(_("Say what the points are for."), field="action")
        return self._base(
            {
                "business_id": self.business,
                **_person(self.phone, self.customer_id, setting),
                "action": action,
            },
            meaning=_MEANING_AND_PLACE,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralPoints(Operation):
    """`points` for who brought somebody (`side` is referrer) or was brought (friend)."""

    kind: ClassVar[str] = "referral"
    endpoint: ClassVar[str] = "points.referral"

    points: int
    customer_id: int
    side: str
    business: int | None = None

    def item(self, setting: Setting) -> Item:
        return self._base(
            {
                "business_id": self.business,
                "customer_id": self.customer_id,
                "points": _check_points(self.points, "points"),
                "action": self.side,
            },
            meaning=_MEANING_AND_PLACE,
        )


@lru_cache(maxsize=32_768)
def _e164(phone: str, country: str, field: str = "customer_phone_number") -> str:
    """Pure, 30 µs each without the memory (some 8 MB when full): the same members come back all day."""
    return parse_phone(phone, country, field=field)


def _spending(operation: RedeemPoints | HoldPoints, setting: Setting) -> Item:
    where = _business(operation.business) if operation.business is not None else {}
    person = _person(operation.phone, operation.customer_id, setting)
    if operation.reward:
        return {**where, **person, "reward": _code(operation.reward, UnknownReward)}
    return {
        **where,
        **person,
        "points": _check_points(operation.points, "points_to_redeem"),
        "reason": _check_text(operation.reason.strip(), MAX_REASON_LENGTH, "reward_description"),
    }


def _business(business: int | str) -> Item:
    if isinstance(business, int):
        return {"business_id": business}
    return {"business": _code(business, UnknownBusiness)}


def _code(text: str, unknown: type[DomainError]) -> str:
    """A code as a caller wrote it. PostgreSQL takes no NUL, not even in a question."""
    if "\0" in text:
        raise unknown()
    return text


def _person(phone: str, customer_id: int | None, setting: Setting) -> Mapping[str, object]:
    if customer_id is not None:
        return {"customer_id": customer_id}
    return {
        "phone": _e164(phone, setting.country),
        "phone_typed": phone.strip(),
    }


def _plain(amount: Decimal) -> str:
    """12.40 and 12.4 are one amount: the same digest, the same text."""
    return f"{amount.normalize():f}"


def check_moment(moment: datetime, now: datetime, field: str) -> datetime:
    """Days of sales are counted in every zone, so years at the ends of the calendar are none."""
    if moment.tzinfo is None:
        raise InvalidInput(_("Write the time with its zone, such as 2026-06-17T10:30:00Z."), field=field)
    if moment.year < FIRST_YEAR or moment > now + CLOCK_TOLERANCE:
        raise InvalidInput(_("A sale was after 1900 and is not ahead of today."), field=field)
    return moment


def _check_points(points: int, field: str) -> int:
    if not 0 < points <= MAX_POINTS:
        raise InvalidInput(_("Enter whole points, more than 0."), field=field)
    return points


def _check_text(text: str, length: int, field: str) -> str:
    if len(text) > length:
        raise InvalidInput(_("This text is too long."), field=field)
    if "\0" in text or any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise InvalidInput(_("This text has characters that cannot be kept."), field=field)
    return text
