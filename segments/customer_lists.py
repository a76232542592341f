"""Segments as the list of customers is narrowed to them: filter, saved view, export and acts on many."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.db.models.functions import Lower

from customers.kept_groups import Keeper, keeps_groups
from segments.models import Segment, SegmentMember

FEW = 1_000


def _groups() -> Sequence[tuple[str, str]]:
    return list(Segment.objects.living().order_by(Lower("name")).values_list("code", "name"))


def _members(code: str) -> QuerySet[SegmentMember, int] | list[int]:
    """By its key, of which the planner knows how many they are; a few by themselves, of which it may not know yet.

    Else a page walks everybody in the order of the list to find them: seven seconds of a million. Two queries at most.
    """
    segment = Segment.objects.filter(code=code).first()
    members = SegmentMember.objects.filter(segment=segment).values_list("customer_id", flat=True)
    return list(members[:FEW]) if segment and segment.people < FEW else members


keeps_groups(Keeper(_groups, _members))
