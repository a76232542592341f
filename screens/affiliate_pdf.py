"""The statement of a payout as a PDF, for an affiliate's books and the programme's."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from fpdf import FPDF
from fpdf.enums import TableCellFillMode
from fpdf.fonts import FontFace

from core.presentation import format_number
from screens.reports_affiliates import LineRow, PayoutRow
from screens.settlement_pdf import FAMILY, FONTS, GREY, INK, STRIPE, write_line

WIDTHS = (20, 30, 30, 32, 20, 22)


def payout_pdf(payout: PayoutRow, lines: Sequence[LineRow], *, programme: str, left_out: int) -> bytes:
    """The same figures as the page. Orders stand by their number, and nobody's name."""
    paper = FPDF(format="A4")
    paper.set_title(f"{payout.number} · {payout.affiliate}")
    paper.set_margin(18)
    paper.add_font(FAMILY, "", FONTS / "DejaVuSans.ttf")
    paper.add_font(FAMILY, "B", FONTS / "DejaVuSans-Bold.ttf")
    paper.add_page()
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
    paper.set_font(FAMILY, "", 8)
    paper.set_text_color(*INK)
    head = [_("Day"), _("What"), _("Order"), _("Business"), _("Sale"), _("Commission")]
    body = [[line.day, line.text, line.order, line.business, line.sale, line.amount] for line in lines]
    total = [_("Together"), "", "", "", "", payout.amount]
    with paper.table(
        col_widths=WIDTHS,
        text_align=("LEFT", "LEFT", "LEFT", "LEFT", "RIGHT", "RIGHT"),
        headings_style=FontFace(emphasis="BOLD", color=INK),
        cell_fill_color=STRIPE,
        cell_fill_mode=TableCellFillMode.ROWS,
        borders_layout="SINGLE_TOP_LINE",
        line_height=5,
        padding=1,
    ) as table:
        for cells in (head, *body, total):
            row = table.row()
            for cell in cells:
                row.cell(cell)
