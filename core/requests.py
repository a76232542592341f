"""Typed requests: what the middleware adds to a request, for views and mypy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from core.actor import Actor
    from programs.models import Membership, Programme, User


class ProgrammeRequest(HttpRequest):
    """A request on a programme's host; the person may be anonymous."""

    programme: Programme
    membership: Membership | None
    htmx: HtmxDetails


class StaffRequest(ProgrammeRequest):
    """A request whose view declared a permission: the membership is there and has it."""

    user: User
    membership: Membership
    actor: Actor


class PublicRequest(HttpRequest):
    """A request on the public host."""

    user: User
    programme: None
    htmx: HtmxDetails


def client_ip(request: HttpRequest) -> str:
    """The address the connection came from. A proxy's header counts only with TRUST_PROXY_HEADERS."""
    from django.conf import settings

    if settings.TRUST_PROXY_HEADERS:
        forwarded = request.headers.get("X-Forwarded-For", "")
        if forwarded:
            return forwarded.rsplit(",", 1)[-1].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
