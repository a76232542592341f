"""Deliveries of webhooks: planned from the event stream, sent by workers, tried again, sent again by hand.

At least once: a claim is committed *before* the call, and one whose worker is gone runs out and is sent again, under
the same message id. One worker at a time sends to an endpoint, so events arrive in order while all goes well, and an
endpoint that hangs never holds more than one worker.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from django.db import transaction
from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from core.actor import Actor
from core.jobs import enqueue, enqueue_in
from customers.models import Event
from messaging.actions.webhooks import WEBHOOKS, give_up
from messaging.models_webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from messaging.webhooks.catalogue import TEST_EVENT
from messaging.webhooks.errors import DeliveryUnderWay, EndpointIsOff
from messaging.webhooks.payload import body_of
from messaging.webhooks.rules import (
    MAX_ATTEMPTS,
    asked_wait,
    has_failed_too_long,
    next_attempt,
    rest_after,
)
from messaging.webhooks.signing import live_secrets, signed_headers
from messaging.webhooks.transport import Outcome, post
from programs.actions.due_work import ensure_due
from workspace.actions import audit

logger = logging.getLogger(__name__)

State, Fault, Off = WebhookDelivery.State, WebhookAttempt.Fault, WebhookEndpoint.Off
LEASE = timedelta(minutes=5)  # far longer than one call with its look-up of a name: its worker is certainly gone
TURN_SECONDS = 30  # of sending to one endpoint; then others have their turn
SWEEP_AFTER = timedelta(minutes=1)
KEPT = timedelta(days=30)
BATCH = 2000  # rows that a sweep puts back or deletes at a time


# -- planning ---------------------------------------------------------------------------------------------------------


def plan_deliveries(events: Sequence[Event], *, now: datetime) -> None:
    """Make the deliveries of these events, in the transaction that reads them; those for endpoints that are off as
    missed. Three queries, whatever the number of events."""
    endpoints = list(WebhookEndpoint.objects.kept())
    made = [
        WebhookDelivery(
            endpoint=endpoint,
            event=event,
            event_type=event.name,
            state=State.WAITING if endpoint.is_active else State.MISSED,
            created_at=now,
            next_attempt_at=now,
            finished_at=None if endpoint.is_active else now,
        )
        for event in events
        for endpoint in endpoints
        if endpoint.wants(event_type=event.name, business_id=event.business_id, received_at=event.received_at)
    ]
    if not made:
        return
    WebhookDelivery.objects.bulk_create(made, ignore_conflicts=True, batch_size=1000)
    for endpoint_id in sorted({one.endpoint_id for one in made if one.state == State.WAITING}):
        enqueue(send_due, endpoint_id=endpoint_id)
    ensure_due(kind=WEBHOOKS, by=now + SWEEP_AFTER)


def send_test(*, endpoint: WebhookEndpoint, actor: Actor, now: datetime) -> WebhookDelivery:
    """Queue a `webhook.test`, which is tried once: somebody waits for the answer. Raises EndpointIsOff."""
    with transaction.atomic():
        _check_active(endpoint)
        delivery = WebhookDelivery.objects.create(
            endpoint=endpoint, event_type=TEST_EVENT, created_at=now, next_attempt_at=now
        )
        _queue(endpoint, now)
        _record(actor, "tested", endpoint, {"delivery": delivery.code})
    return delivery


def replay_delivery(*, delivery: WebhookDelivery, actor: Actor, now: datetime) -> None:
    """Send one again, with all its tries anew and the same message id, so that a receiver that has it knows it.

    Raises EndpointIsOff, DeliveryUnderWay.
    """
    with transaction.atomic():
        _check_active(delivery.endpoint)
        over = WebhookDelivery.objects.filter(pk=delivery.pk).exclude(state__in=[State.WAITING, State.CLAIMED])
        if not _let_wait(over, now):
            raise DeliveryUnderWay
        _queue(delivery.endpoint, now)
        _record(actor, "replayed", delivery.endpoint, {"delivery": delivery.code})


def replay_failed(*, endpoint: WebhookEndpoint, since: datetime, actor: Actor, now: datetime) -> int:
    """Send everything again that failed or was missed since then, in its order; returns how many. Raises EndpointIsOff.

    Tests are left out. One statement, however many there are; what is older than KEPT is gone.
    """
    with transaction.atomic():
        _check_active(endpoint)
        lost = WebhookDelivery.objects.not_arrived().filter(endpoint=endpoint, event__isnull=False)
        count = _let_wait(lost.filter(created_at__gte=since), now)
        if count:
            _queue(endpoint, now)
            _record(actor, "replayed", endpoint, {"deliveries": count, "since": since.isoformat()})
    return count


def _let_wait(deliveries: QuerySet[WebhookDelivery], now: datetime) -> int:
    return deliveries.update(state=State.WAITING, attempts=0, next_attempt_at=now, claimed_at=None, finished_at=None)


def _check_active(endpoint: WebhookEndpoint) -> None:
    if not WebhookEndpoint.objects.kept().select_for_update(no_key=True).filter(pk=endpoint.pk, is_active=True).first():
        raise EndpointIsOff


def _queue(endpoint: WebhookEndpoint, now: datetime) -> None:
    enqueue(send_due, endpoint_id=endpoint.pk)
    ensure_due(kind=WEBHOOKS, by=now + SWEEP_AFTER)


def _record(actor: Actor, act: str, endpoint: WebhookEndpoint, data: dict[str, object]) -> None:
    audit.record(
        actor,
        f"messaging.webhook.{act}",
        subject=f"webhook:{endpoint.code}",
        business_id=endpoint.business_id,
        data=data,
    )


# -- sending ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """One try, committed before it begins. `lease` is how this worker knows that the endpoint is still its own."""

    endpoint: WebhookEndpoint
    delivery: WebhookDelivery
    attempt_id: int
    lease: datetime
    at: datetime


def send_due(endpoint_id: int) -> None:
    """Send what is due to one endpoint, one after the other. Safe to run twice and at the same time: one of them sends.

    Goes on in another task when its turn is over.
    """
    lease = _become_sender(endpoint_id, now=timezone.now())
    if lease is None:
        return
    started = monotonic()
    try:
        while monotonic() - started < TURN_SECONDS:
            claim = _claim(endpoint_id, lease, now=timezone.now())
            if claim is None:
                break
            lease = claim.lease
            _settle(claim, _call(claim), now=timezone.now())
    finally:
        WebhookEndpoint.objects.filter(pk=endpoint_id, busy_until=lease).update(busy_until=None)
    # Also what came while this worker was about to leave: who brought it saw that somebody was sending.
    if _ready(timezone.now()).filter(pk=endpoint_id).exists():
        enqueue(send_due, endpoint_id=endpoint_id)


def _become_sender(endpoint_id: int, *, now: datetime) -> datetime | None:
    """Take the endpoint for this worker until the time returned; None when another has it or nothing is to be sent."""
    lease = now + LEASE
    return lease if _ready(now).filter(pk=endpoint_id).update(busy_until=lease) else None


def _ready(now: datetime) -> QuerySet[WebhookEndpoint]:
    """Endpoints with something due that no worker has and that need no rest."""
    free = Q(busy_until__isnull=True) | Q(busy_until__lte=now)
    rested = Q(rest_until__isnull=True) | Q(rest_until__lte=now)
    due = WebhookDelivery.objects.due(now).values("endpoint")
    return WebhookEndpoint.objects.kept().filter(free, rested, is_active=True, pk__in=due)


def _claim(endpoint_id: int, lease: datetime, *, now: datetime) -> Claim | None:
    """Take the next delivery and commit that; None when nothing is due or the endpoint is no longer this worker's."""
    with transaction.atomic():
        mine = WebhookEndpoint.objects.kept().filter(pk=endpoint_id, busy_until=lease, is_active=True)
        endpoint = mine.select_for_update(no_key=True).first()
        if endpoint is None or (endpoint.rest_until is not None and endpoint.rest_until > now):
            return None
        due = WebhookDelivery.objects.due(now).filter(endpoint=endpoint).order_by("next_attempt_at", "id")
        delivery = due.select_for_update().first()
        if delivery is None:
            return None
        delivery.state, delivery.claimed_at = State.CLAIMED, now
        delivery.attempts += 1
        delivery.save(update_fields=["state", "claimed_at", "attempts"])
        attempt = WebhookAttempt.objects.create(delivery=delivery, at=now)
        endpoint.busy_until = now + LEASE
        endpoint.save(update_fields=["busy_until"])
        return Claim(endpoint, delivery, attempt.pk, endpoint.busy_until, now)


