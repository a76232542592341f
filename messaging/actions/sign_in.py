"""Customers sign in with a code sent to their number. Nothing here tells whether a number is known.

The request only writes down who asked and queues a worker: it does the same for every number, because it does not
look the number up. The worker does, and sends a code to a number that somebody has.

Source: OWASP ASVS 5 V6 (single use, 10 minutes, bound to its request, rate-limited). The caps are in
`messaging.limits`.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.actor import SYSTEM
from core.codes import digest, keyed_digest
from core.jobs import enqueue_with_retries
from core.tenancy import active_programme, active_schema
from customers.models import Customer, Identifier
from messaging import limits
from messaging.actions.outbox import OUTBOX, queue_message, redact_code, send_message
from messaging.actions.pins import forget_pin_failures
from messaging.actions.sessions import open_session
from messaging.errors import CodeDead, TooManyCodes, WrongCode
from messaging.languages import language_of
from messaging.models import OneTimeCode, OutboundMessage
from programs.actions.due_work import ensure_due
from workspace.actions import audit
from workspace.models import AuditEntry

CODE_LIFETIME = timedelta(minutes=10)
CODE_DIGITS = 6
MAX_TRIES = 5  # of a million: one chance in 200,000 for each code
LIMIT_REACHED = "messaging.codes.limited"


REFUSAL_NOTED_EVERY = timedelta(hours=1)
# A cap of one number or one guesser is nothing that the shop could act on, and a number is personal.
NOTED = frozenset({"prefix", "dial-code", "dial-code-abroad", "address", "programme"})


def request_code(*, phone: str, address: str, now: datetime, purpose: str = OneTimeCode.Purpose.SIGN_IN) -> str:
    """Ask for a code for `phone` (E.164) and return the token that binds it to this browser.

    Costs the same for every number. Raises TooManyCodes at a cap; no code is then made, and the audit log says so.
    """
    values = limits.request_values(phone=phone, address=address)
    token = secrets.token_urlsafe(24)
    try:
        with transaction.atomic():
            # Counting and inserting must not interleave, or many requests at once slip under a cap together.
            _one_at_a_time("request")
            limits.check_caps(values, country=active_programme().country, now=now)
            request = OneTimeCode.objects.create(
                request_digest=digest(token),
                purpose=purpose,
                created_at=now,
                expires_at=now + CODE_LIFETIME,
                **values,
            )
            enqueue_with_retries(deliver_code, request_id=request.pk)
            ensure_due(kind=OUTBOX, by=request.expires_at)
    except TooManyCodes as refused:
        _note_refusal(refused, now=now)
        raise
    return token


def _note_refusal(refused: TooManyCodes, *, now: datetime) -> None:
    """Tell the shop that a cap was reached: once an hour for each cap and what it caps."""
    if refused.cap not in NOTED:
        return
    subject = f"sign-in:{refused.cap}:{refused.group}".rstrip(":")[:80]
    with transaction.atomic():
        _one_at_a_time("refusal")
        noted = AuditEntry.objects.filter(subject=subject, action=LIMIT_REACHED, at__gt=now - REFUSAL_NOTED_EVERY)
        if not noted.exists():
            audit.record(SYSTEM, LIMIT_REACHED, subject=subject, data={"cap": refused.cap, "group": refused.group})


def _one_at_a_time(what: str) -> None:
    """Wait for whoever does the same in this programme; until the end of the transaction."""
    with connection.cursor() as cursor:
        lock = f"{active_schema()}:sign-in:{what}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 0))", [lock])


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
    programme = active_programme()
    with translation.override(language_of(customer)):
        body = _words(request.purpose) % {"code": code, "programme": programme.name}
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


def _words(purpose: str) -> str:
    if purpose == OneTimeCode.Purpose.ERASE:
        return _(
            "%(code)s deletes your points and data at %(programme)s. It works for 10 minutes. You did not ask for it? "
            "Tell it to nobody."
        )
    return _("%(code)s is your code for %(programme)s. It works for 10 minutes. Tell it to nobody.")


def _message_key(request: OneTimeCode) -> str:
    return f"code:{request.pk}"


def _code_digest(request: OneTimeCode, code: str) -> bytes:
    return keyed_digest("messaging.one_time_code", active_schema(), str(request.pk), request.phone, code)


def verify_code(*, token: str, code: str, now: datetime) -> str:
    """Exchange a code for a session and return the session's token. Each try is counted and committed.

    Raises WrongCode (with the tries left), CodeDead when the request is unknown, used, run out or tried MAX_TRIES
    times, TooManyTries when that was done with too many codes of one number. A number that nobody has answers exactly
    like a wrong code.
    """
    session_token = ""

    def start_session(request: OneTimeCode) -> None:
        nonlocal session_token
        assert request.customer_id is not None
        session_token = open_session(request.customer_id, now)
        forget_pin_failures([request.phone])

    _spend_code(token=token, code=code, purpose=OneTimeCode.Purpose.SIGN_IN, then=start_session, now=now)
    return session_token


def confirm_code(*, token: str, code: str, purpose: str, now: datetime) -> int:
    """The id of the customer who asked for a code of this purpose and typed it. Raises what `verify_code` raises."""
    found: list[int] = []

    def remember(request: OneTimeCode) -> None:
        assert request.customer_id is not None
        found.append(request.customer_id)

    _spend_code(token=token, code=code, purpose=purpose, then=remember, now=now)
    return found[0]


def _spend_code(*, token: str, code: str, purpose: str, then: Callable[[OneTimeCode], None], now: datetime) -> None:
    """Count a try; when it is right, use the code up and do `then` in the same transaction."""
    with transaction.atomic():
        asked = OneTimeCode.objects.select_for_update().filter(request_digest=digest(token), purpose=purpose)
        request = asked.first()
        dead = request is None or request.used_at is not None or request.expires_at <= now
        if request is None or dead or request.attempts >= MAX_TRIES:
            raise CodeDead
        _one_at_a_time(f"try:{request.phone}")  # tries of several codes of a number count together
        limits.check_tries(request.phone, now=now)
        request.attempts += 1
        given = _code_digest(request, code)
        # Without a code there is nothing that could match, and comparing takes as long.
        expected = bytes(request.code_digest) if request.code_digest is not None else secrets.token_bytes(32)
        is_right = hmac.compare_digest(given, expected) and request.customer_id is not None
        if is_right:
            request.used_at = now
            then(request)
            redact_code(message_key=_message_key(request), now=now)
        request.save(update_fields=["attempts", "used_at"])
        tries_left = MAX_TRIES - request.attempts
    if not is_right:
        raise WrongCode(tries_left) if tries_left else CodeDead


def pending_request(*, token: str, now: datetime, purpose: str = OneTimeCode.Purpose.SIGN_IN) -> OneTimeCode | None:
    """The request that this browser may still answer."""
    open_requests = OneTimeCode.objects.filter(used_at__isnull=True, expires_at__gt=now, purpose=purpose)
    return open_requests.filter(request_digest=digest(token)).first()
