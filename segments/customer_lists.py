"""Segments as the list of customers is narrowed to them: filter, saved view, export and acts on many."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.db.models.functions import Lower

from customers.kept_groups import Keeper, keeps_groups
from segments.models import Segment, SegmentMember


def _groups() -> Sequence[tuple[str, str]]:
    return list(Segment.objects.living().order_by(Lower("name")).values_list("code", "name"))


def _members(code: str) -> QuerySet[SegmentMember, int]:
    return SegmentMember.objects.filter(segment__code=code).values_list("customer_id", flat=True)


keeps_groups(Keeper(_groups, _members))
