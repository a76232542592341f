"""Settings: the audit log."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from core.clock import day_start
from core.keyset import CURSOR, Order, count_up_to_cap, keyset_page
from core.page import page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from workspace.forms_keys import AuditFilterForm
from workspace.models import AuditEntry
from workspace.settings_tabs import settings_tabs

NEWEST = Order(["at", "id"])
PAGE_ROWS = 50


@require_safe
@requires(Perm.AUDIT_VIEW)
def audit_log(request: StaffRequest) -> HttpResponse:
    """Who did what, newest first. A person limited to one business sees what was done there."""
    form = AuditFilterForm(request.GET)
    entries = _filtered(request, form)
    rows = keyset_page(entries, NEWEST, descending=True, cursor=request.GET.get(CURSOR, ""), size=PAGE_ROWS)
    context = {
        "form": form,
        "filters": form.cleaned_data,
        "page": rows,
        "total": count_up_to_cap(entries),
        "is_narrowed": any(form.cleaned_data.values()),
        "tabs": settings_tabs(request),
        **rows.links(request.GET),
    }
    return page(request, "workspace/audit_log.html", context, partials={"audit-entries"})


def _filtered(request: StaffRequest, form: AuditFilterForm) -> QuerySet[AuditEntry]:
    entries = AuditEntry.objects.visible_to(request.actor)
    form.is_valid()  # a filter that cannot be read is left out
    given, zone = form.cleaned_data, request.programme.zone
    text = given.get("q", "").replace("\x00", "")
    if text:
        entries = entries.filter(
            Q(actor_label__icontains=text) | Q(actor=text) | Q(subject__icontains=text) | Q(action__icontains=text)
        )
    if given.get("from_day"):
        entries = entries.filter(at__gte=day_start(given["from_day"], zone))
    if given.get("to_day"):
        entries = entries.filter(at__lt=day_start(given["to_day"] + timedelta(days=1), zone))
    return entries
