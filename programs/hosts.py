"""Absolute addresses of the public host and of programmes, for links that leave a page: redirects, e-mails."""

from __future__ import annotations

from django.conf import settings

from programs.models import Domain, Programme

DEFAULT_PORTS = {"http": 80, "https": 443}


def _origin(host: str) -> str:
    scheme, port = settings.PUBLIC_SCHEME, settings.PUBLIC_PORT
    return f"{scheme}://{host}" if port == DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def public_url(path: str) -> str:
    """`path` on the public host, where people sign up, log in and choose a programme."""
    return _origin(settings.PUBLIC_HOST) + path


def programme_url(programme: Programme, path: str = "/") -> str:
    """`path` on the programme's primary host. One query."""
    host = Domain.objects.filter(tenant=programme, is_primary=True).values_list("domain", flat=True).first()
    return _origin(host or f"{programme.slug}.{settings.PUBLIC_HOST}") + path
