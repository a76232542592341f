"""The outermost and the innermost middleware: a request id for the logs, and refusals as answers."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.template.loader import render_to_string

from core.errors import BodyTooLarge, DomainError
from core.logs import request_id, route_of
from core.problems import is_api_request, problem_response

View = TypeVar("View", bound=Callable[..., Any])

logger = logging.getLogger("regulars.request")

SAFE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdMiddleware:
    """Gives each request an id (or keeps a proxy's), returns it, and logs one line by route pattern."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        token = request_id.set(given if SAFE_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            response.headers["X-Request-Id"] = request_id.get()
            logger.info(
                "request.finished",
                extra={
                    "method": request.method,
                    "route": route_of(request),
                    "status": response.status_code,
                    "ms": round((time.perf_counter() - started) * 1000, 1),
                },
            )
            return response
        finally:
            request_id.reset(token)


def takes_body(size: int) -> Callable[[View], View]:
    """A view that takes a body of `size` bytes; others take settings.DATA_UPLOAD_MAX_MEMORY_SIZE. The outermost one."""

    def mark(view: View) -> View:
        view.max_body = size  # type: ignore[attr-defined]
        return view

    return mark


class BodySizeMiddleware:
    """Refuses a body that is larger than its view takes by the length it announces, before any of it is received.

    Stands before whatever reads a form. A body without a length counts as empty (WSGI), so nothing gets round it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        announced = str(request.META.get("CONTENT_LENGTH") or "0")
        target = getattr(view, "cls", view)  # a class of Django REST framework says it as an attribute
        allowed = getattr(target, "max_body", settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        if announced.isdecimal() and int(announced) > allowed:
            return refusal(request, BodyTooLarge())
        return None


class DomainErrorMiddleware:
    """Turns a DomainError of a view into a problem (API) or an alert (HTML), and an empty 405 into a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content and not is_api_request(request):
            # A person reloads the answer to a form that was refused.
            response.content = render_to_string("405.html", request=request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return refusal(request, exception) if isinstance(exception, DomainError) else None


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A refusal as the caller reads it."""
    if is_api_request(request):
        return problem_response(error)
    template = "errors/_alert.html" if getattr(request, "htmx", None) else "errors/refused.html"
    return render(request, template, {"error": error}, status=error.status)
