"""What every page's shell needs. Lazy: an error page or a partial that shows none of it costs nothing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from core import navigation
from core.hosts import public_url

THEMES = ("dark", "light", "system")


def shell(request: HttpRequest) -> dict[str, Any]:
    """`programme`, `membership`, `navigation`, `section`, `theme` ("" until a person chose), `switch_url`,
    `start_url`, `is_development`.

    Works on every request, also on one that an outer middleware answers before there is a person.
    """
    programme = getattr(request, "programme", None)
    membership = getattr(request, "membership", None)
    nav = SimpleLazyObject(lambda: _navigation(request))
    theme = request.COOKIES.get("theme", "")
    return {
        "programme": programme,
        "membership": membership,
        "navigation": nav,
        "section": SimpleLazyObject(lambda: nav.section),
        "theme": theme if theme in THEMES else "",
        "switch_url": public_url(settings.LOGIN_REDIRECT_URL),
        "start_url": start_of(request),
        "is_development": settings.DEVELOPMENT,
    }


def start_of(request: HttpRequest) -> str:
    """Where an error leads back to: customers to the points page, others to the home page."""
    return settings.PORTAL_PATH if request.path_info.startswith(settings.PORTAL_PATH) else "/"


def _navigation(request: HttpRequest) -> navigation.Navigation:
    membership = getattr(request, "membership", None)
    permissions = membership.permissions if membership else frozenset()
    return navigation.build(
        permissions=permissions,
        path=request.path,
        urlconf=getattr(request, "urlconf", None),
        actor=getattr(request, "actor", None) if membership else None,
    )
