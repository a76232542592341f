"""Pages of lists that grow: by key, not by offset, with a count that stops at a cap.

A page begins after the last row of the page before, compared as one row value (`(spent, id) < (12.50, 7)`), which an
index in the list's order answers at any depth. The cursor in the URL holds those values; anything else in its place
gives the first page, because a person may keep, change or share a link.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import BooleanField, F, Func, Model, QuerySet, Value
from django.http import QueryDict
from django.utils.timezone import is_naive

from core.presentation import format_number

PAGE_SIZE = 25
COUNT_CAP = 10_000
MAX_POSITION = 10**9
MAX_INTEGER = 2**63 - 1
CURSOR = "cursor"

Row = TypeVar("Row")
Other = TypeVar("Other")


class RowValue(Func):
    """Several expressions as one row value."""

    template = "(%(expressions)s)"
    output_field = models.TextField()


class Beyond(Func):
    """`left < right` or `left > right`, of row values or of single ones."""

    template = "(%(expressions)s)"
    output_field = BooleanField()

    def __init__(self, left: Any, right: Any, *, descending: bool) -> None:
        super().__init__(left, right, arg_joiner=" < " if descending else " > ")


@dataclass(frozen=True, slots=True)
class Order:
    """One order of a list, ascending: expressions that are never null, the last one unique."""

    expressions: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are, or that there are more than `COUNT_CAP`."""

    value: int
    is_capped: bool = False

    def __str__(self) -> str:
        return f"{format_number(self.value)}+" if self.is_capped else format_number(self.value)

    def __bool__(self) -> bool:
        return self.value > 0


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[Row]):
    """One page: its rows, where it stands in the whole list, and the cursors of its neighbours (empty: none)."""

    rows: Sequence[Row]
    first: int
    last: int
    next_cursor: str
    previous_cursor: str

    def with_rows(self, rows: Sequence[Other]) -> KeysetPage[Other]:
        return KeysetPage(rows, self.first, self.last, self.next_cursor, self.previous_cursor)

    def links(self, query: QueryDict) -> Mapping[str, str]:
        """`next_url` and `previous_url` for `components/_pagination.html`, keeping the rest of the query."""
        return {
            "next_url": with_query(query, **{CURSOR: self.next_cursor}) if self.next_cursor else "",
            "previous_url": with_query(query, **{CURSOR: self.previous_cursor}) if self.previous_cursor else "",
        }


def with_query(query: QueryDict, **changes: str | None) -> str:
    """The query as a relative URL with some parameters changed; None or "" removes one. A change starts at page one."""
    kept = {key: list(filter(None, values)) for key, values in query.lists() if key != CURSOR and key not in changes}
    kept |= {key: [value] for key, value in changes.items() if value}
    return f"?{urlencode(kept, doseq=True)}"


def count_up_to_cap(queryset: QuerySet[Any]) -> Count:
    """One query that stops counting at COUNT_CAP."""
    value = queryset.order_by()[: COUNT_CAP + 1].count()
    return Count(COUNT_CAP, True) if value > COUNT_CAP else Count(value)


ModelRow = TypeVar("ModelRow", bound=Model)


def keyset_page(
    queryset: QuerySet[ModelRow], order: Order, *, descending: bool, cursor: str = "", size: int = PAGE_SIZE
) -> KeysetPage[ModelRow]:
    """The page that `cursor` names, in one query. A cursor that this order cannot read gives the first page."""
    names = [f"_key_{number}" for number in range(len(order.expressions))]
    queryset = queryset.annotate(**dict(zip(names, map(_expression, order.expressions), strict=True)))
    backwards, position, values = _read_cursor(
        cursor, [queryset.query.annotations[name].output_field for name in names]
    )
    down = descending != backwards
    if values:
        edge = Beyond(RowValue(*map(F, names)), RowValue(*values), descending=down)
        queryset = queryset.filter(edge)
    queryset = queryset.order_by(*(F(name).desc() if down else F(name).asc() for name in names))
    rows = list(queryset[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
        start = max(position - len(rows), 0) if more else 0
    else:
        start = position
    has_next = bool(rows) and (more or backwards)
    has_previous = bool(rows) and (more if backwards else bool(values))
    return KeysetPage(
        rows=rows,
        first=start + 1 if rows else 0,
        last=start + len(rows),
        next_cursor=_make_cursor("a", start + len(rows), rows[-1], names) if has_next else "",
        previous_cursor=_make_cursor("b", start, rows[0], names) if has_previous else "",
    )


def sort_of(text: str | None, keys: Mapping[str, Any], default: str) -> tuple[str, bool]:
    """(key, descending) of a `sort` parameter such as `-spent`; the default's for a key that does not exist."""
    asked = text if text and text.removeprefix("-") in keys else default
    return asked.removeprefix("-"), asked.startswith("-")


def _expression(given: Any) -> Any:
    return F(given) if isinstance(given, str) else given


def _make_cursor(direction: str, position: int, row: Model, names: Sequence[str]) -> str:
    packed = [direction, position, *(getattr(row, name) for name in names)]
    text = json.dumps(packed, cls=_CursorEncoder, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


class _CursorEncoder(DjangoJSONEncoder):
    """Times with all their microseconds: the standard encoder cuts them to milliseconds."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if hasattr(o, "isoformat") else super().default(o)


def _read_cursor(cursor: str, fields: Sequence[Any]) -> tuple[bool, int, list[Value]]:
    start: tuple[bool, int, list[Value]] = (False, 0, [])
    try:
        packed = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        direction, position, *texts = packed
        parse: list[Callable[[Any], Any]] = [field.to_python for field in fields]
        values = [read(text) for read, text in zip(parse, texts, strict=True)]
    except (binascii.Error, ValueError, TypeError, ValidationError, OverflowError, RecursionError):
        return start
    if direction not in ("a", "b") or not isinstance(position, int) or not 0 <= position <= MAX_POSITION:
        return start
    if any(map(_is_foreign, values)):
        return start
    return direction == "b", position, [Value(value, output_field=f) for value, f in zip(values, fields, strict=True)]


def _is_foreign(value: Any) -> bool:
    """What no row of ours holds, and what PostgreSQL would refuse to compare with."""
    if isinstance(value, str):
        return "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, int):
        return abs(value) > MAX_INTEGER
    if isinstance(value, datetime):
        return is_naive(value)
    return value is None
