"""Typed requests: what the middleware adds to a request, for views and mypy."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from django.conf import settings
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
    """The address the connection came from, or "" where it has none. A proxy's header counts only with
    TRUST_PROXY_HEADERS, and of that the last entry, which the proxy itself wrote."""
    if settings.TRUST_PROXY_HEADERS:
        forwarded = _address(request.headers.get("X-Forwarded-For", "").rpartition(",")[2])
        if forwarded is not None:
            return str(forwarded)
    return str(_address(str(request.META.get("REMOTE_ADDR", ""))) or "")


def client_network(request: HttpRequest) -> str:
    """Whom a limit by address counts; "unknown" where there is no address."""
    return network_of(client_ip(request))


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that one IPv6 line has."""
    parsed = _address(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Address(parsed.packed[:8] + bytes(8)))
    return str(parsed or "unknown")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it (some in brackets, some with a port), IPv4 inside IPv6 as itself."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (isinstance(parsed, IPv6Address) and parsed.ipv4_mapped) or parsed
