"""Ending what a person has open in one programme."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session

from programs.models import ApiSession, Programme, User


def end_all_sessions(*, user: User, programme: Programme, now: datetime) -> None:
    """End the person's sessions on the hosts of `programme`, which is active, and their tokens for it.

    A later membership does not revive them. Their session on the public host, with which they may enter other
    programmes, lives on. Reads all live sessions of the programme, because a session tells whose it is only from
    inside: some dozens, rarely.
    """
    ApiSession.objects.filter(user=user, programme=programme, revoked_at__isnull=True).update(revoked_at=now)
    live = Session.objects.filter(expire_date__gt=now).iterator()
    mine = [session.pk for session in live if session.get_decoded().get(SESSION_KEY) == str(user.pk)]
    Session.objects.filter(pk__in=mine).delete()
