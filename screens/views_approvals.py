"""Points by hand that wait for a second person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError
from core.page import done, page
from core.permissions import Perm, requires
from core.presentation import format_points
from core.requests import StaffRequest
from loyalty.actions.approvals import approve_adjustment, decline_adjustment
from loyalty.errors import UnknownRequest
from loyalty.tabs import loyalty_tabs
from screens.reports_programme import approval_rows


@require_safe
@requires(Perm.POINTS_ADJUST)
def approvals(request: StaffRequest) -> HttpResponse:
    """What waits, and what was decided lately."""
    rows = approval_rows(actor=request.actor, zone=request.programme.zone, now=timezone.now())
    context = {"rows": rows, "tabs": loyalty_tabs(request, "loyalty:approvals")}
    return page(request, "screens/loyalty/approvals.html", context)


@require_POST
@requires(Perm.POINTS_ADJUST)
def approve(request: StaffRequest, code: str) -> HttpResponse:
    def act() -> str:
        posting = approve_adjustment(code=code, actor=request.actor, now=timezone.now())
        return _("Approved. The balance is %(balance)s now.") % {"balance": format_points(posting.balance)}

    return _decide(request, act)


@require_POST
@requires(Perm.POINTS_ADJUST)
def decline(request: StaffRequest, code: str) -> HttpResponse:
    def act() -> Any:
        decline_adjustment(code=code, actor=request.actor, now=timezone.now())
        return _("Declined. Nothing was changed.")

    return _decide(request, act)


def _decide(request: StaffRequest, act: Callable[[], str]) -> HttpResponse:
    """Say what came of it on the list; another's or a missing request stays a 404."""
    try:
        messages.success(request, act())
    except UnknownRequest:
        raise
    except DomainError as error:
        messages.error(request, str(error.message))
    return done(request, reverse("loyalty:approvals"))
