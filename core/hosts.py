"""Absolute addresses on this deployment."""

from __future__ import annotations

from django.conf import settings

DEFAULT_PORTS = {"http": 80, "https": 443}


def origin(host: str) -> str:
    """Scheme, `host` and, unless it is the scheme's usual one, the port."""
    scheme, port = settings.PUBLIC_SCHEME, settings.PUBLIC_PORT
    return f"{scheme}://{host}" if port == DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def public_url(path: str) -> str:
    """`path` on the public host, where people sign up, log in and choose a programme."""
    return origin(settings.PUBLIC_HOST) + path
