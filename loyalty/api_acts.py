"""What the hot acts on points have in common: one answer, one look-up of a key, one SQL call.

An answer is written from what is stored with the transaction, so a repeated key gets the same bytes; the header
`Idempotency-Replayed` says that it was one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse

from core.openapi import Operation as Described
from core.openapi import describe
from core.permissions import Perm
from core.tenancy import active_schema
from loyalty import ledger
from loyalty.explain import ExplainedLine, explanation_lines, explanation_text
from loyalty.ledger import Posting
from loyalty.operations import Operation
from programs import api_limits
from workspace.api_auth import ApiCaller, hot_view
from workspace.api_bodies import View, refusing

TAG = "points"


class CustomerOutput(msgspec.Struct):
    id: str
    is_new: bool


class StepOutput(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One step of how points come about. `type` is rate (when it is left out), multiply, bonus or cap: these add up to
    what a sale earns.

    A preview also has welcome (for who joins by the sale), debt (what repays an earlier clawback) and pending (when the
    points can be spent). `rule_id` names the earning rule; a tier's multiplier begins with `tier:`."""

    text: str
    points: int
    type: str = "rate"
    rule_id: str | None = None


def step_of(line: ExplainedLine) -> StepOutput:
    return StepOutput(text=line.text, points=line.points, type=line.kind, rule_id=line.rule or None)


class PointsOutput(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What a transaction came to. `points` is signed; `balance` and `debt` are right after it.
    `held` is what it set aside (or, below 0, no longer sets aside) for the claim `claim_id`. `steps` explain a sale in
    which earning rules had a part. `pending` of the points can be spent from `available_at` on."""

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
    held: int = 0
    claim_id: str | None = None
    expires_at: datetime | None = None
    reason: str | None = None
    reward_id: str | None = None
    explanation: str | None = None
    steps: list[StepOutput] | None = None
    pending: int = 0
    available_at: datetime | None = None
    action: str | None = None
    recipient_id: str | None = None


def output_of(posting: Posting) -> PointsOutput:
    lines = explanation_lines(posting)
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
        held=posting.held,
        claim_id=posting.hold or (posting.transaction if posting.kind == "hold" else None),
        expires_at=posting.expires_at,
        reason=posting.reason,
        reward_id=posting.reward,
        explanation=explanation_text(posting, lines) or None,
        steps=[step_of(line) for line in lines] or None,
        pending=posting.pending,
        available_at=posting.available_at,
        action=posting.action,
        recipient_id=posting.recipient,
    )


encode = msgspec.json.Encoder().encode


def act(perm: Perm, *, id: str, summary: str, request: Any, description: str = "") -> Callable[[View], View]:
    """A POST that moves points, for callers with `perm`: takes `request`, is safe to repeat, gives PointsOutput."""
    described = Described(
        id=id,
        summary=summary,
        description=description,
        tag=TAG,
        request=request,
        responses={201: PointsOutput},
        idempotent=True,
    )
    return lambda view: describe(POST=described)(hot_view(POST=perm)(refusing(view)))


def do(operation: Operation, caller: ApiCaller, now: datetime) -> HttpResponse:
    item = operation.item(ledger.setting(now))
    return _answer(ledger.one(ledger.post([item], owner=caller.owner, source="api", actor=caller.actor, now=now)))


def _answer(posting: Posting) -> HttpResponse:
    response = HttpResponse(encode(output_of(posting)), status=201, content_type="application/json")
    if posting.is_replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def key_of(request: HttpRequest) -> str:
    return request.headers.get("Idempotency-Key", "").strip()


def count_number(caller: ApiCaller) -> None:
    """A person who may not see customers learns from an answer whose number it is: no more of them than at a till."""
    if caller.actor.kind == "user" and Perm.CUSTOMERS_VIEW not in caller.permissions:
        api_limits.count(api_limits.TILL_LOOKUP, f"{active_schema()}:{caller.owner}")
