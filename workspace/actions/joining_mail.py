"""The e-mails of businesses that join, as their jobs send them: the programme is active, a mail server may be slow."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone, translation

from core.hosts import public_url
from core.languages import staff_language
from core.permissions import Role
from core.tenancy import active_programme
from programs.hosts import programme_url
from programs.mail import compose
from programs.models import JoinRequest, Membership
from workspace.actions.business_invitations import open_invitations, token_of

PUBLIC = "config.urls_public"


def mail_business_invitation(*, code: str) -> None:
    """Mail the link of an open invitation. Safe to repeat: the link is the same until the invitation is renewed."""
    programme = active_programme()
    found = open_invitations(programme).select_related("invited_by").filter(code=code, expires_at__gt=timezone.now())
    invitation = found.first()
    if invitation is None:
        return
    with translation.override(staff_language(programme.language)):
        compose(
            "emails/business_invitation.html",
            to=invitation.email,
            context={
                "programme_name": programme.name,
                "business": invitation.name,
                "inviter": str(invitation.invited_by or programme.name),
                "expires_at": timezone.localtime(invitation.expires_at, programme.zone),
                "button_url": public_url(reverse("join:ask", args=[token_of(invitation)], urlconf=PUBLIC)),
            },
        ).send()


def mail_join_request(*, request: str, owner: str) -> None:
    """Tell an owner that a business asks, unless that is decided or they have left. Codes of request and membership."""
    programme = active_programme()
    asked = JoinRequest.objects.filter(programme=programme, code=request, state=JoinRequest.State.WAITING).first()
    owners = Membership.objects.live().filter(programme=programme, role=Role.OWNER).select_related("user")
    told = owners.filter(code=owner).first()
    if asked is None or told is None:
        return
    with translation.override(staff_language(told.user.language or programme.language)):
        path = reverse("joining:request", args=[asked.code], urlconf="config.urls_programme")
        compose(
            "emails/join_request.html",
            to=told.user.email,
            context={
                "programme_name": programme.name,
                "business": asked.name,
                "person": asked.contact_person,
                "button_url": programme_url(programme, path),
            },
        ).send()


def mail_join_decision(*, request: str) -> None:
    """Tell the person who asked what was decided."""
    programme = active_programme()
    asked = JoinRequest.objects.select_related("user").filter(programme=programme, code=request).first()
    if asked is None or asked.state not in (JoinRequest.State.APPROVED, JoinRequest.State.DECLINED):
        return
    is_approved = asked.state == JoinRequest.State.APPROVED
    enter = reverse("programs:enter", args=[programme.slug], urlconf=PUBLIC)
    state = reverse("join:request", args=[asked.code], urlconf=PUBLIC)
    with translation.override(staff_language(asked.user.language or programme.language)):
        compose(
            "emails/join_decision.html",
            to=asked.user.email,
            context={
                "programme_name": programme.name,
                "business": asked.name,
                "is_approved": is_approved,
                "reason": asked.reason,
                "button_url": public_url(enter if is_approved else state),
            },
        ).send()
