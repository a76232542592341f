"""Settings, Businesses, Joining: the join code, invited businesses, and requests that wait for the owner."""

from __future__ import annotations

import segno
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.forms import field_check
from core.hosts import public_url
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from programs.actions.people import has_verified
from programs.models import JoinRequest
from screens.actions.joining import approve_request
from screens.forms_joining import ApproveForm, BusinessInvitationForm, DeclineForm, JoinSettingsForm, rate_text
from screens.joining import rate_words
from workspace.actions import business_invitations, join_codes, joining
from workspace.actions.businesses import NameTaken
from workspace.models import Business, Job
from workspace.settings_tabs import settings_tabs

MOST_DECIDED = 20


@require_safe
@requires(Perm.BUSINESSES_MANAGE)
def joining_page(request: StaffRequest) -> HttpResponse:
    return _page(request)


@require_POST
@requires(Perm.BUSINESSES_MANAGE)
def code_change(request: StaffRequest) -> HttpResponse:
    stored = join_codes.settings_of(request.programme)
    form = JoinSettingsForm(request.POST, stored=stored, zone=request.programme.zone)
    if not form.is_valid():
        return _page(request, settings_form=form, status=422)
    join_codes.change_join_settings(
        programme=request.programme, changes=form.changes, actor=request.actor, now=timezone.now()
    )
    messages.success(request, _("Saved"))
    return done(request, reverse("joining:page"))


@require_POST
@requires(Perm.BUSINESSES_MANAGE)
def code_rotate(request: StaffRequest) -> HttpResponse:
    join_codes.rotate_join_code(programme=request.programme, actor=request.actor, now=timezone.now())
    messages.success(request, _("There is a new join code. The older one does not work any more."))
    return done(request, reverse("joining:page"))


@require_POST
@requires(Perm.BUSINESSES_MANAGE)
def invite(request: StaffRequest) -> HttpResponse:
    form = BusinessInvitationForm(request.POST, check_url=reverse("joining:invite"))
    checked = field_check(request, form)
    if checked is not None:
        return checked
    if form.is_valid():
        try:
            invitation = business_invitations.invite_business(
                programme=request.programme, **form.cleaned_data, actor=request.actor, now=timezone.now()
            )
        except NameTaken as refused:
            form.add_error("name", str(refused.message))
        except business_invitations.AlreadyOnTeam as refused:
            form.add_error("email", str(refused.message))
        else:
            _say_sent(request, invitation.email)
            return done(request, reverse("joining:page"))
    return _page(request, invitation_form=form, status=422)


@require_POST
@requires(Perm.BUSINESSES_MANAGE)
def invitation_renew(request: StaffRequest, code: str) -> HttpResponse:
    invitation = business_invitations.renew_business_invitation(
        programme=request.programme, code=code, actor=request.actor, now=timezone.now()
    )
    _say_sent(request, invitation.email)
    return done(request, reverse("joining:page"))


@require_POST
@requires(Perm.BUSINESSES_MANAGE)
def invitation_revoke(request: StaffRequest, code: str) -> HttpResponse:
    business_invitations.revoke_business_invitation(
        programme=request.programme, code=code, actor=request.actor, now=timezone.now()
    )
    messages.success(request, _("Invitation withdrawn"))
    return done(request, reverse("joining:page"))


@require_safe
@requires(Perm.BUSINESSES_MANAGE)
def request_page(request: StaffRequest, code: str) -> HttpResponse:
    return _request_page(request, code)


@require_POST
@requires(Perm.BUSINESSES_MANAGE)
def approve(request: StaffRequest, code: str) -> HttpResponse:
    form = ApproveForm(request.POST)
    if not form.is_valid():
        return _request_page(request, code, approve_form=form, status=422)
    try:
        asked = approve_request(
            programme=request.programme, code=code, **form.cleaned_data, actor=request.actor, now=timezone.now()
        )
    except NameTaken as refused:
        form.add_error("name", str(refused.message))
        return _request_page(request, code, approve_form=form, status=422)
    except (joining.RequestDecided, business_invitations.AlreadyOnTeam, joining.ApplicantNotVerified) as refused:
        messages.error(request, str(refused.message))
        return _request_page(request, code, approve_form=form, status=refused.status)
    messages.success(request, _("%(name)s is part of the programme") % {"name": form.cleaned_data["name"]})
    return done(request, reverse("joining:request", args=[asked.code]))


