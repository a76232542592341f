"""Who moved from one archetype to another, as pages and the API show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from customers.models import Archetype
from intelligence.drawings import NEW, Flow, flow
from intelligence.models import ArchetypeRun

# Movement that is worth a word: so many people, and such a share of the archetype that they left.
ALERT_PEOPLE, ALERT_SHARE, MOST_ALERTS = 10, 0.02, 4
MOST_MOVES = 8


@dataclass(frozen=True, slots=True)
class Move:
    """`before` None: newcomers. `step`: by how many value tiers they rose; below 0 they fell."""

    before: Archetype | None
    after: Archetype
    customers: int
    share: float  # percent of those who were there

    @property
    def step(self) -> int:
        if self.before is None or self.before.tier is None or self.after.tier is None:
            return 0
        return self.before.tier.place - self.after.tier.place


@dataclass(frozen=True, slots=True)
class Movement:
    since: date
    until: datetime
    moves: Sequence[Move]  # of those who are elsewhere now, the most first
    moved: int
    flow: Flow | None
    is_redivided: bool  # archetypes were searched for anew meanwhile: most of it is another division

    @property
    def alerts(self) -> list[Move]:
        """Steps from one value tier to another that many people took, falls first."""
        if self.is_redivided:
            return []
        told = [m for m in self.moves if m.step and m.customers >= ALERT_PEOPLE and m.share >= 100 * ALERT_SHARE]
        return sorted(told, key=lambda move: (move.step > 0, -move.customers))[:MOST_ALERTS]


def archetype_movement() -> Movement | None:
    """Who is elsewhere now; None before there is anything to compare. Three queries."""
    known = {one.pk: one for one in Archetype.objects.select_related("tier")}
    kinds = [pk for pk, one in known.items() if one.is_current and one.level == Archetype.Level.KIND]
    return movement_between(known, kinds)


def moves_of(run: ArchetypeRun, known: dict[int, Archetype]) -> list[Move]:
    """Everybody's, also of those who stayed."""
    were = Counter[int | None]()
    for before, _after, count in run.moves:
        were[before] += count
    return [
        Move(known.get(before), known[after], count, count / were[before] * 100)
        for before, after, count in run.moves
        if after in known
    ]


def movement_between(known: dict[int, Archetype], order: Sequence[int]) -> Movement | None:
    """The same where all archetypes are `known` by their id, drawn in this `order` of those of today. Two queries."""
    run = _newest_run()
    if run is None or run.moves_since is None:
        return None
    moves = moves_of(run, known)
    elsewhere = [move for move in moves if move.before != move.after]
    return Movement(
        since=run.moves_since,
        until=run.finished_at,
        moves=elsewhere,
        moved=sum(move.customers for move in elsewhere if move.before is not None),
        flow=flow([_told(move) for move in moves if move.after.pk in order], order),
        is_redivided=_is_searched_anew(run) or not _same_kinds(moves),
    )


def _newest_run() -> ArchetypeRun | None:
    """Lists know where people were when its movement began, and of no run before it."""
    return ArchetypeRun.objects.defer("model", "people", "found").order_by("-finished_at", "-pk").first()


def _is_searched_anew(run: ArchetypeRun) -> bool:
    """Since the run that remembered where people were: the first from which the next movement was to be told."""
    began = ArchetypeRun.objects.filter(next_moves_since=run.moves_since).order_by("finished_at", "pk")
    return began.values_list("searched_at", flat=True).first() != run.searched_at


def _same_kinds(moves: Sequence[Move]) -> bool:
    return {move.before.pk for move in moves if move.before} == {move.after.pk for move in moves}


def _told(move: Move) -> tuple[int, int, int]:
    return move.before.pk if move.before else NEW, move.after.pk, move.customers


@dataclass(frozen=True, slots=True)
class InAndOut:
    """Who came to an archetype and who left it, the most first."""

    since: date
    came: Sequence[Move]
    left: Sequence[Move]


def movement_of(archetype: Archetype) -> InAndOut | None:
    """None before there is a run to compare with. Two queries."""
    run = _newest_run()
    if run is None or run.moves_since is None:
        return None
    known = {one.pk: one for one in Archetype.objects.select_related("tier")}
    moves = [move for move in moves_of(run, known) if move.before != move.after]
    return InAndOut(
        since=run.moves_since,
        came=[move for move in moves if move.after == archetype][:MOST_MOVES],
        left=[move for move in moves if move.before == archetype][:MOST_MOVES],
    )
