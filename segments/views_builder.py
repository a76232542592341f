"""The builder of a segment: one plain form, sent to its own page whatever is done, and saved when that is asked.

Every button says in `do` what it does; htmx sends the same and gets the rows alone. Counting is a request of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import InvalidInput, NotFound, PermissionRefused
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.models import Customer
from customers.views import scope_of
from segments.actions.living import count_at_once
from segments.actions.segments import change_segment, create_segment, get_segment
from segments.choices import MOST, choices
from segments.described import Described, described
from segments.edits import edited
from segments.fields.base import Field
from segments.fields.registry import fields_of_programme
from segments.finding import customers_found, matching, person_of
from segments.form import Draft, draft_of, fields_of, opened
from segments.judging import Judged, judge, rows
from segments.models import Segment
from segments.panel import Panel, panel_of
from segments.ready import READY
from segments.reports.overview import sentences, tree_of
from segments.reports.why import why
from segments.rows import MOST_SHOWN, Builder, field_groups
from segments.rules import Refused, pruned, written
from segments.statement import Moment
from segments.tabs import about
from segments.undo import Steps, draft_of_text, redone, steps_after, text_of_form, undone

ROWS = "segment-rows"
MOST_DIGITS = 6  # of a seed
MOVES = ("up", "down", "in", "out", "move")
EMPTY: Draft = {"version": 1, "match": {"type": "all", "of": []}}


@dataclass(slots=True)
class Work:
    """What somebody has built so far."""

    fields: Mapping[str, Field]
    draft: Draft
    steps: Steps
    name: str = ""
    words: str = ""
    focus: str = ""
    is_moved: bool = False
    is_filled: bool = False
    found: Mapping[str, str] = field(default_factory=dict)
    reading: Described | None = None
    has_replaced: bool = False  # rows gave way to those of the words

    def judged(self) -> Judged:
        return judge(self.draft, self.fields)


def begun(fields: Mapping[str, Field], draft: Draft, name: str = "") -> Work:
    return Work(fields, draft, Steps(text_of_form(draft, fields)), name)


def going_on(data: QueryDict) -> Work:
    """What a form says, after what its button does."""
    fields = fields_of_programme()
    draft = draft_of(data.lists(), fields)
    steps = steps_after(data, text_of_form(draft, fields))
    work = Work(fields, draft, steps, data.get("name", ""), data.get("words", ""))
    work.is_filled = "filled" in data
    searches = {name: data.get(name, "") for name in data if name.endswith(".find")}
    work.found = {name.removesuffix(".find"): words[:60] for name, words in searches.items() if words}
    do = data.get("do", "")
    if do in ("undo", "redo"):
        work.steps = undone(steps) if do == "undo" else redone(steps)
        work.is_filled = False
        work.draft = draft_of_text(work.steps.now, fields)
        return work
    done = edited(draft, do)
    work.draft, work.focus, work.is_moved = done.draft, done.focus, do.partition(":")[0] in MOVES
    now = text_of_form(done.draft, fields)
    if now != steps.now:
        work.steps = Steps(now, [*steps.past, steps.now])
    return work


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
            raise InvalidInput(_("This segment is archived. Restore it first."))
        return _built(request, going_on(request.POST), found)
    fields = fields_of_programme()
    work = begun(fields, opened(_document(found), fields), found.name)
    is_open = may_edit and found.archived_at is None
    return _shown(request, work, found) if is_open else _told(request, work, found)


def _document(found: Segment) -> Draft:
    tree = tree_of(found)
    return written(tree) if tree else EMPTY


def _built(request: StaffRequest, work: Work, found: Segment | None = None) -> HttpResponse:
    do = request.POST.get("do", "")
    if do == "save":
        return _saved(request, work, found)
    if do == "fill":
        _fill(work, Moment(timezone.now(), request.programme.zone))
    if do != "count" and "others" not in request.POST:
        return _shown(request, work, found)
    panel = panel_of(work.judged(), work.fields, request, found, seed=_seed(request.POST))
    return _shown(request, work, found, panel=panel)


def _fill(work: Work, moment: Moment) -> None:
    """Rows from what was written about them; as they were, where nothing of it was understood."""
    work.reading = described(work.words, work.fields, moment)
    if work.reading.draft is None:
        return
    work.has_replaced = bool(list(rows(work.draft)))
    work.draft, work.is_filled = work.reading.draft, True
    work.steps = Steps(text_of_form(work.draft, work.fields), [*work.steps.past, work.steps.now])


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
            saved = create_segment(name=work.name, document=document, actor=actor, now=now)
        else:
            saved = change_segment(code=found.code, name=work.name, document=document, actor=actor, now=now)
    except InvalidInput as error:
        return _shown(request, work, found, is_saving=True, name_problem=str(error.message))
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
        found={} if request.htmx else work.found,  # with scripts a search is a request of its own
        counts=panel.counts if panel else None,
        is_saving=is_saving,
    )
    tree = builder.tree(work.draft)
    context = {
        "segment": found,
        "here": _here(found),
        "name": work.name,
        "name_problem": name_problem,
        "words": work.words,
        "starts": READY.items() if found is None and not tree.rows else (),
        "reading": work.reading,
        "has_replaced": work.has_replaced,
        "tree": tree,
        "whole": tree.whole,
        "panel": panel,
        "history": work.steps,
        "field_groups": field_groups(work.fields),
        "is_filled": work.is_filled,
        "is_moved": work.is_moved,
        "is_changed": bool(work.steps.past or work.steps.future),
        **(about(request, found, "segments:segment") if found else {}),
    }
    response = page(request, "segments/builder.html", context, partials={ROWS}, status=422 if is_saving else 200)
    response["HX-Trigger-After-Settle"] = "recount"
    return response


def _here(found: Segment | None) -> str:
    return reverse("segments:segment", args=[found.code]) if found else reverse("segments:create")


def _told(request: StaffRequest, work: Work, found: Segment, panel: Panel | None = None) -> HttpResponse:
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


@require_safe
@requires(Perm.SEGMENTS_VIEW)
def offered(request: StaffRequest) -> HttpResponse:
    """Values of one row that hold the words, without those that are chosen already."""
    request.actor.check_sees_all()
    path, name = request.GET.get("path", ""), request.GET.get("of", "")
    chosen = set(request.GET.getlist(f"{path}.value"))
    words = request.GET.get(f"{path}.find", "")[:60]
    try:
        found = choices(name, words=words)
    except KeyError:
        found = []
    others = [one for one in found if one[0] not in chosen]
    context = {"offered": others[:MOST_SHOWN], "path": path, "has_more": len(others) > MOST_SHOWN or len(found) == MOST}
    return page(request, "segments/_offered.html", context)


@require_POST
@requires(Perm.SEGMENTS_VIEW)
def preview(request: StaffRequest) -> HttpResponse:
    """Who matches what the form says; with the counts and problems of its rows."""
    request.actor.check_sees_all()
    work = going_on(request.POST)
    judged, found = work.judged(), _named(request)
    panel = panel_of(judged, work.fields, request, found, seed=_seed(request.POST))
    if found and not request.htmx:
        return _told(request, work, found, panel)
    currency = request.programme.currency
    tree = Builder(work.fields, judged, currency=currency, counts=panel.counts, with_choices=False).tree(work.draft)
    context = {
        "panel": panel,
        "segment": found,
        "rows": tree.rows,
        "whole": tree.whole,
        "history": work.steps,
        "here": _here(found),
        "has_rows": "now" in request.POST,  # the page for who may only look has none
    }
    return page(request, "segments/_preview.html", context)


def _named(request: StaffRequest) -> Segment | None:
    """The segment whose form it is."""
    return Segment.objects.filter(code=request.POST.get("segment", "").replace("\x00", "")).first()


def _seed(data: QueryDict) -> int:
    """Whose sample is shown: the same people again, or others."""
    said = data.get("seed", "")
    seed = int(said) if said.isascii() and said.isdigit() and len(said) < MOST_DIGITS else 0
    return seed + ("others" in data)


@require_POST
@requires(Perm.SEGMENTS_VIEW)
def find(request: StaffRequest) -> HttpResponse:
    """Somebody by name or number, and whether what the form says finds them."""
    request.actor.check_sees_all()
    work, scope, words = going_on(request.POST), scope_of(request), request.POST.get("who", "").strip()
    people = customers_found(words, scope) if words else []
    found = matching(work.judged().rules, work.fields, Moment(scope.now, scope.zone), people)
    shown = [(person_of(one, scope), one.pk in found) for one in people]
    context = {"people": shown, "words": words, "hidden": _carried(work, request.POST)}
    return page(request, "segments/about_person.html", context, partials={"segment-found"})


@require_POST
@requires(Perm.SEGMENTS_VIEW)
def explain(request: StaffRequest, code: str) -> HttpResponse:
    """Each condition of the form: whether it holds of this customer, and what they have of it."""
    request.actor.check_sees_all()
    work, scope = going_on(request.POST), scope_of(request)
    customer = Customer.objects.visible_to(request.actor).active().filter(code=code).first()
    rules, segment = work.judged().rules, _named(request)
    if customer is None or rules is None:
        raise NotFound
    moment = Moment(scope.now, scope.zone)
    told = why(rules, work.fields, moment, customer=customer.pk, currency=request.programme.currency)
    choice = segment.choices.filter(customer=customer).values_list("is_in", flat=True).first() if segment else None
    person = person_of(customer, scope)
    hidden = _carried(work, request.POST)
    context = {"name": person.name, "code": code, "why": told, "choice": choice, "hidden": hidden}
    return page(request, "segments/about_person.html", context, partials={"why-body"})


def _carried(work: Work, data: QueryDict) -> list[tuple[str, str]]:
    """The form, for buttons of a page that shows only a part of it."""
    return [*fields_of(work.draft, work.fields), ("segment", data.get("segment", ""))]
