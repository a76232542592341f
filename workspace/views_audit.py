"""Settings: the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_tenants.utils import tenant_context

from core.keyset import CURSOR, Order, count_up_to_cap, keyset_page, with_query
from core.page import page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from workspace.actions.audit_export import csv_lines, note_export
from workspace.audit_registry import ACTS, Group, Reader
from workspace.forms_audit import AuditFilterForm
from workspace.models import Business
from workspace.reports_audit import find_entries, lines_of, people_who_acted, subject_name
from workspace.settings_tabs import settings_tabs

NEWEST = Order(["at", "id"])
PAGE_ROWS = 50


@require_safe
@requires(Perm.AUDIT_VIEW)
def audit_log(request: StaffRequest) -> HttpResponse:
    """Who did what, newest first. A person limited to one business sees what was done there."""
    reader = Reader(request.programme, request.actor)
    form = AuditFilterForm(request.GET)
    filters = form.filters(request.programme.zone)
    entries = find_entries(filters, reader)
    rows = keyset_page(entries, NEWEST, descending=True, cursor=request.GET.get(CURSOR, ""), size=PAGE_ROWS)
    people = people_who_acted(reader)
    shops = dict(Business.objects.visible_to(request.actor).values_list("code", "name"))
    export = with_query(request.GET)
    context = {
        "given": form.cleaned_data,
        "page": rows.with_rows(lines_of(list(rows.rows), reader)),
        "total": count_up_to_cap(entries),
        "is_narrowed": filters.is_narrowed,
        "groups": [("", _("Everything")), *Group.choices],
        "people": [("", _("Everybody")), *sorted(people.items(), key=lambda one: one[1].lower())],
        "shops": [("", _("Every business")), *shops.items()] if len(shops) > 1 else [],
        "chips": _chips(request, people, shops, reader),
        "export_url": reverse("workspace:audit-export") + export,
        "tabs": settings_tabs(request),
        **rows.links(request.GET),
    }
    return page(request, "workspace/audit_log.html", context, partials={"audit-entries"})


def _chips(
    request: StaffRequest, people: Mapping[str, str], shops: Mapping[str, str], reader: Reader
) -> list[dict[str, str]]:
    """The filters that narrow the list now, each with the link that takes it away."""
    given = request.GET
    action = ACTS.get(given.get("action", ""))
    found = {
        "group": (_("Kind"), str(dict(Group.choices).get(given.get("group", ""), ""))),
        "action": (_("Act"), str(action.title) if action else ""),
        "person": (_("Person"), people.get(given.get("person", ""), given.get("person", ""))),
        "subject": (_("To"), subject_name(given["subject"][:80], reader) if given.get("subject") else ""),
        "business": (_("Business"), shops.get(given.get("business", ""), given.get("business", ""))),
        "ip": (_("From"), given.get("ip", "")),
    }
    return [
        {"label": label, "value": value, "remove_url": with_query(given, **{name: None})}
        for name, (label, value) in found.items()
        if value
    ]


@require_POST  # it leaves an entry
@requires(Perm.AUDIT_VIEW)
def audit_export(request: StaffRequest) -> StreamingHttpResponse:
    """The entries that the page shows, as CSV."""
    programme, reader = request.programme, Reader(request.programme, request.actor)
    filters = AuditFilterForm(request.GET).filters(programme.zone)
    note_export(filters=filters, actor=request.actor)

    def lines() -> Iterator[str]:
        with tenant_context(programme):  # the answer is sent after the request has left the programme
            yield from csv_lines(filters=filters, reader=reader, zone=programme.zone)

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    day = timezone.now().astimezone(programme.zone).date()
    response["Content-Disposition"] = f'attachment; filename="audit-{programme.slug}-{day:%Y-%m-%d}.csv"'
    return response
