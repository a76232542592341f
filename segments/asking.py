"""Asking the database about everybody: with memory for it, and on a page not for longer than people wait."""

from __future__ import annotations

from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext_lazy as _
from psycopg.errors import QueryCanceled

from core.errors import DomainError
from segments.statement import Query

# Such statements group the orders of everybody: more memory than a page's look-ups, and no other worker's share.
PLANNER = {"work_mem": "64MB", "max_parallel_workers_per_gather": "0", "jit": "off"}
PATIENCE = 5_000  # milliseconds that somebody waits for a figure on a page


class TakesLonger(DomainError):
    """The answer did not come within PATIENCE."""

    code = "takes_longer"
    status = 503
    message = _("Counting takes longer than a page waits. Try again in a moment.")


def set_planner(cursor: CursorWrapper, **more: str) -> None:
    """Until the end of the transaction."""
    settings = {**PLANNER, **more}
    each = ", ".join(["set_config(%s, %s, true)"] * len(settings))
    cursor.execute(f"SELECT {each}", [text for setting in settings.items() for text in setting])


def ask(query: Query, *, patience: int = PATIENCE) -> list[tuple[Any, ...]]:
    """All rows. Reads only: what it sets and locks is undone. Raises TakesLonger."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            set_planner(cursor, statement_timeout=str(patience))
            cursor.execute(query.sql, query.params)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            transaction.set_rollback(True)
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TakesLonger from error
        raise
    return rows
