"""The outermost and the innermost middleware: a request id for the logs, and refusals as answers."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.errors import DomainError
from core.logs import request_id
from core.problems import is_api_request, problem_response

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
            match = request.resolver_match
            logger.info(
                "request.finished",
                extra={
                    "method": request.method,
                    "route": match.route if match else "unmatched",
                    "status": response.status_code,
                    "ms": round((time.perf_counter() - started) * 1000, 1),
                },
            )
            return response
        finally:
            request_id.reset(token)


class DomainErrorMiddleware:
    """Turns a DomainError of a view into a problem (API) or an alert (HTML)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            return None
        if is_api_request(request):
            return problem_response(exception)
        template = "errors/_alert.html" if getattr(request, "htmx", None) else "errors/refused.html"
        return render(request, template, {"error": exception}, status=exception.status)
