"""Geometry of two drawings, in the units of their view boxes: the map of people, and who moved from where to where.

Plain arithmetic: web processes draw, and never load numpy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAP_WIDTH, MAP_HEIGHT, MAP_MARGIN = 640.0, 400.0, 16.0
FLOW_WIDTH, FLOW_HEIGHT, FLOW_GAP = 640.0, 360.0, 8.0
BAR_WIDTH = 10.0
THINNEST = 1.5  # a band that can be seen
NEW = 0  # where newcomers come from


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    archetype: int


@dataclass(frozen=True, slots=True)
class PeopleMap:
    """`high` and `low` of an axis are what lies at its ends, in words."""

    dots: Sequence[Dot]
    centres: Sequence[tuple[float, float, int]]
    across: Mapping[str, Any]
    upward: Mapping[str, Any]
    shown: float  # share of all differences that the two axes show, 0 to 1


def people_map(people: Mapping[str, Any], order: Sequence[int]) -> PeopleMap | None:
    """`people` is that of a run, `order` its archetypes' ids. None where there is nobody to draw."""
    points = people.get("points") or []
    if not points:
        return None
    centres = people["centroids"]
    (left, right), (bottom, top) = (_ends([point[axis] for point in points]) for axis in (0, 1))

    def place(x: float, y: float) -> tuple[float, float]:
        across = min(max((x - left) / (right - left), 0), 1)
        upward = min(max((y - bottom) / (top - bottom), 0), 1)
        return (
            round(MAP_MARGIN + across * (MAP_WIDTH - 2 * MAP_MARGIN), 1),
            round(MAP_HEIGHT - MAP_MARGIN - upward * (MAP_HEIGHT - 2 * MAP_MARGIN), 1),
        )

    first, second = people["axes"]
    return PeopleMap(
        dots=[Dot(*place(x, y), archetype) for x, y, archetype in points],
        centres=[(*place(*centre), one) for centre, one in zip(centres, order, strict=False)],
        across=first,
        upward=second,
        shown=first["share"] + second["share"],
    )


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """Between which nearly all lie: the few outside are drawn at the edge, for the others to be told apart."""
    ordered, few = sorted(values), len(values) // 100
    low, high = ordered[few], ordered[-1 - few]
    return (low, high) if high > low else (low - 1, high + 1)


@dataclass(frozen=True, slots=True)
class Bar:
    """One archetype on one side of the flow."""

    archetype: int
    customers: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Band:
    """So many customers; `path` is a line of the width `thickness`. `stayed`: they are where they were."""

    before: int
    after: int
    customers: int
    path: str
    thickness: float

    @property
    def stayed(self) -> bool:
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class Flow:
    before: Sequence[Bar]
    after: Sequence[Bar]
    bands: Sequence[Band]


def flow(moves: Sequence[tuple[int, int, int]], order: Sequence[int]) -> Flow | None:
    """Where customers were, on the left, and are, on the right; `moves` are (from, to, customers).

    Newcomers are from NEW. Archetypes stand in `order`, then those that have ended, then newcomers. None for nobody.
    """
    people = sum(count for _before, _after, count in moves)
    if not people:
        return None
    were, are = Counter[int](), Counter[int]()
    for before, after, count in moves:
        were[before] += count
        are[after] += count
    ended = sorted(set(were) - set(order) - {NEW})
    left = [one for one in (*order, *ended, NEW) if were[one]]
    right = [one for one in order if are[one]]
    height = FLOW_HEIGHT - FLOW_GAP * (max(len(left), len(right)) - 1)
    unit = height / people
    starts, ends = _stack(left, were, unit), _stack(right, are, unit)
    from_y = {bar.archetype: bar.y for bar in starts}
    to_y = {bar.archetype: bar.y for bar in ends}
    bands = []
    place = {one: position for position, one in enumerate((*left, *right))}
    for before, after, count in sorted(moves, key=lambda move: (place[move[0]], place[move[1]])):
        thickness = count * unit
        y_from, y_to = from_y[before] + thickness / 2, to_y[after] + thickness / 2
        from_y[before] += thickness
        to_y[after] += thickness
        middle = FLOW_WIDTH / 2
        path = (
            f"M{BAR_WIDTH:.0f} {y_from:.1f}C{middle:.0f} {y_from:.1f} {middle:.0f} {y_to:.1f}"
            f" {FLOW_WIDTH - BAR_WIDTH:.0f} {y_to:.1f}"
        )
        bands.append(Band(before, after, count, path, round(max(thickness, THINNEST), 1)))
    return Flow(starts, ends, sorted(bands, key=lambda band: (not band.stayed, -band.customers)))


def _stack(order: Sequence[int], customers: Mapping[int, int], unit: float) -> list[Bar]:
    bars, y = [], 0.0
    for one in order:
        height = customers[one] * unit
        bars.append(Bar(one, customers[one], round(y, 1), round(max(height, THINNEST), 1)))
        y += height + FLOW_GAP
    return bars
