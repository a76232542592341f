"""Counting the queries of a page."""

from __future__ import annotations

from django.test.utils import CaptureQueriesContext


def own_queries(captured: CaptureQueriesContext) -> int:
    """Queries of the page itself: not the look-up of its host, which a process repeats every few seconds."""
    statements = [query["sql"] for query in captured.captured_queries]
    return sum(not (sql.startswith("SET ") or '"programs_domain"' in sql) for sql in statements)
