"""Up to 1,000 operations in one request, each with its own key and its own result."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from core.errors import DomainError, InvalidInput, PermissionRefused
from core.openapi import Operation as Described
from core.openapi import describe
from core.permissions import Perm
from core.problems import Problem, problem_response
from loyalty.actions import points
from loyalty.api_acts import TAG, PointsOutput, encode, output_of
from loyalty.api_claims import CaptureInput, ClaimInput, VoidInput, capture_of, hold_of
from loyalty.api_points import (
    AddPointsInput,
    AdjustPointsInput,
    AwardInput,
    RedeemPointsInput,
    ReverseInput,
    TransferInput,
    operation_of,
    reversal_of,
)
from loyalty.errors import UnknownBusiness
from loyalty.operations import Operation, VoidHold
from workspace.api_auth import ApiCaller, hot_view
from workspace.api_bodies import InvalidBody, decode, read, refusal, refusing


class BatchAdd(AddPointsInput, tag="add-points", tag_field="type", kw_only=True):
    idempotency_key: str = ""


class BatchRedeem(RedeemPointsInput, tag="redeem-points", tag_field="type", kw_only=True):
    idempotency_key: str = ""


class BatchReverse(ReverseInput, tag="reverse", tag_field="type", kw_only=True):
    transaction_id: str
    idempotency_key: str = ""


class BatchAdjust(AdjustPointsInput, tag="adjust", tag_field="type", kw_only=True):
    idempotency_key: str = ""


class BatchAward(AwardInput, tag="award-bonus", tag_field="type", kw_only=True):
    idempotency_key: str = ""


class BatchTransfer(TransferInput, tag="transfer", tag_field="type", kw_only=True):
    idempotency_key: str = ""


class BatchClaim(ClaimInput, tag="claim", tag_field="type", kw_only=True):
    idempotency_key: str = ""


class BatchCapture(CaptureInput, tag="capture", tag_field="type", kw_only=True):
    claim_id: str
    idempotency_key: str = ""


class BatchVoid(VoidInput, tag="void", tag_field="type", kw_only=True):
    claim_id: str
    idempotency_key: str = ""


BatchItem = (
    BatchAdd
    | BatchRedeem
    | BatchReverse
    | BatchAdjust
    | BatchAward
    | BatchTransfer
    | BatchClaim
    | BatchCapture
    | BatchVoid
)


class BatchInput(msgspec.Struct, forbid_unknown_fields=True):
    """Up to 1,000 operations. One member's are done in their order; a refused one stops no other."""

    operations: list[msgspec.Raw]


class BatchDescription(msgspec.Struct):
    """What the document shows of a batch: the items are read one by one, so that each is refused alone."""

    operations: list[BatchItem]


class BatchResult(msgspec.Struct, omit_defaults=True):
    """`status` is what the operation alone would have answered with; `result` or `problem` is its body."""

    status: int
    result: PointsOutput | None = None
    problem: Problem | None = None
    is_replayed: bool = False


class BatchOutput(msgspec.Struct):
    results: list[BatchResult]


_BATCH = msgspec.json.Decoder(BatchInput)
_ITEM: msgspec.json.Decoder[Any] = msgspec.json.Decoder(BatchItem)


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
@refusing
def batch(request: HttpRequest, caller: ApiCaller) -> HttpResponse:
    now = timezone.now()
    given = read(request, _BATCH).operations
    operations: list[Operation | DomainError] = []
    for raw in given[: points.MAX_BATCH + 1]:
        try:
            operations.append(_operation_of(decode(raw, _ITEM), caller, now))
        except (InvalidInput, PermissionRefused, UnknownBusiness) as error:
            operations.append(error)
    outcomes = points.post_batch(operations=operations, owner=caller.owner, source="api", actor=caller.actor, now=now)
    results = [
        BatchResult(status=outcome.status, problem=_problem(outcome))
        if isinstance(outcome, DomainError)
        else BatchResult(status=201, result=output_of(outcome), is_replayed=outcome.is_replayed)
        for outcome in outcomes
    ]
    return HttpResponse(encode(BatchOutput(results)), content_type="application/json")


def _operation_of(item: BatchItem, caller: ApiCaller, now: datetime) -> Operation:
    key = item.idempotency_key
    if isinstance(item, BatchReverse):
        return reversal_of(item, item.transaction_id, key=key, caller=caller, now=now)
    if isinstance(item, BatchClaim):  # asked before: what it takes is also what a redemption takes
        return hold_of(item, key=key, caller=caller)
    if isinstance(item, BatchCapture):
        return capture_of(item, item.claim_id, key=key)
    if isinstance(item, BatchVoid):
        return VoidHold(hold=item.claim_id, key=key)
    return operation_of(item, key=key, caller=caller)


def _problem(error: DomainError) -> Problem:
    response = refusal(error) if isinstance(error, InvalidBody) else problem_response(error)
    return msgspec.json.decode(response.content, type=Problem)
