"""Asking that a business joins the programme, by its join code or an invitation, and the owner's decision.

Approving a request also sets an earning rate: that is `screens.actions.joining`. The tables live in the public schema;
the acts are part of a programme, so they are written in its audit log. Call these with the programme active, except
where a docstring says otherwise.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.codes import keyed_digest
from core.errors import DomainError, InvalidInput, NotFound
from core.permissions import Role
from programs import api_limits
from programs.actions.people import has_verified
from programs.models import BusinessInvitation, JoinRequest, JoinSettings, Membership, Programme, User
from workspace.actions import audit
from workspace.actions.business_invitations import TOKEN_BYTES, AlreadyOnTeam, invitation_with
from workspace.actions.jobs import start_job
from workspace.actions.join_codes import CODE_LETTERS, settings_of, settings_with
from workspace.models import Business

# Jobs that mail; `workspace.tasks` has their work.
ASKED_MAIL, DECIDED_MAIL = "workspace.join_request_mail", "workspace.join_decision_mail"


class JoinCodeGone(DomainError):
    """Unknown, switched off, too old or used up: the caller cannot tell which."""

    code = "join_code_invalid"
    status = 404
    message = _("This code does not work, or does not work any more. Ask the programme for a new one.")


class InvitedAnother(DomainError):
    code = "invitation_for_another"
    status = 403
    message = _("This invitation is for another e-mail address. Log in with that one.")


class InvitedNotProved(DomainError):
    code = "invited_not_verified"
    status = 403
    message = _(
        "Prove first that this e-mail address is yours, with the code that was mailed to it. Then send this again."
    )


class RequestDecided(DomainError):
    code = "join_request_decided"
    message = _("This request was decided or withdrawn already.")


class ApplicantNotVerified(DomainError):
    code = "applicant_not_verified"
    message = _("The person has not proved their e-mail address yet. They were sent a code.")


# -- asking ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Door:
    """What a code or a link opens: the way to ask one programme."""

    programme: Programme
    settings: JoinSettings | None
    invitation: BusinessInvitation | None

    @property
    def needs_approval(self) -> bool:
        """An invitation is an approval, unless the programme wants to decide on invited businesses, too."""
        return self.invitation is None or (self.settings is not None and self.settings.asks_invited)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """What a business says about itself."""

    name: str
    contact_person: str
    email: str
    category: str
    address: str
    points_per_unit: Decimal


def find_door(text: str, *, now: datetime) -> Door:
    """The programme behind a join code, however it was typed, or behind an invitation's link. In the public schema.

    Raises JoinCodeGone: nobody learns from it which programmes there are. One or two queries.
    """
    plain = "".join(letter for letter in text.upper() if letter.isascii() and letter.isalnum())
    if len(plain) == CODE_LETTERS:
        settings = settings_with(plain)
        if settings is not None and settings.is_open(now):
            return Door(settings.programme, settings, None)
        raise JoinCodeGone()
    invitation = invitation_with(text, now=now)
    if invitation is None:
        raise JoinCodeGone()
    return Door(invitation.programme, settings_of(invitation.programme), invitation)


def send_request(
    *, door: Door, user: User, given: Applicant, terms: Mapping[str, object], ip: str | None, now: datetime
) -> JoinRequest:
    """Ask that a business joins; owners are told by e-mail. Called in the public schema.

    Asking again while a request waits returns that one. Raises JoinCodeGone (also when somebody else had the last use
    of the code), InvitedAnother, AlreadyOnTeam, InvalidInput and TooManyRequests.
    """
    if given.category not in Business.Category.values:
        raise InvalidInput(_("There is no such category."), field="category")
    actor = Actor(kind="user", id=str(user.pk), label=str(user), user_id=user.pk, ip=ip)
    programme = door.programme
    with transaction.atomic():
        # One person's requests take turns, so that a double click sends one.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        waiting = JoinRequest.objects.filter(programme=programme, user=user, state=JoinRequest.State.WAITING).first()
        if waiting is not None:
            return waiting
        _use(door, user, now)
        if Membership.objects.filter(programme=programme, user=user).exists():
            raise AlreadyOnTeam()
        api_limits.count(api_limits.JOIN_REQUEST, f"user:{user.pk}")
        request = JoinRequest.objects.create(
            programme=programme,
            user=user,
            invitation=door.invitation,
            name=" ".join(given.name.split()),
            contact_person=given.contact_person,
            email=given.email,
            category=given.category,
            address=given.address,
            points_per_unit=given.points_per_unit,
            terms=dict(terms),
            sent_at=now,
        )
        with tenant_context(programme):
            note_request(request, "sent", actor)
            _tell_owners(request, actor, now)
    return request


def _use(door: Door, user: User, now: datetime) -> None:
    """Count the code's use, or end the invitation; both are read again under a lock."""
    if door.invitation is not None:
        invitation = BusinessInvitation.objects.select_for_update().get(pk=door.invitation.pk)
        if invitation.used_at or invitation.revoked_at or invitation.expires_at <= now:
            raise JoinCodeGone()
        if not has_verified(user=user, email=invitation.email):
            raise InvitedAnother()
        invitation.used_at = now
        invitation.save(update_fields=["used_at"])
        return
    assert door.settings is not None
    settings = JoinSettings.objects.select_for_update().get(pk=door.settings.pk)
    if settings.seed != door.settings.seed or not settings.is_open(now):
        raise JoinCodeGone()
    settings.uses += 1
    settings.save(update_fields=["uses"])


