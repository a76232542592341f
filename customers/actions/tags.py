"""Marking customers with tags, and looking after the tags themselves.

Marking appends an event for each customer and tag. Renaming, merging and deleting a tag append none: the word changed,
not the people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import cast

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import DomainError, InvalidInput, NotFound
from customers.actions import events
from customers.events import TAG_ADDED, TAG_REMOVED
from customers.following import Figures, tell_followers
from customers.models import Customer, CustomerTag, Tag
from customers.texts import clean_line
from workspace.actions import audit
from workspace.actions.jobs import JobRun, start_job

MAX_TAGS = 500  # of a programme
MAX_TAGS_OF_CUSTOMER = 50
MAX_NAME_LENGTH = 40
AT_ONCE = 5000  # customers of a tag that goes while the person waits; more of them are a job
EMPTY_TAG = "customers.tag.empty"  # the job


class TagTaken(DomainError):
    """Another tag has this name; `tag` is its code. Merge the two."""

    code = "tag_taken"
    message = _("There is a tag of this name. Merge the two instead.")


def tag_name(text: str) -> str:
    """Raises InvalidInput for what no tag can be called."""
    name = clean_line(text, MAX_NAME_LENGTH, field="name")
    if not name or "," in name:
        raise InvalidInput(_("A tag is a word or a few, without a comma."), field="name")
    return name


def create_tag(*, name: str, tone: str = Tag.Tone.GREY, actor: Actor, now: datetime) -> Tag:
    """Raises InvalidInput, TagTaken."""
    name = tag_name(name)
    with transaction.atomic():
        _lock_tags()
        taken = Tag.objects.in_use().named(name)
        if taken is not None:
            raise TagTaken(field="name", tag=taken.code)
        return _create(name, tone, actor, now)


def find_or_create_tags(names: Iterable[str], *, actor: Actor, now: datetime) -> list[Tag]:
    """The tags of these names, whatever their capitals, made where there are none. Raises InvalidInput."""
    wanted: dict[str, str] = {}
    for name in map(tag_name, names):
        wanted.setdefault(name.lower(), name)
    with transaction.atomic():
        found = _known(wanted)
        if len(found) < len(wanted):
            _lock_tags()
            found = _known(wanted)
        return [found.get(key) or _create(name, Tag.Tone.GREY, actor, now) for key, name in wanted.items()]


def _known(wanted: Collection[str]) -> dict[str, Tag]:
    return {tag.name.lower(): tag for tag in Tag.objects.in_use() if tag.name.lower() in wanted}


def _create(name: str, tone: str, actor: Actor, now: datetime) -> Tag:
    if tone not in Tag.Tone.values:
        raise InvalidInput(_("There is no such colour."), field="tone")
    if Tag.objects.in_use().count() >= MAX_TAGS:
        raise InvalidInput(_("There are 500 tags. Merge or delete some that nobody needs."), field="name")
    tag = Tag.objects.create(name=name, tone=tone, created_at=now)
    audit.record(actor, "customers.tag.created", subject=f"tag:{tag.code}", data={"name": name})
    return tag


def _lock_tags() -> None:
    """One maker of tags at a time: two that ask for the same name get the same tag."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE customers_tag IN SHARE ROW EXCLUSIVE MODE")


def change_tag(*, code: str, name: str, tone: str, actor: Actor) -> Tag:
    """Raises NotFound, InvalidInput, TagTaken, and PermissionRefused for people limited to one business."""
    actor.check_sees_all()
    name = tag_name(name)
    if tone not in Tag.Tone.values:
        raise InvalidInput(_("There is no such colour."), field="tone")
    with transaction.atomic():
        _lock_tags()
        tag = get_tag(code)
        taken = Tag.objects.in_use().exclude(pk=tag.pk).named(name)
        if taken is not None:
            raise TagTaken(field="name", tag=taken.code)
        changes = {
            field: {"before": before, "after": after}
            for field, before, after in (("name", tag.name, name), ("tone", tag.tone, tone))
            if before != after
        }
        if changes:
            tag.name, tag.tone = name, tone
            tag.save(update_fields=["name", "tone"])
            audit.record(actor, "customers.tag.changed", subject=f"tag:{tag.code}", data={"changes": changes})
    return tag


def merge_tags(*, code: str, into: str, actor: Actor, now: datetime) -> None:
    """Give the customers of one tag another one in its place; many of them by a job. Raises NotFound, InvalidInput."""
    actor.check_sees_all()
    with transaction.atomic():
        tag, target = _locked(code), get_tag(into)
        if tag.pk == target.pk:
            raise InvalidInput(_("Choose another tag."), field="into")
        audit.record(
            actor, "customers.tag.merged", subject=f"tag:{target.code}", data={"name": tag.name, "into": target.name}
        )
        _let_go(tag, target, actor=actor, now=now)


def delete_tag(*, code: str, actor: Actor, now: datetime) -> None:
    """Take a tag from everybody; from many by a job. Raises NotFound."""
    actor.check_sees_all()
    with transaction.atomic():
        tag = _locked(code)
        audit.record(actor, "customers.tag.deleted", subject=f"tag:{tag.code}", data={"name": tag.name})
        _let_go(tag, None, actor=actor, now=now)


