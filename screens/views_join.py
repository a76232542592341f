"""A business joins a programme, on the public host: the code, the terms, the request, and what became of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.page import done, page
from core.permissions import open_to_all, signed_in
from core.requests import PublicRequest, client_ip, client_network
from programs import api_limits
from programs.actions.people import has_verified
from programs.models import JoinRequest
from screens.actions.joining import ask_to_join
from screens.forms_joining import JoinCodeForm, JoinForm, rate_text
from screens.joining import Terms, rate_words, terms_of
from workspace.actions import business_invitations, joining
from workspace.actions.joining import Door


@never_cache
@require_safe
@open_to_all  # a field for a code; a code opens nothing but the question
def enter_code(request: HttpRequest) -> HttpResponse:
    form = JoinCodeForm(request.GET if "code" in request.GET else None)
    if form.is_bound and form.is_valid():
        code = "".join(letter for letter in form.cleaned_data["code"] if letter.isalnum())
        return HttpResponseRedirect(reverse("join:ask", args=[code or "-"]))
    return page(request, "screens/join/code.html", {"form": form}, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@open_to_all  # the code is the proof; asking needs a signed-in person
def ask(request: HttpRequest, code: str) -> HttpResponse:
    api_limits.count(api_limits.JOIN_CODE, client_network(request))
    now = timezone.now()
    try:
        door = joining.find_door(code, now=now)
    except joining.JoinCodeGone as refused:
        return _refused(request, refused)
    terms = terms_of(door.programme, door.settings)
    if not request.user.is_authenticated:
        return page(request, "screens/join/ask.html", _context(request, door, terms, None))
    waiting = JoinRequest.objects.filter(
        programme=door.programme, user=request.user, state=JoinRequest.State.WAITING
    ).first()
    if waiting is not None:
        return done(request, reverse("join:request", args=[waiting.code]))
    form = _form(request, door, terms)
    if request.method == "POST" and form.is_valid():
        try:
            asked = ask_to_join(
                door=door,
                user=request.user,
                given=form.applicant,
                terms=terms.stored,
                ip=client_ip(request) or None,
                now=now,
            )
        except (joining.JoinCodeGone, joining.InvitedAnother, business_invitations.AlreadyOnTeam) as refused:
            return _refused(request, refused)
        return done(request, reverse("join:request", args=[asked.code]))
    status = 422 if form.is_bound else 200
    return page(request, "screens/join/ask.html", _context(request, door, terms, form), status=status)


@never_cache
@require_safe
@signed_in
def request_state(request: PublicRequest, code: str) -> HttpResponse:
    asked = JoinRequest.objects.select_related("programme").filter(code=code, user=request.user).first()
    if asked is None:
        raise Http404
    return page(
        request,
        "screens/join/request.html",
        {"asked": asked, "rate": rate_words(asked.points_per_unit, asked.programme.currency)},
    )


@require_POST
@signed_in
def withdraw(request: PublicRequest, code: str) -> HttpResponse:
    joining.withdraw_request(code=code, user=request.user, ip=client_ip(request) or None, now=timezone.now())
    messages.success(request, _("Your request is withdrawn"))
    return done(request, reverse("join:request", args=[code]))


def _form(request: HttpRequest, door: Door, terms: Terms) -> JoinForm:
    user: Any = request.user
    initial = {"contact_person": user.name, "email": user.email}
    if door.invitation is not None:
        rate = rate_text(door.invitation.points_per_unit)
        initial |= {"name": door.invitation.name, "email": door.invitation.email, "points_per_unit": rate}
    data = request.POST if request.method == "POST" else None
    return JoinForm(data, mark=terms.mark, is_settled=door.invitation is not None, initial=initial)


def _context(request: HttpRequest, door: Door, terms: Terms, form: JoinForm | None) -> dict[str, object]:
    here = urlencode({"next": request.path})
    invitation = door.invitation
    email = f"&{urlencode({'email': invitation.email})}" if invitation else ""
    is_mine = True
    if invitation is not None and request.user.is_authenticated:
        is_mine = has_verified(user=request.user, email=invitation.email)
    return {
        "wanted": door.programme,
        "invitation": invitation,
        "is_approved": not door.needs_approval,
        "is_mine": is_mine,
        "terms": terms,
        "form": form,
        "signup_url": f"{reverse('account_signup')}?{here}{email}",
        "login_url": f"{reverse('account_login')}?{here}",
    }


def _refused(request: HttpRequest, refused: Any) -> HttpResponse:
    return render(request, "screens/join/gone.html", {"error": refused}, status=refused.status)
