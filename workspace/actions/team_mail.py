"""The e-mails of a team, as its jobs send them: the programme is active, a mail server may be slow or say no."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone, translation

from core.hosts import public_url
from core.languages import staff_language
from core.permissions import Role
from core.tenancy import active_programme
from programs.hosts import programme_url
from programs.mail import compose
from programs.models import Invitation, Membership
from workspace.actions.team import token_of


def mail_invitation(*, code: str) -> None:
    """Mail the link of an open invitation. Safe to repeat: the link is the same until the invitation is renewed."""
    programme = active_programme()
    open_ones = Invitation.objects.filter(programme=programme, accepted_at=None, revoked_at=None)
    invitation = open_ones.select_related("invited_by").filter(code=code, expires_at__gt=timezone.now()).first()
    if invitation is None:
        return
    path = reverse("invitations:accept", args=[token_of(invitation)], urlconf="config.urls_public")
    with translation.override(staff_language(programme.language)):
        compose(
            "emails/invitation.html",
            to=invitation.email,
            context={
                "programme_name": programme.name,
                "inviter": str(invitation.invited_by or programme.name),
                "role": invitation.get_role_display(),
                "expires_at": timezone.localtime(invitation.expires_at, programme.zone),
                "button_url": public_url(path),
            },
        ).send()


def mail_joined(*, member: str, owner: str) -> None:
    """Tell an owner who joined, unless one of them has left meanwhile. `member`, `owner`: codes of memberships."""
    programme = active_programme()
    team = Membership.objects.live().filter(programme=programme).select_related("user")
    joined, told = team.filter(code=member).first(), team.filter(code=owner, role=Role.OWNER).first()
    if joined is None or told is None:
        return
    with translation.override(staff_language(told.user.language or programme.language)):
        compose(
            "emails/member_joined.html",
            to=told.user.email,
            context={
                "programme_name": programme.name,
                "person": str(joined.user),
                "email": joined.user.email,
                "role": joined.get_role_display(),
                "button_url": programme_url(programme, "/settings/team/"),
            },
        ).send()
