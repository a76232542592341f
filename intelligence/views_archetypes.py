"""Archetypes: who the customers are, one kind of them, the runs that found them, and the settings."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import InvalidInput, NotFound
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.actions.archetypes import rename_archetype
from customers.models import Archetype
from customers.reports.customer_list import name_and_contact
from customers.words import clock_time, days_ago
from intelligence.actions.requests import ARCHETYPES, request_archetypes, request_rollback
from intelligence.actions.settings import change_settings, settings_now
from intelligence.engine.words import BECAUSE
from intelligence.forms import ClusterForm, RenameForm, SettingsForm
from intelligence.models import ArchetypeRun
from intelligence.playbooks import ideas
from intelligence.reports_archetype import most_valued, size_chart, trait_bars, typical_rows
from intelligence.reports_archetypes import archetype_overview, archetype_rows, streams
from intelligence.reports_movement import MOST_MOVES, movement_of
from intelligence.run_pages import RunPage
from workspace.models import Job
from workspace.settings_tabs import settings_tabs

MOST_RUNS = 100
RUN = RunPage(ARCHETYPES, "intelligence:archetypes", "intelligence/_archetypes_progress.html")


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def overview(request: StaffRequest) -> HttpResponse:
    return _overview(request, ClusterForm())


def _overview(request: StaffRequest, form: ClusterForm, *, status: int = 200) -> HttpResponse:
    request.actor.check_sees_all()
    found = archetype_overview()
    settings = settings_now()
    return page(
        request,
        "intelligence/archetypes.html",
        {
            "overview": found,
            "found_at": _moment(request, found.run) if found else "",
            "because": BECAUSE[found.run.because] if found else "",
            "parts": [(row.archetype.name, row.spent_share, row.tone) for row in found.rows] if found else [],
            "streams": streams(found) if found else None,
            "moves": found.movement.moves[:MOST_MOVES] if found and found.movement else [],
            "ideas": ideas([row.archetype for row in found.rows], settings) if found else [],
            "settings": settings,
            "form": form,
            "can_run": Perm.INTELLIGENCE_RUN in request.membership.permissions,
            "may_set": Perm.SETTINGS_EDIT in request.membership.permissions,
            "job": Job.objects.unfinished().filter(kind=ARCHETYPES).first(),
            "list_url": reverse("customers:list"),
        },
        status=status,
    )


@require_POST
@requires(Perm.INTELLIGENCE_RUN)
def run(request: StaffRequest) -> HttpResponse:
    form = ClusterForm(request.POST)
    if form.is_valid():
        try:
            job = request_archetypes(asked=form.asked(), actor=request.actor, now=timezone.now())
        except InvalidInput as error:
            form.add_error(error.field or None, str(error.message))
    if not form.is_valid():
        return _overview(request, form, status=422)
    return RUN.started(request, job)


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def progress(request: StaffRequest) -> HttpResponse:
    return RUN.progress(request)


@require_POST
@requires(Perm.INTELLIGENCE_RUN)
def stop(request: StaffRequest) -> HttpResponse:
    return RUN.stopped(request)


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def detail(request: StaffRequest, code: str) -> HttpResponse:
    return _detail(request, code)


def _detail(request: StaffRequest, code: str, form: RenameForm | None = None, *, status: int = 200) -> HttpResponse:
    request.actor.check_sees_all()
    kinds = Archetype.objects.filter(level=Archetype.Level.KIND)
    archetype = kinds.select_related("tier", "came_from").filter(code=code).first()
    if archetype is None:
        raise NotFound
    programme = request.programme
    row = next((one for one in archetype_rows() if one.archetype == archetype), None)  # None: it has ended
    return page(
        request,
        "intelligence/archetype.html",
        {
            "archetype": archetype,
            "row": row,
            "tone": row.tone if row else "muted",
            "churn_percent": None if archetype.churn is None else archetype.churn * 100,
            "traits": trait_bars(archetype),
            "typical": typical_rows(archetype, programme.currency),
            "chart": size_chart(archetype, programme.zone),
            "movement": movement_of(archetype),
            "members": [
                (member, name_and_contact(member.customer, programme.country)[0]) for member in most_valued(archetype)
            ],
            "form": form or RenameForm(initial={"name": archetype.name}),
            "can_edit": Perm.INTELLIGENCE_RUN in request.membership.permissions,
            "list_url": f"{reverse('customers:list')}?archetype={archetype.code}",
        },
        status=status,
    )


@require_POST
@requires(Perm.INTELLIGENCE_RUN)
def rename(request: StaffRequest, code: str) -> HttpResponse:
    form = RenameForm(request.POST)
    if form.is_valid():
        try:
            rename_archetype(code=code, name=form.cleaned_data["name"], actor=request.actor)
        except InvalidInput as error:
            form.add_error("name", str(error.message))
    if not form.is_valid():
        return _detail(request, code, form, status=422)
    messages.success(request, _("Saved. Runs keep this name."))
    return done(request, reverse("intelligence:archetype", args=[code]))


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def runs(request: StaffRequest) -> HttpResponse:
    """All that are kept: some hundred."""
    request.actor.check_sees_all()
    found = list(ArchetypeRun.objects.defer("model", "people", "moves").order_by("-finished_at", "-pk")[:MOST_RUNS])
    return page(
        request,
        "intelligence/archetype_runs.html",
        {
            "runs": [(one, _moment(request, one), BECAUSE[one.because]) for one in found],
            "can_run": Perm.INTELLIGENCE_RUN in request.membership.permissions,
            "job": Job.objects.unfinished().filter(kind=ARCHETYPES).first(),
        },
    )


@require_POST
@requires(Perm.INTELLIGENCE_RUN)
def roll_back(request: StaffRequest, code: str) -> HttpResponse:
    request_rollback(run=code, actor=request.actor, now=timezone.now())
    messages.success(request, _("Everybody is being assigned as that run did."))
    return done(request, reverse("intelligence:archetypes"))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.SETTINGS_EDIT)
def settings(request: StaffRequest) -> HttpResponse:
    request.actor.check_sees_all()
    now = settings_now()
    form = SettingsForm(request.POST if request.method == "POST" else None, settings=now)
    if form.is_bound and form.is_valid():
        try:
            change_settings(values=form.values(), actor=request.actor)
        except InvalidInput as error:
            form.add_error(error.field or None, str(error.message))
    if form.is_bound and form.is_valid():
        messages.success(request, _("Saved. The next run uses it."))
        return done(request, reverse("intelligence:settings"))
    context = {"form": form, "currency": request.programme.currency, "tabs": settings_tabs(request)}
    return page(request, "intelligence/settings.html", context, status=422 if form.is_bound else 200)


def _moment(request: StaffRequest, run: ArchetypeRun) -> str:
    zone = request.programme.zone
    day = days_ago(run.finished_at, now=timezone.now(), zone=zone)
    return _("%(day)s, %(time)s") % {"day": day, "time": clock_time(run.finished_at, zone)}
