"""How a view answers: a page, a part of it, or "done, go there"."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect


def page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    partials: Collection[str] = (),
    status: int = 200,
) -> HttpResponse:
    """Render `template`, or only its partial when htmx asks to replace an element named in `partials`.

    A partial is named by the DOM id that it replaces. The view lists them; the client cannot choose another one, so
    nothing that an `{% if %}` of the page guards can be reached around it.
    """
    htmx = getattr(request, "htmx", None)
    target = htmx.target if htmx and not htmx.boosted and not htmx.history_restore_request else None
    name = f"{template}#{target}" if target in partials else template
    response = render(request, name, dict(context or {}), status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def done(request: HttpRequest, url: str) -> HttpResponse:
    """After a POST: 303 to `url`, which htmx is told by HX-Redirect instead."""
    if getattr(request, "htmx", None):
        return HttpResponseClientRedirect(url)
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response