def withdraw_request(*, code: str, user: User, ip: str | None, now: datetime) -> JoinRequest:
    """Take a waiting request back, as the person who sent it. Called in the public schema.

    Withdrawing again changes nothing. Raises NotFound and RequestDecided.
    """
    actor = Actor(kind="user", id=str(user.pk), label=str(user), user_id=user.pk, ip=ip)
    with transaction.atomic():
        request = (
            JoinRequest.objects.select_for_update(of=("self",))
            .select_related("programme")
            .filter(code=code, user=user)
            .first()
        )
        if request is None:
            raise NotFound()
        if request.state == JoinRequest.State.WITHDRAWN:
            return request
        if not request.is_waiting:
            raise RequestDecided(state=request.state)
        request.state, request.decided_at = JoinRequest.State.WITHDRAWN, now
        request.save(update_fields=["state", "decided_at"])
        with tenant_context(request.programme):
            note_request(request, "withdrawn", actor)
    return request


def state_token(request: JoinRequest) -> str:
    """What lets a client without a session follow and withdraw its request; computed, never stored."""
    seal = keyed_digest("workspace.join_request", request.code, str(request.user_id))[:TOKEN_BYTES]
    return f"{request.code}.{base64.urlsafe_b64encode(seal).decode()}"


def find_request(token: str) -> JoinRequest:
    """The request of a `state_token`. Called in the public schema. Raises NotFound."""
    code = token.partition(".")[0]
    known = JoinRequest.objects.select_related("programme", "user").filter(code=code)
    found = known.first() if code.isalnum() else None  # the database takes no NUL
    if found is None or not hmac.compare_digest(token.encode(), state_token(found).encode()):
        raise NotFound()
    return found


# -- deciding ----------------------------------------------------------------------------------------------------------


def lock_request(*, programme: Programme, code: str, actor: Actor) -> JoinRequest:
    """The request, for whoever decides now: two who press at once take turns. Raises NotFound, PermissionRefused."""
    actor.check_sees_all()
    found = JoinRequest.objects.select_for_update(of=("self",)).select_related("user", "programme")
    request = found.filter(programme=programme, code=code).first()
    if request is None:
        raise NotFound()
    return request


def decline_request(*, programme: Programme, code: str, reason: str, actor: Actor, now: datetime) -> JoinRequest:
    """Say no, with a reason that the person reads in an e-mail. Declining again changes nothing.

    Raises NotFound, RequestDecided and InvalidInput without a reason.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= 500:
        raise InvalidInput(_("Say why, in up to 500 letters: the person reads it."), field="reason")
    with transaction.atomic():
        request = lock_request(programme=programme, code=code, actor=actor)
        if request.state == JoinRequest.State.DECLINED:
            return request
        if not request.is_waiting:
            raise RequestDecided(state=request.state)
        request.reason = reason
        decide(request, JoinRequest.State.DECLINED, actor, now)
        note_request(request, "declined", actor, reason=reason)
    return request


def decide(request: JoinRequest, state: JoinRequest.State, actor: Actor, now: datetime) -> None:
    """Write the decision of a locked request, and have the person told."""
    request.state, request.decided_at, request.decided_by_label = state, now, actor.label[:160]
    request.save(update_fields=["state", "decided_at", "decided_by_label", "reason", "business_id"])
    start_job(kind=DECIDED_MAIL, key=request.code, params={"request": request.code}, actor=actor, now=now)


def note_request(request: JoinRequest, what: str, actor: Actor, **more: object) -> None:
    data = {"name": request.name, "email": request.user.email, **more}
    audit.record(
        actor,
        f"workspace.join_request.{what}",
        subject=f"join_request:{request.code}",
        business_id=request.business_id,
        data=data,
    )


def waiting_count(programme: Programme) -> int:
    return JoinRequest.objects.filter(programme=programme, state=JoinRequest.State.WAITING).count()


def _tell_owners(request: JoinRequest, actor: Actor, now: datetime) -> None:
    """Have the owners who want to know be told: one job for each."""
    owners = Membership.objects.live().filter(programme=request.programme, role=Role.OWNER).select_related("user")
    for owner in owners:
        if "team" in owner.user.notifications:
            params = {"request": request.code, "owner": owner.code}
            start_job(kind=ASKED_MAIL, key=f"{request.code}:{owner.code}", params=params, actor=actor, now=now)
