"""Whether PostgreSQL plans a statement for its values, or once for all of them.

A statement that a connection repeats is prepared, and after a few times planned no more. That is right for the acts of
a till, which are the same for everybody. A list narrowed to the last seven days has another plan than one of all time:
planned for neither, "new this week" read a million customers to find six thousand. So reads are planned each time, for
what they ask; that takes a fraction of a millisecond.

Source: PostgreSQL documentation, PREPARE, "Notes"; psycopg documentation, "Prepared statements".
"""

from __future__ import annotations

from typing import Any

from django.db import connection

READS = frozenset(["GET", "HEAD"])


def plan_for(method: str | None) -> None:
    """Let the connection of this thread, if it is open, plan as a request of this HTTP method needs it."""
    opened: Any = connection.connection
    if opened is not None:
        opened.prepare_threshold = None if method in READS else connection.settings_dict["OPTIONS"]["prepare_threshold"]
