"""Customers sign in with a code sent to their number. Nothing here tells whether a number is known.

The request only writes down who asked and queues a worker: it does the same for every number, because it does not
look the number up. The worker does, and sends a code to a number that somebody has.

Source for the limits: OWASP ASVS 5 V6 (single use, 10 minutes, bound to its request, rate-limited).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.codes import digest, keyed_digest
from core.jobs import enqueue_with_retries
from core.requests import network_of
from core.tenancy import active_schema
from customers.models import Customer, Identifier
from messaging.actions.outbox import OUTBOX, queue_message, redact_code, send_message
from messaging.errors import CodeDead, TooManyCodes, WrongCode
from messaging.models import CustomerSession, OneTimeCode, OutboundMessage
from programs.actions.due_work import ensure_due
from programs.models import Programme

CODE_LIFETIME = timedelta(minutes=10)
CODE_DIGITS = 6
MAX_TRIES = 5  # of a million: one chance in 200,000 for each code
SESSION_LIFETIME = timedelta(days=90)
SEEN_EVERY = timedelta(hours=1)  # the session row is written at most this often


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit` requests that share `field` within `window`; an empty field means the whole programme."""

    field: str
    limit: int
    window: timedelta


# A person needs one or two codes. The prefix (the number without its last four digits) and the programme stop
# somebody who walks through numbers from many addresses: each text costs the shop money.
CAPS: Sequence[Cap] = (
    Cap("phone", 3, timedelta(minutes=10)),
    Cap("phone", 10, timedelta(days=1)),
    Cap("address", 10, timedelta(hours=1)),
    Cap("prefix", 30, timedelta(hours=1)),
    Cap("", 600, timedelta(hours=1)),
)


def request_code(*, phone: str, address: str, now: datetime) -> str:
    """Ask for a code for `phone` (E.164) and return the token that binds it to this browser.

    Costs the same for every number. Raises TooManyCodes at a cap; nothing is then written.
    """
    values = {"phone": phone, "prefix": phone[:-4], "address": network_of(address)}
    token = secrets.token_urlsafe(24)
    with transaction.atomic():
        _one_at_a_time()
        for cap in CAPS:
            same = {cap.field: values[cap.field]} if cap.field else {}
            if OneTimeCode.objects.since(now - cap.window).filter(**same).count() >= cap.limit:
                raise TooManyCodes(cap=cap.field or "programme")
        request = OneTimeCode.objects.create(
            request_digest=digest(token), created_at=now, expires_at=now + CODE_LIFETIME, **values
        )
        enqueue_with_retries(deliver_code, request_id=request.pk)
        ensure_due(kind=OUTBOX, by=request.expires_at)
    return token


def _one_at_a_time() -> None:
    """Counting and inserting must not interleave, or many requests at once slip under a cap together."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 0))", [f"{active_schema()}:sign-in"])


def deliver_code(request_id: int) -> None:
    """The worker's half: make and send the code if somebody has the number. Safe to run twice: one code, one text."""
    now = timezone.now()
    with transaction.atomic():
        request = OneTimeCode.objects.select_for_update().filter(pk=request_id, expires_at__gt=now).first()
        if request is None or request.used_at is not None:
            return
        if request.code_digest is None:
            owner = Identifier.objects.filter(
                kind=Identifier.Kind.PHONE, value=request.phone, customer__state=Customer.State.ACTIVE
            )
            identifier = owner.select_related("customer").first()
            if identifier is None:
                return
            code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
            request.code_digest = _code_digest(request, code)
            request.customer = identifier.customer
            request.save(update_fields=["code_digest", "customer"])
            _queue_text(request, identifier.customer, code, now)
        message = OutboundMessage.objects.filter(dedupe_key=_message_key(request)).first()
    if message is not None:
        send_message(message.pk)


def _queue_text(request: OneTimeCode, customer: Customer, code: str, now: datetime) -> None:
    programme = Programme.objects.get(schema_name=active_schema())
    with translation.override(customer.language or programme.language):
        body = _("%(code)s is your code for %(programme)s. It works for 10 minutes. Tell it to nobody.") % {
            "code": code,
            "programme": programme.name,
        }
    queue_message(
        channel=OutboundMessage.Channel.SMS,
        purpose=OutboundMessage.Purpose.ONE_TIME_CODE,
        recipient=request.phone,
        customer_id=customer.pk,
        body=body,
        dedupe_key=_message_key(request),
        expires_at=request.expires_at,
        now=now,
    )


def _message_key(request: OneTimeCode) -> str:
    return f"code:{request.pk}"


def _code_digest(request: OneTimeCode, code: str) -> bytes:
    return keyed_digest("messaging.one_time_code", active_schema(), str(request.pk), request.phone, code)


def verify_code(*, token: str, code: str, now: datetime) -> str:
    """Exchange a code for a session and return the session's token. Each try is counted and committed.

    Raises WrongCode (with the tries left), or CodeDead when the request is unknown, used, run out or tried
    MAX_TRIES times. A number that nobody has answers exactly like a wrong code.
    """
    session_token = ""
    tries_left = 0
    with transaction.atomic():
        request = OneTimeCode.objects.select_for_update().filter(request_digest=digest(token)).first()
        dead = request is None or request.used_at is not None or request.expires_at <= now
        if request is None or dead or request.attempts >= MAX_TRIES:
            raise CodeDead
        request.attempts += 1
        given = _code_digest(request, code)
        # Without a code there is nothing that could match, and comparing takes as long.
        expected = bytes(request.code_digest) if request.code_digest is not None else secrets.token_bytes(32)
        if hmac.compare_digest(given, expected) and request.customer_id is not None:
            request.used_at = now
            session_token = _open_session(request.customer_id, now)
            redact_code(message_key=_message_key(request), now=now)
        request.save(update_fields=["attempts", "used_at"])
        tries_left = MAX_TRIES - request.attempts
    if session_token:
        return session_token
    raise WrongCode(tries_left) if tries_left else CodeDead


def pending_request(*, token: str, now: datetime) -> OneTimeCode | None:
    """The request that this browser may still answer."""
    open_requests = OneTimeCode.objects.filter(used_at__isnull=True, expires_at__gt=now)
    return open_requests.filter(request_digest=digest(token)).first()


def _open_session(customer_id: int, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    CustomerSession.objects.create(
        token_digest=digest(token),
        customer_id=customer_id,
        created_at=now,
        last_seen_at=now,
        expires_at=now + SESSION_LIFETIME,
    )
    return token


def resume_session(*, token: str, now: datetime) -> CustomerSession | None:
    """The live session of a cookie's token in this programme, or None. One query."""
    session = CustomerSession.objects.live(now).select_related("customer").filter(token_digest=digest(token)).first()
    if session is not None and session.last_seen_at < now - SEEN_EVERY:
        CustomerSession.objects.filter(pk=session.pk).update(last_seen_at=now)
    return session


def end_session(*, session: CustomerSession, now: datetime) -> None:
    """Sign this browser out."""
    CustomerSession.objects.filter(pk=session.pk, ended_at__isnull=True).update(ended_at=now)
