"""What hangs on a customer, and how it moves when two customers turn out to be one person.

Each app declares in its `merging_rules.py` a mover for every column that names a customer (or a member's account), or
says why it stays; a test finds columns that do neither. `customers.actions.merging` asks all movers, in one
transaction, and keeps what each returns for undoing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils.functional import Promise

from core.actor import Actor


@dataclass(frozen=True, slots=True)
class Pair:
    """The two, locked. `key` is the merge's code."""

    survivor_id: int
    duplicate_id: int
    key: str
    actor: Actor
    now: datetime


class Mover:
    """`columns` are those that it answers for, as table.column; `title` names what people see moving ("": nothing)."""

    name: str
    title: str | Promise = ""
    columns: Sequence[str] = ()

    def lock(self, customer_ids: Sequence[int]) -> None:
        """Lock what must be locked before the customers themselves, by key."""

    def count(self, customer_id: int) -> int:
        """How much there is to move; one query."""
        return 0

    def move(self, pair: Pair) -> Any:
        """Move it and return, JSON-safe, what `undo` needs; None: nothing was there."""
        raise NotImplementedError

    def undo(self, pair: Pair, moved: Any) -> None:
        """Give back what is still the survivor's."""
        raise NotImplementedError

    def left(self, survivor_id: int, moved: Any) -> int:
        """How much of what `count` counted `undo` would give back now; one query."""
        return 0


class Rows(Mover):
    """Rows that name their customer in one column and may be changed. `staying` says which of them must not move."""

    def __init__(
        self,
        model: type[Model],
        field: str = "customer",
        *,
        title: str | Promise = "",
        staying: Callable[[Pair], Q] | None = None,
    ) -> None:
        self.model = model
        self.column = model._meta.get_field(field).attname  # type: ignore[union-attr]
        self.name = f"{model._meta.db_table}.{self.column}"
        self.columns = (self.name,)
        self.title = title
        self.staying = staying

    def count(self, customer_id: int) -> int:
        return self._of(customer_id).count()

    def move(self, pair: Pair) -> list[int] | None:
        rows = self._of(pair.duplicate_id)
        if self.staying is not None:
            rows = rows.exclude(self.staying(pair))
        moving = list(rows.order_by("pk").values_list("pk", flat=True))
        if not moving:
            return None
        self._named(moving).update(**{self.column: pair.survivor_id})
        return moving

    def undo(self, pair: Pair, moved: Sequence[int]) -> None:
        theirs = self._named(moved).filter(**{self.column: pair.survivor_id})
        theirs.update(**{self.column: pair.duplicate_id})

    def left(self, survivor_id: int, moved: Sequence[int]) -> int:
        return self._named(moved).filter(**{self.column: survivor_id}).count()

    def _of(self, customer_id: int) -> QuerySet[Model]:
        return self.model._base_manager.filter(**{self.column: customer_id})

    def _named(self, keys: Sequence[int]) -> QuerySet[Model]:
        return self.model._base_manager.filter(pk__in=keys)


class OnlyOne(Rows):
    """A row whose key is its customer: it moves to a survivor who has none."""

    def move(self, pair: Pair) -> list[int] | None:
        if self._of(pair.survivor_id).exists():
            return None
        moved = self._of(pair.duplicate_id).update(**{self.column: pair.survivor_id})
        return [pair.survivor_id] if moved else None


MOVERS: dict[str, Mover] = {}
EXEMPT: dict[str, str] = {}


def moves(*movers: Mover) -> None:
    """Register movers; they run in this order, apps from low to high. Raises ValueError for a name that is taken."""
    for mover in movers:
        if mover.name in MOVERS:
            raise ValueError(f"{mover.name} is moved twice")
        MOVERS[mover.name] = mover


def stays(columns: Mapping[str, str]) -> None:
    """Register columns that name a customer and do not move, each with the reason."""
    EXEMPT.update(columns)
