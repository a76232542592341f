"""The builder of a segment: one plain form, sent to its own page whatever is done, and saved when that is asked.

Every button says in `do` what it does; htmx sends the same and gets the rows alone. Counting is a request of its own.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from core.codes import public_code
from core.errors import InvalidInput, PermissionRefused
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from segments.actions.living import count_at_once
from segments.actions.requests import SegmentArchived
from segments.actions.segments import SegmentChanged, change_segment, create_segment, get_segment
from segments.builder_words import MOVES
from segments.fields.registry import fields_of_programme
from segments.form import Draft, fields_of, opened
from segments.judging import Judged
from segments.made_once import made_once
from segments.models import Segment
from segments.panel import Panel, panel_of
from segments.ready import READY
from segments.reports.overview import sentences, tree_of
from segments.rows import Builder, field_groups
from segments.rules import Problem, Refused, pruned, written
from segments.shown import CLOSED
from segments.statement import Moment
from segments.tabs import about, builder_url
from segments.work import Work, begun, fill, going_on, seed_of

ROWS = "segment-rows"
ICONS = {
    "grip-vertical",
    "funnel",
    "x",
    "trash",
    "plus",
    "group",
    *(icon for _words, icon in MOVES.values()),
}  # of rows
EMPTY: Draft = {"version": 1, "match": {"type": "all", "of": []}}
_CHANGED = Problem(
    "",
    "changed",
    gettext_noop(
        "This segment was changed after you opened this page. Look at it in another tab first: saving once more"
        " replaces what is there now."
    ),
)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.SEGMENTS_EDIT)
def create(request: StaffRequest) -> HttpResponse:
    request.actor.check_sees_all()
    if request.method == "POST":
        return _built(request, going_on(request.POST))
    fields, ready = fields_of_programme(), READY.get(request.GET.get("ready", ""))
    start = {"version": 1, "match": dict(ready.match)} if ready else EMPTY
    return _shown(request, begun(fields, opened(start, fields)))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.SEGMENTS_VIEW)
def segment(request: StaffRequest, code: str) -> HttpResponse:
    """The builder; for people who may only look, and of what is archived, what it says."""
    request.actor.check_sees_all()
    found = get_segment(code)
    may_edit = Perm.SEGMENTS_EDIT in request.membership.permissions
    if request.method == "POST":
        if not may_edit:
            raise PermissionRefused(_("Ask an owner, a manager or a marketer to do this."))
        if found.archived_at is not None:
            raise SegmentArchived
        return _built(request, going_on(request.POST), found)
    fields = fields_of_programme()
    work = begun(fields, opened(_document(found), fields), found)
    is_open = may_edit and found.archived_at is None
    return _shown(request, work, found) if is_open else told(request, work, found)


def _document(found: Segment) -> Draft:
    tree = tree_of(found)
    return written(tree) if tree else EMPTY


def _built(request: StaffRequest, work: Work, found: Segment | None = None) -> HttpResponse:
    do = request.POST.get("do", "")
    if do == "save":
        return _saved(request, work, found)
    if do == "fill":
        fill(work, Moment(timezone.now(), request.programme.zone))
    if do != "count" and "others" not in request.POST:
        return _shown(request, work, found)
    panel = panel_of(work.judged(), work.fields, request, found, seed=seed_of(request.POST))
    return _shown(request, work, found, panel=panel)


def _saved(request: StaffRequest, work: Work, found: Segment | None) -> HttpResponse:
    judged = work.judged()
    if not judged.is_finished:
        return _shown(request, work, found, judged=judged, is_saving=True)
    assert judged.rules is not None
    # Without a condition it is filled by hand alone.
    document = None if pruned(judged.rules.match) is None else written(judged.rules)
    actor, now = request.actor, timezone.now()
    try:
        if found is None:
            saved = made_once(
                request,
                "create",
                [work.name, document],
                lambda: create_segment(name=work.name, document=document, actor=actor, now=now),
            )
        else:
            saved = change_segment(
                code=found.code, name=work.name, document=document, actor=actor, now=now, seen=work.seen
            )
    except InvalidInput as error:
        return _shown(request, work, found, is_saving=True, name_problem=str(error.message))
    except SegmentChanged:
        assert found is not None
        work.seen = found.version  # whoever saves once more means it
        return _shown(request, work, found, judged=judged.with_problems([_CHANGED]), is_saving=True)
    except Refused as error:
        return _shown(request, work, found, judged=judged.with_problems(error.problems), is_saving=True)
    if not saved.is_stale or count_at_once(saved.pk, now=timezone.now()):
        messages.success(request, _("Saved."))
    else:
        messages.success(request, _("Saved. Who is in it is being counted."))
    return done(request, reverse("segments:segment", args=[saved.code]))


def _shown(
    request: StaffRequest,
    work: Work,
    found: Segment | None = None,
    *,
    judged: Judged | None = None,
    panel: Panel | None = None,
    name_problem: str = "",
    is_saving: bool = False,
) -> HttpResponse:
    builder = Builder(
        work.fields,
        judged or work.judged(),
        currency=request.programme.currency,
        focus=work.focus,
        opened=CLOSED if request.htmx else work.opened,  # with scripts a list is opened beside its row
        counts=panel.counts if panel else None,
        is_saving=is_saving,
    )
    tree = builder.tree(work.draft)
    context = {
        "segment": found,
        "here": builder_url(found),
        "key": public_code(),
        "name": work.name,
        "name_problem": name_problem,
        "seen": work.seen,
        "words": work.words,
        "starts": READY.items() if found is None and not tree.rows else (),
        "reading": work.reading,
        "has_replaced": work.has_replaced,
        "tree": tree,
        "whole": tree.whole,
        "panel": panel,
        "has_rows": True,
        "history": work.steps,
        "field_groups": () if request.htmx else field_groups(work.fields),  # stands in the page once
        "is_field_open": work.opened.what == "field",
        "moves": MOVES,
        "icons": sorted(ICONS),
        "is_filled": work.is_filled,
        "is_moved": work.is_moved,
        "is_changed": bool(work.steps.past or work.steps.future),
        **(about(request, found, "segments:segment") if found else {}),
    }
    response = page(request, "segments/builder.html", context, partials={ROWS}, status=422 if is_saving else 200)
    response["HX-Trigger-After-Settle"] = "recount"
    return response


def told(request: StaffRequest, work: Work, found: Segment, panel: Panel | None = None) -> HttpResponse:
    """What the rules say, with the form that counts them hidden in it."""
    programme = request.programme
    context = {
        "segment": found,
        "sentence": sentences([found], work.fields, programme.currency).get(found.pk, ""),
        "hidden": fields_of(work.draft, work.fields),
        "panel": panel,
        **about(request, found, "segments:segment"),
    }
    return page(request, "segments/segment_detail.html", context)
