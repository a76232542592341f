"""Who works here: inviting people, changing what they may do, letting them go.

Memberships and invitations live in the public schema; the acts on them are part of a programme, so they are written
in its audit log. Call these with the programme active, except where a docstring says otherwise.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.codes import digest, keyed_digest
from core.errors import DomainError, InvalidInput, NotFound, PermissionRefused
from core.permissions import Perm, Role, permissions_of
from programs import api_limits
from programs.actions.people import has_verified
from programs.actions.sessions import end_all_sessions
from programs.models import Invitation, Membership, Programme, User
from workspace.actions import audit
from workspace.actions.jobs import start_job
from workspace.models import Business

INVITATION_LIFETIME = timedelta(days=7)
TOKEN_BYTES = 24  # 192 bits
# Jobs that mail; `workspace.tasks` has their work.
INVITATION_MAIL, JOINED_MAIL = "workspace.invitation_mail", "workspace.joined_mail"


class LastOwner(DomainError):
    code = "last_owner"
    message = _("A programme keeps at least one owner. Make somebody else an owner first.")


class OwnersOnly(PermissionRefused):
    code = "owners_only"
    message = _("Only an owner can give or take the role of owner.")


class AlreadyMember(InvalidInput):
    code = "already_member"
    message = _("This person is on the team already.")


class BusinessNeeded(InvalidInput):
    code = "business_needed"
    message = _("A cashier works in one business. Choose it.")


class OwnerNotLimited(InvalidInput):
    code = "owner_not_limited"
    message = _("An owner sees every business.")


class InvitationGone(DomainError):
    """Unknown, used, withdrawn or too old: the caller cannot tell which."""

    code = "invitation_gone"
    status = 404
    message = _("This invitation has been used, withdrawn or is older than a week. Ask for a new one.")


class WrongEmail(DomainError):
    code = "invitation_for_another"
    status = 403
    message = _("This invitation is for another e-mail address. Log in with that one.")


def token_of(invitation: Invitation) -> str:
    """The token of the invitation's link. It is computed, so that no queue carries it; the database has a digest."""
    ends = invitation.expires_at.astimezone(UTC).isoformat()
    token = keyed_digest("workspace.invitation", invitation.code, invitation.email, ends)[:TOKEN_BYTES]
    return base64.urlsafe_b64encode(token).decode()


# -- members ----------------------------------------------------------------------------------------------------------


class MemberChanges(TypedDict, total=False):
    """What is not named stays as it is. `business_id` None: sees all businesses."""

    role: Role
    business_id: int | None


def change_member(
    *,
    programme: Programme,
    code: str,
    changes: MemberChanges,
    actor: Actor,
    may_grant: Collection[Perm] | None = None,
) -> Membership:
    """Give a member another role or another limit to a business.

    Raises NotFound, OwnersOnly, LastOwner, BusinessNeeded, OwnerNotLimited, and PermissionRefused, also when the new
    role may do more than `may_grant` (None: everything). Asking for what is already so writes nothing.
    """
    with transaction.atomic():
        giver = _lock_team(programme, actor, may_grant)
        membership = _member(programme, code, giver.actor)
        role = changes.get("role", Role(membership.role))
        business_id = changes.get("business_id", membership.business_id)
        if (membership.role, membership.business_id) == (role, business_id):
            return membership
        _check_grant(role, business_id, giver, held=membership.role)
        if membership.role == Role.OWNER and role != Role.OWNER:
            _check_not_last_owner(membership)
        before = {"role": membership.role, "business": membership.business_id}
        membership.role, membership.business_id = role, business_id
        membership.save(update_fields=["role", "business_id"])
        audit.record(
            actor,
            "workspace.member.changed",
            subject=f"user:{membership.user_id}",
            business_id=business_id,
            data={"email": membership.user.email, "before": before, "role": role, "business": business_id},
        )
    return membership


def remove_member(*, programme: Programme, code: str, actor: Actor, now: datetime) -> None:
    """End a membership: from the next request on the person is outside.

    Their sessions on the programme's hosts and their tokens for it end, so that who is invited again later logs in
    again; what they have open elsewhere stays. Raises NotFound (also the second time), OwnersOnly, LastOwner,
    PermissionRefused.
    """
    with transaction.atomic():
        giver = _lock_team(programme, actor)
        membership = _member(programme, code, giver.actor)
        if membership.role == Role.OWNER:
            if giver.role != Role.OWNER:
                raise OwnersOnly
            _check_not_last_owner(membership)
        audit.record(
            actor,
            "workspace.member.removed",
            subject=f"user:{membership.user_id}",
            business_id=membership.business_id,
            data={"email": membership.user.email, "role": membership.role},
        )
        membership.delete()
        end_all_sessions(user=membership.user, programme=programme, now=now)


# -- invitations ------------------------------------------------------------------------------------------------------


