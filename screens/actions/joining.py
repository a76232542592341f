"""Letting a business into the programme: its shop, its earning rate and its manager, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.permissions import Role
from loyalty.actions.settings import set_earning_rate
from programs.actions.people import has_verified
from programs.models import JoinRequest, Membership, Programme, User
from workspace.actions import audit
from workspace.actions.business_invitations import AlreadyOnTeam
from workspace.actions.businesses import NameTaken, open_business
from workspace.actions.joining import (
    Applicant,
    ApplicantNotVerified,
    Door,
    RequestDecided,
    decide,
    lock_request,
    note_request,
    send_request,
)
from workspace.models import Business


def approve_request(
    *, programme: Programme, code: str, name: str, points_per_unit: Decimal, actor: Actor, now: datetime
) -> JoinRequest:
    """Open the business with this name and earning rate, and make the person its manager, limited to it.

    Approving again changes nothing. Raises NotFound, RequestDecided, NameTaken, AlreadyOnTeam, ApplicantNotVerified,
    what a rate refuses, and PermissionRefused; nothing is then written.
    """
    with transaction.atomic():
        request = lock_request(programme=programme, code=code, actor=actor)
        if request.state == JoinRequest.State.APPROVED:
            return request
        if not request.is_waiting:
            raise RequestDecided(state=request.state)
        _let_in(request, name=name, points_per_unit=points_per_unit, actor=actor, now=now)
    return request


def ask_to_join(
    *, door: Door, user: User, given: Applicant, terms: Mapping[str, object], ip: str | None, now: datetime
) -> JoinRequest:
    """Send the request; an invited business is let in by it, unless its programme wants to approve those, too.

    The owner has named the business and set its rate in the invitation, so there is nothing left to decide. Where the
    name was taken meanwhile, the request waits for the owner. Called in the public schema. Raises as `send_request`.
    """
    with transaction.atomic():
        request = send_request(door=door, user=user, given=given, terms=terms, ip=ip, now=now)
        invitation = door.invitation
        if (
            invitation is None
            or door.needs_approval
            or request.invitation_id != invitation.pk
            or not request.is_waiting
        ):
            return request
        actor = Actor(kind="user", id=str(user.pk), label=str(user), user_id=user.pk, ip=ip)
        try:
            with tenant_context(door.programme), transaction.atomic():
                rate = invitation.points_per_unit
                _let_in(request, name=invitation.name, points_per_unit=rate, actor=actor, now=now)
        except NameTaken:
            request.refresh_from_db()
    return request


def _let_in(request: JoinRequest, *, name: str, points_per_unit: Decimal, actor: Actor, now: datetime) -> None:
    addresses = {request.user.email, request.invitation.email if request.invitation else request.user.email}
    if not any(has_verified(user=request.user, email=address) for address in addresses):
        raise ApplicantNotVerified()
    if Membership.objects.filter(programme=request.programme, user=request.user).exists():
        raise AlreadyOnTeam()
    business = open_business(
        name=" ".join(name.split()),
        category=request.category if request.category in Business.Category.values else Business.Category.OTHER,
        contact_person=request.contact_person,
        email=request.email,
        address=request.address,
        actor=actor,
        now=now,
    )
    set_earning_rate(business_id=business.pk, points_per_unit=points_per_unit, actor=actor)
    try:
        with transaction.atomic():
            Membership.objects.create(
                user=request.user,
                programme=request.programme,
                role=Role.MANAGER,
                business_id=business.pk,
                created_at=now,
            )
    except IntegrityError as error:  # they accepted an invitation to the team at the same moment
        raise AlreadyOnTeam() from error
    request.business_id = business.pk
    decide(request, JoinRequest.State.APPROVED, actor, now)
    note_request(request, "approved", actor, points_per_unit=str(points_per_unit))
    audit.record(
        actor,
        "workspace.member.joined",
        subject=f"user:{request.user_id}",
        business_id=business.pk,
        data={"email": request.user.email, "role": Role.MANAGER},
    )
