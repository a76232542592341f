"""The outbox: queue in the caller's transaction, claim, hand over, write down what happened.

A message is handed to its provider at most once. The claim is committed *before* the channel is called; a row that
is still claimed when its worker must be dead becomes unconfirmed and is never sent again by itself.
"""

from __future__ import annotations

import logging
import traceback
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from core.errors import PermanentError, RetryableError
from core.jobs import enqueue
from core.presentation import NARROW_SPACE, NO_BREAK_SPACE
from customers.consent import has_consent
from messaging.actions.suppression import is_suppressed, suppress
from messaging.channels import Channel, Outgoing
from messaging.channels.texts import own_channel_for
from messaging.languages import language_of
from messaging.limits import longest_window
from messaging.models import CustomerSession, InboundMessage, OneTimeCode, OutboundMessage, Suppression
from messaging.providers.contract import OptedOut
from programs.actions.due_work import ensure_due

logger = logging.getLogger(__name__)

OUTBOX = "messaging.outbox"  # the due work that looks after what workers left behind
MAX_ATTEMPTS = 5
RETRY_AFTER = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1))
CLAIM_LEASE = timedelta(minutes=15)  # longer than a task may run, so that its worker is certainly gone
SWEEP_AFTER = timedelta(minutes=2)  # a queued message that nobody took by then is queued again
SWEEP_BATCH = 500
HELD_AGAIN = timedelta(hours=1)  # how often an offer asks whether a person has decided about its number
HELD_FOR = timedelta(days=1)  # an offer that is older is yesterday's
HELD = "perhaps opted out"
# Asked for a moment ago: they need no consent, but no STOP either.
ASKED_FOR = (
    OutboundMessage.Purpose.ONE_TIME_CODE,
    OutboundMessage.Purpose.RECEIPT,
    OutboundMessage.Purpose.REPLY,
    OutboundMessage.Purpose.TEST,
)


def queue_message(
    *,
    channel: str,
    purpose: str,
    recipient: str,
    body: str,
    dedupe_key: str,
    now: datetime,
    customer_id: int | None = None,
    subject: str = "",
    expires_at: datetime | None = None,
) -> OutboundMessage:
    """Queue one message in the caller's transaction and return its row; nothing leaves before the commit.

    Safe to repeat: the same `dedupe_key` (name the cause, such as `points:<transaction code>`) is one message. Consent
    for service and marketing messages is looked up when it is sent, not here, and such a message needs `customer_id`.
    `purpose` is one of OutboundMessage.Purpose.
    After `expires_at` it is no longer sent.
    """
    message, is_new = OutboundMessage.objects.get_or_create(
        dedupe_key=dedupe_key,
        defaults={
            "channel": channel,
            "purpose": purpose,
            "recipient": recipient,
            "customer_id": customer_id,
            "subject": subject[:200],
            "body": _plain_spaces(body) if channel == OutboundMessage.Channel.SMS else body,
            "created_at": now,
            "next_attempt_at": now,
            "expires_at": expires_at,
        },
    )
    if is_new:
        enqueue(send_message, message_id=message.pk)
        ensure_due(kind=OUTBOX, by=now + SWEEP_AFTER)
    return message


def _plain_spaces(body: str) -> str:
    """Without the spaces that keep a figure and its unit together: one of them, and all of the text is sent in another
    alphabet, with 70 instead of 160 letters for the price of one.

    Source: 3GPP TS 23.038, 6.2.1 (GSM 7 bit default alphabet).
    """
    return body.replace(NO_BREAK_SPACE, " ").replace(NARROW_SPACE, " ")


def send_message(message_id: int) -> None:
    """Send one queued message. Safe to run twice and at the same time: only the run that claims the row sends."""
    now = timezone.now()
    claimed = _claim(message_id, now)
    if claimed is None:
        return
    message, channel = claimed
    outgoing = Outgoing(
        code=message.code,
        channel=message.channel,
        purpose=message.purpose,
        recipient=message.recipient,
        subject=message.subject,
        body=message.body,
        language=language_of(message.customer),
        seconds_left=int((message.expires_at - now).total_seconds()) if message.expires_at else None,
    )
    try:
        provider_id = channel.send(outgoing)
    except RetryableError as error:
        _put_back(message, str(error), now)
    except OptedOut as error:
        with transaction.atomic():
            suppress(number=message.recipient, reason=Suppression.Reason.PROVIDER, now=now)
            _finish(message, OutboundMessage.State.SUPPRESSED, error=str(error))
    except PermanentError as error:
        _finish(message, OutboundMessage.State.FAILED, error=str(error))
    except Exception as error:
        # The provider may have it. Sending again could double it, so a person decides.
        _finish(message, OutboundMessage.State.UNCONFIRMED, error=type(error).__name__)
        # The text of the exception may hold the number, so only its kind and place are logged.
        place = traceback.extract_tb(error.__traceback__)[-1]
        facts = {"message_code": message.code, "error": type(error).__name__, "place": f"{place.name}:{place.lineno}"}
        logger.error("messaging.message.unconfirmed", extra=facts)
    else:
        _finish(message, OutboundMessage.State.SENT, provider_id=provider_id)