def _call(claim: Claim) -> Outcome:
    """Outside every transaction: nobody waits for somebody else's server with a row locked."""
    body = body_of(claim.delivery)
    keys = live_secrets(claim.endpoint, now=claim.at)
    headers = signed_headers(claim.delivery, body=body, keys=keys, now=claim.at)
    return post(claim.endpoint.url, body=body, headers=headers)


def _settle(claim: Claim, outcome: Outcome, *, now: datetime) -> None:
    """Write down what came of a try, unless its claim had run out and somebody else has it by now."""
    delivery = claim.delivery
    facts = {"endpoint": claim.endpoint.code, "delivery": delivery.code, "status": outcome.status}
    logger.info("messaging.webhook.tried", extra={**facts, "fault": outcome.fault, "ms": outcome.milliseconds})
    with transaction.atomic():
        WebhookAttempt.objects.filter(pk=claim.attempt_id).update(
            milliseconds=outcome.milliseconds, status=outcome.status, fault=outcome.fault, answer=outcome.answer
        )
        mine = WebhookDelivery.objects.filter(pk=delivery.pk, state=State.CLAIMED, claimed_at=claim.at)
        endpoint = WebhookEndpoint.objects.kept().select_for_update(no_key=True).filter(pk=claim.endpoint.pk).first()
        if endpoint is None or not mine.update(last_status=outcome.status, last_fault=outcome.fault):
            return
        if not outcome.fault:
            mine.update(state=State.DELIVERED, finished_at=now)
            endpoint.failing_since, endpoint.last_delivered_at, endpoint.rest_until = None, now, None
            endpoint.save(update_fields=["failing_since", "last_delivered_at", "rest_until"])
            return
        asked = asked_wait(outcome.status or 0, outcome.retry_after, now=now)
        _try_again_or_end(mine, delivery, asked, now)
        _blame(endpoint, claim, outcome, asked, now)


