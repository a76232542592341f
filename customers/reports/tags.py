"""Tags as their page and the list show them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models.functions import Lower

from core.keyset import COUNT_CAP, Count
from customers.models import CustomerTag, Tag

# Each count is a short walk along the index by tag, however many customers have it.
_COUNTS = """
    SELECT tag.id, marked.customers FROM customers_tag AS tag CROSS JOIN LATERAL (
        SELECT count(*) AS customers FROM (
            SELECT FROM customers_customertag AS one WHERE one.tag_id = tag.id LIMIT %s
        ) AS marks
    ) AS marked WHERE NOT tag.is_going
"""


@dataclass(frozen=True, slots=True)
class TagFigures:
    tag: Tag
    customers: Count


def tags_with_counts() -> list[TagFigures]:
    """Every tag by name, with how many customers have it, up to a cap. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [COUNT_CAP + 1])
        counts = dict(cursor.fetchall())
    found = []
    for tag in Tag.objects.in_use():
        count = counts.get(tag.pk, 0)
        found.append(TagFigures(tag, Count(COUNT_CAP, True) if count > COUNT_CAP else Count(count)))
    return found


def tags_of(customers: Collection[int]) -> Mapping[int, Sequence[Tag]]:
    """The tags of each of these customers, by name. One query."""
    rows = CustomerTag.objects.filter(customer_id__in=customers, tag__is_going=False).select_related("tag")
    found: dict[int, list[Tag]] = {}
    for row in rows.order_by(Lower("tag__name")):
        found.setdefault(row.customer_id, []).append(row.tag)
    return found
