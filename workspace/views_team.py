"""Settings: who works here. Its one page lists members and open invitations; each act is a POST of its own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Case, IntegerField, Q, Value, When
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.forms import field_check
from core.page import done, page
from core.permissions import Perm, Role, requires
from core.requests import StaffRequest
from programs.models import Invitation, Membership
from workspace.actions import team
from workspace.forms import InvitationForm, RoleForm
from workspace.models import Business, Job
from workspace.settings_tabs import settings_tabs

BY_ROLE = Case(*(When(role=role, then=Value(place)) for place, role in enumerate(Role)), output_field=IntegerField())


@require_safe
@requires(Perm.TEAM_MANAGE)
def team_page(request: StaffRequest) -> HttpResponse:
    return _page(request, None)


@require_POST
@requires(Perm.TEAM_MANAGE)
def invitation_new(request: StaffRequest) -> HttpResponse:
    form = InvitationForm(request.POST, check_url=reverse("workspace:invitation-new"), **_choices(request))
    checked = field_check(request, form)
    if checked is not None:
        return checked
    if form.is_valid():
        try:
            invitation = team.invite(
                programme=request.programme,
                email=form.cleaned_data["email"],
                role=Role(form.cleaned_data["role"]),
                business_id=form.cleaned_data["business"],
                actor=request.actor,
                now=timezone.now(),
            )
        except team.AlreadyMember as refused:  # belongs to its field, and what was typed stays
            form.add_error("email", str(refused.message))
        else:
            _say_sent(request, invitation)
            return done(request, reverse("workspace:team"))
    return _page(request, form, status=422)


@require_POST
@requires(Perm.TEAM_MANAGE)
def invitation_renew(request: StaffRequest, code: str) -> HttpResponse:
    invitation = team.renew_invitation(programme=request.programme, code=code, actor=request.actor, now=timezone.now())
    _say_sent(request, invitation)
    return done(request, reverse("workspace:team"))


@require_POST
@requires(Perm.TEAM_MANAGE)
def invitation_revoke(request: StaffRequest, code: str) -> HttpResponse:
    team.revoke_invitation(programme=request.programme, code=code, actor=request.actor, now=timezone.now())
    messages.success(request, _("Invitation withdrawn"))
    return done(request, reverse("workspace:team"))


@require_POST
@requires(Perm.TEAM_MANAGE)
def member_change(request: StaffRequest, code: str) -> HttpResponse:
    member = Membership.objects.filter(programme=request.programme, code=code).first()
    form = RoleForm(request.POST, **_choices(request, held=member.business_id if member else None))
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(str(error) for error in errors))
        return _page(request, None, status=422)
    membership = team.change_member(
        programme=request.programme,
        code=code,
        changes={"role": Role(form.cleaned_data["role"]), "business_id": form.cleaned_data["business"]},
        actor=request.actor,
    )
    person, role = str(membership.user), membership.get_role_display()
    messages.success(request, _("%(person)s is now %(role)s") % {"person": person, "role": role})
    return done(request, reverse("workspace:team"))


@require_POST
@requires(Perm.TEAM_MANAGE)
def member_remove(request: StaffRequest, code: str) -> HttpResponse:
    team.remove_member(programme=request.programme, code=code, actor=request.actor, now=timezone.now())
    messages.success(request, _("Removed from the team"))
    return done(request, reverse("workspace:team"))


def _choices(request: StaffRequest, *, held: int | None = None) -> dict[str, Any]:
    """What a form of this person may offer: open businesses, and the one that a member is limited to already."""
    businesses = Business.objects.visible_to(request.actor).filter(Q(is_active=True) | Q(pk=held))
    return {
        "businesses": list(businesses.order_by("name")),
        "giver_role": request.membership.role,
        "giver_sees_all": request.actor.business_id is None,
    }


def _empty_form(choices: dict[str, Any]) -> InvitationForm:
    """Most people who join work at a till: start there, with the least that they need."""
    first = next((one.pk for one in choices["businesses"]), "")
    initial = {"role": Role.CASHIER, "business": first}
    return InvitationForm(initial=initial, check_url=reverse("workspace:invitation-new"), **choices)


def _role_form(member: Membership, choices: dict[str, Any], closed: Business | None) -> RoleForm:
    """Without the business that somebody is limited to, though closed, saving the form would lift the limit."""
    offered = {**choices, "businesses": [*choices["businesses"], closed]} if closed else choices
    initial = {"role": member.role, "business": member.business_id or ""}
    return RoleForm(initial=initial, auto_id=f"{member.code}-%s", **offered)


def _page(request: StaffRequest, form: InvitationForm | None, *, status: int = 200) -> HttpResponse:
    choices = _choices(request)
    members = Membership.objects.filter(programme=request.programme, user__is_active=True).select_related("user")
    invitations = Invitation.objects.filter(programme=request.programme, accepted_at=None, revoked_at=None)
    if request.actor.business_id is not None:
        members = members.filter(business_id=request.actor.business_id)
        invitations = invitations.filter(business_id=request.actor.business_id)
    shut = Business.objects.visible_to(request.actor).filter(is_active=False)
    closed: dict[int | None, Business] = {one.pk: one for one in shut}
    names: dict[int | None, str] = {one.pk: one.name for one in (*choices["businesses"], *closed.values())}
    may_change_owners = request.membership.role == Role.OWNER
    now = timezone.now()
    stopped = Job.objects.filter(kind=team.INVITATION_MAIL, state__in=[Job.State.FAILED, Job.State.CANCELLED])
    unsent = set(stopped.filter(key__in=[team.mail_key(one) for one in invitations]).values_list("key", flat=True))
    context = {
        "form": form or _empty_form(choices),
        "members": [
            {
                "membership": one,
                "business": names.get(one.business_id, ""),
                "is_me": one.user_id == request.user.pk,
                "may_change": may_change_owners or one.role != Role.OWNER,
                "form": _role_form(one, choices, closed.get(one.business_id)),
            }
            for one in members.order_by(BY_ROLE, "user__name", "pk")
        ],
        "invitations": [
            {
                "invitation": one,
                "business": names.get(one.business_id, ""),
                "is_late": one.expires_at <= now,
                "is_unsent": team.mail_key(one) in unsent,
            }
            for one in invitations.order_by("-created_at")
        ],
        "tabs": settings_tabs(request),
    }
    return page(request, "workspace/team.html", context, status=status)


def _say_sent(request: StaffRequest, invitation: Invitation) -> None:
    messages.success(request, _("The invitation is on its way to %(email)s") % {"email": invitation.email})
