"""Loyalty → Settlement: the months, what each business owes the others, statements, files, closing a month."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from loyalty.actions.settlement import close_month
from loyalty.reports_settlement import Settlement, months, parse_month, settlement_of
from loyalty.settlement import journal
from loyalty.tabs import loyalty_tabs
from screens.csv_files import csv_file
from screens.reports_final import settled_with
from screens.reports_settlement import (
    Statement,
    journal_rows,
    month_shown,
    pair_rows,
    pairs_shown,
    parties_shown,
    party_of,
    seen_by,
    statement_rows,
    statement_shown,
    terms_of,
)
from workspace.models import Business


@require_safe
@requires(Perm.POINTS_VIEW)
def settlement(request: StaffRequest) -> HttpResponse:
    """Every month, newest first, and the final statements of businesses that left."""
    rows = [month_shown(row) for row in months(zone=request.programme.zone, now=timezone.now())]
    shops = Business.objects.visible_to(request.actor).filter(left_on__isnull=False).order_by("-left_on", "name")[:200]
    partners = settled_with(request.actor)
    context = {"rows": rows, "left": shops, "partners": partners, "tabs": loyalty_tabs(request, "settlement:list")}
    return page(request, "screens/settlement/month_list.html", context)


@require_safe
@requires(Perm.POINTS_VIEW)
def month(request: StaffRequest, month: str) -> HttpResponse:
    """One month: who owes whom, netted, and everybody's statement."""
    found = _settlement(request, month)
    debts = seen_by(found, request.actor)
    rows = months(zone=request.programme.zone, now=timezone.now())
    can_close = any(row.month == found.month and row.can_close for row in rows)
    may_close = Perm.SETTLEMENT_CLOSE in request.membership.permissions and request.actor.business_id is None
    context = {
        "month": date_format(found.month, "F Y"),
        "slug": f"{found.month:%Y-%m}",
        "settlement": found,
        "terms": terms_of(found),
        "pairs": pairs_shown(found, debts),
        "parties": parties_shown(found, debts, request.actor),
        "can_close": can_close,
        "may_close": may_close,
        "tabs": loyalty_tabs(request, "settlement:list"),
    }
    return page(request, "screens/settlement/month.html", context)


@require_POST
@requires(Perm.SETTLEMENT_CLOSE)
def close(request: StaffRequest, month: str) -> HttpResponse:
    """Freeze the month. Pressed twice, it is closed once."""
    closed = close_month(month=parse_month(month), actor=request.actor, now=timezone.now())
    text = _("%(month)s is closed. What is undone later falls into the next open month.")
    messages.success(request, text % {"month": date_format(closed.month, "F Y")})
    return done(request, reverse("settlement:month", args=[f"{closed.month:%Y-%m}"]))


@require_safe
@requires(Perm.POINTS_VIEW)
def month_file(request: StaffRequest, month: str) -> HttpResponse:
    """The pairs of a month as CSV."""
    found = _settlement(request, month)
    head, rows = pair_rows(found, seen_by(found, request.actor))
    return csv_file(f"settlement-{request.programme.slug}-{found.month:%Y-%m}", head, rows)


@require_safe
@requires(Perm.POINTS_VIEW)
def journal_file(request: StaffRequest, month: str) -> HttpResponse:
    """The month as a double-entry journal; people limited to one business get that one's books."""
    found = _settlement(request, month)
    only = request.actor.business_id
    lines = [line for line in journal(seen_by(found, request.actor)) if only is None or line.book == only]
    head, rows = journal_rows(found, lines)
    return csv_file(f"journal-{request.programme.slug}-{found.month:%Y-%m}", head, rows)


@require_safe
@requires(Perm.POINTS_VIEW)
def statement(request: StaffRequest, month: str, party: str) -> HttpResponse:
    shown = _statement(request, _settlement(request, month), party)
    context = {"statement": shown, "tabs": loyalty_tabs(request, "settlement:list")}
    return page(request, "screens/settlement/statement.html", context)


@require_safe
@requires(Perm.POINTS_VIEW)
def statement_print(request: StaffRequest, month: str, party: str) -> HttpResponse:
    """The statement alone, light, for paper."""
    shown = _statement(request, _settlement(request, month), party)
    return page(request, "screens/settlement/statement_print.html", {"statement": shown})


@require_safe
@requires(Perm.POINTS_VIEW)
def statement_file(request: StaffRequest, month: str, party: str) -> HttpResponse:
    """The statement as CSV."""
    found = _settlement(request, month)
    head, rows = statement_rows(found, party_of(party, request.actor))
    return csv_file(f"statement-{request.programme.slug}-{found.month:%Y-%m}-{party}", head, rows)


@require_safe
@requires(Perm.POINTS_VIEW)
def statement_paper(request: StaffRequest, month: str, party: str) -> HttpResponse:
    """The statement as a PDF."""
    from screens.settlement_pdf import statement_pdf  # fonts and tables: only who asks for a file waits for them

    shown = _statement(request, _settlement(request, month), party)
    response = HttpResponse(statement_pdf(shown, programme=request.programme.name), content_type="application/pdf")
    name = f"statement-{request.programme.slug}-{shown.month_slug}-{party}.pdf"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _settlement(request: StaffRequest, month: str) -> Settlement:
    programme = request.programme
    return settlement_of(parse_month(month), zone=programme.zone, currency=programme.currency, now=timezone.now())


def _statement(request: StaffRequest, found: Settlement, slug: str) -> Statement:
    return statement_shown(found, party_of(slug, request.actor), slug, programme=request.programme.name)
