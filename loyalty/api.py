"""The hot acts on points: plain Django views over msgspec, one key look-up and one SQL call each.

An answer is written from what is stored with the transaction, so a repeated key gets the same bytes; the header
`Idempotency-Replayed` says that it was one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import DomainError, InvalidInput, PermissionRefused
from core.openapi import Operation as Described
from core.openapi import describe
from core.permissions import Perm
from core.phones import parse_phone
from core.problems import FieldError, Problem, problem, problem_response
from core.tenancy import active_schema
from customers.models import Identifier
from loyalty import ledger, reports
from loyalty.actions import points
from loyalty.errors import UnknownBusiness
from loyalty.ledger import Posting
from loyalty.operations import AddPoints, AdjustPoints, Operation, RedeemPoints, ReverseTransaction
from programs import api_limits
from workspace.api_auth import ApiCaller, hot_view
from workspace.models import Business

Body = TypeVar("Body", bound=msgspec.Struct)
TAG = "points"

# -- input ------------------------------------------------------------------------------------------------------------


class AddPointsInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A sale. `amount_spent` is a number or a text such as "12.40". `order_ref` is the shop's own order number."""

    business_id: str
    customer_phone_number: str
    amount_spent: Decimal
    order_ref: str = ""
    placed_at: datetime | None = None


class RedeemPointsInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    business_id: str
    customer_phone_number: str
    points_to_redeem: int
    reward_description: str


class ReverseInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`points` takes back only a part of what was given. `cancels_order`: the sale never happened."""

    points: int | None = None
    reason: str = ""
    cancels_order: bool = False


class AdjustPointsInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`points` above 0 gives, below 0 takes."""

    customer_phone_number: str
    points: int
    reason: str
    business_id: str | None = None


class SimulateInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    business_id: str
    amount_spent: Decimal
    customer_phone_number: str = ""


class BatchAdd(AddPointsInput, tag="add-points", tag_field="type", kw_only=True):
    idempotency_key: str = ""


class BatchRedeem(RedeemPointsInput, tag="redeem-points", tag_field="type", kw_only=True):
    idempotency_key: str = ""


class BatchReverse(ReverseInput, tag="reverse", tag_field="type", kw_only=True):
    transaction_id: str
    idempotency_key: str = ""


class BatchAdjust(AdjustPointsInput, tag="adjust", tag_field="type", kw_only=True):
    idempotency_key: str = ""


BatchItem = BatchAdd | BatchRedeem | BatchReverse | BatchAdjust


class BatchInput(msgspec.Struct, forbid_unknown_fields=True):
    """Up to 1,000 operations. One member's are done in their order; a refused one stops no other."""

    operations: list[msgspec.Raw]


class BatchDescription(msgspec.Struct):
    """What the document shows of a batch: the items are read one by one, so that each is refused alone."""

    operations: list[BatchItem]


# -- output -----------------------------------------------------------------------------------------------------------


class CustomerOutput(msgspec.Struct):
    id: str
    is_new: bool


