"""Databases of other systems: adding, changing and removing them, and having them read."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from cryptography.fernet import InvalidToken
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from core.actor import SYSTEM, Actor
from core.errors import DomainError, InvalidInput
from core.secrets import decrypt, encrypt
from core.tenancy import active_programme, active_schema
from customers.actions.imports import KEPT, KEPT_DAYS, SWEEP
from customers.databases.address import Address, read_address
from customers.databases.drivers import opened
from customers.databases.errors import MappingProblem, SourceProblem
from customers.databases.mapping import SECTIONS, read_mapping
from customers.databases.reading import SectionCheck, check_section
from customers.databases.sync import run_sync
from customers.imports.run import SWEEP_AFTER, Report
from customers.models import DatabaseSync, ImportRun, SyncRun
from programs.actions.due_work import ensure_due
from workspace.actions import audit
from workspace.actions.jobs import request_cancel, start_job
from workspace.models import Business, Job

JOB_KIND = "customers.database_sync"
SYNCS = "customers.database_syncs"  # the due work that reads what is due
PEOPLE, SALES = ("customers", "products"), ("orders", "lines", "refunds")
SHORTEST_MINUTES, LONGEST_MINUTES = 15, 7 * 24 * 60
CHECK_ROWS, CHECK_SECONDS = 5, 10


class NameTaken(InvalidInput):
    """The business has a database of this name."""

    code = "database_name_taken"

    def __init__(self) -> None:
        super().__init__(_("The business has a database of this name."), field="name")


class NoAddress(DomainError):
    code = "database_address_missing"
    message = _("The address of this database is not kept here: it is read by the command import_database.")


def add_database(
    *,
    business: Business,
    name: str,
    url: str,
    password: str = "",
    mapping: str,
    actor: Actor,
    now: datetime,
    sales_every: int = 60,
    people_every: int = 24 * 60,
) -> DatabaseSync:
    """Keep a database that somebody typed on a page: it is read from now on, at these intervals in minutes.

    Raises AddressProblem, MappingProblem and NameTaken; nothing is then kept. Nothing is called yet.
    """
    address = read_address(url, password=password, is_judged=True)
    _check_mapping(mapping)
    _check_intervals(sales_every, people_every)
    try:
        with transaction.atomic():
            sync = DatabaseSync.objects.create(
                business=business,
                name=name.strip()[:60],
                address=address.shown,
                sealed=_seal(address),
                mapping=mapping,
                sales_every=sales_every,
                people_every=people_every,
                sales_due_at=now,
                people_due_at=now,
                created_by=actor.label[:160],
                created_at=now,
            )
            _note(actor, "added", sync)
    except IntegrityError as error:
        raise NameTaken from error
    ensure_due(kind=SYNCS, by=now)
    return sync


def change_database(
    *,
    sync: DatabaseSync,
    url: str,
    password: str,
    mapping: str,
    sales_every: int,
    people_every: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Change how it is read. Without a password the one that is kept stays, for the same server and account only.

    A changed address is read from the beginning, and so is a section that was changed.
    """
    address = read_address(url, password=password, is_judged=True)
    if not address.password and sync.sealed and address.shown == sync.address:
        address = address_of(sync)
    _check_mapping(mapping)
    _check_intervals(sales_every, people_every)
    with transaction.atomic():
        sync = DatabaseSync.objects.select_for_update().get(pk=sync.pk)
        if address.shown != sync.address:
            sync.marks = {}
            # A reading that was stopped must not move these marks to where it was in the other database.
            stopped = sync.runs.filter(finished_at__isnull=True, job__finished_at__isnull=False)
            stopped.update(finished_at=now, error=_("Stopped. The address was changed since."))
        sync.address, sync.sealed = address.shown, _seal(address)
        sync.mapping, sync.sales_every, sync.people_every = mapping, sales_every, people_every
        sync.sales_due_at = sync.people_due_at = now
        sync.save()
        _note(actor, "changed", sync)
        ensure_due(kind=SYNCS, by=now)


