"""Noting what segments must look at again: people about whom something changed, or a segment as a whole."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection, transaction
from django.utils import timezone

from customers.following import Figures
from programs.actions.due_work import ensure_due
from segments import rules
from segments.fields.base import Field
from segments.fields.columns import Column
from segments.fields.registry import FIELDS
from segments.models import Segment

COUNT_DUE = "segments.count"  # the due work that counts what is noted here
MANY = 10_000  # people that are not judged one by one: everybody is
_TABLES = {Figures.SCORES: "scores", Figures.ARCHETYPES: "archetype"}
_KEYS = {
    Figures.RFM: frozenset({"rfm_group", "rfm_recency", "rfm_frequency", "rfm_monetary"}),
    Figures.TAGS: frozenset({"tags"}),
    Figures.REWARDS: frozenset({"points_to_reward"}),
    Figures.REACH: frozenset({"texts", "emails"}),
}


def mark_people(customers: Collection[int]) -> None:
    """These are judged again by every segment, with what the caller's transaction has written.

    A mark that is there already is locked, so that it is not taken before the caller's rows can be seen.
    """
    if not customers:
        return
    if len(customers) > MANY:
        mark_everything()
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO segments_stalemember (customer_id) SELECT DISTINCT unnest(%s::bigint[]) AS customer ORDER BY 1"
            " ON CONFLICT (customer_id) DO UPDATE SET customer_id = EXCLUDED.customer_id",
            [sorted(customers)],
        )
    ensure_due(kind=COUNT_DUE, by=timezone.now())


def mark_segments(keys: Collection[int]) -> None:
    """These judge everybody again."""
    with transaction.atomic():
        locked = Segment.objects.living().filter(pk__in=keys).select_for_update().order_by("pk")
        found = Segment.objects.filter(pk__in=[segment.pk for segment in locked.only("pk")]).update(is_stale=True)
    if found:
        ensure_due(kind=COUNT_DUE, by=timezone.now())


def mark_everything() -> None:
    """Every segment judges everybody again."""
    mark_segments(list(Segment.objects.living().values_list("pk", flat=True)))


def mark_asking(figures: Figures) -> None:
    """Segments that ask about these figures judge everybody again."""
    mark_segments([pk for pk, document in _documents() if _asks(document, figures)])


def follow_part(segment: Segment, customers: Collection[int]) -> None:
    """Who came into a segment or left it is judged again by those that ask about it."""
    wholes = list(segment.wholes.values_list("segment", flat=True)) if customers else []
    if len(customers) > MANY:
        mark_segments(wholes)
    elif wholes:
        mark_people(customers)


def _documents() -> list[tuple[int, object]]:
    return list(Segment.objects.living().filter(rules__isnull=False).values_list("pk", "rules"))


def _asks(document: object, figures: Figures) -> bool:
    return any(_is_about(FIELDS.get(one.field), figures) for _path, one in rules.conditions(rules.read(document)))


def _is_about(field: Field | None, figures: Figures) -> bool:
    if field is None:  # of the programme's own, or an event
        return False
    if figures is Figures.PRODUCTS:
        return any("customers_product" in one.table for one in field.source.properties.values())
    if figures in _TABLES:
        return isinstance(field.source, Column) and field.source.table == _TABLES[figures]
    return field.key in _KEYS[figures]
