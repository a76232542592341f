"""How businesses join the programme: the join code, invitations by e-mail, and requests up to their decision.

Approving a request also sets an earning rate: that is `screens.actions.joining`. The tables live in the public schema;
the acts are part of a programme, so they are written in its audit log. Call these with the programme active, except
where a docstring says otherwise.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.codes import ALPHABET, digest, keyed_digest
from core.errors import DomainError, InvalidInput, NotFound
from core.permissions import Role
from programs import api_limits
from programs.actions.people import has_verified
from programs.models import BusinessInvitation, JoinRequest, JoinSettings, Membership, Programme, User
from workspace.actions import audit
from workspace.actions.businesses import NameTaken
from workspace.actions.jobs import start_job
from workspace.models import Business

CODE_LETTERS, CODE_GROUP = 16, 4  # 79 bits, read aloud in groups of four
TOKEN_BYTES = 24
INVITATION_LIFETIME = timedelta(days=14)
MAX_USES = 10_000
MAX_TERMS = 4000
FIRST_YEAR, LAST_YEAR = 2000, 2100  # of the last day of a code: far from where calendars end
CHANGEABLE = ("is_on", "expires_at", "max_uses", "asks_invited", "terms")
# Jobs that mail; `workspace.tasks` has their work.
INVITED_MAIL, ASKED_MAIL, DECIDED_MAIL = (
    "workspace.business_invitation_mail", "workspace.join_request_mail", "workspace.join_decision_mail",
)  # fmt: skip


class JoinCodeGone(DomainError):
    """Unknown, switched off, too old or used up: the caller cannot tell which."""

    code = "join_code_invalid"
    status = 404
    message = _("This code does not work, or does not work any more. Ask the programme for a new one.")


class InvitedAnother(DomainError):
    code = "invitation_for_another"
    status = 403
    message = _("This invitation is for another e-mail address. Log in with that one.")


class AlreadyOnTeam(DomainError):
    code = "already_on_team"
    message = _("This person is on the team of this programme already. An owner can add another business.")


class RequestDecided(DomainError):
    code = "join_request_decided"
    message = _("This request was decided or withdrawn already.")


class ApplicantNotVerified(DomainError):
    code = "applicant_not_verified"
    message = _("The person has not proved their e-mail address yet. They were sent a code.")


# -- the code ---------------------------------------------------------------------------------------------------------


def settings_of(programme: Programme) -> JoinSettings | None:
    return JoinSettings.objects.filter(programme=programme).first()


def code_of(settings: JoinSettings) -> str:
    """The join code as people read it, such as K7QM-2XWA-9HJD-TR4P; "" where the server's key has changed since."""
    plain = _plain_code(settings.programme_id, settings.seed)
    if _lookup(plain) != bytes(settings.code_digest):
        return ""
    return "-".join(plain[place : place + CODE_GROUP] for place in range(0, CODE_LETTERS, CODE_GROUP))


def _plain_code(programme_id: int, seed: str) -> str:
    number = int.from_bytes(keyed_digest("workspace.join_code", str(programme_id), seed), "big")
    letters = []
    for _place in range(CODE_LETTERS):
        number, rest = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[rest])
    return "".join(letters)


def _lookup(plain: str) -> bytes:
    return keyed_digest("workspace.join_code_lookup", plain)


def change_join_settings(
    *, programme: Programme, changes: Mapping[str, object], actor: Actor, now: datetime
) -> JoinSettings:
    """Write the values of `changes` that differ (keys of CHANGEABLE); the first call makes the code.

    Raises InvalidInput, and PermissionRefused for people limited to a business.
    """
    actor.check_sees_all()
    _check_changes(changes)
    with transaction.atomic():
        stored, _is_new = _locked_settings(programme, now)
        different = {key: changes[key] for key in CHANGEABLE if key in changes and changes[key] != getattr(stored, key)}
        if not different:
            return stored
        noted = {key: [_noted(getattr(stored, key)), _noted(value)] for key, value in different.items()}
        for key, value in different.items():
            setattr(stored, key, value)
        stored.save(update_fields=list(different))
        audit.record(actor, "workspace.join_settings.changed", subject=f"programme:{programme.slug}", data=noted)
    return stored


def rotate_join_code(*, programme: Programme, actor: Actor, now: datetime) -> JoinSettings:
    """A new code that works; the older one ends at once. Its uses begin at none. Raises PermissionRefused."""
    actor.check_sees_all()
    with transaction.atomic():
        stored, is_new = _locked_settings(programme, now)
        if not is_new:
            _renew_code(stored, now)
        stored.is_on = True
        if stored.expires_at is not None and stored.expires_at <= now:
            stored.expires_at = None
        stored.save()
        audit.record(actor, "workspace.join_code.rotated", subject=f"programme:{programme.slug}")
    return stored


def _locked_settings(programme: Programme, now: datetime) -> tuple[JoinSettings, bool]:
    stored = JoinSettings.objects.select_for_update().filter(programme=programme).first()
    if stored is not None:
        return stored, False
    fresh = JoinSettings(programme=programme)
    _renew_code(fresh, now)
    values = {"seed": fresh.seed, "code_digest": fresh.code_digest, "made_at": now}
    _row, is_new = JoinSettings.objects.get_or_create(programme=programme, defaults=values)
    return JoinSettings.objects.select_for_update().get(programme=programme), is_new


def _renew_code(settings: JoinSettings, now: datetime) -> None:
    settings.seed = secrets.token_hex(16)
    settings.code_digest = _lookup(_plain_code(settings.programme_id, settings.seed))
    settings.made_at, settings.uses = now, 0


def _check_changes(changes: Mapping[str, object]) -> None:
    most = changes.get("max_uses")
    if isinstance(most, int) and not 1 <= most <= MAX_USES:
        raise InvalidInput(_("Enter a number from 1 to 10,000, or nothing."), field="max_uses")
    ends = changes.get("expires_at")
    if isinstance(ends, datetime) and not FIRST_YEAR <= ends.year <= LAST_YEAR + 1:
        raise InvalidInput(_("Choose a day from 2000 to 2100."), field="expires_at")
    if len(str(changes.get("terms", ""))) > MAX_TERMS:
        raise InvalidInput(_("Keep the terms within 4,000 letters."), field="terms")


def _noted(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


# -- invitations ------------------------------------------------------------------------------------------------------


def token_of(invitation: BusinessInvitation) -> str:
    """The token of the invitation's link: computed, so that no queue carries it."""
    ends = invitation.expires_at.astimezone(UTC).isoformat()
    token = keyed_digest("workspace.business_invitation", invitation.code, invitation.email, ends)[:TOKEN_BYTES]
    return base64.urlsafe_b64encode(token).decode()


def open_invitations(programme: Programme) -> QuerySet[BusinessInvitation]:
    return BusinessInvitation.objects.filter(programme=programme, used_at=None, revoked_at=None)


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


# -- asking -----------------------------------------------------------------------------------------------------------


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
        settings = (
            JoinSettings.objects.select_related("programme")
            .filter(code_digest=_lookup(plain), programme__is_active=True)
            .first()
        )
        if settings is not None and settings.is_open(now):
            return Door(settings.programme, settings, None)
        raise JoinCodeGone()
    invitation = (
        BusinessInvitation.objects.select_related("programme", "invited_by")
        .filter(token_digest=digest(text), used_at=None, revoked_at=None, expires_at__gt=now, programme__is_active=True)
        .first()
    )
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


# -- deciding ---------------------------------------------------------------------------------------------------------


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
