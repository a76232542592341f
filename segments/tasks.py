"""When segments are counted, and what tells them that somebody changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import SYSTEM
from customers.actions.rollups import follows_rollups, programme_zone
from customers.events import IMPORT_FINISHED
from customers.following import Figures, follows_figures
from customers.models import Event
from customers.stream import stream_reader
from intelligence.actions.requests import request_run
from intelligence.tasks import next_night
from loyalty.events import REWARD_CAME_BACK, REWARD_RAN_OUT
from segments.actions.living import count_due, count_everybody, count_whole
from segments.actions.marks import COUNT_DUE, mark_asking, mark_everything, mark_people
from segments.actions.ready import make_ready_segments
from segments.actions.requests import COUNT_ONE
from segments.models import Segment
from workspace.actions.jobs import JobRun
from workspace.jobs import due_work, job_kind

COUNT_ALL = "segments.count_all"  # the job
READY = "segments.ready"
NIGHTLY_AT = time(4, 30)  # when features, forecasts and archetypes of the night are there
OWN = "segments."  # how the names of what segments tell themselves begin


@job_kind(COUNT_ALL, title=_("Counting segments"))
def run_count(run: JobRun) -> dict[str, object]:
    def report(done: int, total: int, name: str) -> None:
        run.report(done, total, name, force=True)

    return {"segments": count_everybody(report=report)}


@job_kind(COUNT_ONE, title=_("Counting a segment"))
def run_count_of_one(run: JobRun) -> dict[str, object]:
    run.report(0, 1, force=True)
    key = int(str(run.params["segment"]))
    count_whole(key, now=timezone.now())
    return {"people": Segment.objects.get(pk=key).people}


@due_work(COUNT_ALL, follows_time_zone=True)
def count_nightly(now: datetime) -> datetime:
    """Everybody once a night: what nobody tells, such as another name of a tier, is seen then."""
    if Segment.objects.living().exists():
        request_run(COUNT_ALL, actor=SYSTEM, now=now)
    return next_night(now, ZoneInfo(programme_zone()), at=NIGHTLY_AT)


@due_work(READY)
def make_ready(now: datetime) -> None:
    """Once for each programme."""
    make_ready_segments(now=now)


@due_work(COUNT_DUE)
def count_changes(now: datetime) -> datetime | None:
    return count_due(now=now)


@stream_reader("segments.people")
def follow_people(events: Sequence[Event]) -> None:
    """Whatever happened to somebody may be what a segment asks about."""
    if any(event.name == IMPORT_FINISHED.name for event in events):
        mark_everything()
    if any(event.name in (REWARD_RAN_OUT.name, REWARD_CAME_BACK.name) for event in events):
        mark_asking(Figures.REWARDS)
    mark_people({event.customer_id for event in events if event.customer_id and not event.name.startswith(OWN)})


@follows_rollups
def follow_orders(customers: set[int] | None) -> None:
    if customers is None:
        mark_everything()
    else:
        mark_people(customers)


@follows_figures
def follow_figures(figures: Figures, customers: Collection[int] | None) -> None:
    if figures is Figures.PEOPLE and customers is None:
        mark_everything()
    elif customers is None:
        mark_asking(figures)
    else:
        mark_people(customers)
