"""The auditor's page."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from core.page import page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from loyalty.audit import audit
from loyalty.tabs import loyalty_tabs


@require_safe
@requires(Perm.LEDGER_AUDIT)
def ledger_audit(request: StaffRequest) -> HttpResponse:
    request.actor.check_sees_all()
    findings = audit()
    broken = sum(1 for finding in findings if not finding.is_kept)
    context = {"findings": findings, "broken": broken, "tabs": loyalty_tabs(request, "loyalty:audit")}
    return page(request, "loyalty/ledger_audit.html", context)
