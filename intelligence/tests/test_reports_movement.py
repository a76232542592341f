"""Who moved, and when most of it is another division."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from customers.models import Archetype
from intelligence.models import ArchetypeRun
from intelligence.reports_movement import archetype_movement
from programs.models import Programme

FIRST = datetime(2026, 6, 7, 2, 0, tzinfo=UTC)  # a Sunday
WEEK, HOURS = timedelta(days=7), timedelta(hours=9)


@pytest.fixture
def kinds(programme: Programme) -> list[Archetype]:
    return [
        Archetype.objects.create(found_name=name, place=place, found_at=FIRST)
        for place, name in enumerate(("Best regulars", "Drifted away"), 1)
    ]


def ran(kinds: list[Archetype], at: datetime, *, searched_at: datetime, since: date | None, then: date) -> None:
    best, away = (kind.pk for kind in kinds)
    ArchetypeRun.objects.create(
        kind="weekly", started_at=at, finished_at=at, searched_at=searched_at, customers=90, looked_at=90, k=2,
        because="kept", moves=[[best, best, 50], [away, away, 28], [best, away, 12]], moves_since=since,
        next_moves_since=then,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked_after", "told"),
    [
        (None, [False, False, False]),
        (HOURS, [True, True, False]),  # on the Sunday itself, hours after the weekly run
        (3 * HOURS, [True, True, False]),
    ],
)
def test_a_search_is_another_division_until_its_places_are_those_of_before(
    kinds: list[Archetype], asked_after: timedelta | None, told: list[bool]
) -> None:
    """Three Sundays; between the first two somebody may ask for a search."""
    days = [(FIRST + WEEK * number).date() for number in range(4)]
    ran(kinds, FIRST - WEEK, searched_at=FIRST - WEEK, since=None, then=days[0] - WEEK)
    ran(kinds, FIRST, searched_at=FIRST - WEEK, since=days[0] - WEEK, then=days[0])
    searched_at = FIRST + asked_after if asked_after else FIRST - WEEK
    ran(kinds, FIRST + 4 * HOURS, searched_at=searched_at, since=days[0] - WEEK, then=days[0])
    found = []
    for number in (0, 1, 2):
        if number:
            ran(kinds, FIRST + WEEK * number, searched_at=searched_at, since=days[number - 1], then=days[number])
        movement = archetype_movement()
        assert movement is not None
        assert [(move.before, move.after, move.customers) for move in movement.moves] == [(*kinds, 12)]
        found.append(movement.is_redivided)
    assert found == told
