"""Segments as a list, and what is done with a whole one: another like it, the archive and back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.keyset import count_up_to_cap, with_query
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from segments.actions.segments import archive_segment, duplicate_segment, get_segment, restore_segment
from segments.fields.registry import fields_of_programme
from segments.made_once import made_once
from segments.models import Segment
from segments.reports.overview import CHANGE_DAYS, found, segment_page, wholes_of

ROWS = "segments-rows"


@require_safe
@requires(Perm.SEGMENTS_VIEW)
def listed(request: StaffRequest) -> HttpResponse:
    request.actor.check_sees_all()
    words, is_archived = request.GET.get("q", "").replace("\x00", "")[:80], request.GET.get("show") == "archived"
    programme, may_edit = request.programme, Perm.SEGMENTS_EDIT in request.membership.permissions
    rows = segment_page(
        words=words,
        is_archived=is_archived,
        fields=fields_of_programme(),
        currency=programme.currency,
        zone=programme.zone,
        now=timezone.now(),
        cursor=request.GET.get("cursor", ""),
    )
    archived = Segment.objects.filter(archived_at__isnull=False).count()
    context = {
        "rows": rows,
        "count": count_up_to_cap(found(words, is_archived=is_archived)),
        "links": rows.links(request.GET),
        "words": words,
        "is_archived": is_archived,
        "days": CHANGE_DAYS,
        "create_url": reverse("segments:create") if may_edit else "",
        "may_edit": may_edit,
        "tabs": [
            {"label": _("In use"), "url": with_query(request.GET, show=None), "current": not is_archived},
            {"label": _("Archived"), "url": with_query(request.GET, show="archived"), "current": is_archived,
             "count": archived},
        ] if archived or is_archived else [],
    }  # fmt: skip
    return page(request, "segments/segment_list.html", context, partials={ROWS})


@require_POST
@requires(Perm.SEGMENTS_EDIT)
def duplicate(request: StaffRequest, code: str) -> HttpResponse:
    segment = made_once(
        request, "duplicate", code, lambda: duplicate_segment(code=code, actor=request.actor, now=timezone.now())
    )
    messages.success(request, _("This is the copy. Give it a name of its own."))
    return done(request, reverse("segments:segment", args=[segment.code]))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.SEGMENTS_EDIT)
def archive(request: StaffRequest, code: str) -> HttpResponse:
    """Ask first, naming where it is used."""
    request.actor.check_sees_all()
    if request.method != "POST":
        segment = get_segment(code)
        context = {"segment": segment, "wholes": wholes_of(segment), "is_page": True}
        return page(request, "segments/segment_archive.html", context)
    segment = archive_segment(code=code, actor=request.actor, now=timezone.now())
    messages.success(request, _("“%(name)s” is archived. It can be brought back.") % {"name": segment.name})
    return done(request, reverse("segments:list"))


@require_POST
@requires(Perm.SEGMENTS_EDIT)
def restore(request: StaffRequest, code: str) -> HttpResponse:
    segment = restore_segment(code=code, actor=request.actor, now=timezone.now())
    messages.success(request, _("“%(name)s” is back, and being counted.") % {"name": segment.name})
    return done(request, reverse("segments:segment", args=[segment.code]))
