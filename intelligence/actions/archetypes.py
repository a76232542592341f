"""Finding which kinds of customers there are, and who belongs to each. docs/algorithms/archetypes.md.

Only the job imports this module: it loads numpy, scipy and scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import sklearn.cluster
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from core.clock import local_day
from core.errors import NotFound
from core.presentation import format_money
from core.tenancy import active_programme
from customers.actions.archetype_members import (
    customers_not_active,
    read_members,
    read_moves,
    remember_places,
    write_members,
)
from customers.actions.archetypes import Kind, save_archetypes
from customers.actions.rollups import programme_zone
from customers.models import Archetype, CustomerArchetype
from intelligence.actions.archetype_figures import count_archetypes
from intelligence.actions.features import rebuild_features, refresh_stale_features
from intelligence.actions.settings import settings_now
from intelligence.engine import words
from intelligence.engine.archetypes import Archetypes, find
from intelligence.engine.assignment import Assignment, assign
from intelligence.engine.hierarchy import tiers
from intelligence.engine.layout import map_of
from intelligence.engine.matching import match_centroids, match_people
from intelligence.engine.naming import Named, name_archetypes, name_groups
from intelligence.engine.profiles import Profile, profiles
from intelligence.engine.scaling import FEATURES
from intelligence.features.arrays import stored_matrix
from intelligence.models import ArchetypeRun, FeatureRun

assert sklearn.cluster  # loaded here, so that its threads can be limited

SEARCH_AGAIN = timedelta(days=28)
MANY_MORE = 1.5  # times as many buyers as at the run before: an import brought them
# Customers that the archetypes of before weigh as beside a sample: a thousand others each night would shake them.
MEMORY = 10_000
KEPT_RUNS = 100  # a quarter of a year
HABITS = ("weekend_share", "evening_share")
STAGES = 6
TIER_PLACES = {2: (1, 3), 3: (1, 2, 3)}  # high, middle, low

Integers = NDArray[np.int64]
Report = Callable[[int, int, str], None]
RunKind = ArchetypeRun.Kind


def _silent(_done: int, _total: int, _message: str) -> None:
    """For callers who do not follow a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How archetypes are looked for. `sample` None: among all customers."""

    sample: int | None
    min_k: int
    max_k: int
    is_dynamic: bool
    is_robust: bool

    @classmethod
    def of(cls, kind: str, asked: Mapping[str, Any]) -> Options:
        """Those of the settings, with what is asked for: sample_size, min_k, max_k."""
        settings = settings_now()
        usual = settings.nightly_sample if kind == RunKind.NIGHTLY else settings.weekly_sample
        return cls(
            sample=asked.get("sample_size", usual),
            min_k=asked.get("min_k", settings.min_k),
            max_k=asked.get("max_k", settings.max_k),
            is_dynamic=settings.is_dynamic,
            is_robust=settings.is_robust,
        )

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def _usual_range() -> dict[str, Any]:
    """What the settings say about how many archetypes there may be. A run keeps it beside what it was asked for."""
    settings = settings_now()
    return {name: getattr(settings, name) for name in ("min_k", "max_k", "is_dynamic", "is_robust")}


@dataclass(frozen=True, slots=True)
class _Same:
    """Which archetype of before one is; a new one knows where most of its people were."""

    id: int | None = None
    came_from: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Buyers:
    """Every active customer who bought: ids in order, customers × FEATURES, and habits."""

    customers: Integers
    matrix: NDArray[np.float64]
    habits: Mapping[str, NDArray[np.float64]]


def find_archetypes(
    *, now: datetime, kind: str = RunKind.ASKED, asked: Mapping[str, Any] | None = None, report: Report = _silent
) -> ArchetypeRun | None:
    """Find archetypes, assign everybody who bought, and keep the run; None where nobody bought.

    Archetypes of the run before follow people; how many there are is searched for anew by a run that is asked for,
    after the settings changed, after many more people bought, and every SEARCH_AGAIN. What is found is written in one
    transaction. `report` may raise to stop: nothing has changed then.
    """
    started_at, options, usual = timezone.now(), Options.of(kind, asked or {}), _usual_range()
    report(0, STAGES, _("Reading what customers do"))
    buyers = _buyers(now)
    if not len(buyers.customers):
        _forget_members()
        return None
    before = newest_run()
    model = Archetypes.from_json(before.model) if before else None
    is_asked = bool(asked) or kind == RunKind.ASKED
    anew = before is None or is_asked or before.options.get("usual") != usual or _is_outdated(before, buyers, now)
    report(1, STAGES, _("Looking for the number of archetypes") if anew else _("Following people"))
    with threadpool_limits(1):
        found = find(
            buyers.matrix,
            min_k=options.min_k,
            max_k=options.max_k,
            previous=None if anew else model,
            usual_k=model.k if model else None,
            robust=options.is_robust,
            dynamic=options.is_dynamic,
            sample=options.sample or len(buyers.matrix),
            memory=MEMORY,
        )
    run = ArchetypeRun(
        kind=kind,
        started_at=started_at,
        searched_at=before.searched_at if before and found.because == "kept" else now,
        options={**options.to_json(), "usual": usual},
        looked_at=min(options.sample or len(buyers.matrix), len(buyers.matrix)),
    )
    return _keep(run, found, buyers, before, now=now, report=report)


def use_again(*, run: str, now: datetime, report: Report = _silent) -> ArchetypeRun | None:
    """Assign everybody by the archetypes of an earlier run, from which later runs then go on. Raises NotFound.

    `report` may raise to stop, as in `find_archetypes`.
    """
    earlier = ArchetypeRun.objects.filter(code=run).first()
    if earlier is None:
        raise NotFound
    started_at = timezone.now()
    report(0, STAGES, _("Reading what customers do"))
    buyers = _buyers(now)
    if not len(buyers.customers):
        _forget_members()
        return None
    again = ArchetypeRun(
        kind=RunKind.BACK,
        started_at=started_at,
        searched_at=now,
        options={**earlier.options, "usual": _usual_range()},
        looked_at=earlier.looked_at,
    )
    found = Archetypes.from_json(earlier.model)
    same = [_Same(row["id"]) for row in earlier.found]
    return _keep(again, found, buyers, newest_run(), now=now, report=report, same=same)


def _forget_members() -> None:
    """Nobody has bought, or nobody any more: an import was undone."""
    with transaction.atomic():
        CustomerArchetype.objects.all().delete()
        count_archetypes()


def newest_run() -> ArchetypeRun | None:
    """The run whose archetypes hold."""
    return ArchetypeRun.objects.order_by("-finished_at", "-pk").first()


def _is_outdated(run: ArchetypeRun, buyers: _Buyers, now: datetime) -> bool:
    return now - run.searched_at >= SEARCH_AGAIN or len(buyers.customers) >= MANY_MORE * run.customers


def _buyers(now: datetime) -> _Buyers:
    if FeatureRun.objects.exists():
        due = refresh_stale_features(now=now)
        while due is not None and due <= now:
            due = refresh_stale_features(now=now)
    else:
        rebuild_features(now=now)
    customers, columns = stored_matrix(_today(now), (*FEATURES, *HABITS))
    active = ~np.isin(customers, customers_not_active())
    customers, columns = customers[active], columns[active]
    matrix = columns[:, : len(FEATURES)]
    # Who came on one day only has no gap yet: it is at least as long as they have been a customer.
    gap, tenure = matrix[:, FEATURES.index("mean_gap_days")], matrix[:, FEATURES.index("tenure_days")]
    np.copyto(gap, tenure, where=np.isnan(gap))
    columns = np.nan_to_num(columns, nan=0.0)
    habits = {name: columns[:, len(FEATURES) + place] for place, name in enumerate(HABITS)}
    return _Buyers(customers, np.ascontiguousarray(columns[:, : len(FEATURES)]), habits)


def _today(now: datetime) -> date:
    return local_day(now, ZoneInfo(programme_zone()))


def _keep(
    run: ArchetypeRun,
    found: Archetypes,
    buyers: _Buyers,
    before: ArchetypeRun | None,
    *,
    now: datetime,
    report: Report,
    same: Sequence[_Same] | None = None,
) -> ArchetypeRun:
    """Assign everybody, say what is typical, and write all of it."""
    report(2, STAGES, _("Assigning everybody"))
    with threadpool_limits(1):
        assigned = assign(found, buyers.matrix)
        labels = assigned.labels.astype(np.int64)
        then = read_members()
        same = same or _matched(found, buyers, labels, before, then)
        report(3, STAGES, _("Saying what is typical"))
        own = profiles(found, buyers.matrix, labels, buyers.habits)
        people = map_of(found, buyers.matrix, labels)
    report(4, STAGES, _("Writing"))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '60s'")
        saved = save_archetypes(_kinds(found, own, same), tiers=_tier_names(found), now=now)
        by_row = np.array([one.pk for one in saved], dtype=np.int64)
        _write(assigned, by_row, buyers.customers, _today(now))
        run.model, run.k, run.because = found.to_json(), found.k, found.because
        run.customers, run.found = len(buyers.customers), _told(saved, own)
        _note_moves(run, before, _today(now))
        run.people = {
            "points": [
                [*np.round(point, 3).tolist(), int(by_row[labels[row]]), int(buyers.customers[row])]
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


def _matched(
    found: Archetypes, buyers: _Buyers, labels: Integers, before: ArchetypeRun | None, then: tuple[Integers, Integers]
) -> Sequence[_Same]:
    """For each archetype, which of those before it is."""
    if before is None:
        return [_Same()] * found.k
    ids = [row["id"] for row in before.found]
    if found.is_rules and before.model["rules"]:
        return [_Same(one) for one in ids]
    customers, archetypes = then
    row_of = {archetype: row for row, archetype in enumerate(ids)}
    known = np.isin(archetypes, ids)
    both, at, now_at = np.intersect1d(customers[known], buyers.customers, assume_unique=True, return_indices=True)
    new_id = max(ids) + 1
    if len(both):
        were = np.array([row_of[archetype] for archetype in archetypes[known][at].tolist()], dtype=np.int64)
        matched = match_people(were, labels[now_at], ids=ids, k=found.k, next_id=new_id)
    elif found.is_rules or before.model["rules"]:
        return [_Same()] * found.k
    else:
        matched = match_centroids(Archetypes.from_json(before.model), found, ids=ids, next_id=new_id)
    pairs = zip(matched.ids, matched.came_from, strict=True)
    return [_Same(one) if one < new_id else _Same(came_from=parent) for one, parent in pairs]


def _kinds(found: Archetypes, own: Sequence[Profile], same: Sequence[_Same]) -> list[Kind]:
    names = _names(found, own, [one.id for one in same])
    places = TIER_PLACES[max(tiers(found)) + 1]
    return [
        Kind(
            id=one.id,
            came_from=one.came_from,
            tier=places[tier],
            name=named.name,
            description=named.description,
            leading=named.leading,
            traits=[(trait.code, trait.strength) for trait in profile.traits],
            typical={name: round(value, 4) for name, value in profile.medians.items()},
        )
        for one, tier, named, profile in zip(same, tiers(found), names, own, strict=True)
    ]


def _names(found: Archetypes, own: Sequence[Profile], ids: Sequence[int | None]) -> Sequence[Named]:
    money = partial(format_money, currency=active_programme().currency)

    if found.rules is not None:
        return name_groups(found.rules.groups, own, money=money)
    known = {one.pk: one for one in Archetype.objects.filter(pk__in=[one for one in ids if one])}
    previous = [
        Named(known[one].found_name, known[one].description, tuple(known[one].leading)) if one in known else None
        for one in ids
    ]
    taken = {one.own_name.casefold() for one in known.values() if one.own_name}
    return name_archetypes(own, previous=previous, taken=taken, money=money)


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
    """Who moved since the weekly run before; from a weekly run on, and from the first, movement is told anew."""
    if before is not None:
        run.moves = [list(move) for move in read_moves()]
        run.moves_since = before.next_moves_since
    starts_anew = before is None or run.kind == RunKind.WEEKLY
    if starts_anew:
        remember_places()
    run.next_moves_since = day if starts_anew else run.moves_since
