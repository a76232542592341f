"""One act on many customers: small selections at once, larger ones as a job, in chunks of keys that commit.

A chunk writes what it changes, its events and how far the work is in one transaction, so that a second run of the job
goes on behind the last chunk, and nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import DomainError, InvalidInput, NotFound
from customers.actions import events
from customers.actions.customers import said
from customers.actions.tags import find_or_create_tags
from customers.attributes import MAX_ATTRIBUTES, coerce
from customers.bulk import Selection, actor_of, frozen, scope_of_run, selection_of
from customers.bulk_files import KEPT
from customers.events import CUSTOMER_ARCHIVED, CUSTOMER_CHANGED, CUSTOMER_RESTORED, TAG_ADDED, TAG_REMOVED, EventType
from customers.models import AttributeDefinition, BulkRun, Customer, CustomerTag, Tag
from programs.actions.due_work import ensure_due
from workspace.actions import audit
from workspace.actions.jobs import JobCancelled, JobRun, start_job

JOB_KIND = "customers.bulk"
CHUNK = 500
SWEEP = "customers.bulk.sweep"  # the due work that deletes files of exports and old runs
AT_ONCE = 200  # customers whom a person waits for
Act = BulkRun.Act


class TagGone(DomainError):
    code = "tag_gone"
    message = _("The tag was deleted meanwhile.")


def tag_values(name: str, *, is_new: bool, actor: Actor, now: datetime) -> dict[str, object]:
    """The values of TAG and UNTAG. `is_new`: make the tag if there is none. Raises InvalidInput."""
    if is_new:
        return {"tag": find_or_create_tags([name], actor=actor, now=now)[0].pk}
    tag = Tag.objects.in_use().named(" ".join(name.split()))
    if tag is None:
        raise InvalidInput(_("There is no such tag."), field="name")
    return {"tag": tag.pk}


def field_values(definition: AttributeDefinition, value: object) -> dict[str, object]:
    """The values of SET; an empty value takes it away. Raises InvalidInput."""
    return {"key": definition.key, "value": coerce(definition, value)}


def start_bulk(
    *,
    act: str,
    values: Mapping[str, object],
    selection: Selection,
    is_small: bool,
    actor: Actor,
    now: datetime,
) -> BulkRun:
    """Freeze the selection and do the act: now where it `is_small`, else in the background (`job`).

    Raises InvalidInput for an act that is none.
    """
    if act not in Act.values:
        raise InvalidInput(_("There is no such act."), field="act")
    with transaction.atomic():
        run = BulkRun.objects.create(
            act=act,
            values=dict(values),
            **frozen(selection),
            actor=actor.reference,
            actor_label=actor.label[:160],
            business_id=actor.business_id,
            created_at=now,
        )
        if is_small:
            while run_chunk(run, now=now):
                pass
            finish(run, now=now)
        else:
            run.job = start_job(kind=JOB_KIND, key=run.code, actor=actor, now=now, params={"bulk": run.code})
            run.save(update_fields=["job"])
        ensure_due(kind=SWEEP, by=now + KEPT)
    return run


def run_bulk(job: JobRun, run: BulkRun, *, now: datetime) -> dict[str, object]:
    """The job's work; what a stopped one has done stays done and is counted."""
    left = selection_of(run).total(scope_of_run(run), position=run.position, upper_id=run.upper_id)
    total = run.matched + left
    try:
        while run_chunk(run, now=now):
            job.report(min(run.matched, total), total)
    except JobCancelled:
        finish(run, now=now, is_stopped=True)
        raise
    finish(run, now=now)
    return {"bulk": run.code, "matched": run.matched, "changed": run.changed}


def run_chunk(run: BulkRun, *, now: datetime) -> int:
    """Deal with the next customers; how many they were. 0: the end."""
    ids = selection_of(run).after(run.position, upper_id=run.upper_id, scope=scope_of_run(run), size=CHUNK)
    if not ids:
        return 0
    with transaction.atomic():
        people = list(Customer.objects.select_for_update().known().filter(pk__in=ids).order_by("pk"))
        changed = _ACTS[Act(run.act)](run, people, now)
        run.position, run.matched, run.changed = ids[-1], run.matched + len(people), run.changed + changed
        run.save(update_fields=["position", "matched", "changed"])
    return len(ids)


