"""Problem details for HTTP APIs: every error of the API has this shape and a stable `code`.

Source: RFC 9457. `type` is a page of the documentation, `code` is what a program compares, `errors` lists fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions as drf
from rest_framework.response import Response
from rest_framework.views import set_rollback

from core.errors import BodyTooLarge, DomainError, InvalidInput

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "/api/docs/problems#"

TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Refused by a rule",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid input",
    429: "Too many requests",
    500: "Something went wrong",
    503: "Not available",
}


class FieldError(msgspec.Struct, frozen=True):
    """One field's error; `field` is a dotted path into the body."""

    field: str
    message: str
    code: str = "invalid"


class Problem(msgspec.Struct, frozen=True, omit_defaults=False):
    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] = []
    data: dict[str, Any] | None = None


def is_api_request(request: HttpRequest) -> bool:
    """Whether errors are answered as problems."""
    return request.path_info.startswith("/api/")


def is_api_act(request: HttpRequest) -> bool:
    """Whether a system is at work: all of the API but the pages that document it."""
    return request.path_info.startswith("/api/v1/")


def problem(
    status: int,
    code: str,
    detail: str = "",
    *,
    errors: Iterable[FieldError] = (),
    data: Mapping[str, object] | None = None,
) -> HttpResponse:
    """A problem response with `status` and the stable `code`."""
    title = TITLES.get(status, "Error")
    body = Problem(
        type=f"{TYPE_BASE}{code}",
        title=title,
        status=status,
        detail=detail or title,
        code=code,
        errors=list(errors),
        data=dict(data) if data else None,
    )
    return HttpResponse(msgspec.json.encode(body), status=status, content_type=MEDIA_TYPE)


def problem_response(error: DomainError) -> HttpResponse:
    """A DomainError as a problem."""
    errors = []
    if isinstance(error, InvalidInput) and error.field:
        errors = [FieldError(error.field, str(error.message), error.code)]
    response = problem(error.status, error.code, str(error.message), errors=errors, data=error.data)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if "retry_after" in error.data:
        response.headers["Retry-After"] = str(error.data["retry_after"])
    return response


def exception_handler(exception: Exception, context: Mapping[str, Any]) -> HttpResponse | Response | None:
    """Django REST framework's hook: every exception it knows becomes a problem."""
    set_rollback()
    if isinstance(exception, DomainError):
        return problem_response(exception)
    if isinstance(exception, Http404):
        return problem(404, "not_found")
    if isinstance(exception, RequestDataTooBig):
        return problem_response(BodyTooLarge())
    if isinstance(exception, SuspiciousOperation):
        return problem(400, "malformed")
    if isinstance(exception, PermissionDenied):
        return problem(403, "permission_denied")
    if isinstance(exception, drf.ValidationError):
        return problem(422, "invalid", "Some fields are not valid.", errors=_field_errors(exception.get_full_details()))
    if isinstance(exception, drf.ParseError):
        return problem(400, "malformed", str(exception.detail))
    if isinstance(exception, drf.APIException):
        code = str(exception.default_code)
        code = "unsupported_media_type" if exception.status_code == 415 else code
        response = problem(exception.status_code, code, str(exception.detail))
        header = getattr(exception, "auth_header", None)
        if header:
            response.headers["WWW-Authenticate"] = header
        return response
    return None


def _field_errors(details: Any, path: str = "") -> list[FieldError]:
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        return [FieldError(path or "non_field_errors", str(details["message"]), str(details["code"]))]
    if isinstance(details, dict):
        return [
            e for key, value in details.items() for e in _field_errors(value, f"{path}.{key}" if path else str(key))
        ]
    if isinstance(details, list):
        found: list[FieldError] = []
        for index, value in enumerate(details):
            leaf = isinstance(value, dict) and set(value) == {"message", "code"}
            found += _field_errors(value, path if leaf else f"{path}.{index}")
        return found
    return []
