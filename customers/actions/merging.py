"""Two customers who are one person become one, and two again (docs/adr/0019-merging-moves-rows.md).

What moves is declared by each app in `customers.merging`; here are the order of it all, the fields and the record.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from psycopg.errors import DeadlockDetected

from core.actor import Actor
from core.errors import DomainError, InvalidInput, NotFound
from customers.actions import events
from customers.actions.customers import IDENTIFYING
from customers.actions.privacy import EMPTY, refuse_while_imported, traces_of
from customers.actions.rollups import refresh_customers
from customers.actions.turns import turn_to_take_away
from customers.events import CUSTOMER_MERGED, CUSTOMER_UNMERGED
from customers.merging import MOVERS, Pair, Rows
from customers.models import Customer, CustomerFacts, CustomerMerge, DuplicatePair, Identifier
from programs.actions.due_work import ensure_due
from workspace.actions import audit

UNDO_DAYS = 30
SURVIVOR, DUPLICATE = "survivor", "duplicate"
FIELDS: Mapping[str, str | Promise] = {
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "phone": _("Phone"),
    "email": _("E-mail"),
    "external_id": _("External id"),
    "address": _("Address"),
    "postcode": _("Postcode"),
    "city": _("Town or city"),
    "region": _("Region"),
    "country": _("Country"),
    "birthday": _("Birthday"),
    "language": _("Language"),
    "attributes": _("Attributes"),
}
# What was under way when two were merged may still write for the duplicate: an import, say. It is moved as well.
LATE = "customers.merges.late"
LATE_DAYS = 1
LATE_EVERY = timedelta(minutes=10)
TRIES = 3
# What higher rooms know of a customer, for one who is part of another.
NOBODY: Mapping[str, Any] = {
    "is_member": False,
    "member_since": None,
    "balance": 0,
    "lifetime_points": 0,
    "tier": "",
    "tier_rank": None,
    "rfm_recency": None,
    "rfm_frequency": None,
    "rfm_monetary": None,
    "rfm_group": "",
    "rfm_at": None,
}


class AlreadyMerged(DomainError):
    code = "already_merged"
    message = _("This customer is part of another one by now.")


class CustomerMerged(NotFound):
    """`merged_into`: the id of who they are part of."""

    code = "customer_merged"
    message = _("This customer was merged into another one.")


class MergeNotUndoable(DomainError):
    """`reason`: too_late, erased, merged_again."""

    code = "merge_not_undoable"

    def __init__(self, reason: str) -> None:
        super().__init__(_REASONS[reason], reason=reason)


_REASONS: Mapping[str, str | Promise] = {
    "too_late": _("A merge can be undone for 30 days. This one is older."),
    "erased": _("The person was erased: what was moved is not known any more."),
    "merged_again": _("The other customer was merged into a third one since. Undo that first."),
}


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """One field of both; `chosen` says whose value stays. `is_conflict`: both have one, and not the same."""

    field: str
    label: str | Promise
    survivor: object
    duplicate: object
    chosen: str

    @property
    def is_conflict(self) -> bool:
        return bool(self.survivor) and bool(self.duplicate) and self.survivor != self.duplicate


@dataclass(frozen=True, slots=True)
class Moving:
    name: str
    title: str | Promise
    survivor: int
    duplicate: int


@dataclass(frozen=True, slots=True)
class MergePreview:
    survivor: Customer
    duplicate: Customer
    fields: Sequence[FieldChoice]
    moving: Sequence[Moving]


def preview_merge(
    *, survivor_id: int, duplicate_id: int, choose: Mapping[str, str], actor: Actor, now: datetime
) -> MergePreview:
    """What `merge_customers` would do; writes nothing. Two queries and two for each kind of things that move.

    Raises what the merge would.
    """
    actor.check_sees_all()
    people = Customer.objects.in_bulk([survivor_id, duplicate_id])
    survivor, duplicate = _checked(people, survivor_id, duplicate_id)
    refuse_while_imported(traces_of(duplicate))
    moving = [
        Moving(mover.name, mover.title, mover.count(survivor_id), mover.count(duplicate_id))
        for mover in MOVERS.values()
        if mover.title
    ]
    return MergePreview(survivor, duplicate, _choices(survivor, duplicate, choose), moving)


def merge_customers(
    *, survivor_id: int, duplicate_id: int, choose: Mapping[str, str], actor: Actor, now: datetime
) -> CustomerMerge:
    """Make the duplicate a part of the survivor, who keeps their code. `choose` maps a field to whose value stays.

    A field that is not chosen keeps the survivor's value, or takes the duplicate's where there is none. All in one
    transaction; the same merge again is the first one. Raises NotFound, InvalidInput (the same customer, an unknown
    field), AlreadyMerged, ImportUnderWay, and PermissionRefused for people limited to one business.
    """
    actor.check_sees_all()
    for attempt in range(1, TRIES + 1):
        try:
            return _merge(survivor_id, duplicate_id, choose, actor, now)
        except OperationalError as error:  # a sale locked the two in another order
            if attempt == TRIES or connection.in_atomic_block or not isinstance(error.__cause__, DeadlockDetected):
                raise
            time.sleep(0.05 * attempt)
    raise AssertionError("unreachable")


@transaction.atomic
def _merge(
    survivor_id: int, duplicate_id: int, choose: Mapping[str, str], actor: Actor, now: datetime
) -> CustomerMerge:
    turn_to_take_away()
    people = _lock(survivor_id, duplicate_id)
    known = CustomerMerge.objects.filter(duplicate=duplicate_id, survivor=survivor_id, undone_at=None).first()
    if known is not None:
        return known
    survivor, duplicate = _checked(people, survivor_id, duplicate_id)
    refuse_while_imported(traces_of(duplicate))
    merge = CustomerMerge(
        survivor=survivor, duplicate=duplicate, actor=actor.reference, actor_label=actor.label[:160], at=now
    )
    pair = Pair(survivor_id, duplicate_id, merge.code, actor, now)
    choices = _choices(survivor, duplicate, choose)
    counts = {mover.name: mover.count(duplicate_id) for mover in MOVERS.values() if mover.title}
    merge.counts = {name: count for name, count in counts.items() if count}
    merge.before = _write_fields(survivor, duplicate, choices)
    merge.moved = {name: moved for name, mover in MOVERS.items() if (moved := mover.move(pair)) is not None}
    merge.save()
    CustomerFacts.objects.filter(customer=duplicate).update(**NOBODY)
    DuplicatePair.objects.filter(Q(first=duplicate) | Q(second=duplicate)).delete()
    refresh_customers({survivor_id, duplicate_id})
    ensure_due(kind=LATE, by=now + LATE_EVERY)
    events.append(
        CUSTOMER_MERGED, actor=actor, occurred_at=now, customer_id=survivor_id, data={"duplicate": duplicate.code}
    )
    audit.record(
        actor,
        CUSTOMER_MERGED.name,
        subject=f"customer:{survivor.code}",
        data={"merge": merge.code, "duplicate": duplicate.code, "fields": _taken(choices)},
    )
    return merge


def undo_merge(*, code: str, actor: Actor, now: datetime) -> CustomerMerge:
    """Give the duplicate back what moved and is still the survivor's; what happened since stays with the survivor.

    Safe to repeat. Raises NotFound, MergeNotUndoable, and PermissionRefused for people limited to one business.
    """
    actor.check_sees_all()
    found = CustomerMerge.objects.filter(code=code).first()
    if found is None:
        raise NotFound()
    with transaction.atomic():
        people = _lock(found.survivor_id, found.duplicate_id)
        merge = CustomerMerge.objects.get(pk=found.pk)
        if merge.undone_at is not None:
            return merge
        survivor, duplicate = people[merge.survivor_id], people[merge.duplicate_id]
        reason = why_not_undoable(merge, survivor, now)
        if reason:
            raise MergeNotUndoable(reason)
        pair = Pair(survivor.pk, duplicate.pk, merge.code, actor, now)
        for name, mover in MOVERS.items():
            if name in merge.moved:
                mover.undo(pair, merge.moved[name])
        _give_fields_back(merge, survivor, duplicate)
        merge.undone_at, merge.undone_by, merge.undone_by_label = now, actor.reference, actor.label[:160]
        merge.save()
        refresh_customers({survivor.pk, duplicate.pk})
        events.append(
            CUSTOMER_UNMERGED, actor=actor, occurred_at=now, customer_id=duplicate.pk, data={"survivor": survivor.code}
        )
        audit.record(
            actor,
            CUSTOMER_UNMERGED.name,
            subject=f"customer:{survivor.code}",
            data={"merge": merge.code, "duplicate": duplicate.code},
        )
    return merge


@dataclass(frozen=True, slots=True)
class Returning:
    """How much moved then, and how much of it is still there to go back."""

    name: str
    title: str | Promise
    moved: int
    left: int


def preview_undo(merge: CustomerMerge) -> list[Returning]:
    """What `undo_merge` would give back. A query or two for each kind of things."""
    return [
        Returning(name, mover.title, merge.counts.get(name, 0), mover.left(merge.survivor_id, merge.moved[name]))
        for name, mover in MOVERS.items()
        if mover.title and name in merge.moved
    ]


def why_not_undoable(merge: CustomerMerge, survivor: Customer, now: datetime) -> str:
    """A reason of MergeNotUndoable, or ""."""
    if not merge.before or survivor.state == Customer.State.ERASED:
        return "erased"
    if survivor.state == Customer.State.MERGED:
        return "merged_again"
    return "too_late" if merge.at < now - timedelta(days=UNDO_DAYS) else ""


def move_late_arrivals(*, now: datetime) -> datetime | None:
    """Move what was written for a duplicate by something that began before the merge; when to look again."""
    recent = CustomerMerge.objects.filter(at__gte=now - timedelta(days=LATE_DAYS), undone_at=None)
    found = list(recent.values_list("pk", "survivor_id", "duplicate_id"))
    for pk, survivor_id, duplicate_id in found:
        if any(mover.count(duplicate_id) for mover in MOVERS.values() if isinstance(mover, Rows)):
            _move_late(pk, survivor_id, duplicate_id, now)
    return now + LATE_EVERY if found else None


@transaction.atomic
def _move_late(pk: int, survivor_id: int, duplicate_id: int, now: datetime) -> None:
    _lock(survivor_id, duplicate_id)
    merge = CustomerMerge.objects.filter(pk=pk, undone_at=None).first()
    if merge is None:
        return
    actor = Actor(kind="system", id="system", label=merge.actor_label)
    pair = Pair(survivor_id, duplicate_id, merge.code, actor, now)
    late = {name: mover.move(pair) for name, mover in MOVERS.items() if type(mover) is Rows}
    for name, moved in late.items():
        if moved:
            merge.moved[name] = [*merge.moved.get(name, []), *moved]
    merge.save(update_fields=["moved"])
    refresh_customers({survivor_id, duplicate_id})


def _lock(survivor_id: int, duplicate_id: int) -> dict[int, Customer]:
    """Both, locked by key. Accounts come before customers, as a sale locks them."""
    both = sorted((survivor_id, duplicate_id))
    for mover in MOVERS.values():
        mover.lock(both)
    return {one.pk: one for one in Customer.objects.select_for_update().filter(pk__in=both).order_by("pk")}


def _checked(people: Mapping[int, Customer], survivor_id: int, duplicate_id: int) -> tuple[Customer, Customer]:
    if survivor_id == duplicate_id:
        raise InvalidInput(_("Choose two different customers."), field="duplicate_id")
    both = [people.get(survivor_id), people.get(duplicate_id)]
    survivor, duplicate = (one if one and one.state != Customer.State.ERASED else None for one in both)
    if survivor is None or duplicate is None:
        raise NotFound()
    if Customer.State.MERGED in (survivor.state, duplicate.state):
        raise AlreadyMerged()
    return survivor, duplicate


def _choices(survivor: Customer, duplicate: Customer, choose: Mapping[str, str]) -> list[FieldChoice]:
    if unknown := set(choose) - set(FIELDS):
        raise InvalidInput(_("There is no such field."), field=f"choose.{min(unknown)}")
    if any(side not in (SURVIVOR, DUPLICATE) for side in choose.values()):
        raise InvalidInput(_("Choose survivor or duplicate."), field="choose")
    choices = []
    for field, label in FIELDS.items():
        mine, theirs = getattr(survivor, field), getattr(duplicate, field)
        preset = DUPLICATE if theirs and not mine else SURVIVOR
        choices.append(FieldChoice(field, label, mine, theirs, choose.get(field, preset)))
    return choices


def _taken(choices: Sequence[FieldChoice]) -> list[str]:
    return [one.field for one in choices if one.chosen == DUPLICATE and one.duplicate]


def _write_fields(survivor: Customer, duplicate: Customer, choices: Sequence[FieldChoice]) -> dict[str, Any]:
    """Write the chosen values and empty the duplicate; returns what both said before, for undoing."""
    before = {SURVIVOR: _values(survivor), DUPLICATE: _values(duplicate)}
    for one in choices:
        if one.field == "attributes":
            first, second = duplicate.attributes, survivor.attributes  # the second one wins, name by name
            if one.chosen == DUPLICATE:
                first, second = second, first
            survivor.attributes = {**first, **second}
        elif one.chosen == DUPLICATE:
            setattr(survivor, one.field, one.duplicate)
            if one.field == "phone":
                survivor.phone_typed = duplicate.phone_typed
    if duplicate.state == Customer.State.ACTIVE:
        survivor.state = Customer.State.ACTIVE
    for field, value in EMPTY.items():
        setattr(duplicate, field, value)
    duplicate.state, duplicate.merged_into = Customer.State.MERGED, survivor
    duplicate.save(update_fields=[*EMPTY, "state", "merged_into", "updated_at"])
    survivor.save(update_fields=[*EMPTY, "state", "updated_at"])
    return {**before, "written": _values(survivor)}


def _give_fields_back(merge: CustomerMerge, survivor: Customer, duplicate: Customer) -> None:
    """The survivor's own values come back where nobody changed what the merge wrote."""
    written, own, theirs = (merge.before[side] for side in ("written", SURVIVOR, DUPLICATE))
    now = _values(survivor)
    for field in own:
        if written[field] != own[field] and now[field] == written[field]:
            setattr(survivor, field, _value(field, own[field]))
        setattr(duplicate, field, _value(field, theirs[field]))
    duplicate.merged_into = None
    for one in (survivor, duplicate):
        _drop_lost_identifiers(one)
        one.save(update_fields=[*own, "merged_into", "updated_at"])


