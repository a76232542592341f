"""Readers of the event stream that need to see several rooms."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from customers.models import Event
from customers.stream import stream_reader
from screens.actions.points_texts import TEXT_AFTER, text_about_points


@stream_reader("screens.points_texts", delay=TEXT_AFTER)
def follow_points(events: Sequence[Event]) -> None:
    text_about_points(events=events, now=timezone.now())
