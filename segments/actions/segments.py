"""Making segments and changing what they say. Whoever changes rules or members sees them counted at once, or soon."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import DomainError, InvalidInput, NotFound
from core.tenancy import active_schema
from customers.actions.turns import turn_to_compute
from customers.models import Customer
from customers.texts import clean_line
from programs.actions.due_work import ensure_due
from segments import rules
from segments.actions.counting import Counting
from segments.actions.marks import COUNT_DUE
from segments.compiler import check
from segments.fields.registry import fields_of_programme
from segments.models import Segment, SegmentChoice, SegmentPart
from workspace.actions import audit

MAX_SEGMENTS = 500  # of a programme, archived ones apart
MAX_CHOSEN = 10_000  # people in one call, and by hand in one segment
PART_FIELD = "in_segment"  # the field whose values are codes of segments


class SegmentInUse(DomainError):
    """Another segment asks who is in this one; `segments` are their names."""

    code = "segment_in_use"
    message = _("Other segments ask who is in this one. Change them first.")


class SegmentChanged(DomainError):
    code = "segment_changed"
    message = _("This segment was changed meanwhile.")


class SegmentBroken(DomainError):
    code = "segment_broken"
    message = _("The rules ask about something that is gone. Change them first.")


class SegmentsFull(DomainError):
    code = "segments_full"
    message = _("There are 500 segments. Archive one that nobody needs.")


def get_segment(code: str) -> Segment:
    """Raises NotFound."""
    found = Segment.objects.filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


def create_segment(*, name: str, document: object, actor: Actor, now: datetime, ready: str = "") -> Segment:
    """`document` is a tree of `segments.rules` as JSON, or None for one that is filled by hand alone.

    Raises InvalidInput (name), Refused (tree), SegmentsFull, PermissionRefused.
    """
    actor.check_sees_all()
    tree = read_tree(document)
    with transaction.atomic():
        lock_segments()
        _check_room()
        segment = Segment(
            name=_clean_name(name), rules=_written(tree), rules_at=now, ready=ready, created_at=now,
            created_by=actor.label[:160],
        )  # fmt: skip
        segment.save()
        _set_parts(segment, tree)
        _record(actor, "created", segment, {"rules": segment.rules})
        ensure_due(kind=COUNT_DUE, by=now)
    return segment


def change_segment(*, code: str, name: str, document: object, actor: Actor, now: datetime, seen: str = "") -> Segment:
    """Give a segment this name and these rules; counted anew where they are others.

    `seen` is its version that the change was made of. Raises SegmentChanged where it is another one by now and says
    something else, and as `create_segment` does.
    """
    actor.check_sees_all()
    tree = None if document is None else rules.read(document)
    with transaction.atomic():
        segment = _of(code, lock_segments())
        before, version = {"name": segment.name, "rules": segment.rules}, segment.version
        segment.name = _clean_name(name, of=segment)
        segment.rules = _written(tree)
        changed = [key for key in before if before[key] != getattr(segment, key)]
        if not changed:
            return segment
        if seen and seen != version:
            raise SegmentChanged
        if "rules" in changed:
            _check(tree)
            segment.rules_at, segment.is_stale = now, True
            _set_parts(segment, tree)
            ensure_due(kind=COUNT_DUE, by=now)
        segment.save()
        _record(actor, "changed", segment, {"before": before, "changed": changed, "rules": segment.rules})
    return segment


def duplicate_segment(*, code: str, actor: Actor, now: datetime) -> Segment:
    """Another one with the same rules, and the same people put in and taken out by hand."""
    actor.check_sees_all()
    with transaction.atomic():
        like = _of(code, lock_segments())
        segment = create_segment(name=free_name(like.name), document=like.rules, actor=actor, now=now)
        choices = [
            SegmentChoice(
                segment=segment, customer_id=customer, is_in=is_in, actor=actor.reference,
                actor_label=actor.label[:160], at=now,
            )
            for customer, is_in in like.choices.values_list("customer", "is_in")
        ]  # fmt: skip
        SegmentChoice.objects.bulk_create(choices)
    return segment


def archive_segment(*, code: str, actor: Actor, now: datetime) -> Segment:
    """Stop keeping it; who is in it stays. Raises SegmentInUse, NotFound."""
    actor.check_sees_all()
    with transaction.atomic():
        segment = _of(code, lock_segments())
        if segment.archived_at is None:
            wholes = list(Segment.objects.living().filter(parts__part=segment).order_by("name").values("code", "name"))
            if wholes:
                raise SegmentInUse(segments=wholes)
            segment.archived_at = now
            segment.save(update_fields=["archived_at"])
            _record(actor, "archived", segment)
    return segment


def restore_segment(*, code: str, actor: Actor, now: datetime) -> Segment:
    """Keep it again, from now on; rules that ask about what is gone can be changed then.

    Raises InvalidInput where another one has its name, Refused where a segment that it asks about is archived.
    """
    actor.check_sees_all()
    with transaction.atomic():
        segment = _of(code, lock_segments())
        if segment.archived_at is not None:
            _check_room()
            segment.name = _clean_name(segment.name, of=segment)
            segment.archived_at, segment.is_stale = None, True
            segment.save()
            _set_parts(segment, None if segment.rules is None else rules.read(segment.rules))
            _record(actor, "restored", segment)
            ensure_due(kind=COUNT_DUE, by=now)
    return segment


def choose_people(*, code: str, customers: Collection[int], is_in: bool | None, actor: Actor, now: datetime) -> Segment:
    """Put these people in, take them out, or (None) leave them to the rules again. Survives every count.

    Raises NotFound, SegmentBroken, InvalidInput for more than MAX_CHOSEN. Who is archived or no customer any more is
    passed over, but can be left to the rules.
    """
    actor.check_sees_all()
    if len(customers) > MAX_CHOSEN:
        raise InvalidInput(_("At most 10,000 people at once."), field="customers")
    with transaction.atomic():
        turn_to_compute()
        segment = Segment.objects.select_for_update().filter(code=code).first()
        if segment is None:
            raise NotFound()
        if segment.archived_at is not None:
            raise InvalidInput(_("This segment is archived. Restore it first."), field="customers")
        people = Customer.objects.filter(pk__in=customers)
        if is_in is not None:
            people = people.filter(state=Customer.State.ACTIVE)
        known = list(people.order_by("pk").values_list("pk", "code"))
        ids = [pk for pk, _code in known]
        if is_in is None:
            segment.choices.filter(customer__in=ids).delete()
        else:
            _choose(segment, ids, is_in=is_in, actor=actor, now=now)
        Counting.at(now).count_chosen(segment, ids)
        if segment.is_broken:  # who was in it stays, and nobody else comes
            raise SegmentBroken
        word = {True: "added", False: "removed", None: "left_to_rules"}[is_in]
        _record(actor, f"people_{word}", segment, {"customers": [code for _pk, code in known][:100], "count": len(ids)})
    return segment


def _choose(segment: Segment, ids: list[int], *, is_in: bool, actor: Actor, now: datetime) -> None:
    if segment.choices.exclude(customer__in=ids).count() + len(ids) > MAX_CHOSEN:
        raise InvalidInput(_("At most 10,000 people are in or out of a segment by hand."), field="customers")
    rows = [
        SegmentChoice(
            segment=segment, customer_id=pk, is_in=is_in, actor=actor.reference, actor_label=actor.label[:160], at=now
        )
        for pk in ids
    ]
    SegmentChoice.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["segment", "customer"],
        update_fields=["is_in", "actor", "actor_label", "at"],
    )


def read_tree(document: object) -> rules.Rules | None:
    """The tree of a JSON document, fit for the active programme. Raises Refused."""
    if document is None:
        return None
    tree = rules.read(document)
    _check(tree)
    return tree


def _check(tree: rules.Rules | None) -> None:
    if tree is not None:
        check(tree, fields_of_programme())


def parts_of(tree: rules.Rules) -> dict[str, str]:
    """Codes of the segments that a tree asks about, each with the path where it does first."""
    found: dict[str, str] = {}
    for path, one in rules.conditions(tree):
        if one.field == PART_FIELD and isinstance(one.value, list):
            for code in one.value:
                found.setdefault(str(code), f"{path}.value")
    return found


def _set_parts(segment: Segment, tree: rules.Rules | None) -> None:
    """Write down which segments it asks about. Raises Refused for one that is not there or asks about this one."""
    asked = parts_of(tree) if tree else {}
    by_code = {one.code: one for one in Segment.objects.all()}
    problems = []
    parts: dict[int, set[int]] = {}
    for whole, inner in SegmentPart.objects.exclude(segment=segment).values_list("segment", "part"):
        parts.setdefault(whole, set()).add(inner)
    for code, path in asked.items():
        part = by_code.get(code)
        if part is None or part.archived_at is not None:
            archived = _("It asks about “%(name)s”, which is archived.")
            message = archived % {"name": part.name} if part else str(_("There is no such segment."))
            problems.append(rules.Problem(path, "unknown_segment", message))
        elif segment.pk in _within(part.pk, parts):
            message = _("“%(name)s” asks about this segment: it cannot ask about that one.") % {"name": part.name}
            problems.append(rules.Problem(path, "circle", message))
    if problems:
        raise rules.Refused(*problems)
    SegmentPart.objects.filter(segment=segment).delete()
    SegmentPart.objects.bulk_create(SegmentPart(segment=segment, part=by_code[code]) for code in asked)


def _within(segment: int, parts: dict[int, set[int]]) -> set[int]:
    """The segment and everything that it is made of."""
    found, open_ones = set(), [segment]
    while open_ones:
        one = open_ones.pop()
        if one not in found:
            found.add(one)
            open_ones.extend(parts.get(one, ()))
    return found


def lock_segments() -> Mapping[str, Segment]:
    """Every segment by its code, locked in the order of keys, as by everybody who locks more than one.

    Without it two people who make each segment a part of the other at once would make a circle that neither sees.
    """
    with connection.cursor() as cursor:  # where there is no segment yet, nothing else would be locked
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"segments:{active_schema()}"])
    return {one.code: one for one in Segment.objects.select_for_update().order_by("pk")}


def _of(code: str, segments: Mapping[str, Segment]) -> Segment:
    if code not in segments:
        raise NotFound()
    return segments[code]


def _check_room() -> None:
    if Segment.objects.living().count() >= MAX_SEGMENTS:
        raise SegmentsFull()


def _clean_name(text: str, *, of: Segment | None = None) -> str:
    name = clean_line(text, 80, field="name")
    if not name:
        raise InvalidInput(_("Give the segment a name."), field="name")
    others = Segment.objects.living().filter(name__iexact=name)
    if of is not None:
        others = others.exclude(pk=of.pk)
    if others.exists():
        raise InvalidInput(_("Another segment has this name."), field="name")
    return name


def free_name(name: str) -> str:
    """The name, or with a number where another segment has it."""
    taken = {one.lower() for one in Segment.objects.living().values_list("name", flat=True)}
    if name.lower() not in taken:
        return name
    for number in range(2, MAX_SEGMENTS + 3):
        free = f"{name[:74]} ({number})"
        if free.lower() not in taken:
            return free
    raise AssertionError("more names than segments")


def _written(tree: rules.Rules | None) -> dict[str, Any] | None:
    return rules.written(tree) if tree else None


def _record(actor: Actor, act: str, segment: Segment, data: dict[str, Any] | None = None) -> None:
    audit.record(
        actor, f"segments.segment.{act}", subject=f"segment:{segment.code}", data={"name": segment.name, **(data or {})}
    )
