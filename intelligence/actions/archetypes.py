"""Finding which kinds of customers there are, and who belongs to each. docs/algorithms/archetypes.md.

Only the job imports this module: it loads numpy, scipy and scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sklearn.cluster
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from threadpoolctl import threadpool_limits

from core.errors import NotFound
from customers.actions.turns import turn_with_archetypes
from customers.models import CustomerArchetype
from intelligence.actions.archetype_buyers import Buyers, read_buyers
from intelligence.actions.archetype_figures import count_archetypes
from intelligence.actions.archetype_matching import Same
from intelligence.actions.archetype_runs import STAGES, Report, RunKind, keep_run
from intelligence.actions.settings import settings_now
from intelligence.engine.archetypes import Archetypes, find
from intelligence.models import ArchetypeRun

assert sklearn.cluster  # loaded here, so that its threads can be limited

SEARCH_AGAIN = timedelta(days=28)
MANY_MORE = 1.5  # times as many buyers as at the run before: an import brought them
# Customers that the archetypes of before weigh as beside a sample: a thousand others each night would shake them.
MEMORY = 10_000


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
    buyers = read_buyers(now)
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
    return keep_run(run, found, buyers, before, now=now, report=report)


def use_again(*, run: str, now: datetime, report: Report = _silent) -> ArchetypeRun | None:
    """Assign everybody by the archetypes of an earlier run, from which later runs then go on. Raises NotFound.

    `report` may raise to stop, as in `find_archetypes`.
    """
    earlier = ArchetypeRun.objects.filter(code=run).first()
    if earlier is None:
        raise NotFound
    started_at = timezone.now()
    report(0, STAGES, _("Reading what customers do"))
    buyers = read_buyers(now)
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
    same = [Same(row["id"]) for row in earlier.found]
    return keep_run(again, found, buyers, newest_run(), now=now, report=report, same=same)


def _forget_members() -> None:
    """Nobody has bought, or nobody any more: an import was undone."""
    with transaction.atomic():
        turn_with_archetypes()
        CustomerArchetype.objects.all().delete()
        count_archetypes()


def newest_run() -> ArchetypeRun | None:
    """The run whose archetypes hold."""
    return ArchetypeRun.objects.order_by("-finished_at", "-pk").first()


def _is_outdated(run: ArchetypeRun, buyers: Buyers, now: datetime) -> bool:
    return now - run.searched_at >= SEARCH_AGAIN or len(buyers.customers) >= MANY_MORE * run.customers
