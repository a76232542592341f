"""Who is in a segment and why they are, by hand or by its rules; and who came and left."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.codes import typed_code
from core.errors import InvalidInput, NotFound
from core.keyset import count_up_to_cap, with_query
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.models import Customer
from customers.views import scope_of
from segments.actions.segments import choose_people, get_segment
from segments.finding import people_found
from segments.forms import HistoryForm
from segments.models import SegmentMember
from segments.reports.people import change_page, changes_of, choice_page, movement_chart, people_page
from segments.tabs import about

PEOPLE, HISTORY = "segment-people", "segment-history-rows"
CHOICES: Mapping[str, bool | None] = {"in": True, "out": False, "rules": None}


@require_safe
@requires(Perm.SEGMENTS_VIEW)
def people(request: StaffRequest, code: str) -> HttpResponse:
    """Those who are in it; with `show=hand` whom staff put in or took out; with `q` anybody, to put them in."""
    request.actor.check_sees_all()
    segment, scope = get_segment(code), scope_of(request)
    is_by_hand = request.GET.get("show") == "hand"
    cursor, words = request.GET.get("cursor", ""), request.GET.get("q", "").strip()
    rows = choice_page(segment, scope, cursor=cursor) if is_by_hand else people_page(segment, scope, cursor=cursor)
    members = SegmentMember.objects.filter(segment=segment)
    by_hand = segment.choices.count()
    context = {
        "segment": segment,
        "rows": rows,
        "is_by_hand": is_by_hand,
        "by_hand": by_hand,
        "count": by_hand if is_by_hand else count_up_to_cap(members),
        "links": rows.links(request.GET),
        "words": words,
        "found": people_found(words, segment, scope) if words else None,
        "may_choose": Perm.SEGMENTS_EDIT in request.membership.permissions and segment.archived_at is None,
        "all_url": with_query(request.GET, show=None),
        "hand_url": with_query(request.GET, show="hand"),
        **about(request, segment, "segments:people"),
    }
    return page(request, "segments/segment_people.html", context, partials={PEOPLE})


@require_POST
@requires(Perm.SEGMENTS_EDIT)
def choose(request: StaffRequest, code: str) -> HttpResponse:
    """Put somebody in, take them out, or leave them to the rules again."""
    request.actor.check_sees_all()
    choice = request.POST.get("choice", "")
    named = typed_code(request.POST.get("customer", ""))
    customer = Customer.objects.visible_to(request.actor).known().filter(code=named).first()
    if customer is None or choice not in CHOICES:
        raise NotFound
    is_in = CHOICES[choice]
    if is_in is not None and customer.state != Customer.State.ACTIVE:
        raise InvalidInput(_("Only active customers can be in a segment."), field="customer")
    choose_people(code=code, customers=[customer.pk], is_in=is_in, actor=request.actor, now=timezone.now())
    texts = {True: _("Put in."), False: _("Taken out."), None: _("Left to the rules again.")}
    messages.success(request, texts[is_in])
    query = with_query(request.GET) if request.GET else ""
    return done(request, reverse("segments:people", args=[code]) + query)


@require_safe
@requires(Perm.SEGMENTS_VIEW)
def history(request: StaffRequest, code: str) -> HttpResponse:
    request.actor.check_sees_all()
    segment, scope = get_segment(code), scope_of(request)
    form = HistoryForm(request.GET)
    changes = changes_of(segment, zone=scope.zone, **form.filters())
    rows = change_page(changes, scope, cursor=request.GET.get("cursor", ""))
    context = {
        "segment": segment,
        "form": form,
        "rows": rows,
        "count": count_up_to_cap(changes),
        "links": rows.links(request.GET),
        "is_narrowed": bool(form.given),
        "chart": movement_chart(segment, now=scope.now, zone=scope.zone),
        **about(request, segment, "segments:history"),
    }
    return page(request, "segments/segment_history.html", context, partials={HISTORY})