def _claim(message_id: int, now: datetime) -> tuple[OutboundMessage, Channel] | None:
    """Take the row for this worker and commit that; None when it is not (or no longer) to be sent.

    The channel is the one that the row names: another may be chosen meanwhile.
    """
    with transaction.atomic():
        waiting = OutboundMessage.objects.filter(pk=message_id, state=OutboundMessage.State.QUEUED)
        message = waiting.select_for_update(skip_locked=True).first()
        if message is None:
            return None
        reason = _reason_not_to_send(message, now)
        if reason:
            _finish(message, OutboundMessage.State.SUPPRESSED, error=reason)
            return None
        if _is_held(message):
            _hold(message, now)
            return None
        message.state = OutboundMessage.State.CLAIMED
        message.claimed_at = now
        message.attempts += 1
        channel = own_channel_for(message.channel)
        message.provider = channel.name
        message.save(update_fields=["state", "claimed_at", "attempts", "provider"])
        return message, channel


def _reason_not_to_send(message: OutboundMessage, now: datetime) -> str:
    """Checked when it leaves: somebody may have said stop since it was queued."""
    if message.expires_at is not None and message.expires_at <= now:
        return "expired"
    if message.purpose == OutboundMessage.Purpose.OPT_OUT_REPLY:
        return ""
    if is_suppressed(channel=message.channel, address=message.recipient):
        return "stopped"
    if message.purpose in ASKED_FOR:
        return ""
    agreed = message.customer_id is not None and has_consent(
        customer_id=message.customer_id, channel=message.channel, purpose=message.purpose
    )
    return "" if agreed else "no consent"


def _is_held(message: OutboundMessage) -> bool:
    """Whether the person may have asked for no more texts, in words that nobody has decided about."""
    if message.purpose != OutboundMessage.Purpose.MARKETING or message.channel != OutboundMessage.Channel.SMS:
        return False
    return InboundMessage.objects.undecided().filter(sender=message.recipient).exists()


def _hold(message: OutboundMessage, now: datetime) -> None:
    if now - message.created_at >= HELD_FOR:
        _finish(message, OutboundMessage.State.SUPPRESSED, error=HELD)
        return
    again = now + HELD_AGAIN
    waiting = OutboundMessage.objects.filter(pk=message.pk, state=OutboundMessage.State.QUEUED)
    waiting.update(next_attempt_at=again, error=HELD)
    ensure_due(kind=OUTBOX, by=again)


def release_held(*, number: str, now: datetime) -> None:
    """A person has decided that offers may go to `number`: what was held back leaves. In the caller's transaction."""
    held = OutboundMessage.objects.filter(state=OutboundMessage.State.QUEUED, recipient=number, error=HELD)
    for message_id in held.values_list("pk", flat=True)[:SWEEP_BATCH]:
        enqueue(send_message, message_id=message_id)


def _put_back(message: OutboundMessage, error: str, now: datetime) -> None:
    if message.attempts >= MAX_ATTEMPTS or message.purpose == OutboundMessage.Purpose.TEST:
        _finish(message, OutboundMessage.State.FAILED, error=error)
        return
    again = now + RETRY_AFTER[min(message.attempts, len(RETRY_AFTER)) - 1]
    with transaction.atomic():
        mine = OutboundMessage.objects.filter(pk=message.pk, state=OutboundMessage.State.CLAIMED)
        if mine.update(state=OutboundMessage.State.QUEUED, next_attempt_at=again, error=error[:200]):
            ensure_due(kind=OUTBOX, by=again)


def _finish(message: OutboundMessage, state: str, *, error: str = "", provider_id: str = "") -> None:
    """Write the end of a claimed (or, when suppressed, queued) message, unless another has written it."""
    unfinished = OutboundMessage.objects.unfinished().filter(pk=message.pk)
    error = error.replace(message.recipient, "…")
    unfinished.update(state=state, error=error[:200], provider_id=provider_id[:120], finished_at=timezone.now())
    logger.info("messaging.message.finished", extra={"message_code": message.code, "state": state})


def redact_code(*, message_key: str, now: datetime) -> None:
    """Blank the body that holds a code which has been used: it must not stay readable."""
    holding = OutboundMessage.objects.filter(dedupe_key=message_key, redacted_at__isnull=True)
    holding.update(body="", redacted_at=now)


def sweep(*, now: datetime) -> datetime | None:
    """Queue again what no worker took, mark what a dead worker left, blank dead codes, forget old sign-ins.

    Returns when to look again, or None when nothing waits.
    """
    abandoned = OutboundMessage.objects.claimed_before(now - CLAIM_LEASE)
    count = abandoned.update(state=OutboundMessage.State.UNCONFIRMED, error="worker died", finished_at=now)
    if count:
        logger.warning("messaging.outbox.unconfirmed", extra={"messages": count})
    for message_id in OutboundMessage.objects.due(now).values_list("pk", flat=True)[:SWEEP_BATCH]:
        enqueue(send_message, message_id=message_id)
    OutboundMessage.objects.with_dead_code(now).update(body="", redacted_at=now)
    OneTimeCode.objects.filter(created_at__lt=now - longest_window()).delete()
    CustomerSession.objects.filter(expires_at__lt=now).delete()
    return _next_sweep(now)


def _next_sweep(now: datetime) -> datetime | None:
    times = []
    unfinished = OutboundMessage.objects.unfinished().order_by("next_attempt_at").first()
    if unfinished is not None:
        times.append(max(unfinished.next_attempt_at, now + SWEEP_AFTER))
    readable = OutboundMessage.objects.filter(
        purpose=OutboundMessage.Purpose.ONE_TIME_CODE, redacted_at__isnull=True, expires_at__isnull=False
    )
    first_readable = readable.order_by("expires_at").first()
    if first_readable is not None and first_readable.expires_at is not None:
        times.append(first_readable.expires_at)
    oldest = OneTimeCode.objects.order_by("created_at").first()
    if oldest is not None:
        times.append(oldest.created_at + longest_window())
    return max(min(times), now + timedelta(seconds=1)) if times else None