def _let_go(tag: Tag, target: Tag | None, *, actor: Actor, now: datetime) -> None:
    Tag.objects.filter(pk=tag.pk).update(is_going=True)
    if tag.customer_tags.all()[: AT_ONCE + 1].count() > AT_ONCE:
        params = {"tag": tag.pk, "into": target.pk if target else None}
        start_job(kind=EMPTY_TAG, key=tag.code, actor=actor, now=now, params=params)
        return
    _empty(tag.pk, target.pk if target else None, AT_ONCE)
    tell_followers(Figures.TAGS)
    Tag.objects.filter(pk=tag.pk).delete()


def empty_tag(run: JobRun) -> dict[str, object]:
    """The job: in chunks that commit, so that a second run goes on where the first one ended."""
    tag, into = cast("int", run.params["tag"]), cast("int | None", run.params["into"])
    total, done = CustomerTag.objects.filter(tag_id=tag).count(), 0
    while moved := _empty(tag, into, AT_ONCE):
        done += moved
        run.report(min(done, total), total)
    Tag.objects.filter(pk=tag, is_going=True).delete()
    tell_followers(Figures.TAGS)
    return {"customers": done}


# A row of the other tag that is there already stays as it is.
_MOVE = """
WITH going AS (
    DELETE FROM customers_customertag WHERE id IN (
        SELECT id FROM customers_customertag WHERE tag_id = %(tag)s ORDER BY customer_id LIMIT %(most)s
    ) RETURNING customer_id, added_at, actor
), moved AS (
    INSERT INTO customers_customertag (customer_id, tag_id, added_at, actor)
    SELECT customer_id, %(into)s::bigint, added_at, actor FROM going
    WHERE %(into)s::bigint IS NOT NULL ORDER BY customer_id
    ON CONFLICT (customer_id, tag_id) DO NOTHING
)
SELECT count(*) FROM going
"""


def _empty(tag: int, into: int | None, most: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, {"tag": tag, "into": into, "most": most})
        return int(cursor.fetchone()[0])


# -- customers --------------------------------------------------------------------------------------------------------


def tag_customer(*, customer_id: int, names: Iterable[str], actor: Actor, now: datetime) -> list[Tag]:
    """Mark a customer with these words; those that are no tags yet become some. Safe to repeat: returns the new ones.

    Raises InvalidInput, and NotFound for one who is gone or erased.
    """
    with transaction.atomic():
        customer = _lock_customer(customer_id)
        tags = find_or_create_tags(names, actor=actor, now=now)
        return _add(customer, tags, actor=actor, now=now)


def untag_customer(*, customer_id: int, tags: Collection[Tag], actor: Actor, now: datetime) -> None:
    """Take tags from a customer. Safe to repeat. Raises NotFound."""
    with transaction.atomic():
        _remove(_lock_customer(customer_id), tags, actor=actor, now=now)


def set_tags(*, customer_id: int, names: Iterable[str], actor: Actor, now: datetime) -> None:
    """Exactly these tags and no others. Raises InvalidInput, NotFound."""
    with transaction.atomic():
        customer = _lock_customer(customer_id)
        wanted = find_or_create_tags(names, actor=actor, now=now)
        had = Tag.objects.in_use().filter(customer_tags__customer=customer)
        _remove(customer, [tag for tag in had if tag not in wanted], actor=actor, now=now)
        _add(customer, wanted, actor=actor, now=now)


def _lock_customer(customer_id: int) -> Customer:
    found = Customer.objects.select_for_update().known().filter(pk=customer_id).first()
    if found is None:
        raise NotFound()
    return found


def _add(customer: Customer, tags: Collection[Tag], *, actor: Actor, now: datetime) -> list[Tag]:
    had = set(CustomerTag.objects.filter(customer=customer, tag__is_going=False).values_list("tag_id", flat=True))
    new = [tag for tag in tags if tag.pk not in had]
    if len(had) + len(new) > MAX_TAGS_OF_CUSTOMER:
        raise InvalidInput(_("A customer may have up to 50 tags."), field="name")
    CustomerTag.objects.bulk_create(
        CustomerTag(customer=customer, tag=tag, added_at=now, actor=actor.reference) for tag in new
    )
    _record(TAG_ADDED.name, customer, new, actor=actor, now=now)
    return new


def _remove(customer: Customer, tags: Collection[Tag], *, actor: Actor, now: datetime) -> None:
    had = CustomerTag.objects.filter(customer=customer, tag__in=tags)
    gone = [row.tag for row in had.select_related("tag")]
    had.delete()
    _record(TAG_REMOVED.name, customer, gone, actor=actor, now=now)


def _record(name: str, customer: Customer, tags: Collection[Tag], *, actor: Actor, now: datetime) -> None:
    if not tags:
        return
    kind = TAG_ADDED if name == TAG_ADDED.name else TAG_REMOVED
    for tag in tags:
        events.append(
            kind,
            actor=actor,
            occurred_at=now,
            customer_id=customer.pk,
            business_id=actor.business_id,
            data={"tag": tag.code, "tag_name": tag.name},
        )
    words = {"tags": [tag.name for tag in tags]}
    if kind is TAG_ADDED:
        audit.record(actor, "customers.customer.tagged", subject=f"customer:{customer.code}", data=words)
    else:
        audit.record(actor, "customers.customer.untagged", subject=f"customer:{customer.code}", data=words)


def get_tag(code: str) -> Tag:
    """Raises NotFound, also for one that is going."""
    found: Tag | None = Tag.objects.in_use().filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


def _locked(code: str) -> Tag:
    found: Tag | None = Tag.objects.in_use().select_for_update().filter(code=code).first()
    if found is None:
        raise NotFound()
    return found
