"""Imports: upload, columns, trial, start, progress, result."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import islice

from django.core.files.storage import default_storage
from django.db.models import F
from django.http import FileResponse, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError, NotFound
from core.keyset import CURSOR, Order, count_up_to_cap, keyset_page
from core.middleware import takes_body
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.actions import imports as actions
from customers.actions.undo_imports import can_undo, preview_undo, rehearse_undo, start_undo
from customers.forms_imports import ColumnsForm, LayoutForm, UploadForm
from customers.import_words import TO_UNDO, figures, told, undo_groups
from customers.imports.fields import BY_NAME
from customers.imports.problems import PROBLEMS, UnreadableFile
from customers.imports.reading import PREVIEW_ROWS, layout_of, records
from customers.imports.samples import SAMPLES
from customers.models import ImportRun
from workspace.models import Job

ROWS = "imports-rows"
STATUS = "import-status"


@require_safe
@requires(Perm.IMPORTS_RUN)
def imports(request: StaffRequest) -> HttpResponse:
    return _list(request, UploadForm(actor=request.actor))


@takes_body(actions.MAX_BODY_BYTES)
@require_POST
@requires(Perm.IMPORTS_RUN)
def upload(request: StaffRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES, actor=request.actor)
    if not form.is_valid():
        return _list(request, form, status=422)
    file = form.cleaned_data["file"]
    try:
        run = actions.receive_file(
            file=file.file,
            name=file.name or "",
            kind=None,
            business=form.cleaned_data["business"],
            actor=request.actor,
            now=timezone.now(),
            as_before=True,
        )
    except DomainError as error:  # shown beside the file, where the next try starts
        form.add_error("file", str(error.message))
        return _list(request, form, status=422)
    return done(request, reverse("customers:import", args=[run.code]))


def _list(request: StaffRequest, form: UploadForm, *, status: int = 200) -> HttpResponse:
    visible = ImportRun.objects.visible_to(request.actor).of_files()
    runs = visible.select_related("job", "business")
    rows = keyset_page(runs, Order([F("pk")]), descending=True, cursor=request.GET.get(CURSOR, ""))
    context = {
        "form": form,
        "rows": rows,
        "count": count_up_to_cap(visible),
        "links": rows.links(request.GET),
        "kinds": ImportRun.Kind.choices,
    }
    return page(request, "customers/import_list.html", context, partials={ROWS}, status=status)


@require_safe
@requires(Perm.IMPORTS_RUN)
def import_detail(request: StaffRequest, code: str) -> HttpResponse:
    run = _get(request, code)
    if run.job is not None or run.phase != ImportRun.Phase.UPLOADED:
        return page(request, "customers/import_detail.html", _status(run), partials={STATUS})
    return _columns(request, run, ColumnsForm(run=run, kind=_kind(request.GET.get("kind"), run)))


@require_POST
@requires(Perm.IMPORTS_RUN)
def import_read(request: StaffRequest, code: str) -> HttpResponse:
    """Read the upload in another way; the columns are guessed anew."""
    run = _get(request, code)
    form = LayoutForm(request.POST, run=run)
    if form.is_valid():
        try:
            actions.read_again(run=run, layout=form.layout())
        except UnreadableFile as error:
            form.add_error(None, str(error.message))
        else:
            return done(request, reverse("customers:import", args=[run.code]))
    return _columns(request, run, ColumnsForm(run=run, kind=run.kind), layout_form=form, status=422)


@require_POST
@requires(Perm.IMPORTS_RUN)
def import_try(request: StaffRequest, code: str) -> HttpResponse:
    """A trial: everything is read and checked, nothing is written."""
    return _begin(request, code, is_dry_run=True)


@require_POST
@requires(Perm.IMPORTS_RUN)
def import_start(request: StaffRequest, code: str) -> HttpResponse:
    """Start; after a trial, start what was tried; after a stop, go on."""
    run = _get(request, code)
    if run.is_dry_run and run.phase == ImportRun.Phase.DONE:
        try:
            code = actions.start_after_dry_run(run=run, actor=request.actor, now=timezone.now()).code
        except actions.AlreadyImported as earlier:  # the button was pressed twice
            code = str(earlier.data["import"])
        return done(request, reverse("customers:import", args=[code]))
    if run.job is not None:
        actions.start_import(run=run, actor=request.actor, now=timezone.now())
        return done(request, reverse("customers:import", args=[run.code]))
    return _begin(request, code, is_dry_run=False)


def _begin(request: StaffRequest, code: str, *, is_dry_run: bool) -> HttpResponse:
    run = _get(request, code)
    form = ColumnsForm(request.POST, run=run, kind=_kind(request.POST.get("kind"), run))
    if not form.is_valid():
        return _columns(request, run, form, status=422)
    try:
        actions.configure_import(
            run=run, kind=form.kind, mapping=form.mapping(), options=form.options(), is_dry_run=is_dry_run
        )
        actions.start_import(run=run, actor=request.actor, now=timezone.now())
    except DomainError as error:
        begun = _begun(error)
        if begun is not None:
            actions.drop_upload(run=run)
            return done(request, reverse("customers:import", args=[begun.code]))
        field = getattr(error, "field", "")
        form.add_error(field if field in form.fields else None, str(error.message))
        return _columns(request, run, form, status=422)
    return done(request, reverse("customers:import", args=[run.code]))


def _begun(error: DomainError) -> ImportRun | None:
    """The import of the same content that waits, runs or was stopped: there it goes on."""
    if not isinstance(error, actions.AlreadyImported):
        return None
    return ImportRun.objects.filter(code=error.data["import"]).exclude(phase=ImportRun.Phase.DONE).first()


@require_POST
@requires(Perm.IMPORTS_RUN)
def import_stop(request: StaffRequest, code: str) -> HttpResponse:
    run = _get(request, code)
    actions.stop_import(run=run, actor=request.actor, now=timezone.now())
    run = _get(request, code)
    if getattr(request, "htmx", None):
        response = page(request, f"customers/import_detail.html#{STATUS}", _status(run))
        response.headers["HX-Retarget"] = f"#{STATUS}"  # the button aims at the progress bar alone
        return response
    return done(request, reverse("customers:import", args=[run.code]))


@require_safe
@requires(Perm.IMPORTS_RUN)
def import_sample(request: StaffRequest) -> HttpResponse:
    """A file of two or three rows to fill in. Begins with a mark, by which spreadsheets know UTF-8."""
    kind = request.GET.get("kind", "")
    if kind not in SAMPLES:
        raise NotFound
    response = HttpResponse(f"\ufeff{SAMPLES[kind]}", content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{kind}-sample.csv"'
    return response


@require_safe
@requires(Perm.IMPORTS_RUN)
def import_errors(request: StaffRequest, code: str) -> FileResponse:
    """The rows that were not imported, as a download: never shown by the browser as a page of ours."""
    file, name = actions.open_refused_rows(_get(request, code))
    return FileResponse(file, as_attachment=True, filename=name, content_type="text/csv")


@require_POST
@requires(Perm.IMPORTS_RUN)
def import_undo(request: StaffRequest, code: str) -> HttpResponse:
    start_undo(run=_get(request, code), actor=request.actor, now=timezone.now())
    return done(request, reverse("customers:import", args=[code]))


def _get(request: StaffRequest, code: str) -> ImportRun:
    run = (
        ImportRun.objects.visible_to(request.actor)
        .select_related("job", "undo_job", "business")
        .filter(code=code)
        .first()
    )
    if run is None:
        raise NotFound
    return run


def _kind(asked: str | None, run: ImportRun) -> str:
    return asked if asked in ImportRun.Kind.values else run.kind


def _is_called_otherwise(run: ImportRun) -> bool:
    """A CSV file called .xlsx, or the other way round: it is read as what it is, and the page says so."""
    ending = run.file_name.lower().rpartition(".")[2]
    return ending in ("csv", "txt", "tsv") if run.sheet else ending in ("xlsx", "xlsm", "xls", "ods")


def _labels(mapping: Mapping[str, int]) -> list[object]:
    """The heads of what rows become; the programme's own fields are one column."""
    known: list[object] = [BY_NAME[name].label for name in mapping if name in BY_NAME]
    return [*known, _("Fields of your own")] if len(known) < len(mapping) else known