@require_POST
@requires(Perm.BUSINESSES_MANAGE)
def decline(request: StaffRequest, code: str) -> HttpResponse:
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _request_page(request, code, decline_form=form, status=422)
    try:
        joining.decline_request(
            programme=request.programme, code=code, **form.cleaned_data, actor=request.actor, now=timezone.now()
        )
    except joining.RequestDecided as refused:
        messages.error(request, str(refused.message))
        return _request_page(request, code, status=refused.status)
    messages.success(request, _("Declined. They are told by e-mail."))
    return done(request, reverse("joining:page"))


def _page(
    request: StaffRequest,
    *,
    settings_form: JoinSettingsForm | None = None,
    invitation_form: BusinessInvitationForm | None = None,
    status: int = 200,
) -> HttpResponse:
    programme, now = request.programme, timezone.now()
    stored = join_codes.settings_of(programme)
    code = join_codes.code_of(stored) if stored else ""
    link = public_url(reverse("join:ask", args=[code], urlconf="config.urls_public")) if code else ""
    is_open = stored is not None and bool(code) and stored.is_open(now)
    invitations = list(business_invitations.open_invitations(programme).order_by("-pk")[:200])
    stopped = Job.objects.filter(
        kind=business_invitations.INVITED_MAIL, state__in=[Job.State.FAILED, Job.State.CANCELLED]
    )
    unsent = set(
        stopped.filter(key__in=[business_invitations.mail_key(one) for one in invitations]).values_list(
            "key", flat=True
        )
    )
    requests = JoinRequest.objects.filter(programme=programme).order_by("-pk")
    context = {
        "settings": stored,
        "settings_form": settings_form or JoinSettingsForm(stored=stored, zone=programme.zone),
        "invitation_form": invitation_form or BusinessInvitationForm(check_url=reverse("joining:invite")),
        "join_code": code,
        "join_link": link,
        "is_open": is_open,
        "is_late": stored is not None and stored.expires_at is not None and stored.expires_at <= now,
        "is_used_up": stored is not None and stored.max_uses is not None and stored.uses >= stored.max_uses,
        "picture": segno.make(link, micro=False, error="m").svg_data_uri(scale=1, border=2, dark="#000", light="#fff")
        if is_open
        else "",
        "invitations": [
            {
                "invitation": one,
                "rate": rate_text(one.points_per_unit),
                "is_late": one.expires_at <= now,
                "is_unsent": business_invitations.mail_key(one) in unsent,
            }
            for one in invitations
        ],
        "waiting": list(requests.filter(state=JoinRequest.State.WAITING)[:200]),
        "decided": list(requests.exclude(state=JoinRequest.State.WAITING)[:MOST_DECIDED]),
        "tabs": settings_tabs(request),
    }
    return page(request, "screens/joining/page.html", context, status=status)


def _request_page(
    request: StaffRequest,
    code: str,
    *,
    approve_form: ApproveForm | None = None,
    decline_form: DeclineForm | None = None,
    status: int = 200,
) -> HttpResponse:
    found = JoinRequest.objects.select_related("user", "invitation").filter(programme=request.programme, code=code)
    asked = found.first()
    if asked is None:
        raise Http404
    initial = {"name": asked.name, "points_per_unit": rate_text(asked.points_per_unit)}
    context = {
        "asked": asked,
        "category": dict(Business.Category.choices).get(asked.category, ""),
        "rate": rate_words(asked.points_per_unit, request.programme.currency),
        "is_verified": has_verified(user=asked.user, email=asked.user.email),
        "business": Business.objects.filter(pk=asked.business_id).first() if asked.business_id else None,
        "approve_form": approve_form or ApproveForm(initial=initial),
        "decline_form": decline_form or DeclineForm(),
        "tabs": settings_tabs(request),
    }
    return page(request, "screens/joining/request.html", context, status=status)


def _say_sent(request: StaffRequest, email: str) -> None:
    messages.success(request, _("The invitation is on its way to %(email)s") % {"email": email})