def invite(
    *,
    programme: Programme,
    email: str,
    role: Role,
    business_id: int | None,
    actor: Actor,
    now: datetime,
    may_grant: Collection[Perm] | None = None,
) -> Invitation:
    """An invitation for seven days, mailed by a job. Inviting an address again replaces its open invitation; the older
    link ends.

    Raises AlreadyMember, OwnersOnly, BusinessNeeded, OwnerNotLimited, and PermissionRefused, also when the role may
    do more than `may_grant` (None: everything), TooManyRequests.
    """
    api_limits.count(api_limits.INVITATION, programme.schema_name)
    email = email.strip().lower()
    with transaction.atomic():
        giver = _lock_team(programme, actor, may_grant)
        _check_grant(role, business_id, giver)
        if Membership.objects.filter(programme=programme, user__email__iexact=email).exists():
            raise AlreadyMember(field="email")
        replaced = _open_invitations(programme).filter(email__iexact=email)
        for earlier in replaced:
            _check_withdrawal(earlier, giver)
        replaced.update(revoked_at=now)
        invitation = Invitation(
            programme=programme,
            email=email,
            role=role,
            business_id=business_id,
            invited_by_id=actor.user_id,
            created_at=now,
            expires_at=now + INVITATION_LIFETIME,
        )
        invitation.token_digest = digest(token_of(invitation))
        invitation.save(force_insert=True)
        audit.record(
            actor,
            "workspace.member.invited",
            subject=f"invitation:{invitation.code}",
            business_id=business_id,
            data={"email": email, "role": role},
        )
        _mail(invitation, actor, now)
    return invitation


def renew_invitation(
    *,
    programme: Programme,
    code: str,
    actor: Actor,
    now: datetime,
    may_grant: Collection[Perm] | None = None,
) -> Invitation:
    """A fresh link for seven more days, mailed by a job; the older one ends. Raises NotFound and what `invite` does."""
    api_limits.count(api_limits.INVITATION, programme.schema_name)
    with transaction.atomic():
        giver = _lock_team(programme, actor, may_grant)
        invitation = _invitation(programme, code, giver.actor)
        _check_grant(Role(invitation.role), invitation.business_id, giver)
        invitation.expires_at = now + INVITATION_LIFETIME
        invitation.token_digest = digest(token_of(invitation))
        invitation.save(update_fields=["token_digest", "expires_at"])
        audit.record(
            actor,
            "workspace.invitation.renewed",
            subject=f"invitation:{invitation.code}",
            business_id=invitation.business_id,
            data={"email": invitation.email},
        )
        _mail(invitation, actor, now)
    return invitation


def mail_key(invitation: Invitation) -> str:
    """The key of the job that mails this invitation's newest link."""
    return f"{invitation.code}:{invitation.expires_at.timestamp()}"


def _mail(invitation: Invitation, actor: Actor, now: datetime) -> None:
    start_job(
        kind=INVITATION_MAIL,
        key=mail_key(invitation),
        params={"invitation": invitation.code},
        actor=actor,
        now=now,
    )


def revoke_invitation(*, programme: Programme, code: str, actor: Actor, now: datetime) -> None:
    """End an open invitation. Raises NotFound, also the second time, OwnersOnly and PermissionRefused."""
    with transaction.atomic():
        giver = _lock_team(programme, actor)
        invitation = _invitation(programme, code, giver.actor)
        _check_withdrawal(invitation, giver)
        invitation.revoked_at = now
        invitation.save(update_fields=["revoked_at"])
        audit.record(
            actor,
            "workspace.invitation.revoked",
            subject=f"invitation:{invitation.code}",
            business_id=invitation.business_id,
            data={"email": invitation.email},
        )


def find_invitation(*, token: str, now: datetime) -> Invitation:
    """The live invitation behind a link. Called in the public schema. Raises InvitationGone."""
    found = (
        Invitation.objects.select_related("programme", "invited_by")
        .filter(token_digest=digest(token), revoked_at=None, accepted_at=None, expires_at__gt=now)
        .filter(programme__is_active=True)
        .first()
    )
    if found is None:
        raise InvitationGone
    return found


def accept_invitation(*, token: str, user: User, ip: str | None, now: datetime) -> Membership:
    """Make `user` a member as the invitation says. Called in the public schema.

    The person must have proved that they read mail at the invited address. Raises InvitationGone (also the second
    time, unless they are the member it made), WrongEmail. Somebody who is a member already keeps their role.
    """
    with transaction.atomic():
        invitation = (
            Invitation.objects.select_for_update(of=("self",))
            .select_related("programme")
            .filter(token_digest=digest(token), revoked_at=None, programme__is_active=True)
            .first()
        )
        if invitation is None:
            raise InvitationGone
        if not has_verified(user=user, email=invitation.email):
            raise WrongEmail
        programme = invitation.programme
        existing = Membership.objects.filter(programme=programme, user=user).first()
        if invitation.accepted_at is not None or invitation.expires_at <= now:
            if existing is None:
                raise InvitationGone
            return existing
        invitation.accepted_at = now
        invitation.save(update_fields=["accepted_at"])
        if existing is not None:
            return existing
        actor = Actor(kind="user", id=str(user.pk), label=str(user), user_id=user.pk, ip=ip)
        with tenant_context(programme):
            business_id = invitation.business_id
            if business_id is not None and not Business.objects.filter(pk=business_id).exists():
                raise InvitationGone
            membership = Membership.objects.create(
                user=user,
                programme=programme,
                role=invitation.role,
                business_id=invitation.business_id,
                created_at=now,
            )
            audit.record(
                actor,
                "workspace.member.joined",
                subject=f"user:{user.pk}",
                business_id=invitation.business_id,
                data={"email": user.email, "role": invitation.role, "invitation": invitation.code},
            )
            _tell_owners(membership, actor, now)
    return membership