def pause_database(*, sync: DatabaseSync, is_paused: bool, actor: Actor, now: datetime) -> None:
    """Stop or go on reading it by itself. Safe to repeat."""
    with transaction.atomic():
        if DatabaseSync.objects.filter(pk=sync.pk).exclude(is_paused=is_paused).update(is_paused=is_paused):
            audit.record(
                actor,
                "customers.database.paused",
                subject=f"database:{sync.code}",
                business_id=sync.business_id,
                data={"paused": is_paused},
            )
        if not is_paused:
            ensure_due(kind=SYNCS, by=now)


def remove_database(*, sync: DatabaseSync, actor: Actor) -> None:
    """Forget the database, its address and its readings. What was read stays, and so do the imports."""
    with transaction.atomic():
        _note(actor, "removed", sync)
        sync.delete()


def sections_of(sync: DatabaseSync, wanted: Collection[str] = ()) -> list[str]:
    """The sections of its mapping, all or those wanted, in the order in which they are read."""
    there = read_mapping(sync.mapping).sections
    return [name for name in SECTIONS if name in there and (not wanted or name in wanted)]


def start_sync(
    *, sync: DatabaseSync, actor: Actor, now: datetime, sections: Sequence[str] = (), is_full: bool = False
) -> SyncRun:
    """Queue a reading. While one is under way, that one is the answer; the latest one of the same sections goes on
    where it was stopped. Raises NoAddress."""
    with transaction.atomic():
        sync = DatabaseSync.objects.select_for_update().get(pk=sync.pk)
        under_way = sync.runs.filter(job__finished_at__isnull=True, job__isnull=False).select_related("job").first()
        if under_way is not None:
            return under_way
        if not sync.sealed:
            raise NoAddress
        run = _stopped(sync, sections_of(sync, sections), is_full=is_full)
        run = run or _new_run(sync, sections, is_full=is_full, actor=actor, now=now)
        attempt = Job.objects.filter(kind=JOB_KIND, key__startswith=run.code).count() + 1
        run.job = start_job(kind=JOB_KIND, key=f"{run.code}:{attempt}", actor=actor, now=now, params={"run": run.code})
        run.save(update_fields=["job"])
        run.imports.exclude(phase=ImportRun.Phase.DONE).update(job=run.job)
        ensure_due(kind=SWEEP, by=now + SWEEP_AFTER)
    return run


def stop_sync(*, sync: DatabaseSync, actor: Actor, now: datetime) -> None:
    """Ask the reading that is under way to stop after its current rows. What it wrote stays. Safe to repeat."""
    latest = sync.runs.select_related("job").order_by("-pk").first()
    if latest is not None and latest.job is not None:
        request_cancel(job=latest.job, actor=actor, now=now)


def _stopped(sync: DatabaseSync, sections: list[str], *, is_full: bool) -> SyncRun | None:
    """The latest reading, if it is of these sections and was stopped in the middle."""
    latest = sync.runs.select_related("job").order_by("-pk").first()
    if latest is None or latest.finished_at or latest.job is None or not latest.job.is_finished:
        return None
    return latest if (latest.sections, latest.is_full) == (sections, is_full) else None


def _new_run(sync: DatabaseSync, sections: Sequence[str], *, is_full: bool, actor: Actor, now: datetime) -> SyncRun:
    run = SyncRun.objects.create(
        sync=sync,
        sections=sections_of(sync, sections),
        is_full=is_full,
        created_by=actor.label[:160],
        created_at=now,
    )
    ensure_due(kind=KEPT, by=now + timedelta(days=KEPT_DAYS))
    audit.record(
        actor,
        "customers.database.read",
        subject=f"database:{sync.code}",
        business_id=sync.business_id,
        data={"sections": run.sections, "full": is_full},
    )
    return run


def run_started(run: SyncRun, *, report: Report, now: datetime) -> dict[str, object]:
    """The work of a job: read with the address that is kept. A refusal is written on the run and raised."""
    try:
        run_sync(run, address_of(run.sync), report=report, now=now)
    except DomainError as error:
        run.error, run.finished_at = str(error.message)[:400], now
        run.save(update_fields=["error", "finished_at"])
        raise
    return {"run": run.code, "sections": run.counts}


