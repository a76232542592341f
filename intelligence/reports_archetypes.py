"""Archetypes as pages and the API show them. Figures are read as the last run and forecast left them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.charts import Chart, Series
from core.clock import local_day
from core.presentation import format_number
from customers.models import Archetype, CustomerArchetype
from intelligence.drawings import NEW, Band, Bar, Dot, Flow, PeopleMap, flow, people_map
from intelligence.engine.words import WORDS
from intelligence.features.registry import FEATURES, Feature
from intelligence.models import ArchetypeRun, FeatureRun
from intelligence.reports_features import say

TONES = ("1", "2", "3", "4", "5", "6", "7")
LONG_ENOUGH = timedelta(days=5)  # for movement to be worth looking at, where there is a longer one
RUNS_LOOKED_AT = 14
# Movement that is worth a word: so many people, and such a share of the archetype that they left.
ALERT_PEOPLE, ALERT_SHARE, MOST_ALERTS = 10, 0.02, 4
MOST_MOVES = 8
RUNS_ON_A_PAGE = 25
SIZES = 60  # runs whose sizes a chart shows
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
    is_remembered: bool  # lists still know where people were then: the weekly run has not begun to tell it anew

    @property
    def alerts(self) -> list[Move]:
        """Steps from one value tier to another that many people took, falls first."""
        if self.is_redivided:
            return []
        told = [m for m in self.moves if m.step and m.customers >= ALERT_PEOPLE and m.share >= 100 * ALERT_SHARE]
        return sorted(told, key=lambda move: (move.step > 0, -move.customers))[:MOST_ALERTS]


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
    """What holds now; None before the first run. Four queries."""
    run = newest_archetype_run()
    if run is None:
        return None
    known = {one.pk: one for one in Archetype.objects.select_related("tier")}
    kinds = sorted((one for one in known.values() if one.is_current and one.level == Level.KIND), key=_place)
    movement = _movement(known, [one.pk for one in kinds])
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


def archetype_movement() -> Movement | None:
    """Who is elsewhere now; None before there is anything to compare. Two queries."""
    known = {one.pk: one for one in Archetype.objects.select_related("tier")}
    return _movement(known, [pk for pk, one in known.items() if one.is_current and one.level == Level.KIND])


def newest_archetype_run() -> ArchetypeRun | None:
    """The run whose archetypes hold."""
    return ArchetypeRun.objects.order_by("-finished_at", "-pk").first()


def tones_of(kinds: Sequence[Archetype]) -> dict[int, str]:
    """A colour for each archetype, which stays when others change places."""
    return {
        one: TONES[place] if place < len(TONES) else "muted" for place, one in enumerate(sorted(k.pk for k in kinds))
    }


def current_archetypes() -> list[Archetype]:
    """Tiers, then archetypes, each in its order."""
    return list(Archetype.objects.filter(is_current=True).select_related("tier").order_by("level", "place"))


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


def _movement(known: dict[int, Archetype], order: Sequence[int]) -> Movement | None:
    newest, run = _runs_with_moves()
    if newest is None or run is None:
        return None
    moves = moves_of(run, known)
    elsewhere = [move for move in moves if move.before != move.after]
    return Movement(
        since=_since(run),
        until=run.finished_at,
        moves=elsewhere,
        moved=sum(move.customers for move in elsewhere if move.before is not None),
        flow=flow([_told(move) for move in moves if move.after.pk in order], order),
        is_redivided=run.searched_at.date() > _since(run) or not _same_kinds(moves),
        is_remembered=run == newest and run.next_moves_since == run.moves_since,
    )


def _runs_with_moves() -> tuple[ArchetypeRun, ArchetypeRun] | tuple[None, None]:
    """The newest, and the newest with the same archetypes that looks back long enough."""
    runs = ArchetypeRun.objects.exclude(moves_since=None).defer("model", "people", "found").order_by("-finished_at")
    newest = list(runs[:RUNS_LOOKED_AT])
    if not newest:
        return None, None
    alike = [one for one in newest if one.searched_at == newest[0].searched_at]
    return newest[0], next((one for one in alike if one.finished_at.date() - _since(one) >= LONG_ENOUGH), newest[0])


def _since(run: ArchetypeRun) -> date:
    assert run.moves_since is not None  # asked for only those
    return run.moves_since


def _same_kinds(moves: Sequence[Move]) -> bool:
    return {move.before.pk for move in moves if move.before} == {move.after.pk for move in moves}


def _told(move: Move) -> tuple[int, int, int]:
    return move.before.pk if move.before else NEW, move.after.pk, move.customers


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


@dataclass(frozen=True, slots=True)
class TraitBar:
    """`words` follow "they"; `percent` is the strength against the strongest."""

    words: str
    percent: float


def trait_bars(archetype: Archetype) -> list[TraitBar]:
    """What sets an archetype apart, the most telling first."""
    strongest = max((strength for _code, strength in archetype.traits), default=1) or 1
    return [
        TraitBar(WORDS[code].phrase, strength / strongest * 100)
        for code, strength in archetype.traits[:6]
        if code in WORDS
    ]


def size_chart(archetype: Archetype, zone: ZoneInfo) -> Chart | None:
    """Customers at the newest runs; None while there is one only. One query."""
    runs = ArchetypeRun.objects.order_by("-finished_at").values_list("finished_at", "found")[:SIZES]
    found = [(at, next((row["customers"] for row in rows if row["id"] == archetype.pk), 0)) for at, rows in runs][::-1]
    if len(found) < 2:
        return None
    first, last = found[0][1], found[-1][1]
    since = date_format(local_day(found[0][0], zone), "j F")
    text = {
        1: _("From %(first)s customers on %(since)s to %(last)s now."),
        0: _("As many customers now as on %(since)s: %(last)s."),
        -1: _("From %(first)s customers on %(since)s down to %(last)s now."),
    }[(last > first) - (last < first)]
    return Chart(
        id="size",
        title=_("Customers over time"),
        finding=text % {"first": format_number(first), "last": format_number(last), "since": since},
        labels=[date_format(local_day(at, zone), "j M") for at, _count in found],
        series=[Series(_("Customers"), [count for _at, count in found], shape="area")],
        axis_title=_("Run"),
    )


@dataclass(frozen=True, slots=True)
class TypicalRow:
    feature: Feature
    here: str
    everybody: str  # empty where it is not known


def typical_rows(archetype: Archetype, currency: str) -> list[TypicalRow]:
    """What half of an archetype's people have at most, beside everybody. One query."""
    usual, typical = usual_values(), archetype.typical
    return [
        TypicalRow(
            feature=feature,
            here=say(feature, typical[key], currency),
            everybody=say(feature, usual[key], currency) if key in usual else "",
        )
        for key, feature in FEATURES.items()
        if key in typical
    ]