def _tell_owners(membership: Membership, actor: Actor, now: datetime) -> None:
    """Have those owners who want to know be told that somebody joined: one job for each."""
    owners = Membership.objects.live().filter(programme=membership.programme, role=Role.OWNER).select_related("user")
    for owner in owners.exclude(user_id=membership.user_id):
        if "team" in owner.user.notifications:
            start_job(
                kind=JOINED_MAIL,
                key=f"{membership.code}:{owner.code}",
                params={"member": membership.code, "owner": owner.code},
                actor=actor,
                now=now,
            )


# -- rules ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Giver:
    """Who changes the team, as they are once it is their turn. A key acts as a manager: it is nobody's owner."""

    actor: Actor
    role: Role
    may_grant: Collection[Perm] | None


def _lock_team(programme: Programme, actor: Actor, may_grant: Collection[Perm] | None = None) -> _Giver:
    """Changes of one team take turns, so that two owners cannot remove each other at the same moment.

    What the request found out about a person may be over by now, so role and limit are read again. Raises
    PermissionRefused when they may not manage the team any more.
    """
    team = list(Membership.objects.select_for_update().filter(programme=programme).order_by("pk"))
    if actor.user_id is None:
        return _Giver(actor, Role.MANAGER, may_grant)
    own = next((member for member in team if member.user_id == actor.user_id), None)
    if own is None or Perm.TEAM_MANAGE not in own.permissions:
        raise PermissionRefused(_("You do not manage this team any more."))
    return _Giver(replace(actor, business_id=own.business_id), Role(own.role), may_grant)


def _member(programme: Programme, code: str, actor: Actor) -> Membership:
    found = Membership.objects.select_related("user").filter(code=code, programme=programme)
    if actor.business_id is not None:
        found = found.filter(business_id=actor.business_id)
    membership = found.first()
    if membership is None:
        raise NotFound
    return membership


def _open_invitations(programme: Programme) -> QuerySet[Invitation]:
    return Invitation.objects.filter(programme=programme, accepted_at=None, revoked_at=None)


def _invitation(programme: Programme, code: str, actor: Actor) -> Invitation:
    found = _open_invitations(programme).select_for_update().filter(code=code)
    if actor.business_id is not None:
        found = found.filter(business_id=actor.business_id)
    invitation: Invitation | None = found.first()
    if invitation is None:
        raise NotFound
    return invitation


def _check_grant(role: Role, business_id: int | None, giver: _Giver, *, held: str = "") -> None:
    """Whether this role with this limit may be given (to somebody who holds `held`)."""
    if Role.OWNER in (role, held) and giver.role != Role.OWNER:
        raise OwnersOnly
    # Nobody sells with a key, so no key has this; a cashier may still be made by one.
    beyond = set() if giver.may_grant is None else permissions_of(role) - set(giver.may_grant) - {Perm.TILL_USE}
    if beyond:
        raise PermissionRefused(_("You cannot give more than you have."), scopes=sorted(beyond))
    if role == Role.OWNER and business_id is not None:
        raise OwnerNotLimited(field="business_id")
    if role == Role.CASHIER and business_id is None:
        raise BusinessNeeded(field="business_id")
    if giver.actor.business_id is not None and business_id != giver.actor.business_id:
        raise PermissionRefused(_("You can only add people to your own business."))
    if business_id is not None and not Business.objects.filter(pk=business_id).exists():
        raise InvalidInput(_("Choose one of the businesses."), field="business_id")


def _check_withdrawal(invitation: Invitation, giver: _Giver) -> None:
    """Whether an open invitation may be ended, or another put in its place."""
    if invitation.role == Role.OWNER and giver.role != Role.OWNER:
        raise OwnersOnly
    if giver.actor.business_id is not None and invitation.business_id != giver.actor.business_id:
        raise PermissionRefused(_("Somebody who sees all businesses has invited this person already."))


def _check_not_last_owner(membership: Membership) -> None:
    others = Membership.objects.live().filter(programme_id=membership.programme_id, role=Role.OWNER)
    if not others.exclude(pk=membership.pk).exists():
        raise LastOwner