def _try_again_or_end(
    mine: QuerySet[WebhookDelivery], delivery: WebhookDelivery, asked: timedelta, now: datetime
) -> None:
    again = None if delivery.event_type == TEST_EVENT else next_attempt(delivery.attempts, failed_at=now, asked=asked)
    if again is None:
        mine.update(state=State.FAILED, finished_at=now)
        return
    mine.update(state=State.WAITING, next_attempt_at=again)
    ensure_due(kind=WEBHOOKS, by=again)
    if again - now < SWEEP_AFTER:  # sooner than the next tick
        enqueue_in(again - now, send_due, endpoint_id=delivery.endpoint_id)


def _blame(endpoint: WebhookEndpoint, claim: Claim, outcome: Outcome, asked: timedelta, now: datetime) -> None:
    """What a failure says about the endpoint: it rests, or it is switched off. A test says nothing but "gone"."""
    rest = max(rest_after(timedelta(milliseconds=outcome.milliseconds)), asked)
    endpoint.rest_until = now + rest if rest else None
    if claim.delivery.event_type != TEST_EVENT:
        endpoint.failing_since = endpoint.failing_since or claim.at
    endpoint.save(update_fields=["rest_until", "failing_since"])
    if not endpoint.is_active:
        _miss(endpoint, now)
    elif outcome.fault == Fault.GONE:
        give_up(endpoint, Off.GONE, now=now)
    elif endpoint.failing_since is not None and has_failed_too_long(endpoint.failing_since, now=now):
        give_up(endpoint, Off.FAILING, now=now)


