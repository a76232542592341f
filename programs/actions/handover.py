"""From the public host's log-in to a session on a programme's host, by a code that works once, there, for a minute."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext_lazy as _

from core.codes import digest
from core.errors import DomainError, PermissionRefused
from programs import rules
from programs.models import HandoverCode, Membership, Programme, User

LIFETIME = timedelta(seconds=60)
CODE_BYTES = 32  # 256 bits


class NotAMember(PermissionRefused):
    code = "not_a_member"
    message = _("You are not on the team of this programme. Ask an owner to invite you.")


class CodeRefused(DomainError):
    """Unknown, used, too old, of another browser or of another programme: the caller cannot tell which."""

    code = "handover_refused"
    status = 403
    message = _("This log-in link has been used or is too old. Log in again.")


def issue_code(*, user: User, programme: Programme, state: str, next_path: str, session_key: str, now: datetime) -> str:
    """A code that opens a session of `user` on the host of `programme`, in the browser that holds `state`.

    Raises NotAMember. Being platform staff helps nobody: a membership is needed.
    """
    if not Membership.objects.live().filter(user=user, programme=programme).exists():
        raise NotAMember
    code = secrets.token_urlsafe(CODE_BYTES)
    HandoverCode.objects.filter(expires_at__lt=now - LIFETIME).delete()
    HandoverCode.objects.create(
        code_digest=digest(code),
        state_digest=digest(state),
        user=user,
        programme=programme,
        next_path=rules.safe_path(next_path),
        session_key=session_key,
        expires_at=now + LIFETIME,
    )
    return code


def consume_code(*, code: str, state: str, programme: Programme, now: datetime) -> HandoverCode:
    """Spend the code and return it with its user. One statement decides, so that two requests cannot both win.

    A code that meets the wrong browser or the wrong programme is spent too. Raises CodeRefused, NotAMember.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE public.programs_handovercode SET used_at = %s"
            " WHERE code_digest = %s AND used_at IS NULL AND expires_at > %s RETURNING id",
            [now, digest(code), now],
        )
        spent = cursor.fetchone()
    if spent is None or not state:
        raise CodeRefused
    found = HandoverCode.objects.select_related("user").get(pk=spent[0])
    is_here = found.programme_id == programme.pk
    if not is_here or not secrets.compare_digest(bytes(found.state_digest), digest(state)):
        raise CodeRefused
    if not Membership.objects.live().filter(user_id=found.user_id, programme=programme).exists():
        raise NotAMember
    return found
