"""Forgetting people in segments."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, F

from segments.models import Segment, SegmentChange, SegmentChoice, SegmentMember, StaleMember


def forget_in_segments(*, customer_ids: Sequence[int]) -> None:
    """Take erased customers out of every segment and its history, in the caller's transaction. Figures of days stay."""
    members = SegmentMember.objects.filter(customer__in=customer_ids)
    for key, people in members.values_list("segment").annotate(people=Count("pk")).order_by("segment"):
        Segment.objects.filter(pk=key).update(people=F("people") - people)
    members.delete()
    SegmentChange.objects.filter(customer__in=customer_ids).delete()
    SegmentChoice.objects.filter(customer__in=customer_ids).delete()
    StaleMember.objects.filter(pk__in=customer_ids).delete()
