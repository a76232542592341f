"""A statement as a PDF: one page of paper for a business's books."""

from __future__ import annotations

from django.utils.translation import gettext as _
from fpdf import FPDF

from screens.pdf_paper import GREY, INK, new_paper, write_line, write_table
from screens.reports_settlement import Statement

WIDTHS = (30, 14, 16, 14, 16, 16)


def statement_pdf(statement: Statement, *, programme: str) -> bytes:
    """The same figures as the page. The same statement gives the same file, apart from its date."""
    paper = new_paper(f"{statement.name} · {statement.month}")
    write_line(paper, programme, 10, GREY)
    write_line(paper, _("Settlement of points, %(month)s") % {"month": statement.month}, 16, INK, style="B")
    write_line(paper, statement.name, 12, INK)
    write_line(paper, statement.terms, 9, GREY)
    paper.ln(4)
    if statement.rows:
        _table(paper, statement)
        paper.ln(4)
    write_line(paper, statement.result, 12, INK, style="B")
    return bytes(paper.output())


def _table(paper: FPDF, statement: Statement) -> None:
    head = [
        _("With"), _("Our points spent there"), _("We owe"), _("Their points spent here"), _("They owe"),
        _("In our favour"),
    ]  # fmt: skip
    total = [_("Together"), "", statement.we_owe, "", statement.they_owe, statement.balance]
    body = [
        [row.other, row.our_points_there, row.we_owe, row.their_points_here, row.they_owe, row.balance]
        for row in statement.rows
    ]
    write_table(paper, (head, *body, total), widths=WIDTHS, texts=1, size=9, line_height=6)
