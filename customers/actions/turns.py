"""Runs that write about everybody take turns with who takes a customer away.

A run reads who there is and writes later. Without turns it would bring back what was known of a person who was erased
meanwhile, or name a customer who is deleted with the import that made them. Whoever takes a turn does so before any
other lock of the transaction, so that nobody waits for each other.
"""

from __future__ import annotations

from django.db import connection

from core.tenancy import active_schema


def turn_to_compute() -> None:
    """Until the end of the transaction nobody is erased or deleted; other runs may write."""
    _take("pg_advisory_xact_lock_shared")


def turn_to_take_away() -> None:
    """Until the end of the transaction no run writes; waits for those that do, some seconds of a million customers."""
    _take("pg_advisory_xact_lock")


def may_take_away_now() -> bool:
    """`turn_to_take_away` for who does not wait: False while a run writes."""
    return bool(_take("pg_try_advisory_xact_lock"))


def turn_with_archetypes() -> None:
    """Until the end of the transaction nobody else writes who belongs to archetypes, or counts their figures."""
    _take("pg_advisory_xact_lock", "archetypes")


def _take(lock: str, what: str = "people") -> object:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(hashtextextended(%s, 0))", [f"{what}:{active_schema()}"])
        return cursor.fetchone()[0]
