"""Databases of other systems: list, adding, checking, reading, pausing, removing."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.db.models import F, Prefetch
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError, NotFound
from core.keyset import CURSOR, Order, count_up_to_cap, keyset_page
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.actions import databases as actions
from customers.forms_databases import DatabaseForm
from customers.models import DatabaseSync, ImportRun, SyncRun

ROWS, RUNS = "databases-rows", "database-runs"
SECTION_NAMES = {
    "customers": gettext_lazy("Customers"),
    "products": gettext_lazy("Products"),
    "orders": gettext_lazy("Orders"),
    "lines": gettext_lazy("Sales lines"),
    "refunds": gettext_lazy("Refunds"),
}


@require_safe
@requires(Perm.IMPORTS_RUN)
def databases(request: StaffRequest) -> HttpResponse:
    visible = DatabaseSync.objects.visible_to(request.actor)
    found = visible.with_last_run().select_related("business")
    rows = keyset_page(found, Order([F("pk")]), descending=True, cursor=request.GET.get(CURSOR, ""))
    context = {"rows": rows, "count": count_up_to_cap(visible), "links": rows.links(request.GET)}
    return page(request, "customers/database_list.html", context, partials={ROWS})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.IMPORTS_RUN)
def add(request: StaffRequest) -> HttpResponse:
    form = DatabaseForm(request.POST or None, actor=request.actor)
    if form.is_valid():
        try:
            sync = actions.add_database(**form.cleaned_data, actor=request.actor, now=timezone.now())
        except DomainError as error:
            form.refuse(error)
        else:
            return done(request, reverse("customers:database", args=[sync.code]))
    return page(request, "customers/database_form.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.IMPORTS_RUN)
def change(request: StaffRequest, code: str) -> HttpResponse:
    sync = _get(request, code)
    form = DatabaseForm(request.POST or None, actor=request.actor, sync=sync)
    if form.is_valid():
        try:
            actions.change_database(sync=sync, **form.cleaned_data, actor=request.actor, now=timezone.now())
        except DomainError as error:
            form.refuse(error)
        else:
            messages.success(request, _("Saved"))
            return done(request, reverse("customers:database", args=[sync.code]))
    context = {"form": form, "sync": sync}
    return page(request, "customers/database_form.html", context, status=422 if form.errors else 200)


@require_safe
@requires(Perm.IMPORTS_RUN)
def database(request: StaffRequest, code: str) -> HttpResponse:
    return page(request, "customers/database_detail.html", _detail(request, _get(request, code)), partials={RUNS})


@require_POST
@requires(Perm.IMPORTS_RUN)
def check(request: StaffRequest, code: str) -> HttpResponse:
    """Look at the columns and at five rows of each section; nothing is written."""
    sync = _get(request, code)
    context = _detail(request, sync)
    try:
        found = actions.check_database(mapping=sync.mapping, address=actions.address_of(sync))
    except DomainError as error:
        return page(request, "customers/database_detail.html", {**context, "check_error": error.message}, status=422)
    checks = [(SECTION_NAMES[one.section.name], one) for one in found]
    return page(request, "customers/database_detail.html", {**context, "checks": checks})


@require_POST
@requires(Perm.IMPORTS_RUN)
def read(request: StaffRequest, code: str) -> HttpResponse:
    """What changed since, or with `full` everything; of all sections, or of those that are named."""
    sync = _get(request, code)
    actions.start_sync(
        sync=sync,
        sections=[name for name in request.POST.getlist("sections") if name in SECTION_NAMES],
        is_full="full" in request.POST,
        actor=request.actor,
        now=timezone.now(),
    )
    return done(request, reverse("customers:database", args=[sync.code]))


@require_POST
@requires(Perm.IMPORTS_RUN)
def stop(request: StaffRequest, code: str) -> HttpResponse:
    sync = _get(request, code)
    actions.stop_sync(sync=sync, actor=request.actor, now=timezone.now())
    if getattr(request, "htmx", None):
        response = page(request, f"customers/database_detail.html#{RUNS}", dict(_detail(request, sync)))
        response.headers["HX-Retarget"] = f"#{RUNS}"  # the button aims at the progress bar alone
        return response
    return done(request, reverse("customers:database", args=[sync.code]))


@require_POST
@requires(Perm.IMPORTS_RUN)
def pause(request: StaffRequest, code: str) -> HttpResponse:
    sync = _get(request, code)
    is_paused = request.POST.get("paused") == "yes"
    actions.pause_database(sync=sync, is_paused=is_paused, actor=request.actor, now=timezone.now())
    return done(request, reverse("customers:database", args=[sync.code]))


@require_POST
@requires(Perm.IMPORTS_RUN)
def remove(request: StaffRequest, code: str) -> HttpResponse:
    actions.remove_database(sync=_get(request, code), actor=request.actor)
    messages.success(request, _("The database is removed. What was read stays."))
    return done(request, reverse("customers:databases"))


def _get(request: StaffRequest, code: str) -> DatabaseSync:
    sync = DatabaseSync.objects.visible_to(request.actor).select_related("business").filter(code=code).first()
    if sync is None:
        raise NotFound
    return sync


def _detail(request: StaffRequest, sync: DatabaseSync) -> Mapping[str, object]:
    imports = Prefetch("imports", ImportRun.objects.order_by("pk"))
    found = sync.runs.select_related("job").prefetch_related(imports)
    rows = keyset_page(found, Order([F("pk")]), descending=True, cursor=request.GET.get(CURSOR, ""))
    told = [(run, _sections(run)) for run in rows.rows]
    latest = sync.runs.select_related("job").order_by("-pk").first()
    return {
        "sync": sync,
        "rows": rows,
        "runs": told,
        "count": count_up_to_cap(sync.runs.all()),
        "links": rows.links(request.GET),
        "under_way": latest.job if latest and latest.job and not latest.job.is_finished else None,
        "stopped": latest if latest and latest.job and latest.job.is_finished and not latest.finished_at else None,
    }


def _sections(run: SyncRun) -> list[dict[str, object]]:
    """What came of each section, with the import that holds its refused rows, where one was kept."""
    imports = {one.section: one for one in run.imports.all()}
    return [
        {
            "name": SECTION_NAMES[name],
            "rows": run.counts[name]["rows"],
            "failed": run.counts[name]["failed"],
            "import": imports.get(name),
        }
        for name in run.sections
        if name in run.counts
    ]
