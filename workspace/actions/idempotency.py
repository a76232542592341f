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
        record, is_first = IdempotencyRecord.objects.get_or_create(
            owner=key.owner,
            endpoint=key.endpoint,
            key=key.key,
            defaults={"request_digest": key.digest, "created_at": now},
        )
        if not is_first:
            if bytes(record.request_digest) != key.digest:
                raise IdempotencyKeyReused
            assert record.status is not None  # both are written before anybody else sees the row
            assert record.body is not None
            return Answer(record.status, record.body, is_replayed=True)
        try:
            with transaction.atomic():
                answer = act()
        except TooManyRequests:  # says nothing about the request itself
            raise
        except DomainError as refused:
            answer = Answer(refused.status, json.loads(problem_response(refused).content))
        record.status, record.body = answer.status, dict(answer.body)
        record.save(update_fields=["status", "body"])
        ensure_due(kind=PRUNE, by=now + KEPT)
    return answer


def prune_answers(*, now: datetime) -> datetime | None:
    """Forget what is older than KEPT; returns when the next is, None when none is left."""
    IdempotencyRecord.objects.filter(created_at__lte=now - KEPT).delete()
    oldest: datetime | None = IdempotencyRecord.objects.aggregate(oldest=Min("created_at"))["oldest"]
    return oldest + KEPT if oldest else None
