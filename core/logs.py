"""Every log line names its programme and its request, and never a path with a phone number in it."""

from __future__ import annotations

import logging
from contextvars import ContextVar

from django.db import connection

request_id: ContextVar[str] = ContextVar("request_id", default="")


class ContextFilter(logging.Filter):
    """Adds `schema` (the programme active now) and `request_id` to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.schema = getattr(connection, "schema_name", "") or "public"
        record.request_id = request_id.get()
        return True
