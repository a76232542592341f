"""The API's own documentation: the document, two viewers with local files only, and the list of codes."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator

from core.errors import DomainError
from core.permissions import open_to_all
from core.problems import TITLES

NONE, SELF = "'none'", "'self'"
# What the viewers need beyond the app's own policy: they set styles from their scripts, draw icons from data URLs, and
# Redoc searches in a worker made from a blob. Scripts come from this host only, none is inline.
VIEWER_POLICY = {
    "default-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF, "'unsafe-inline'"],
    "img-src": [SELF, "data:", "blob:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "worker-src": ["blob:"],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [NONE],
}


class CallerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The two kinds of credentials, either of which will do."""

    target_class = "workspace.api_auth.CallerAuthentication"
    name = ["apiKey", "bearer"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        return [
            {
                "type": "apiKey",
                "in": "header",
                "name": "X-API-Key",
                "description": "For systems: `rg_live_<prefix>_<secret>`, made on the page Settings, API keys.",
            },
            {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "For people: `access` of `POST /api/v1/auth/login`.",
            },
        ]


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document of every route under `/api/v1/`."""
    generator = SchemaGenerator(urlconf="config.urls_programme")  # type: ignore[no-untyped-call]
    built: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return built


@functools.cache
def _encoded() -> tuple[bytes, str]:
    """Built once for each process: it takes a good part of a second and depends on the code alone."""
    body = msgspec.json.encode(document())
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@require_safe
@open_to_all
def schema(request: HttpRequest) -> HttpResponse:
    """The document. It describes routes and no data, so anybody may read it."""
    body, etag = _encoded()
    if request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified(headers={"ETag": etag})
    return HttpResponse(body, content_type="application/vnd.oai.openapi+json;version=3.1", headers={"ETag": etag})


@require_safe
@open_to_all
@csp_replace(VIEWER_POLICY)
def swagger(request: HttpRequest) -> HttpResponse:
    """Swagger UI: read and try. Trying needs a key or a token like any call."""
    return render(request, "config/api_docs.html")


@require_safe
@open_to_all
@csp_replace(VIEWER_POLICY)
def redoc(request: HttpRequest) -> HttpResponse:
    """Redoc: the same document, for reading."""
    return render(request, "config/api_redoc.html")


# Codes of the boundary, which no DomainError carries.
BOUNDARY = {
    "malformed": (400, "The body is not valid JSON, or the request cannot be read."),
    "method_not_allowed": (405, "This address has no such method; the Allow header lists those that it has."),
    "unsupported_media_type": (415, "Send application/json."),
    "invalid": (422, "One or more fields are not valid; `errors` names each of them, with a code of its own."),
    "unknown_field": (422, "In `errors`: the body or the query has a field that this act does not know."),
    "unknown_programme": (404, "No programme has this host name."),
    "internal_error": (500, "Something went wrong on our side; the X-Request-Id of the answer helps to find it."),
}


def refusals() -> Iterator[type[DomainError]]:
    """Every kind of DomainError that the loaded code knows, without those of tests."""
    waiting = [DomainError]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if ".tests." not in kind.__module__:
                yield kind


def codes() -> list[dict[str, object]]:
    """Each code with its status and meaning, by status."""
    found = {
        kind.code: {"code": kind.code, "status": kind.status, "text": str(kind.message) or _first_line(kind)}
        for kind in sorted(refusals(), key=lambda kind: kind.__qualname__)
    }
    for code, (status, text) in BOUNDARY.items():
        found[code] = {"code": code, "status": status, "text": text}
    for row in found.values():
        row["title"] = TITLES.get(int(str(row["status"])), "")
    return sorted(found.values(), key=lambda row: (row["status"], row["code"]))


def _first_line(kind: type[DomainError]) -> str:
    return (kind.__doc__ or "").strip().partition("\n")[0]


@require_safe
@open_to_all
def problems(request: HttpRequest) -> HttpResponse:
    """Every code that an answer may carry: the page that `type` of a problem points to."""
    return render(request, "config/api_problems.html", {"problems": codes()})
