"""A form that is sent twice makes one segment: after a double click, or when somebody loads its answer again."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone

from core.idempotency import IdempotencyKey, digest_of
from core.requests import StaffRequest
from segments.actions.segments import get_segment
from segments.models import Segment
from workspace.actions.idempotency import act_once

MOST_LETTERS = 16  # of a key


def made_once(request: StaffRequest, act: str, meaning: object, make: Callable[[], Segment]) -> Segment:
    """What `make` makes, or made when this form said the same before; one without a key simply makes.

    A form that says something else by now makes another one: somebody went back, and saves what they changed there.
    Raises what `make` raises.
    """
    given = request.POST.get("key", "")
    if not (given.isascii() and given.isalnum() and len(given) <= MOST_LETTERS):
        return make()
    digest = digest_of(meaning)
    key = IdempotencyKey(request.actor.reference, f"segments.page.{act}", f"{given}:{digest.hex()}", digest)
    return get_segment(act_once(key, lambda: {"segment": make().code}, now=timezone.now())["segment"])