def _drop_lost_identifiers(customer: Customer) -> None:
    """A number or an address that is another customer's by now, or nobody's, is not shown as theirs."""
    mine = set(Identifier.objects.filter(customer=customer).values_list("kind", "value"))
    for field, kind in IDENTIFYING.items():
        value = getattr(customer, field)
        if value and (str(kind), value) not in mine:
            others = [found for of, found in sorted(mine) if of == kind]
            setattr(customer, field, others[0] if others else "")
            if field == "phone":
                customer.phone_typed = customer.phone


def _values(customer: Customer) -> dict[str, Any]:
    values = {field: getattr(customer, field) for field in (*EMPTY, "state")}
    return {field: value.isoformat() if isinstance(value, date) else value for field, value in values.items()}


def _value(field: str, stored: Any) -> Any:
    return date.fromisoformat(stored) if field == "birthday" and stored else stored


def survivor_of(code: str, actor: Actor) -> Customer | None:
    """Whom the customer with this code was merged into, if the actor may see them. One query."""
    if "\0" in code:
        return None
    merged = Customer.objects.filter(code=code).values("merged_into")
    return Customer.objects.visible_to(actor).known().filter(pk__in=merged).first()


def refuse_merged(code: str, actor: Actor) -> None:
    """Raise CustomerMerged for the code of a duplicate, so that callers find out where it went."""
    survivor = survivor_of(code, actor)
    if survivor is not None:
        raise CustomerMerged(merged_into=survivor.code)
