"""Making the segments that every programme begins with."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.actor import SYSTEM
from segments.actions.segments import create_segment, free_name
from segments.models import Segment
from segments.ready import READY


def make_ready_segments(*, now: datetime) -> int:
    """Those that the programme never had; how many. Archived ones stay archived. Safe to repeat."""
    with transaction.atomic():
        known = set(Segment.objects.exclude(ready="").values_list("ready", flat=True))
        missing = [key for key in READY if key not in known]
        for key in missing:
            rules = {"version": 1, "match": dict(READY[key].match)}
            create_segment(name=free_name(str(READY[key].name)), document=rules, ready=key, actor=SYSTEM, now=now)
    return len(missing)