class PointsOutput(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What a transaction came to. `points` is signed; `balance` and `debt` are right after it."""

    transaction_id: str
    type: str
    points: int
    balance: int
    customer: CustomerOutput
    business_id: str | None = None
    debt: int = 0
    points_earned: int | None = None
    points_redeemed: int | None = None
    order_id: str | None = None
    order_ref: str | None = None
    reverses: str | None = None
    reason: str | None = None
    explanation: str | None = None


class PreviewLineOutput(msgspec.Struct):
    text: str
    points: int


class SimulateOutput(msgspec.Struct):
    """What a sale would give. `balance_after` is null without a member. Nothing was written."""

    points: int
    explanation: list[PreviewLineOutput]
    balance_after: int | None


class BatchResult(msgspec.Struct, omit_defaults=True):
    """`status` is what the operation alone would have answered with; `result` or `problem` is its body."""

    status: int
    result: PointsOutput | None = None
    problem: Problem | None = None
    is_replayed: bool = False


class BatchOutput(msgspec.Struct):
    results: list[BatchResult]


def _output(posting: Posting) -> PointsOutput:
    return PointsOutput(
        transaction_id=posting.transaction,
        type=posting.kind,
        points=posting.points,
        balance=posting.balance,
        debt=posting.debt,
        customer=CustomerOutput(posting.customer, posting.is_new),
        business_id=posting.business,
        points_earned=posting.points if posting.kind == "earn" else None,
        points_redeemed=-posting.points if posting.kind == "redeem" else None,
        order_id=posting.order,
        order_ref=posting.reference,
        reverses=posting.reverses,
        reason=posting.reason,
        explanation=reports.explanation_of(posting) or None,
    )


_encode = msgspec.json.Encoder().encode


def _answer(posting: Posting) -> HttpResponse:
    response = HttpResponse(_encode(_output(posting)), status=201, content_type="application/json")
    if posting.is_replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


# -- reading ----------------------------------------------------------------------------------------------------------


class MalformedBody(DomainError):
    code = "malformed"
    status = 400


class UnsupportedMediaType(DomainError):
    code = "unsupported_media_type"
    status = 415


class InvalidBody(InvalidInput):
    """The first thing in a body that does not fit; `field_code` tells an unknown field from a wrong value."""

    def __init__(self, message: str, *, field: str, field_code: str = "invalid") -> None:
        super().__init__(message, field=field)
        self.field_code = field_code


def _read(request: HttpRequest, decoder: msgspec.json.Decoder[Body]) -> Body:
    """The body as `decoder`'s type. Raises MalformedBody, UnsupportedMediaType and InvalidBody."""
    if (request.content_type or "").lower() != "application/json":
        raise UnsupportedMediaType(_("Send application/json."))
    return _decode(request.body, decoder)


def _decode(body: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[Body]) -> Body:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid_body(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBody(_("The body is not valid JSON.")) from error


def _invalid_body(text: str) -> InvalidBody:
    """msgspec names the place in words: "Expected `int`, got `str` - at `$.points`", "… unknown field `x` - at `$`"."""
    message, _at, path = text.partition(" - at `$")
    parts = path.rstrip("`").replace("[", ".").replace("]", "").strip(".")
    if "unknown field `" in message or "required field `" in message:
        name = message.split("`")[1]
        parts = f"{parts}.{name}" if parts else name
        is_unknown = "unknown field" in message
        words = _("There is no such field.") if is_unknown else _("This field is required.")
        return InvalidBody(words, field=parts, field_code="unknown_field" if is_unknown else "required")
    return InvalidBody(f"{message}.", field=parts)


def _refusal(error: InvalidBody) -> HttpResponse:
    return problem(
        422,
        "invalid",
        _("Some fields are not valid."),
        errors=[FieldError(error.field, str(error.message), error.field_code)],
    )


View = Callable[..., HttpResponse]


def _refusing(view: View) -> View:
    """Answer an invalid body with the code of its field; every other refusal goes to the middleware."""

    def wrapped(request: HttpRequest, caller: ApiCaller, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, caller, **kwargs)
        except InvalidBody as error:
            return _refusal(error)

    wrapped.__name__, wrapped.__doc__, wrapped.__module__ = view.__name__, view.__doc__, view.__module__
    return wrapped


def _key(request: HttpRequest) -> str:
    return request.headers.get("Idempotency-Key", "").strip()


def _as_operation(item: BatchItem, *, key: str, caller: ApiCaller, now: datetime) -> Operation:
    """Raises PermissionRefused for what the caller may not do, UnknownBusiness and TooManyRequests."""
    if not isinstance(item, BatchReverse):
        _count_number(caller)
    if isinstance(item, AddPointsInput):
        return AddPoints(
            business=item.business_id,
            phone=item.customer_phone_number,
            amount=item.amount_spent,
            reference=item.order_ref,
            placed_at=item.placed_at,
            key=key,
        )
    if isinstance(item, RedeemPointsInput):
        return RedeemPoints(
            business=item.business_id,
            phone=item.customer_phone_number,
            points=item.points_to_redeem,
            reason=item.reward_description,
            key=key,
        )
    if isinstance(item, BatchReverse):
        return ReverseTransaction(
            transaction=item.transaction_id,
            points=item.points,
            reason=item.reason,
            cancels_order=item.cancels_order,
            not_before=_undo_limit(caller, now),
            key=key,
        )
    caller.require(Perm.POINTS_ADJUST)
    return AdjustPoints(
        phone=item.customer_phone_number,
        points=item.points,
        reason=item.reason,
        business=_adjusted_at(caller, item.business_id),
        key=key,
    )


def _adjusted_at(caller: ApiCaller, code: str | None) -> int | str | None:
    """The business named, or the one that the caller is limited to. The ledger also takes an adjustment of no business,
    so it would not notice one that is not there. Raises UnknownBusiness."""
    if code is None:
        return caller.business_id
    if not Business.objects.visible_to(caller.actor).filter(code=code).exists():
        raise UnknownBusiness()
    return code


def _count_number(caller: ApiCaller) -> None:
    """A person who may not see customers learns from an answer whose number it is: no more of them than at a till."""
    if caller.actor.kind == "user" and Perm.CUSTOMERS_VIEW not in caller.permissions:
        api_limits.count(api_limits.TILL_LOOKUP, f"{active_schema()}:{caller.owner}")


def _undo_limit(caller: ApiCaller, now: datetime) -> datetime | None:
    """Who may not reverse in general may undo what is younger than a minute."""
    return None if Perm.POINTS_REVERSE in caller.permissions else points.undo_limit(now)


def _do(operation: Operation, caller: ApiCaller, now: datetime) -> HttpResponse:
    item = operation.item(ledger.setting())
    (outcome,) = ledger.post([item], owner=caller.owner, source="api", actor=caller.actor, now=now)
    if isinstance(outcome, DomainError):
        raise outcome
    return _answer(outcome)


# -- acts -------------------------------------------------------------------------------------------------------------

_ADD = msgspec.json.Decoder(AddPointsInput)
_REDEEM = msgspec.json.Decoder(RedeemPointsInput)
_REVERSE = msgspec.json.Decoder(ReverseInput)
_ADJUST = msgspec.json.Decoder(AdjustPointsInput)
_SIMULATE = msgspec.json.Decoder(SimulateInput)
_BATCH = msgspec.json.Decoder(BatchInput)
_ITEM: msgspec.json.Decoder[Any] = msgspec.json.Decoder(BatchItem)


@describe(
    POST=Described(
        id="transactions_add_points",
        summary="Record a sale and give its points",
        description="Finds or makes the customer by phone number in any spelling, and the order by its reference.",
        tag=TAG,
        request=AddPointsInput,
        responses={201: PointsOutput},
        idempotent=True,
    )
)
@hot_view(POST=Perm.POINTS_WRITE)
@_refusing
def add_points(request: HttpRequest, caller: ApiCaller) -> HttpResponse:
    now = timezone.now()
    body = _read(request, _ADD)
    return _do(_as_operation(body, key=_key(request), caller=caller, now=now), caller, now)  # type: ignore[arg-type]


@describe(
    POST=Described(
        id="transactions_redeem_points",
        summary="Redeem points",
        tag=TAG,
        request=RedeemPointsInput,
        responses={201: PointsOutput},
        idempotent=True,
    )
)
@hot_view(POST=Perm.POINTS_WRITE)
@_refusing
def redeem_points(request: HttpRequest, caller: ApiCaller) -> HttpResponse:
    now = timezone.now()
    body = _read(request, _REDEEM)
    return _do(_as_operation(body, key=_key(request), caller=caller, now=now), caller, now)  # type: ignore[arg-type]


@describe(
    POST=Described(
        id="transactions_reverse",
        summary="Undo a transaction",
        description="Callers without `points:reverse` can undo what is younger than a minute.",
        tag=TAG,
        request=ReverseInput,
        responses={201: PointsOutput},
        idempotent=True,
    )
)
@hot_view(POST=Perm.POINTS_WRITE)
@_refusing
def reverse(request: HttpRequest, caller: ApiCaller, transaction_id: str) -> HttpResponse:
    now = timezone.now()
    body = _read(request, _REVERSE) if request.body else ReverseInput()
    operation = ReverseTransaction(
        transaction=transaction_id,
        points=body.points,
        reason=body.reason,
        cancels_order=body.cancels_order,
        not_before=_undo_limit(caller, now),
        key=_key(request),
    )
    return _do(operation, caller, now)


@describe(
    POST=Described(
        id="transactions_adjust",
        summary="Adjust a balance by hand",
        tag=TAG,
        request=AdjustPointsInput,
        responses={201: PointsOutput},
        idempotent=True,
    )
)
@hot_view(POST=Perm.POINTS_ADJUST)
@_refusing
def adjust(request: HttpRequest, caller: ApiCaller) -> HttpResponse:
    now = timezone.now()
    body = _read(request, _ADJUST)
    return _do(_as_operation(body, key=_key(request), caller=caller, now=now), caller, now)  # type: ignore[arg-type]


@describe(
    POST=Described(
        id="transactions_batch",
        summary="Up to 1,000 operations at once",
        description="Each operation has its own `idempotency_key` and its own result, in the order of the request.",
        tag=TAG,
        request=BatchDescription,
        responses={200: BatchOutput},
    )
)
@hot_view(POST=Perm.POINTS_WRITE)
@_refusing
def batch(request: HttpRequest, caller: ApiCaller) -> HttpResponse:
    now = timezone.now()
    given = _read(request, _BATCH).operations
    operations: list[Operation | DomainError] = []
    for raw in given[: points.MAX_BATCH + 1]:
        try:
            item = _decode(raw, _ITEM)
            operations.append(_as_operation(item, key=item.idempotency_key, caller=caller, now=now))
        except (InvalidInput, PermissionRefused, UnknownBusiness) as error:
            operations.append(error)
    outcomes = points.post_batch(operations=operations, owner=caller.owner, source="api", actor=caller.actor, now=now)
    results = [
        BatchResult(status=outcome.status, problem=_problem(outcome))
        if isinstance(outcome, DomainError)
        else BatchResult(status=201, result=_output(outcome), is_replayed=outcome.is_replayed)
        for outcome in outcomes
    ]
    return HttpResponse(_encode(BatchOutput(results)), content_type="application/json")


def _problem(error: DomainError) -> Problem:
    response = _refusal(error) if isinstance(error, InvalidBody) else problem_response(error)
    return msgspec.json.decode(response.content, type=Problem)


@describe(
    POST=Described(
        id="transactions_simulate",
        summary="What a sale would give, and why",
        tag=TAG,
        request=SimulateInput,
        responses={200: SimulateOutput},
    )
)
@hot_view(POST=Perm.POINTS_WRITE)
@_refusing
def simulate(request: HttpRequest, caller: ApiCaller) -> HttpResponse:
    body = _read(request, _SIMULATE)
    customer_id: int | None = None
    if body.customer_phone_number:
        _count_number(caller)
        phone = parse_phone(body.customer_phone_number, ledger.setting().country, field="customer_phone_number")
        known = Identifier.objects.filter(kind=Identifier.Kind.PHONE, value=phone)
        customer_id = known.values_list("customer_id", flat=True).first()
    preview = reports.preview_sale(
        business=body.business_id,
        amount=body.amount_spent,
        customer_id=customer_id,
        now=timezone.now(),
        actor=caller.actor,
    )
    answer = SimulateOutput(
        points=preview.points,
        explanation=[PreviewLineOutput(line.text, line.points) for line in preview.lines],
        balance_after=preview.balance_after,
    )
    return HttpResponse(_encode(answer), content_type="application/json")
