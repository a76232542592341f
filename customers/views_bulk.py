"""Acts on many customers: what to do with those that are checked or that the filters find, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.contrib import messages
from django.http import FileResponse, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_tenants.utils import tenant_context

from core.errors import InvalidInput, NotFound, PermissionRefused
from core.keyset import MAX_INTEGER, Count, with_query
from core.page import done, page
from core.permissions import Perm, requires
from core.presentation import format_number
from core.requests import StaffRequest
from customers.actions import bulk as actions
from customers.actions.customer_files import csv_lines, note_export, open_export
from customers.attributes import definitions
from customers.bulk import Selection
from customers.forms_bulk import BulkForm
from customers.list_query import filters_of, list_form
from customers.models import AttributeDefinition, BulkRun, Customer, Tag
from customers.views import scope_of
from workspace.actions.jobs import request_cancel

LIST = "customers:list"
MOST_CHECKED = 500
EXPORT_AT_ONCE = 2000  # a second or so; more of them are written to a file
STATUS = "bulk-status"
Act = BulkRun.Act


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.CUSTOMERS_VIEW)
def bulk(request: StaffRequest) -> HttpResponseBase:
    """Ask what the act needs to know; then do it. The query is the act, and who is meant."""
    act = _act(request)
    selection = _selection(request)
    count = selection.count(scope_of(request))
    fields = definitions() if act == Act.SET else []
    chosen = next((one for one in fields if one.code == request.GET.get("field")), None)
    form = BulkForm(request.POST if request.method == "POST" else None, act=act, definition=chosen)
    if not count or not form.is_valid():
        return _ask(request, selection, count, form, fields)
    if act == Act.EXPORT and _is_small(count, EXPORT_AT_ONCE):
        return _download(request, selection, count)
    now = timezone.now()
    try:
        run = actions.start_bulk(
            act=act,
            values=form.values(actor=request.actor, now=now),
            selection=selection,
            is_small=act != Act.EXPORT and _is_small(count, actions.AT_ONCE),
            actor=request.actor,
            now=now,
        )
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        return _ask(request, selection, count, form, fields)
    if act == Act.EXPORT:
        note_export(customers=_total(request, selection, count), actor=request.actor)
    if run.job is not None:
        return done(request, reverse("customers:bulk-run", args=[run.code]) + _list_query(request))
    text = ngettext("%(count)s customer changed", "%(count)s customers changed", run.changed)
    messages.success(request, text % {"count": format_number(run.changed)})
    return done(request, reverse(LIST) + _list_query(request))


def _act(request: StaffRequest) -> BulkRun.Act:
    """Raises NotFound for what is no act, PermissionRefused for one that the role may not do."""
    asked = request.GET.get("act", "")
    if asked not in Act.values:
        raise NotFound
    act = Act(asked)
    needed = Perm.CUSTOMERS_EXPORT if act == Act.EXPORT else Perm.CUSTOMERS_EDIT
    if needed not in request.membership.permissions:
        raise PermissionRefused(_("Ask an owner or a manager to do this."))
    return act


def _selection(request: StaffRequest) -> Selection:
    if request.GET.get("all"):
        return Selection(filters=filters_of(request.GET, scope_of(request)))
    codes = [code for code in request.GET.getlist("selected")[:MOST_CHECKED] if code.isascii() and code.isalnum()]
    found = Customer.objects.visible_to(request.actor).known().filter(code__in=codes)
    return Selection(ids=list(found.order_by("pk").values_list("pk", flat=True)))


def _is_small(count: Count, most: int) -> bool:
    return not count.is_capped and count.value <= most


def _total(request: StaffRequest, selection: Selection, count: Count) -> int:
    return selection.total(scope_of(request)) if count.is_capped else count.value


def _ask(
    request: StaffRequest, selection: Selection, count: Count, form: BulkForm, fields: Sequence[AttributeDefinition]
) -> HttpResponse:
    filters = list_form(request.GET, scope_of(request)) if request.GET.get("all") else None
    context = {
        "form": form,
        "act": form.act,
        "count": count,
        "titles": _titles(form.act, _total(request, selection, count)),
        "chips": filters.chips(request.GET, request.programme.currency) if filters else [],
        "text": request.GET.get("q", "") if filters else "",
        "tag_names": list(Tag.objects.in_use().values_list("name", flat=True)) if "name" in form.fields else [],
        "field_choices": [(one.code, one.label) for one in fields],
        "kept": [(name, value) for name, values in request.GET.lists() if name != "field" for value in values],
        "cancel_url": reverse(LIST) + _list_query(request),
    }
    return page(request, "customers/bulk_form.html", context, status=422 if form.errors else 200)


def _titles(act: BulkRun.Act, total: int) -> dict[str, str]:
    """The page's title and its button, which names how many."""
    number = {"count": format_number(total)}
    texts = {
        Act.TAG: ngettext("Tag %(count)s customer", "Tag %(count)s customers", total),
        Act.UNTAG: ngettext("Take a tag from %(count)s customer", "Take a tag from %(count)s customers", total),
        Act.SET: ngettext("Set a field of %(count)s customer", "Set a field of %(count)s customers", total),
        Act.ARCHIVE: ngettext("Archive %(count)s customer", "Archive %(count)s customers", total),
        Act.RESTORE: ngettext("Restore %(count)s customer", "Restore %(count)s customers", total),
        Act.EXPORT: ngettext("Export %(count)s customer", "Export %(count)s customers", total),
    }
    hints = {
        Act.TAG: _("A word that is no tag yet becomes one."),
        Act.SET: _("What is left empty takes the value away."),
        Act.ARCHIVE: _("They leave your lists and are sent nothing. Orders and points stay."),
        Act.RESTORE: _("They are back in your lists."),
        Act.EXPORT: _("A CSV file with names, addresses, figures, tags and your own fields. The audit log notes it."),
    }
    return {"title": texts[act] % number, "text": hints.get(act, "")}


