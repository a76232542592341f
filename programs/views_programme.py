"""Pages of a programme's host that open and end a session there."""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import login as open_session
from django.contrib.auth import logout as end_session
from django.contrib.sessions.backends.db import SessionStore
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_tenants.utils import schema_context

from core.hosts import public_url
from core.page import done
from core.permissions import member_only, open_to_all
from core.requests import ProgrammeRequest, StaffRequest
from programs import access, media, rules
from programs.actions import handover
from programs.models import Membership, User

STATE_SECONDS = 600  # time to type a password and a code on the public host
STATE_PATTERN = re.compile(r"[A-Za-z0-9_-]{32}")
# Under https the prefix makes browsers refuse the cookie from any other host, sister programmes included.
STATE_COOKIE = "__Host-handover" if settings.IS_HTTPS else "handover"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
YEAR_SECONDS = 31_536_000


@never_cache
@require_safe
@open_to_all  # nobody is signed in yet
def login(request: ProgrammeRequest) -> HttpResponse:
    """Send the browser to the public host, with a nonce that only this browser holds."""
    next_path = rules.safe_path(request.GET.get("next", "/"))
    if access.membership_of(request) is not None:
        return HttpResponseRedirect(next_path)
    # Two tabs that ask at the same time share the nonce; each gets its own code.
    held = request.COOKIES.get(STATE_COOKIE, "")
    state = held if STATE_PATTERN.fullmatch(held) else secrets.token_urlsafe(24)
    query = urlencode({"state": state, "next": next_path})
    response = HttpResponseRedirect(public_url(f"/enter/{request.programme.slug}/?{query}"))
    response.set_cookie(
        STATE_COOKIE, state, max_age=STATE_SECONDS, httponly=True, secure=settings.IS_HTTPS, samesite="Lax"
    )
    return response


@never_cache
@require_safe
@open_to_all  # the code is the proof
def enter(request: ProgrammeRequest) -> HttpResponse:
    now = timezone.now()
    try:
        found = handover.consume_code(
            code=request.GET.get("code", ""),
            state=request.COOKIES.get(STATE_COOKIE, ""),
            programme=request.programme,
            now=now,
        )
    except handover.CodeRefused as refused:  # starting again by itself could go round for ever, so a person decides
        return render(request, "programs/handover_refused.html", {"error": refused}, status=refused.status)
    open_session(request, found.user, backend=BACKEND)  # changes the session's key
    request.session["public_session"] = found.session_key
    Membership.objects.filter(user=found.user, programme=request.programme).update(last_seen_at=now)
    response = HttpResponseRedirect(found.next_path)
    response.delete_cookie(STATE_COOKIE)
    remember_preferences(response, found.user, has_theme="theme" in request.COOKIES)
    return response


@require_POST
@open_to_all  # ending nobody's session harms nobody
def logout(request: ProgrammeRequest) -> HttpResponse:
    """End the session here and the one on the public host that opened it, or the next click would log in again."""
    public_session = request.session.get("public_session")
    end_session(request)
    if public_session:
        with schema_context("public"):
            SessionStore(public_session).delete()
    return done(request, public_url("/"))


@require_safe
@member_only
def switcher(request: StaffRequest) -> HttpResponse:
    """The other programmes of the person, for the menu at the top of the sidebar."""
    memberships = Membership.objects.live().filter(user=request.user).select_related("programme")
    entries = [
        {
            "membership": one,
            "url": public_url(f"/enter/{one.programme.slug}/"),
            "is_here": one.pk == request.membership.pk,
        }
        for one in memberships.order_by("programme__name")
    ]
    return render(request, "programs/_switcher.html", {"entries": entries, "all_url": public_url("/programmes/")})


@require_safe
@open_to_all  # the points page shows the logo to everybody
def brand(request: HttpRequest, name: str) -> FileResponse:
    return media.image_response(name)


def remember_preferences(response: HttpResponse, user: User, *, has_theme: bool) -> None:
    """Write the person's language and theme where the server finds them before it knows the person."""
    if user.language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, user.language, max_age=YEAR_SECONDS, secure=settings.IS_HTTPS, samesite="Lax"
        )
    if not has_theme:
        response.set_cookie("theme", user.theme, max_age=YEAR_SECONDS, secure=settings.IS_HTTPS, samesite="Lax")
