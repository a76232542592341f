"""Sessions of customers on the points page."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from core.codes import digest
from messaging.models import CustomerSession

SESSION_LIFETIME = timedelta(days=90)
SEEN_EVERY = timedelta(hours=1)  # the session row is written at most this often


def open_session(customer_id: int, now: datetime) -> str:
    """A new session of the customer, and its token."""
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


def end_other_sessions(*, session: CustomerSession, now: datetime) -> int:
    """Sign every other browser of this customer out; returns how many."""
    others = CustomerSession.objects.filter(customer_id=session.customer_id, ended_at__isnull=True, expires_at__gt=now)
    return others.exclude(pk=session.pk).update(ended_at=now)
