"""Payouts to affiliates: made, read and printed as a statement, marked paid, cancelled."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.clock import local_day
from core.errors import InvalidInput
from core.keyset import CURSOR, Order, keyset_page
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from loyalty.access_affiliates import get_payout
from loyalty.actions.affiliate_payouts import cancel_payout, make_payout, mark_paid
from loyalty.errors import NothingToPay
from loyalty.models import AffiliatePayout
from loyalty.tabs import loyalty_tabs
from screens import reports_affiliates as report
from screens.csv_files import csv_file
from screens.forms_affiliates import PaidForm

PAGE_SIZE = 25
MOST_IN_FILE = 20_000
NEWEST = Order(("pk",))


@require_safe
@requires(Perm.POINTS_VIEW)
def payouts(request: StaffRequest) -> HttpResponse:
    """All of them, newest first."""
    request.actor.check_sees_all()
    found = AffiliatePayout.objects.select_related("affiliate")
    rows = keyset_page(found, NEWEST, descending=True, cursor=request.GET.get(CURSOR, ""), size=PAGE_SIZE)
    context = {
        "rows": report.payout_rows(rows.rows, request.programme),
        **rows.links(request.GET),
        "tabs": loyalty_tabs(request, "affiliates:list"),
    }
    return page(request, "screens/affiliates/payout_list.html", context)


@require_safe
@requires(Perm.POINTS_VIEW)
def payouts_file(request: StaffRequest) -> HttpResponse:
    """All of them as CSV."""
    request.actor.check_sees_all()
    found = AffiliatePayout.objects.select_related("affiliate").order_by("pk")[:MOST_IN_FILE]
    head, rows = report.payout_cells(list(found), zone=request.programme.zone)
    return csv_file(f"payouts-{request.programme.slug}", head, rows)


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def make(request: StaffRequest, code: str) -> HttpResponse:
    """Everything that can be paid now. Pressed twice, there is one."""
    try:
        payout = make_payout(affiliate=code, actor=request.actor, now=timezone.now())
    except NothingToPay as error:
        messages.error(request, str(error.message))
        return done(request, reverse("affiliates:detail", args=[code]))
    messages.success(request, _("The statement is made. Mark it as paid when the money has gone."))
    return done(request, reverse("affiliates:payout", args=[payout.code]))


@require_safe
@requires(Perm.POINTS_VIEW)
def payout(request: StaffRequest, code: str) -> HttpResponse:
    return _payout_page(request, _find(request, code))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def pay(request: StaffRequest, code: str) -> HttpResponse:
    """The money has gone."""
    found, form = _find(request, code), PaidForm(request.POST)
    if form.is_valid():
        try:
            mark_paid(code=code, **form.cleaned_data, actor=request.actor, now=timezone.now())
        except InvalidInput as error:
            form.add_error(error.field or None, str(error.message))
    if not form.is_valid():
        return _payout_page(request, found, form, status=422)
    messages.success(request, _("Noted as paid."))
    return done(request, reverse("affiliates:payout", args=[code]))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def cancel(request: StaffRequest, code: str) -> HttpResponse:
    """It will not be paid; its lines are free."""
    cancel_payout(code=_find(request, code).code, actor=request.actor, now=timezone.now())
    messages.success(request, _("Cancelled. Its commissions can be paid out with another statement."))
    return done(request, reverse("affiliates:payout", args=[code]))


@require_safe
@requires(Perm.POINTS_VIEW)
def payout_print(request: StaffRequest, code: str) -> HttpResponse:
    """The statement alone, light, for paper."""
    return page(request, "screens/affiliates/payout_print.html", _shown(request, _find(request, code)))


@require_safe
@requires(Perm.POINTS_VIEW)
def payout_file(request: StaffRequest, code: str) -> HttpResponse:
    """Its lines as CSV."""
    found = _find(request, code)
    head, rows = report.line_cells(report.lines_of(found), zone=request.programme.zone, currency=found.currency)
    return csv_file(f"payout-{request.programme.slug}-{found.number}", head, rows)


@require_safe
@requires(Perm.POINTS_VIEW)
def payout_paper(request: StaffRequest, code: str) -> HttpResponse:
    """The statement as a PDF."""
    from screens.affiliate_pdf import payout_pdf  # fonts and tables: only who asks for a file waits for them

    found = _find(request, code)
    shown = _shown(request, found)
    paper = payout_pdf(shown["payout"], shown["lines"], programme=request.programme.name, left_out=shown["left_out"])
    response = HttpResponse(paper, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="payout-{request.programme.slug}-{found.number}.pdf"'
    return response


def _find(request: StaffRequest, code: str) -> AffiliatePayout:
    request.actor.check_sees_all()
    return get_payout(code)


def _shown(request: StaffRequest, found: AffiliatePayout) -> dict[str, Any]:
    lines = report.payout_lines(found, programme=request.programme, now=timezone.now())
    is_live = found.state != AffiliatePayout.State.CANCELLED
    return {
        "payout": report.payout_row(found, request.programme),
        "lines": lines,
        "left_out": found.line_count - len(lines) if is_live else 0,
    }


def _payout_page(
    request: StaffRequest, found: AffiliatePayout, form: PaidForm | None = None, status: int = 200
) -> HttpResponse:
    may_edit = Perm.PROGRAMME_EDIT in request.membership.permissions
    today = local_day(timezone.now(), request.programme.zone)
    is_open = found.state == AffiliatePayout.State.OPEN
    context = {
        **_shown(request, found),
        "form": (form or PaidForm(initial={"paid_on": today})) if may_edit and is_open else None,
        "tabs": loyalty_tabs(request, "affiliates:list"),
    }
    return page(request, "screens/affiliates/payout.html", context, status=status)
