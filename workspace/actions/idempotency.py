"""The first answer to a keyed request outside the ledger: kept for a month, and given again to each repetition."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Min

from core.api import TooManyRequests
from core.errors import DomainError
from core.idempotency import IdempotencyKey, IdempotencyKeyReused
from core.problems import problem_response
from programs.actions.due_work import ensure_due
from workspace.models import IdempotencyRecord

KEPT = timedelta(days=30)
PRUNE = "workspace.idempotency.prune"  # the due work that forgets old answers


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is JSON-safe: what the act gave, or the problem of its refusal."""

    status: int
    body: Mapping[str, Any]
    is_replayed: bool = False


def answer_once(key: IdempotencyKey, act: Callable[[], Answer], *, now: datetime) -> Answer:
    """What `act` answers, or what it answered to this key before.

    `act` runs in the transaction of the record: there is no act without its record, and a twin in flight waits for the
    first and replays. A refusal (DomainError) is an answer, too: nothing of `act` is written, and repeating the request
    gives the same refusal. Raises IdempotencyKeyReused (same key, other content) and TooManyRequests.
    """
    with transaction.atomic():
        record, first = _record_of(key, now)
        if first is not None:
            return first
        try:
            with transaction.atomic():
                answer = act()
        except TooManyRequests:  # says nothing about the request itself
            raise
        except DomainError as refused:
            answer = Answer(refused.status, json.loads(problem_response(refused).content))
        _keep(record, answer, now)
    return answer


def act_once(key: IdempotencyKey, act: Callable[[], Mapping[str, Any]], *, now: datetime) -> Mapping[str, Any]:
    """What `act` gives, or gave to this key before: for a form, which a double click sends twice.

    `act` runs in the transaction of the record. Its refusal is raised and leaves no record, so that the person puts it
    right and sends the same form again. Raises IdempotencyKeyReused.
    """
    with transaction.atomic():
        record, first = _record_of(key, now)
        if first is None:
            first = Answer(200, act())
            _keep(record, first, now)
    return first.body


def _record_of(key: IdempotencyKey, now: datetime) -> tuple[IdempotencyRecord, Answer | None]:
    """The key's record, and what was answered to it before."""
    record, is_first = IdempotencyRecord.objects.get_or_create(
        owner=key.owner,
        endpoint=key.endpoint,
        key=key.key,
        defaults={"request_digest": key.digest, "created_at": now},
    )
    if is_first:
        return record, None
    if bytes(record.request_digest) != key.digest:
        raise IdempotencyKeyReused
    assert record.status is not None  # both are written before anybody else sees the row
    assert record.body is not None
    return record, Answer(record.status, record.body, is_replayed=True)


def _keep(record: IdempotencyRecord, answer: Answer, now: datetime) -> None:
    record.status, record.body = answer.status, dict(answer.body)
    record.save(update_fields=["status", "body"])
    ensure_due(kind=PRUNE, by=now + KEPT)


def prune_answers(*, now: datetime) -> datetime | None:
    """Forget what is older than KEPT; returns when the next is, None when none is left."""
    IdempotencyRecord.objects.filter(created_at__lte=now - KEPT).delete()
    oldest: datetime | None = IdempotencyRecord.objects.aggregate(oldest=Min("created_at"))["oldest"]
    return oldest + KEPT if oldest else None