def _miss(endpoint: WebhookEndpoint, now: datetime) -> None:
    """It was switched off while this one was on its way: what waits now waits for nobody."""
    waiting = endpoint.deliveries.filter(state=State.WAITING)
    waiting.update(state=State.MISSED, finished_at=now)


# -- looking after ----------------------------------------------------------------------------------------------------


def sweep_deliveries(*, now: datetime) -> datetime | None:
    """Take up what dead workers left, queue what is due, forget what is old or deleted.

    Returns when to look again, or None when nothing is kept.
    """
    _take_up_abandoned(now)
    for endpoint_id in _ready(now).values_list("pk", flat=True):
        enqueue(send_due, endpoint_id=endpoint_id)
    is_more_to_forget = _forget(now)
    times = [now + SWEEP_AFTER] if is_more_to_forget else []
    unfinished = WebhookDelivery.objects.unfinished().filter(endpoint__deleted_at__isnull=True)
    first = unfinished.aggregate(due=Min("next_attempt_at"))["due"]
    if first is not None:
        times.append(max(first, now + SWEEP_AFTER))
    oldest = WebhookDelivery.objects.aggregate(oldest=Min("created_at"))["oldest"]
    if oldest is not None:
        times.append(max(oldest + KEPT, now + SWEEP_AFTER))
    return min(times) if times else None


def _take_up_abandoned(now: datetime) -> None:
    """Claims whose worker is gone: perhaps sent, perhaps not, so they are sent (again)."""
    with transaction.atomic():
        claimed = WebhookDelivery.objects.unfinished().filter(state=State.CLAIMED, claimed_at__lt=now - LEASE)
        ids = list(claimed.select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH])
        if ids:
            logger.warning("messaging.webhook.abandoned", extra={"deliveries": len(ids)})
            open_tries = WebhookAttempt.objects.filter(delivery__in=ids, milliseconds__isnull=True, fault="")
            open_tries.update(fault=Fault.UNKNOWN)
            left = WebhookDelivery.objects.filter(pk__in=ids)
            left.update(last_status=None, last_fault=Fault.UNKNOWN)
            is_last = Q(attempts__gte=MAX_ATTEMPTS) | Q(event_type=TEST_EVENT)
            left.filter(is_last).update(state=State.FAILED, finished_at=now)
            left.filter(state=State.CLAIMED).update(state=State.WAITING, next_attempt_at=now)
    # Made or put back while somebody switched the endpoint off.
    for endpoint in WebhookEndpoint.objects.kept().filter(is_active=False):
        _miss(endpoint, now)


def _forget(now: datetime) -> bool:
    """Delete what is older than KEPT and what belongs to deleted endpoints, a batch at a time; whether more is left."""
    deleted = list(WebhookEndpoint.objects.filter(deleted_at__isnull=False).values_list("pk", flat=True))
    old = WebhookDelivery.objects.filter(created_at__lt=now - KEPT).order_by("created_at")
    of_deleted = WebhookDelivery.objects.filter(endpoint__in=deleted).order_by("endpoint", "-pk")
    is_more = False
    for found in (old, of_deleted):  # each by its index
        batch = list(found.values_list("pk", flat=True)[:BATCH])
        WebhookAttempt.objects.filter(delivery__in=batch).delete()
        WebhookDelivery.objects.filter(pk__in=batch).delete()
        is_more |= len(batch) == BATCH
    WebhookEndpoint.objects.filter(pk__in=deleted, deliveries__isnull=True).delete()
    return is_more
