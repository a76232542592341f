"""Who moved, told in days of the programme's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from customers.models import Archetype
from intelligence.models import ArchetypeRun
from intelligence.reports_movement import archetype_movement
from programs.models import Programme


@pytest.fixture
def kinds(programme: Programme) -> list[Archetype]:
    return [
        Archetype.objects.create(found_name=name, place=place, found_at=datetime(2026, 6, 1, tzinfo=UTC))
        for place, name in enumerate(("Best regulars", "Drifted away"), 1)
    ]


def ran(kinds: list[Archetype], *, searched_at: datetime, finished_at: datetime, since: date) -> ArchetypeRun:
    best, away = (kind.pk for kind in kinds)
    return ArchetypeRun.objects.create(
        kind="nightly", started_at=finished_at, finished_at=finished_at, searched_at=searched_at, customers=90,
        looked_at=90, k=2, because="kept", moves=[[best, best, 50], [away, away, 28], [best, away, 12]],
        moves_since=since, next_moves_since=since,
    )  # fmt: skip


# Midnight of Auckland in June is noon of the day before in UTC, that of Honolulu ten in the morning of the same day.
@pytest.mark.parametrize(
    ("zone", "searched_at", "is_redivided"),
    [
        ("Pacific/Auckland", datetime(2026, 6, 14, 11, 59, tzinfo=UTC), False),
        ("Pacific/Auckland", datetime(2026, 6, 14, 12, 1, tzinfo=UTC), True),
        ("Pacific/Honolulu", datetime(2026, 6, 15, 9, 59, tzinfo=UTC), False),
        ("Pacific/Honolulu", datetime(2026, 6, 15, 10, 1, tzinfo=UTC), True),
    ],
)
def test_searched_anew_on_a_later_day_of_the_programme(
    programme: Programme, kinds: list[Archetype], zone: str, searched_at: datetime, is_redivided: bool
) -> None:
    programme.time_zone = zone
    ran(kinds, searched_at=searched_at, finished_at=datetime(2026, 6, 21, tzinfo=UTC), since=date(2026, 6, 14))
    movement = archetype_movement()
    assert movement is not None
    assert movement.is_redivided is is_redivided
    assert [(move.before, move.after, move.customers) for move in movement.moves] == [(*kinds, 12)]
