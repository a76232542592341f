"""Keeping what a run found: everybody is assigned, and the archetypes, their people and the run are written at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from threadpoolctl import threadpool_limits

from customers.actions.archetype_members import (
    read_members,
    read_moves,
    remember_places,
    start_movement,
    write_members,
)
from customers.actions.archetypes import Kind, save_archetypes
from customers.actions.turns import turn_to_compute, turn_with_archetypes
from customers.models import Archetype
from intelligence.actions.archetype_buyers import Buyers, Integers, local_today
from intelligence.actions.archetype_figures import count_archetypes
from intelligence.actions.archetype_matching import Same, match_archetypes
from intelligence.actions.archetype_names import Called, ask_for_names, settle_names
from intelligence.engine import words
from intelligence.engine.archetypes import Archetypes
from intelligence.engine.assignment import Assignment, assign
from intelligence.engine.hierarchy import tiers
from intelligence.engine.layout import map_of
from intelligence.engine.profiles import Profile, profiles
from intelligence.models import ArchetypeRun

KEPT_RUNS = 100  # a quarter of a year
STAGES = 6
TIER_PLACES = {2: (1, 3), 3: (1, 2, 3)}  # high, middle, low

Report = Callable[[int, int, str], None]
RunKind = ArchetypeRun.Kind


def keep_run(
    run: ArchetypeRun,
    found: Archetypes,
    buyers: Buyers,
    before: ArchetypeRun | None,
    *,
    now: datetime,
    report: Report,
    same: Sequence[Same] | None = None,
) -> ArchetypeRun:
    """Assign everybody, say what is typical, and write all of it."""
    report(2, STAGES, _("Assigning everybody"))
    with threadpool_limits(1):
        assigned = assign(found, buyers.matrix)
        labels = assigned.labels.astype(np.int64)
        then = read_members()
        same = same or match_archetypes(found, buyers, labels, before, then)
        report(3, STAGES, _("Saying what is typical"))
        own = profiles(found, buyers.matrix, labels, buyers.habits)
        people = map_of(found, buyers.matrix, labels)
    ids = [one.id for one in same]
    answer = ask_for_names(found, own, ids)
    report(4, STAGES, _("Writing"))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '60s'")
        turn_to_compute()
        turn_with_archetypes()
        names = settle_names(found, own, ids, answer)
        run.named_by, run.naming_problem = names.named_by, names.problem
        saved = save_archetypes(_kinds(found, own, same, names.called), tiers=_tier_names(found), now=now)
        by_row = np.array([one.pk for one in saved], dtype=np.int64)
        _write(assigned, by_row, buyers.customers, local_today(now))
        run.model, run.k, run.because = found.to_json(), found.k, found.because
        run.customers, run.found = len(buyers.customers), _told(saved, own)
        _note_moves(run, before, local_today(now))
        run.people = {
            "points": [
                [*np.round(point, 3).tolist(), int(by_row[labels[row]])]
                for row, point in zip(people.rows.tolist(), people.points, strict=True)
            ],
            "centroids": np.round(people.centroids, 3).tolist(),
            "axes": [{"high": axis.high, "low": axis.low, "share": round(axis.share, 3)} for axis in people.axes],
        }
        run.finished_at = timezone.now()
        run.save()
        count_archetypes()
        old = ArchetypeRun.objects.order_by("-finished_at", "-pk").values("pk")[KEPT_RUNS:]
        ArchetypeRun.objects.filter(pk__in=old).delete()
        report(STAGES, STAGES, "")  # whoever stops it until now finds everything as it was
    return run


def _kinds(found: Archetypes, own: Sequence[Profile], same: Sequence[Same], names: Sequence[Called]) -> list[Kind]:
    places = TIER_PLACES[max(tiers(found)) + 1]
    return [
        Kind(
            id=one.id,
            came_from=one.came_from,
            tier=places[tier],
            name=named.name,
            description=named.description,
            leading=named.leading,
            named_by=named.named_by,
            traits=[(trait.code, trait.strength) for trait in profile.traits],
            typical={name: round(value, 4) for name, value in profile.medians.items()},
        )
        for one, tier, named, profile in zip(same, tiers(found), names, own, strict=True)
    ]


def _tier_names(found: Archetypes) -> dict[int, str]:
    count = max(tiers(found)) + 1
    return dict(zip(TIER_PLACES[count], words.TIERS[count], strict=True))


def _write(assigned: Assignment, by_row: Integers, customers: Integers, day: date) -> None:
    second = np.where(assigned.second < 0, -1, by_row[np.maximum(assigned.second, 0)])
    write_members(
        customers=customers,
        archetypes=by_row[assigned.labels],
        confidence=assigned.confidence.astype(np.float64),
        second=second,
        day=day,
    )


def _told(saved: Sequence[Archetype], own: Sequence[Profile]) -> list[dict[str, Any]]:
    people = sum(profile.people for profile in own)
    return [
        {
            "id": one.pk,
            "name": one.found_name,
            "customers": profile.people,
            "share": round(profile.people / people, 4),
            "typical": one.typical,
        }
        for one, profile in zip(saved, own, strict=True)
    ]


def _note_moves(run: ArchetypeRun, before: ArchetypeRun | None, day: date) -> None:
    """Who moved since the last weekly run but one, or since the first run: at least a week, once there is one."""
    run.next_moves_since = day
    if before is None:
        start_movement()
        return
    is_repeated = before.next_moves_since == day  # a job that was interrupted at its very end
    if run.kind == RunKind.WEEKLY and not is_repeated:
        remember_places()
        run.moves_since = before.next_moves_since
    else:
        run.moves_since = before.moves_since or before.next_moves_since
        run.next_moves_since = before.next_moves_since
    run.moves = [list(move) for move in read_moves()]
