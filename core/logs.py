"""Every log line names its programme and its request, and never a path with a phone number in it."""

from __future__ import annotations

import logging
from contextvars import ContextVar

from django.db import connection
from django.http import HttpRequest

request_id: ContextVar[str] = ContextVar("request_id", default="")


def route_of(request: HttpRequest) -> str:
    """The pattern that a request's path matched, as logs name it: a path may hold a phone number."""
    match = getattr(request, "resolver_match", None)
    return match.route if match else "unmatched"


class ContextFilter(logging.Filter):
    """Adds `schema` (the programme active now) and `request_id` to each record; Django's own lose their path."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.schema = getattr(connection, "schema_name", "") or "public"
        record.request_id = request_id.get()
        request = record.__dict__.pop("request", None)  # of an error or a refusal that Django logs
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            record.args = tuple(route_of(request) if part == request.path else part for part in record.args)
        return True