def _columns(
    request: HttpRequest,
    run: ImportRun,
    form: ColumnsForm,
    *,
    layout_form: LayoutForm | None = None,
    status: int = 200,
) -> HttpResponse:
    with default_storage.open(run.path, "rb") as file:
        rows = records(file.file, layout_of(run))  # type: ignore[arg-type]
        first = list(islice(rows, PREVIEW_ROWS + 1))
        rows.close()  # type: ignore[attr-defined]
    preview = [cells for _line, cells in first[1:] if cells is not None]
    becomes = actions.preview_rows(run=run, kind=form.kind, mapping=form.guess, records=first, now=timezone.now())
    context = {
        "run": run,
        "form": form,
        "layout_form": layout_form or LayoutForm(run=run),
        "is_called_otherwise": _is_called_otherwise(run),
        "preview": preview,
        "becomes": becomes,
        "fields": _labels(form.guess),
        "earlier": None if run.preset else actions.earlier_import(run.header, before=run),
        "kinds": ImportRun.Kind.choices,
    }
    return page(request, "customers/import_columns.html", context, status=status)


def _before_undo(run: ImportRun) -> dict[str, object]:
    """What undoing would do: tried out where that is quick, otherwise how many rows it looks at."""
    rehearsed = rehearse_undo(run, now=timezone.now())
    if rehearsed is None:
        return {"to_undo": told(TO_UNDO, preview_undo(run))}
    return {"rehearsed": undo_groups(rehearsed)}


def _what_it_filled(run: ImportRun) -> tuple[object, str]:
    """The list that shows what came: a button's words and its page."""
    if run.kind == ImportRun.Kind.STOCK:
        return _("Open stock"), reverse("stock:list")
    if run.kind == ImportRun.Kind.PRODUCTS:
        return _("Open products"), reverse("customers:products")
    return _("Open customers"), reverse("customers:list")


def _status(run: ImportRun) -> dict[str, object]:
    job = run.job
    is_over = run.phase == ImportRun.Phase.DONE
    has_ended = job is not None and job.state in (Job.State.CANCELLED, Job.State.FAILED)
    offers_undo = can_undo(run, now=timezone.now()) and (run.undo_job is None or run.undo_job.is_finished)
    return {
        "run": run,
        "job": job,
        "is_over": is_over,
        "can_go_on": not is_over and has_ended and run.undo_job is None and bool(run.path),
        "offers_undo": offers_undo,
        "figures": figures(run),
        "opens": _what_it_filled(run),
        **(_before_undo(run) if offers_undo else {}),
        "undone": undo_groups(run.undo_counts),
        "undo_until": run.created_at + timedelta(days=actions.KEPT_DAYS),
        "problems": [(PROBLEMS.get(code, code), rows) for code, rows in run.problems.items()],
        "rows_imported": run.rows_total - run.rows_failed - run.rows_skipped,
    }