def _list_query(request: StaffRequest) -> str:
    """What the list was narrowed to: it goes along from page to page, and back to the list."""
    left_out: dict[str, str | None] = {"act": None, "selected": None, "all": None, "field": None}
    return with_query(request.GET, **left_out).removesuffix("?")


def _download(request: StaffRequest, selection: Selection, count: Count) -> StreamingHttpResponse:
    programme, scope = request.programme, scope_of(request)
    note_export(customers=count.value, actor=request.actor)

    def lines() -> Iterator[str]:
        with tenant_context(programme):  # the answer is sent after the request has left the programme
            for _key, line in csv_lines(selection, upper_id=MAX_INTEGER, scope=scope):
                yield line

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_file_name(request)}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _file_name(request: StaffRequest) -> str:
    day = timezone.now().astimezone(request.programme.zone).date()
    return f"customers-{request.programme.slug}-{day:%Y-%m-%d}.csv"


@require_safe
@requires(Perm.CUSTOMERS_VIEW)
def bulk_run(request: StaffRequest, code: str) -> HttpResponse:
    """How far an act is, for who asked for it."""
    run = actions.get_run(code, request.actor)
    is_ready = bool(run.path) and Perm.CUSTOMERS_EXPORT in request.membership.permissions
    query = _list_query(request)
    context = {
        "run": run,
        "job": run.job,
        "here": request.path + query,
        "stop_url": reverse("customers:bulk-stop", args=[code]) + query,
        "list_url": reverse(LIST) + query,
        "file_url": reverse("customers:bulk-file", args=[code]) if is_ready else "",
    }
    return page(request, "customers/bulk_run.html", context, partials={STATUS})


@require_POST
@requires(Perm.CUSTOMERS_VIEW)
def bulk_stop(request: StaffRequest, code: str) -> HttpResponse:
    run = actions.get_run(code, request.actor)
    if run.job is not None:
        request_cancel(job=run.job, actor=request.actor, now=timezone.now())
    return done(request, reverse("customers:bulk-run", args=[code]) + _list_query(request))


@require_safe
@requires(Perm.CUSTOMERS_EXPORT)
def bulk_file(request: StaffRequest, code: str) -> FileResponse:
    file = open_export(actions.get_run(code, request.actor), now=timezone.now())
    response = FileResponse(file, as_attachment=True, filename=_file_name(request), content_type="text/csv")
    response["Cache-Control"] = "private, no-store"
    return response
