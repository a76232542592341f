"""Points by hand that two people decide: one asks, another approves or declines (OWASP ASVS 5.0, 2.3.5)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import InvalidInput
from core.idempotency import IdempotencyKeyReused
from customers.models import Customer
from loyalty.actions.points import adjust_points
from loyalty.errors import IdempotencyKeyRequired, OwnRequest, RequestDecided, UnknownMember, UnknownRequest
from loyalty.ledger import Posting
from loyalty.models import Account, AdjustmentRequest
from loyalty.operations import MAX_REASON_LENGTH
from loyalty.rules import MAX_POINTS
from workspace.actions import audit

OWNER = "system:approvals"


def ask_for_adjustment(
    *, customer_id: int, points: int, reason: str, key: str, actor: Actor, now: datetime, business: int | None = None
) -> AdjustmentRequest:
    """Ask a second person for points by hand; nothing moves yet. The same `key` of the actor is the same request.

    Raises UnknownMember (taking from somebody without points, or nobody), InvalidInput, IdempotencyKeyRequired and
    IdempotencyKeyReused.
    """
    if not key:
        raise IdempotencyKeyRequired()
    if not 0 < abs(points) <= MAX_POINTS:
        raise InvalidInput(_("Enter whole points, more or less than 0."), field="points")
    if not 0 < len(reason.strip()) <= MAX_REASON_LENGTH:
        raise InvalidInput(_("Say why, so that the history explains itself."), field="reason")
    if not Customer.objects.known().filter(pk=customer_id).exists():
        raise UnknownMember()
    if points < 0 and not Account.objects.filter(pk=customer_id).exists():
        raise UnknownMember()
    with transaction.atomic():
        request, is_new = AdjustmentRequest.objects.get_or_create(
            key_owner=actor.reference,
            key=key,
            defaults={
                "customer_id": customer_id,
                "business_id": business,
                "points": points,
                "reason": reason.strip(),
                "asked_by": actor.reference,
                "asked_by_label": actor.label[:160],
                "asked_at": now,
            },
        )
        if is_new:
            _record(request, "asked", actor)
        elif (request.customer_id, request.points, request.reason) != (customer_id, points, reason.strip()):
            raise IdempotencyKeyReused
    return request


def approve_adjustment(*, code: str, actor: Actor, now: datetime) -> Posting:
    """Move the points that somebody else asked for, in the name of both. Approved twice, they move once.

    Raises UnknownRequest, OwnRequest, RequestDecided and NotEnoughPoints; then it goes on waiting.
    """
    with transaction.atomic():
        request = _lock(code, actor)
        if request.state == AdjustmentRequest.State.DECLINED:
            raise RequestDecided(state=request.state)
        posted = adjust_points(
            customer_id=request.customer_id,
            points=request.points,
            reason=request.reason,
            business=request.business_id,
            key=f"request:{request.code}",
            owner=OWNER,
            is_approved=True,
            actor=actor,
            now=now,
        )
        if request.state == AdjustmentRequest.State.WAITING:
            request.transaction = Account.objects.get(pk=request.customer_id).transactions.get(code=posted.transaction)
            _decide(request, AdjustmentRequest.State.APPROVED, actor, now)
    return posted


def decline_adjustment(*, code: str, actor: Actor, now: datetime) -> AdjustmentRequest:
    """Say no to what somebody else asked for. Raises UnknownRequest, OwnRequest and RequestDecided."""
    with transaction.atomic():
        request = _lock(code, actor)
        if request.state == AdjustmentRequest.State.APPROVED:
            raise RequestDecided(state=request.state)
        if request.state == AdjustmentRequest.State.WAITING:
            _decide(request, AdjustmentRequest.State.DECLINED, actor, now)
    return request


def forget_adjustment_requests(*, customer_ids: Collection[int]) -> None:
    """Take what people wrote out of the requests for erased customers; nobody can decide the open ones any more."""
    asked = AdjustmentRequest.objects.filter(customer__in=customer_ids)
    asked.filter(state=AdjustmentRequest.State.WAITING).delete()
    asked.exclude(reason="").update(reason="")


def _lock(code: str, actor: Actor) -> AdjustmentRequest:
    found = AdjustmentRequest.objects.select_for_update().filter(code=code)
    if actor.business_id is not None:
        found = found.filter(business_id=actor.business_id)
    request = found.first()
    if request is None:
        raise UnknownRequest()
    if request.asked_by == actor.reference:
        raise OwnRequest()
    return request


def _decide(request: AdjustmentRequest, state: str, actor: Actor, now: datetime) -> None:
    request.state, request.decided_at = state, now
    request.decided_by, request.decided_by_label = actor.reference, actor.label[:160]
    request.save(update_fields=["state", "decided_at", "decided_by", "decided_by_label", "transaction"])
    _record(request, state, actor)


def _record(request: AdjustmentRequest, act: str, actor: Actor) -> None:
    audit.record(
        actor,
        f"loyalty.adjustment.{act}",
        subject=f"customer:{request.customer.code}",
        business_id=request.business_id,
        data={"request": request.code, "points": request.points, "reason": request.reason},
    )
