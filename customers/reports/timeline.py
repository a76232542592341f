"""One customer's history, newest first: orders, refunds and notes from their rows, all else from the event stream.

Orders of an import have no events, and sales have both an order and events: so money comes from rows only. Higher rooms
add sources of their own, such as messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Model, Q, QuerySet

from core.actor import Actor
from customers.events import CONSENT_CHANGED
from customers.models import Event, Note, Order, OrderLine, Refund

PAGE_SIZE = 15
# Told by the row of the order or refund itself; points of a sale are shown with it.
TOLD_BY_ROWS = (
    "customers.order.placed",
    "customers.order.attached",
    "customers.order.refunded",
    "loyalty.points.earned",
)
KINDS = ("orders", "points", "messages", "consent", "notes", "events")
POINTS = "loyalty."  # how the names of its events begin
Entry = Model


@dataclass(frozen=True, slots=True)
class Source:
    """Rows with a customer, told at the moment in `column`."""

    kind: str
    column: str
    rows: QuerySet[Any]


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """`entries` are newest first; `earlier` is the cursor of what came before, empty at the beginning."""

    entries: Sequence[tuple[datetime, Entry]]
    titles: dict[int, Sequence[str]]  # of an order's lines, by order id
    earlier: str
    after: datetime | None  # the moment this page continues from


def timeline(
    customer_id: int, *, actor: Actor, cursor: str = "", kind: str = "", more: Sequence[Source] = ()
) -> TimelinePage:
    """One page for what the actor may see, of one of KINDS or of all: five queries at most, and one for each of `more`.

    A cursor that cannot be read gives the newest page.
    """
    sources = (*_own_sources(actor, kind), *more)
    edge = _read(cursor, len(sources))
    found: list[tuple[datetime, int, int, Entry]] = []
    # At one moment what the later source tells comes first.
    for rank, source in enumerate(sources):
        if kind and source.kind != kind:
            continue
        column = source.column
        newest = source.rows.filter(customer_id=customer_id).order_by(f"-{column}", "-pk")
        if edge is not None:
            newest = newest.filter(_before(column, rank, edge))
        found += [(getattr(row, column), rank, row.pk, row) for row in newest[: PAGE_SIZE + 1]]
    found.sort(key=lambda entry: entry[:3], reverse=True)
    page = found[:PAGE_SIZE]
    return TimelinePage(
        entries=[(at, row) for at, _, _, row in page],
        titles=_titles([row.pk for _, _, _, row in page if isinstance(row, Order)]),
        earlier=_make(page[-1]) if len(found) > PAGE_SIZE else "",
        after=edge[0] if edge else None,
    )


def _own_sources(actor: Actor, kind: str) -> Sequence[Source]:
    events = Event.objects.visible_to(actor)
    if kind == "points":
        told = Source("points", "occurred_at", events.filter(name__startswith=POINTS))
    elif kind == "consent":
        told = Source("consent", "occurred_at", events.filter(name=CONSENT_CHANGED.name))
    elif kind == "events":
        others = events.exclude(name__in=(*TOLD_BY_ROWS, CONSENT_CHANGED.name)).exclude(name__startswith=POINTS)
        told = Source("events", "occurred_at", others)
    else:
        told = Source("", "occurred_at", events.exclude(name__in=TOLD_BY_ROWS))
    return (
        told,
        Source("orders", "placed_at", Order.objects.visible_to(actor).select_related("business")),
        Source("orders", "refunded_at", Refund.objects.visible_to(actor).select_related("business", "order")),
        Source("notes", "created_at", Note.objects.visible_to(actor)),
    )


def _before(column: str, rank: int, edge: tuple[datetime, int, int]) -> Q:
    """Rows of this source that come after `edge` in the page's order."""
    at, edge_rank, edge_pk = edge
    earlier = Q(**{f"{column}__lt": at})
    if rank < edge_rank:
        return earlier | Q(**{column: at})
    return earlier | Q(**{column: at, "pk__lt": edge_pk}) if rank == edge_rank else earlier


def _make(entry: tuple[datetime, int, int, Entry]) -> str:
    at, rank, pk, _ = entry
    microseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return f"{microseconds}.{rank}.{pk}"


def _read(cursor: str, sources: int) -> tuple[datetime, int, int] | None:
    try:
        microseconds, rank, pk = (int(part) for part in cursor.split("."))
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    except (ValueError, OverflowError):
        return None
    return (at, rank, pk) if 0 <= rank < sources and 0 <= pk < 2**63 else None


def _titles(orders: Sequence[int]) -> dict[int, Sequence[str]]:
    lines = OrderLine.objects.filter(order__in=orders).order_by("order", "position")
    titles: dict[int, list[str]] = {}
    for order_id, title in lines.values_list("order_id", "title"):
        if title:
            titles.setdefault(order_id, []).append(title)
    return dict(titles)
