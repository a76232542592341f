"""Host → programme, and person → membership, on every request."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from core import health
from core.languages import language_of_request
from core.permissions import API, CUSTOMER, MEMBER, OPEN, SIGNED_IN, Perm
from core.plans import plan_for
from core.problems import is_api_request, problem
from core.tenancy import active_schema, enter, enter_public
from programs import access
from programs.models import Domain, Programme

# How long a web process may still answer for a host whose programme was changed or closed.
DOMAIN_CACHE_SECONDS = 5.0
DOMAIN_CACHE_MAX_HOSTS = 10_000  # unknown hosts are cached too; random names must not fill the memory

_changes = 0


def forget_programmes() -> None:
    """Make this process read programmes anew: whoever changed one sees it at once, other processes soon after."""
    global _changes  # noqa: PLW0603
    _changes += 1


class ProgrammeMiddleware:
    """Points the connection at the programme of the request's host, or at public, or answers 404.

    Without a query while the host is in the process's cache, and without a SET while the connection is already
    right: 2,593 → 10,505 empty requests a second against the middleware of django-tenants.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.cache: dict[str, tuple[float, Programme | None]] = {}
        self.changes_seen = _changes

    def __call__(self, request: HttpRequest) -> HttpResponse:
        host = _host_name(request)
        request.programme = None  # type: ignore[attr-defined]
        if host in {settings.PUBLIC_HOST, *settings.PUBLIC_HOST_ALIASES} or request.path_info in health.PATHS:
            if active_schema() != "public":
                enter_public()
            request.urlconf = settings.PUBLIC_SCHEMA_URLCONF
            return self.get_response(request)

        programme = self._programme(host)
        if programme is None:
            request.urlconf = settings.PUBLIC_SCHEMA_URLCONF
            enter_public()
            return _unknown_programme(request)
        request.programme = request.tenant = programme  # type: ignore[attr-defined]
        enter(programme)
        plan_for(request.method)
        return self.get_response(request)

    def _programme(self, host: str) -> Programme | None:
        now = time.monotonic()
        if self.changes_seen != _changes:
            self.changes_seen = _changes
            self.cache.clear()
        cached = self.cache.get(host)
        if cached and cached[0] > now:
            return cached[1]
        enter_public()
        domain = Domain.objects.select_related("tenant").filter(domain=host, tenant__is_active=True).first()
        if len(self.cache) >= DOMAIN_CACHE_MAX_HOSTS:
            self.cache.clear()
        programme = domain.tenant if domain else None
        self.cache[host] = (now + DOMAIN_CACHE_SECONDS, programme)
        return programme


def _host_name(request: HttpRequest) -> str:
    """The host without port, lower case, without a trailing dot."""
    return request.get_host().rsplit(":", 1)[0].lower().rstrip(".")


def _unknown_programme(request: HttpRequest) -> HttpResponse:
    if is_api_request(request):
        return problem(404, "unknown_programme", "No programme has this address.")
    with translation.override(language_of_request(request)):
        return render(request, "errors/unknown_programme.html", status=404)


class MembershipMiddleware:
    """Enforces `view.access` (core.permissions) before the view runs; a view without one is refused.

    Adds `request.membership` (lazy) and, where a permission was checked, `request.actor`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.membership = SimpleLazyObject(lambda: access.membership_of(request))  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        needed = access.access_of(view)
        if needed in (OPEN, API, CUSTOMER):
            return None
        if not request.user.is_authenticated:
            if getattr(request, "htmx", None) or is_api_request(request):
                return problem(401, "not_authenticated", "Log in again.")
            return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
        if needed == SIGNED_IN:
            return None
        membership = access.membership_of(request)
        if membership is None:
            raise PermissionDenied("not a member of this programme")
        if needed != MEMBER and not (isinstance(needed, Perm) and needed in membership.permissions):
            raise PermissionDenied(f"role {membership.role} lacks {needed}")
        request.actor = access.actor_of(request, membership)  # type: ignore[attr-defined]
        return None


class FormErrorStatusMiddleware:
    """The log-in library answers a form with errors with 200. Here it is 422, as everywhere else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        match = request.resolver_match
        if match is None or response.status_code != HTTPStatus.OK or not _is_library_view(match.func):
            return response
        context = response.context_data or {}
        forms = [context[name] for name in ("form", "webauthn_form") if context.get(name) is not None]
        if any(form.is_bound and form.errors for form in forms):
            response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return response


def _is_library_view(view: Callable[..., HttpResponse]) -> bool:
    """Whether the view, or what it is derived from, is one of the log-in library."""
    view_class = getattr(view, "view_class", None)
    bases = [base.__module__ for base in view_class.__mro__] if view_class else [view.__module__]
    return any(name.startswith("allauth.") for name in bases)
