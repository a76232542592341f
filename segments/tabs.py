"""What every page of one segment shows of it: its tabs, where it is used, what can be done with it."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.permissions import Perm
from core.presentation import format_number
from core.requests import StaffRequest
from customers.words import clock_time, days_ago
from segments.models import Segment
from segments.reports.overview import wholes_of

TABS = {
    "segments:segment": gettext_lazy("Conditions"),
    "segments:people": gettext_lazy("People"),
    "segments:history": gettext_lazy("History"),
}


def about(request: StaffRequest, segment: Segment, current: str) -> dict[str, object]:
    """For the template of a page that belongs to `segment`. One query."""
    may = request.membership.permissions
    wholes = wholes_of(segment)
    list_url = f"{reverse('customers:list')}?segment={segment.code}" if segment.archived_at is None else ""
    return {
        "summary": _summary(request, segment, len(wholes)),
        "wholes": wholes,
        "tabs": [
            {"label": label, "url": reverse(name, args=[segment.code]), "current": name == current}
            for name, label in TABS.items()
        ],
        "list_url": list_url,
        "export_url": f"{reverse('customers:bulk')}?act=export&all=1&segment={segment.code}"
        if list_url and Perm.CUSTOMERS_EXPORT in may
        else "",
        "may_edit": Perm.SEGMENTS_EDIT in may,
    }


def _summary(request: StaffRequest, segment: Segment, uses: int) -> str:
    """How fresh it is, and where it is used."""
    zone, now = request.programme.zone, timezone.now()
    parts = []
    if segment.archived_at is not None:
        day = days_ago(segment.archived_at, now=now, zone=zone)
        parts.append(_("Archived: %(day)s. Who was in it then is in it.") % {"day": day})
    elif segment.counted_at is None:
        parts.append(_("Being counted."))
    else:
        people = ngettext("%(count)s person", "%(count)s people", segment.people)
        at = _("%(day)s, %(time)s") % {
            "day": days_ago(segment.counted_at, now=now, zone=zone),
            "time": clock_time(segment.counted_at, zone),
        }
        counted = _("%(people)s, counted: %(at)s.")
        parts.append(counted % {"people": people % {"count": format_number(segment.people)}, "at": at})
    if uses:
        used = ngettext("Used in %(count)s segment.", "Used in %(count)s segments.", uses)
        parts.append(used % {"count": format_number(uses)})
    return " ".join(parts)


def builder_url(found: Segment | None) -> str:
    """Where the form of a segment is sent; of a new one without it."""
    return reverse("segments:segment", args=[found.code]) if found else reverse("segments:create")
