"""Who matches the form of a segment that is being built: how many, whether somebody does, why; and values to choose.

All of them read the form as it is; nothing is saved.
"""

from __future__ import annotations

from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_POST

from core.errors import NotFound
from core.page import page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.models import Customer
from customers.views import scope_of
from segments.finding import customers_found, matching, person_of
from segments.form import codes_of, fields_of
from segments.models import Segment
from segments.offering import offer
from segments.panel import panel_of
from segments.reports.why import why
from segments.rows import Builder
from segments.statement import Moment
from segments.views_builder import told
from segments.work import Work, going_on, searched, seed_of


@require_POST
@requires(Perm.SEGMENTS_VIEW)
def offered(request: StaffRequest) -> HttpResponse:
    """The list of values of one row, with those checked that it has chosen: a code in each line of `value`."""
    request.actor.check_sees_all()
    said, words = request.POST, searched(request.POST.get("find", ""))
    try:
        found = offer(said.get("of", ""), codes_of(said.getlist("value")), words)
    except KeyError as unknown:
        raise NotFound from unknown
    return page(request, "segments/_offer.html", {"offer": found})


@require_POST
@requires(Perm.SEGMENTS_VIEW)
def preview(request: StaffRequest) -> HttpResponse:
    """Who matches what the form says; with the counts and problems of its rows."""
    request.actor.check_sees_all()
    work = going_on(request.POST)
    judged, found = work.judged(), _named(request)
    panel = panel_of(judged, work.fields, request, found, seed=seed_of(request.POST))
    if found and not request.htmx:
        return told(request, work, found, panel)
    currency = request.programme.currency
    tree = Builder(work.fields, judged, currency=currency, counts=panel.counts, with_labels=False).tree(work.draft)
    context = {
        "panel": panel,
        "segment": found,
        "rows": tree.rows,
        "whole": tree.whole,
        "history": work.steps,
        "has_rows": "now" in request.POST,  # the page for who may only look has none
    }
    return page(request, "segments/_preview.html", context)


def _named(request: StaffRequest) -> Segment | None:
    """The segment whose form it is."""
    return Segment.objects.filter(code=request.POST.get("segment", "").replace("\x00", "")).first()


@require_POST
@requires(Perm.SEGMENTS_VIEW)
def find(request: StaffRequest) -> HttpResponse:
    """Somebody by name or number, and whether what the form says finds them."""
    request.actor.check_sees_all()
    words = request.POST.get("who", "").strip()
    if not words and request.htmx:
        return page(request, "segments/_found.html")
    work, scope = going_on(request.POST), scope_of(request)
    people = customers_found(words, scope)
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
