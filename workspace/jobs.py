"""Registries of background work: what a job of a kind does, and what a programme does regularly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from django.utils.functional import Promise

if TYPE_CHECKING:
    from workspace.actions.jobs import JobRun

JobFunction = Callable[["JobRun"], dict[str, object]]
DueFunction = Callable[[datetime], datetime | None]
Function = TypeVar("Function", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class JobKind:
    """`run(job_run)` does the work in short or resumable steps and returns the JSON-safe result."""

    name: str
    title: str | Promise
    run: JobFunction
    max_attempts: int


JOB_KINDS: dict[str, JobKind] = {}
DUE_WORK: dict[str, DueFunction] = {}
ZONED_WORK: set[str] = set()


def job_kind(name: str, *, title: str | Promise, max_attempts: int = 3) -> Callable[[JobFunction], JobFunction]:
    """Register the function that does jobs of kind `name`. It may run again after a crash: it must be resumable."""

    def register(run: JobFunction) -> JobFunction:
        JOB_KINDS[name] = JobKind(name, title, run, max_attempts)
        return run

    return register


def due_work(kind: str, *, follows_time_zone: bool = False) -> Callable[[DueFunction], DueFunction]:
    """Register regular work: `run(now)` does what is due in the active programme and returns when it is due
    next, or None for "not before `ensure_due` asks". `follows_time_zone`: due at once when the
    programme's zone changes.

    Runs at least once per due time, possibly twice: it must be safe to repeat.
    """

    def register(run: DueFunction) -> DueFunction:
        DUE_WORK[kind] = run
        if follows_time_zone:
            ZONED_WORK.add(kind)
        return run

    return register