def finish(run: BulkRun, *, now: datetime, is_stopped: bool = False) -> None:
    """Write down what came of it, and forget who was meant. Safe to repeat."""
    with transaction.atomic():
        ended = BulkRun.objects.filter(pk=run.pk, finished_at__isnull=True)
        if ended.update(finished_at=now, filters={}, ids=[], path=run.path):
            data = {"act": run.act, "customers": run.matched, "changed": run.changed, "stopped": is_stopped}
            audit.record(actor_of(run), "customers.bulk.done", data=data)
    run.finished_at = now


# -- acts: what each does to the locked customers of a chunk, and how many it changed ---------------------------------


def _tag(run: BulkRun, people: list[Customer], now: datetime) -> int:
    tag = _tag_of(run)
    had = set(CustomerTag.objects.filter(tag=tag, customer__in=people).values_list("customer_id", flat=True))
    new = [person for person in people if person.pk not in had]
    CustomerTag.objects.bulk_create(
        CustomerTag(customer=person, tag=tag, added_at=now, actor=run.actor) for person in new
    )
    return _tell(run, TAG_ADDED, new, {"tag": tag.code, "tag_name": tag.name}, now)


def _untag(run: BulkRun, people: list[Customer], now: datetime) -> int:
    tag = _tag_of(run)
    marked = CustomerTag.objects.filter(tag=tag, customer__in=people)
    had = set(marked.values_list("customer_id", flat=True))
    marked.delete()
    gone = [person for person in people if person.pk in had]
    return _tell(run, TAG_REMOVED, gone, {"tag": tag.code, "tag_name": tag.name}, now)


def _tag_of(run: BulkRun) -> Tag:
    tag = Tag.objects.in_use().filter(pk=run.values["tag"]).first()
    if tag is None:
        raise TagGone
    return tag


def _set(run: BulkRun, people: list[Customer], now: datetime) -> int:
    key, value = run.values["key"], run.values["value"]
    changed = []
    for person in people:
        kept = {name: stored for name, stored in person.attributes.items() if name != key}
        wanted = kept if value is None else {**kept, key: value}
        if wanted != person.attributes and len(wanted) <= MAX_ATTRIBUTES:
            person.attributes, person.updated_at = wanted, now
            person.said_at[f"attributes.{key}"] = said(now)
            changed.append(person)
    Customer.objects.bulk_update(changed, ["attributes", "said_at", "updated_at"])
    return _tell(run, CUSTOMER_CHANGED, changed, {"fields": ["attributes"]}, now)


def _archive(run: BulkRun, people: list[Customer], now: datetime) -> int:
    return _switch(run, people, Customer.State.ARCHIVED, CUSTOMER_ARCHIVED, now)


def _restore(run: BulkRun, people: list[Customer], now: datetime) -> int:
    return _switch(run, people, Customer.State.ACTIVE, CUSTOMER_RESTORED, now)


def _switch(run: BulkRun, people: list[Customer], state: Customer.State, kind: EventType, now: datetime) -> int:
    before = Customer.State.ACTIVE if state == Customer.State.ARCHIVED else Customer.State.ARCHIVED
    changed = [person for person in people if person.state == before]
    Customer.objects.filter(pk__in=[person.pk for person in changed]).update(state=state, updated_at=now)
    return _tell(run, kind, changed, {}, now)


def _nothing(_run: BulkRun, _people: list[Customer], _now: datetime) -> int:
    return 0


_ACTS: Mapping[BulkRun.Act, Callable[[BulkRun, list[Customer], datetime], int]] = {
    Act.TAG: _tag,
    Act.UNTAG: _untag,
    Act.SET: _set,
    Act.ARCHIVE: _archive,
    Act.RESTORE: _restore,
    Act.EXPORT: _nothing,
}


def _tell(run: BulkRun, kind: EventType, people: list[Customer], data: dict[str, Any], now: datetime) -> int:
    events.append_many(
        kind,
        actor=actor_of(run),
        occurred_at=now,
        customer_ids=[person.pk for person in people],
        business_id=run.business_id,
        data=data,
    )
    return len(people)


def get_run(code: str, actor: Actor) -> BulkRun:
    """Raises NotFound, also for what somebody else asked for."""
    run = BulkRun.objects.select_related("job").filter(code=code, actor=actor.reference).first()
    if run is None:
        raise NotFound()
    return run


def get_run_of_job(code: str, actor: Actor) -> BulkRun:
    """Raises NotFound, also for what somebody else asked for."""
    run = BulkRun.objects.filter(job__code=code, actor=actor.reference).first()
    if run is None:
        raise NotFound()
    return run
