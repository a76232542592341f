"""Absolute addresses of programmes, for links that leave a page: redirects, e-mails."""

from __future__ import annotations

from django.conf import settings

from core.hosts import origin
from programs.models import Domain, Programme


def programme_url(programme: Programme, path: str = "/") -> str:
    """`path` on the programme's primary host. One query."""
    host = Domain.objects.filter(tenant=programme, is_primary=True).values_list("domain", flat=True).first()
    return origin(host or f"{programme.slug}.{settings.PUBLIC_HOST}") + path