@dataclass(frozen=True, slots=True)
class InAndOut:
    """Who came to an archetype and who left it, the most first."""

    since: date
    came: Sequence[Move]
    left: Sequence[Move]


def movement_of(archetype: Archetype) -> InAndOut | None:
    """None before there is a run to compare with. Two queries."""
    _newest, run = _runs_with_moves()
    if run is None:
        return None
    known = {one.pk: one for one in Archetype.objects.select_related("tier")}
    moves = [move for move in moves_of(run, known) if move.before != move.after]
    return InAndOut(
        since=_since(run),
        came=[move for move in moves if move.after == archetype][:MOST_MOVES],
        left=[move for move in moves if move.before == archetype][:MOST_MOVES],
    )


def usual_values() -> dict[str, float]:
    """What half of all customers have at most, by feature. One query."""
    run = FeatureRun.objects.order_by("-finished_at").first()
    return {key: found[2] for key, found in run.figures.items() if len(found) > 2} if run else {}


def most_valued(archetype: Archetype, *, count: int = 10) -> list[CustomerArchetype]:
    """Those of an archetype who are worth most. One query."""
    members = CustomerArchetype.objects.filter(archetype=archetype, customer__state="active")
    return list(
        members.select_related("customer", "customer__scores").order_by("-customer__scores__value_12", "pk")[:count]
    )
