"""The statement of a payout as a PDF, for an affiliate's books and the programme's."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from fpdf import FPDF

from core.presentation import format_number
from screens.pdf_paper import GREY, INK, new_paper, write_line, write_table
from screens.reports_affiliates import LineRow, PayoutRow

WIDTHS = (20, 30, 30, 32, 20, 22)


def payout_pdf(payout: PayoutRow, lines: Sequence[LineRow], *, programme: str, left_out: int) -> bytes:
    """The same figures as the page. Orders stand by their number, and nobody's name."""
    paper = new_paper(f"{payout.number} · {payout.affiliate}")
    write_line(paper, programme, 10, GREY)
    write_line(paper, _("Statement %(number)s") % {"number": payout.number}, 16, INK, style="B")
    write_line(paper, payout.affiliate, 12, INK)
    write_line(paper, " · ".join(part for part in (payout.day, payout.label, payout.note) if part), 9, GREY)
    paper.ln(4)
    _table(paper, payout, lines)
    paper.ln(4)
    if left_out:
        text = ngettext("%(number)s more line is in the file.", "%(number)s more lines are in the file.", left_out)
        write_line(paper, text % {"number": format_number(left_out)}, 9, GREY)
    text = _("%(name)s receives %(amount)s.") % {"name": payout.affiliate, "amount": payout.amount}
    write_line(paper, text, 12, INK, style="B")
    return bytes(paper.output())


def _table(paper: FPDF, payout: PayoutRow, lines: Sequence[LineRow]) -> None:
    head = [_("Day"), _("What"), _("Order"), _("Business"), _("Sale"), _("Commission")]
    body = [[line.day, line.text, line.order, line.business, line.sale, line.amount] for line in lines]
    total = [_("Together"), "", "", "", "", payout.amount]
    write_table(paper, (head, *body, total), widths=WIDTHS, texts=4, size=8, line_height=5)