def start_due_syncs(*, now: datetime) -> datetime | None:
    """Start what is due, and say when the next one is. Safe to repeat."""
    upcoming: list[datetime] = []
    for sync in DatabaseSync.objects.scheduled().order_by("pk"):
        with transaction.atomic():
            due = [
                (PEOPLE, "people_due_at", sync.people_every),
                (SALES, "sales_due_at", sync.sales_every),
            ]
            sections: list[str] = []
            for names, column, minutes in due:
                if getattr(sync, column) is None or getattr(sync, column) <= now:
                    sections += names
                    setattr(sync, column, now + timedelta(minutes=minutes))
                upcoming.append(getattr(sync, column))
            wanted = sections_of(sync, sections) if sections else []
            if sections:
                sync.save(update_fields=["people_due_at", "sales_due_at"])
            if wanted:
                start_sync(sync=sync, actor=SYSTEM, now=now, sections=wanted)
    return min(upcoming, default=None)


def read_now(
    *,
    business: Business,
    mapping: str,
    address: Address,
    sections: Sequence[str],
    is_full: bool,
    is_dry_run: bool,
    actor: Actor,
    now: datetime,
    report: Report,
) -> SyncRun:
    """The command line's reading, in this process: goes on with one of the same sections that was killed.

    A dry run leaves nothing behind, neither rows nor how far it read.
    """
    told = read_mapping(mapping)
    with transaction.atomic():
        sync, is_new = DatabaseSync.objects.get_or_create(
            business=business, name=told.name, defaults={"created_by": actor.label[:160], "created_at": now}
        )
        sync.mapping = mapping
        if not sync.sealed:
            sync.address = address.shown
        if not is_dry_run:
            sync.save(update_fields=["mapping", "address"])
        wanted = sections_of(sync, sections)
        run = None if is_dry_run else _killed(sync, wanted, is_full=is_full)
        run = run or _new_run(sync, sections, is_full=is_full, actor=actor, now=now)
    try:
        run_sync(run, address, report=report, now=now, is_dry_run=is_dry_run)
    except DomainError as error:
        run.error, run.finished_at = str(error.message)[:400], now
        run.save(update_fields=["error", "finished_at"])
        raise
    if is_dry_run:
        run.delete()
        if is_new:
            sync.delete()
    return run


def _killed(sync: DatabaseSync, sections: list[str], *, is_full: bool) -> SyncRun | None:
    left = sync.runs.filter(finished_at__isnull=True, job__isnull=True, sections=sections, is_full=is_full)
    return left.select_related("sync").order_by("-pk").first()


def check_database(*, mapping: str, address: Address, sections: Collection[str] = ()) -> list[SectionCheck]:
    """Look at the columns and the first rows of each section; nothing is written. Raises SourceProblem."""
    told = read_mapping(mapping)
    zone = told.zone or active_programme().zone
    with opened(address, seconds=CHECK_SECONDS) as source:
        return [
            check_section(told, name, source, zone=zone, limit=CHECK_ROWS)
            for name in told.sections
            if not sections or name in sections
        ]


def address_of(sync: DatabaseSync) -> Address:
    """Where it is. Raises NoAddress, and SourceProblem when the key that encrypted it is gone."""
    if not sync.sealed:
        raise NoAddress
    try:
        content = json.loads(decrypt(sync.sealed))
    except InvalidToken:
        raise SourceProblem(_("The address cannot be decrypted any more. Enter it again.")) from None
    if content["programme"] != active_schema():
        raise SourceProblem(_("The address cannot be decrypted any more. Enter it again."))
    return Address(**content["address"])


def _seal(address: Address) -> str:
    """The encrypted address names its programme: a row copied into another one's schema opens nothing."""
    return encrypt(json.dumps({"programme": active_schema(), "address": asdict(address)}))


def _check_mapping(text: str) -> None:
    """A mapping that is kept beside its address must not name another one."""
    if read_mapping(text).url:
        raise MappingProblem(_("Leave out [source] url: the address has a field of its own."))


def _check_intervals(*minutes: int) -> None:
    if any(not SHORTEST_MINUTES <= every <= LONGEST_MINUTES for every in minutes):
        raise InvalidInput(_("Read it every 15 minutes to 7 days."), field="sales_every")


def _note(actor: Actor, act: str, sync: DatabaseSync) -> None:
    audit.record(
        actor,
        f"customers.database.{act}",
        subject=f"database:{sync.code}",
        business_id=sync.business_id,
        data={"name": sync.name, "address": sync.address},
    )
