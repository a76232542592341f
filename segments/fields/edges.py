"""Where windows begin and end, as SQL compares it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TypeAlias

from segments.rules import Window
from segments.statement import Statement

Edge: TypeAlias = datetime | date | str | None  # None: the window is open there


def between(before: Sequence[Edge], after: Sequence[Edge]) -> Iterator[tuple[Edge, Edge]]:
    """What lies between where each edge was and where it is."""
    for was, now in zip(before, after, strict=True):
        if was is not None and now is not None and was != now:
            yield (was, now) if was < now else (now, was)  # type: ignore[operator]


def is_in(window: Window, statement: Statement, *, at: str = "rows.at") -> str:
    first, end = statement.moment.times(window)
    edges = [
        f"{at} {sign} {bound(edge, 'timestamptz', statement)}"
        for sign, edge in ((">=", first), ("<", end))
        if edge is not None
    ]
    return f"({' AND '.join(edges)})"


def bound(edge: object, cast: str, statement: Statement) -> str | None:
    return None if edge is None else f"{statement.param(edge)}::{cast}"
