"""Archetypes as pages and the API show them. Figures are read as the last run and forecast left them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from core.presentation import format_number
from customers.models import Archetype
from intelligence.drawings import NEW, Band, Bar, Dot, PeopleMap, people_map
from intelligence.models import ArchetypeRun
from intelligence.reports_movement import Movement, movement_between

TONES = ("1", "2", "3", "4", "5", "6", "7")
Level = Archetype.Level


@dataclass(frozen=True, slots=True)
class Row:
    """One archetype. Shares are percent; `before` is how many of today's customers were in it when movement began."""

    archetype: Archetype
    tone: str
    share: float
    spent_share: float
    before: int | None

    @property
    def churn_percent(self) -> float | None:
        return None if self.archetype.churn is None else self.archetype.churn * 100

    @property
    def spent_each(self) -> Decimal | None:
        return self.archetype.spent / self.archetype.customers if self.archetype.customers else None


@dataclass(frozen=True, slots=True)
class Overview:
    run: ArchetypeRun
    rows: Sequence[Row]  # the richest first
    tiers: Sequence[Archetype]
    people: PeopleMap | None
    movement: Movement | None

    @property
    def dots(self) -> list[tuple[Row, list[Dot]]]:
        """The people of the map by their archetype."""
        shown = self.people.dots if self.people else []
        return [(row, [dot for dot in shown if dot.archetype == row.archetype.pk]) for row in self.rows]

    @property
    def centres(self) -> list[tuple[float, float, Row]]:
        of = {row.archetype.pk: row for row in self.rows}
        return [(x, y, of[one]) for x, y, one in self.people.centres if one in of] if self.people else []

    @property
    def shown_percent(self) -> int:
        return round(self.people.shown * 100) if self.people else 0

    @property
    def by_rules(self) -> bool:
        return bool(self.run.model["rules"])

    @property
    def shows_change(self) -> bool:
        return self.movement is not None and not self.movement.is_redivided


def archetype_overview() -> Overview | None:
    """What holds now; None before the first run. Five queries."""
    run = newest_archetype_run()
    if run is None:
        return None
    known = {one.pk: one for one in Archetype.objects.select_related("tier")}
    kinds = sorted((one for one in known.values() if one.is_current and one.level == Level.KIND), key=_place)
    movement = movement_between(known, [one.pk for one in kinds])
    return Overview(
        run=run,
        rows=_rows(kinds, movement),
        tiers=sorted((one for one in known.values() if one.is_current and one.level == Level.TIER), key=_place),
        people=people_map(run.people, [row["id"] for row in run.found]),
        movement=movement,
    )


@dataclass(frozen=True, slots=True)
class Stream:
    """A bar or a band of the flow with its name and colour."""

    shape: Bar | Band
    name: str
    tone: str


@dataclass(frozen=True, slots=True)
class Streams:
    before: Sequence[Stream]
    after: Sequence[Stream]
    bands: Sequence[Stream]


def streams(overview: Overview) -> Streams | None:
    """Who moved, to be drawn; None before there is anything to compare."""
    drawn = overview.movement.flow if overview.movement else None
    if drawn is None:
        return None
    rows = {row.archetype.pk: row for row in overview.rows}
    ended = Archetype.objects.in_bulk([bar.archetype for bar in drawn.before if bar.archetype not in rows])
    names = {pk: row.archetype.name for pk, row in rows.items()}
    names |= {pk: one.name for pk, one in ended.items()} | {NEW: _("New customers")}
    tones = {pk: row.tone for pk, row in rows.items()}

    def bar(one: Bar) -> Stream:
        return Stream(one, names[one.archetype], tones.get(one.archetype, "muted"))

    return Streams(
        before=[bar(one) for one in drawn.before],
        after=[bar(one) for one in drawn.after],
        bands=[
            Stream(
                band,
                _("%(before)s to %(after)s: %(customers)s")
                % {
                    "before": names[band.before],
                    "after": names[band.after],
                    "customers": format_number(band.customers),
                },
                tones.get(band.before, "muted"),
            )
            for band in drawn.bands
        ],
    )


def archetype_rows() -> list[Row]:
    """The archetypes of today alone, the richest first. One query."""
    kinds = Archetype.objects.filter(is_current=True, level=Level.KIND).select_related("tier").order_by("place")
    return _rows(list(kinds), None)


def newest_archetype_run() -> ArchetypeRun | None:
    """The run whose archetypes hold."""
    return ArchetypeRun.objects.order_by("-finished_at", "-pk").first()


def current_archetypes() -> list[Archetype]:
    """Tiers, then archetypes, each in its order."""
    return list(Archetype.objects.filter(is_current=True).select_related("tier").order_by("level", "place"))


def tones_of(kinds: Sequence[Archetype]) -> dict[int, str]:
    """A colour for each archetype, which stays when others change places."""
    return {
        one: TONES[place] if place < len(TONES) else "muted" for place, one in enumerate(sorted(k.pk for k in kinds))
    }


def _rows(kinds: Sequence[Archetype], movement: Movement | None) -> list[Row]:
    people = sum(one.customers for one in kinds) or 1
    spent = sum((one.spent for one in kinds if one.spent > 0), Decimal(0)) or Decimal(1)
    tones = tones_of(kinds)
    before = {bar.archetype: bar.customers for bar in movement.flow.before} if movement and movement.flow else None
    return [
        Row(
            archetype=one,
            tone=tones[one.pk],
            share=one.customers / people * 100,
            spent_share=float(one.spent / spent * 100),
            before=None if before is None else before.get(one.pk, 0),
        )
        for one in kinds
    ]


def _place(one: Archetype) -> int:
    return one.place
