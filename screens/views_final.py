"""Loyalty → Settlement: the final statement of a business that left, as a page, on paper, as files."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from core.page import page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from loyalty.reports_leaving import FinalShown
from loyalty.tabs import loyalty_tabs
from screens.csv_files import csv_file
from screens.reports_final import final_journal_rows, final_rows, final_statement, get_books, get_final, who_pays_whom


@require_safe
@requires(Perm.POINTS_VIEW)
def final(request: StaffRequest, code: str) -> HttpResponse:
    found = _final(request, code)
    context = {
        "statement": final_statement(found, code),
        "stored": found.statement,
        "is_paid": found.is_paid,
        "payments": who_pays_whom(found),
        "closed_on": found.closed_on,
        "tabs": loyalty_tabs(request, "settlement:list"),
    }
    return page(request, "screens/settlement/final.html", context)


@require_safe
@requires(Perm.POINTS_VIEW)
def final_print(request: StaffRequest, code: str) -> HttpResponse:
    """The statement alone, light, for paper."""
    statement = final_statement(_final(request, code), code)
    return page(request, "screens/settlement/final_print.html", {"statement": statement})


@require_safe
@requires(Perm.POINTS_VIEW)
def final_file(request: StaffRequest, code: str) -> HttpResponse:
    """The statement as CSV."""
    head, rows = final_rows(_final(request, code))
    return csv_file(f"final-statement-{request.programme.slug}-{code}", head, rows)


@require_safe
@requires(Perm.POINTS_VIEW)
def final_journal_file(request: StaffRequest, code: str) -> HttpResponse:
    """The statement as a double-entry journal; people limited to one business get that one's books, partners theirs."""
    final = get_books(code, programme=request.programme, actor=request.actor)
    head, rows = final_journal_rows(final, only=request.actor.business_id)
    return csv_file(f"final-journal-{request.programme.slug}-{code}", head, rows)


@require_safe
@requires(Perm.POINTS_VIEW)
def final_paper(request: StaffRequest, code: str) -> HttpResponse:
    """The statement as a PDF."""
    from screens.settlement_pdf import statement_pdf  # fonts and tables: only who asks for a file waits for them

    statement = final_statement(_final(request, code), code)
    response = HttpResponse(statement_pdf(statement, programme=request.programme.name), content_type="application/pdf")
    name = f"final-statement-{request.programme.slug}-{code}.pdf"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _final(request: StaffRequest, code: str) -> FinalShown:
    return get_final(code, programme=request.programme, actor=request.actor)
