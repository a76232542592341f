"""Who may enter: the membership of a request's person, and what a view asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from core.actor import Actor
from core.permissions import OPEN
from core.requests import client_ip
from programs.models import Membership

# Views of libraries carry no decorator of ours. A prefix of the dotted name gives their access.
LIBRARY_ACCESS: dict[str, str] = {
    "allauth.account.views": OPEN,  # log-in, sign-up and reset; the views that need a person check it themselves
    "allauth.mfa": OPEN,
    "django.views.i18n": OPEN,
    "django.views.static": OPEN,
    "django.contrib.staticfiles": OPEN,
}


def access_of(view: Callable[..., Any]) -> object:
    """The `access` that a view declares; None (refused) when it declares nothing and no library prefix fits."""
    declared = getattr(view, "access", None) or getattr(getattr(view, "view_class", None), "access", None)
    declared = declared or getattr(getattr(view, "cls", None), "access", None)
    if declared is not None:
        return declared
    site = getattr(view, "admin_site", None)
    if site is not None:
        return OPEN  # the admin site's own has_permission() decides, and its log-in page must be reachable
    module = view.__module__
    return next((access for prefix, access in LIBRARY_ACCESS.items() if module.startswith(prefix)), None)


def membership_of(request: HttpRequest) -> Membership | None:
    """The live membership of the request's person in the request's programme: one query per request at most."""
    if "_membership" not in request.__dict__:
        request.__dict__["_membership"] = _load(request)
    found: Membership | None = request.__dict__["_membership"]
    return found


def _load(request: HttpRequest) -> Membership | None:
    programme = getattr(request, "programme", None)
    if programme is None or not request.user.is_authenticated:
        return None
    membership = Membership.objects.live().filter(user_id=request.user.pk, programme_id=programme.pk).first()
    if membership is not None:
        membership.user, membership.programme = request.user, programme  # type: ignore[assignment]
    return membership


def actor_of(request: HttpRequest, membership: Membership) -> Actor:
    """The person of a request as the actor of what follows."""
    return Actor(
        kind="user",
        id=str(membership.user_id),
        label=str(request.user),
        business_id=membership.business_id,
        user_id=membership.user_id,
        ip=client_ip(request) or None,
    )


