"""Who is signed in on the points page: customers have a table and a cookie of their own, per programme.

Both cookies are host-only, so a session of one programme does not even reach another; and its token means nothing
there, because it is looked up in that programme's schema.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone, translation

from core.actor import Actor
from core.languages import PORTAL_COOKIE
from core.page import done
from core.permissions import customer_page
from core.requests import ProgrammeRequest, client_ip
from core.tenancy import active_schema
from customers.models import Customer
from messaging.actions import sessions, sign_in
from messaging.languages import own_language
from messaging.models import CustomerSession, OneTimeCode
from programs.views_programme import YEAR_SECONDS
from screens import affiliate_cookie

_PREFIX = "__Host-" if settings.IS_HTTPS else ""
SESSION_COOKIE = f"{_PREFIX}points"
REQUEST_COOKIE = f"{_PREFIX}points-request"


class CustomerRequest(ProgrammeRequest):
    """A request of a signed-in customer."""

    customer: Customer
    customer_session: CustomerSession
    actor: Actor


def signed_in_customer(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A page of the customers' area for signed-in customers; others go to the sign-in page."""

    @functools.wraps(view)
    def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        session = current_session(request)
        if session is None:
            return done(request, reverse("portal:sign-in"))
        request.customer_session = session
        request.customer = session.customer
        request.actor = actor_of(request, session.customer)
        speak_own_language(session.customer)
        response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return customer_page(wrapped)


def speak_own_language(customer: Customer) -> None:
    """Until the answer is made, a refusal's or an error's included. Who has chosen none reads what the browser says."""
    if language := own_language(customer):
        translation.activate(language)


def current_session(request: HttpRequest) -> CustomerSession | None:
    """The live session of the request's cookie in the request's programme: one query, none without a cookie."""
    token = request.COOKIES.get(SESSION_COOKIE, "")
    return sessions.resume_session(token=token, now=timezone.now()) if token else None


def actor_of(request: HttpRequest, customer: Customer) -> Actor:
    return Actor(kind="customer", id=customer.code, label=str(customer), ip=client_ip(request) or None)


def open_in_browser(response: HttpResponse, session_token: str) -> None:
    _set(response, SESSION_COOKIE, session_token, int(sessions.SESSION_LIFETIME.total_seconds()))
    response.delete_cookie(REQUEST_COOKIE)


def arrive_by_link(request: HttpRequest, response: HttpResponse, session_token: str) -> None:
    """Note by whose link a browser came in which somebody has just signed in. Nothing is asked without a cookie."""
    if affiliate_cookie.COOKIE in request.COOKIES:
        now = timezone.now()
        session = sessions.resume_session(token=session_token, now=now)
        if session is not None:
            actor = actor_of(request, session.customer)
            affiliate_cookie.arrive(request, response, session.customer, actor=actor, now=now)


def close_in_browser(response: HttpResponse) -> None:
    response.delete_cookie(SESSION_COOKIE)


def remember_language(response: HttpResponse, code: str) -> None:
    _set(response, PORTAL_COOKIE, code, YEAR_SECONDS, path=settings.PORTAL_PATH)


def remember_request(response: HttpResponse, token: str) -> None:
    """Bind the request for a code to this browser, for as long as the code lives."""
    signed = signing.dumps(token, salt=_salt())
    _set(response, REQUEST_COOKIE, signed, int(sign_in.CODE_LIFETIME.total_seconds()))


def request_token(request: HttpRequest) -> str:
    """The token of the request that this browser made in this programme, or "" without one."""
    try:
        token: str = signing.loads(request.COOKIES.get(REQUEST_COOKIE, ""), salt=_salt(), max_age=sign_in.CODE_LIFETIME)
    except signing.BadSignature:
        return ""
    return token


def pending_request(request: HttpRequest) -> OneTimeCode | None:
    token = request_token(request)
    return sign_in.pending_request(token=token, now=timezone.now()) if token else None


def _salt() -> str:
    return f"screens.portal.request:{active_schema()}"


def _set(response: HttpResponse, name: str, value: str, seconds: int, path: str = "/") -> None:
    secure = settings.IS_HTTPS
    response.set_cookie(name, value, max_age=seconds, path=path, secure=secure, httponly=True, samesite="Lax")
