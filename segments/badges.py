"""How many segments there are, at their link in the navigation."""

from __future__ import annotations

from django.utils.translation import ngettext

from core.actor import Actor
from core.navigation import Badge, badge_of
from core.presentation import format_number
from segments.models import Segment


@badge_of("segments:list")
def segments(actor: Actor) -> Badge | None:
    count = Segment.objects.living().count()
    shown = format_number(count)
    words = ngettext("%(count)s segment", "%(count)s segments", count) % {"count": shown}
    return Badge(shown, words, is_quiet=True) if count else None
