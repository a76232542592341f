"""Inviting businesses to join the programme, by e-mail: the link works once, for one address, for fourteen days.

The table lives in the public schema; the acts are part of a programme, so they are written in its audit log. Call these
with the programme active, except where a docstring says otherwise.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.codes import digest, keyed_digest
from core.errors import DomainError, NotFound
from programs import api_limits
from programs.models import BusinessInvitation, Membership, Programme
from workspace.actions import audit
from workspace.actions.businesses import NameTaken
from workspace.actions.jobs import start_job
from workspace.models import Business

TOKEN_BYTES = 24
INVITATION_LIFETIME = timedelta(days=14)
INVITED_MAIL = "workspace.business_invitation_mail"  # a job; `workspace.tasks` has its work


class AlreadyOnTeam(DomainError):
    code = "already_on_team"
    message = _("This person is on the team of this programme already. An owner can add another business.")


def token_of(invitation: BusinessInvitation) -> str:
    """The token of the invitation's link: computed, so that no queue carries it."""
    ends = invitation.expires_at.astimezone(UTC).isoformat()
    token = keyed_digest("workspace.business_invitation", invitation.code, invitation.email, ends)[:TOKEN_BYTES]
    return base64.urlsafe_b64encode(token).decode()


def open_invitations(programme: Programme) -> QuerySet[BusinessInvitation]:
    return BusinessInvitation.objects.filter(programme=programme, used_at=None, revoked_at=None)


def invitation_with(token: str, *, now: datetime) -> BusinessInvitation | None:
    """The open invitation, with programme and inviter, whose link has this token. In the public schema."""
    found = BusinessInvitation.objects.select_related("programme", "invited_by")
    is_open = {"used_at": None, "revoked_at": None, "expires_at__gt": now, "programme__is_active": True}
    return found.filter(token_digest=digest(token), **is_open).first()


def invite_business(
    *, programme: Programme, name: str, email: str, points_per_unit: Decimal, actor: Actor, now: datetime
) -> BusinessInvitation:
    """Invite a business for fourteen days, with the earning rate that it will have; a job mails the link.

    Inviting an address again replaces its open invitation. Raises AlreadyOnTeam, NameTaken, PermissionRefused,
    TooManyRequests.
    """
    actor.check_sees_all()
    api_limits.count(api_limits.INVITATION, programme.schema_name)
    email, name = email.strip().lower(), " ".join(name.split())
    with transaction.atomic():
        Programme.objects.select_for_update().get(pk=programme.pk)  # two invitations of one address take turns
        if Membership.objects.filter(programme=programme, user__email__iexact=email).exists():
            raise AlreadyOnTeam()
        if Business.objects.filter(name__iexact=name).exists():
            raise NameTaken(field="name")
        open_invitations(programme).filter(email__iexact=email).update(revoked_at=now)
        invitation = BusinessInvitation(
            programme=programme,
            name=name,
            email=email,
            points_per_unit=points_per_unit,
            invited_by_id=actor.user_id,
            created_at=now,
            expires_at=now + INVITATION_LIFETIME,
        )
        invitation.token_digest = digest(token_of(invitation))
        invitation.save(force_insert=True)
        _note_invitation(invitation, "sent", actor)
        _mail_invitation(invitation, actor, now)
    return invitation


def renew_business_invitation(*, programme: Programme, code: str, actor: Actor, now: datetime) -> BusinessInvitation:
    """A fresh link for fourteen more days; the older one ends. Raises NotFound and as `invite_business`."""
    actor.check_sees_all()
    api_limits.count(api_limits.INVITATION, programme.schema_name)
    with transaction.atomic():
        invitation = _invitation(programme, code)
        invitation.expires_at = now + INVITATION_LIFETIME
        invitation.token_digest = digest(token_of(invitation))
        invitation.save(update_fields=["token_digest", "expires_at"])
        _note_invitation(invitation, "renewed", actor)
        _mail_invitation(invitation, actor, now)
    return invitation


def revoke_business_invitation(*, programme: Programme, code: str, actor: Actor, now: datetime) -> None:
    """End an open invitation. Raises NotFound, also the second time, and PermissionRefused."""
    actor.check_sees_all()
    with transaction.atomic():
        invitation = _invitation(programme, code)
        invitation.revoked_at = now
        invitation.save(update_fields=["revoked_at"])
        _note_invitation(invitation, "revoked", actor)


def mail_key(invitation: BusinessInvitation) -> str:
    """The key of the job that mails this invitation's newest link."""
    return f"{invitation.code}:{invitation.expires_at.timestamp()}"


def _invitation(programme: Programme, code: str) -> BusinessInvitation:
    found = open_invitations(programme).select_for_update().filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


def _note_invitation(invitation: BusinessInvitation, what: str, actor: Actor) -> None:
    data = {"name": invitation.name, "email": invitation.email}
    audit.record(
        actor, f"workspace.business_invitation.{what}", subject=f"business_invitation:{invitation.code}", data=data
    )


def _mail_invitation(invitation: BusinessInvitation, actor: Actor, now: datetime) -> None:
    params = {"invitation": invitation.code}
    start_job(kind=INVITED_MAIL, key=mail_key(invitation), params=params, actor=actor, now=now)
