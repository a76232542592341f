"""A statement as a PDF: one page of paper for a business's books."""

from __future__ import annotations

import logging
from pathlib import Path

from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.enums import TableCellFillMode
from fpdf.fonts import FontFace

from screens.reports_settlement import Statement

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells each letter that it puts into the file

FONTS = Path(__file__).parent / "fonts"
FAMILY = "DejaVu"  # has the letters of most languages; the standard fonts of PDF know Western Europe's
INK, GREY, STRIPE = (17, 24, 39), (90, 98, 112), (244, 245, 247)
WIDTHS = (30, 14, 16, 14, 16, 16)


def statement_pdf(statement: Statement, *, programme: str) -> bytes:
    """The same figures as the page. The same statement gives the same file, apart from its date."""
    paper = FPDF(format="A4")
    paper.set_title(f"{statement.name} · {statement.month}")
    paper.set_margin(18)
    paper.add_font(FAMILY, "", FONTS / "DejaVuSans.ttf")
    paper.add_font(FAMILY, "B", FONTS / "DejaVuSans-Bold.ttf")
    paper.add_page()
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


def write_line(paper: FPDF, text: str, size: int, colour: tuple[int, int, int], *, style: str = "") -> None:
    paper.set_font(FAMILY, style, size)
    paper.set_text_color(*colour)
    paper.multi_cell(0, size * 0.5 + 1.5, text, new_x="LMARGIN", new_y="NEXT")


def _table(paper: FPDF, statement: Statement) -> None:
    paper.set_font(FAMILY, "", 9)
    paper.set_text_color(*INK)
    head = [
        _("With"), _("Our points spent there"), _("We owe"), _("Their points spent here"), _("They owe"),
        _("In our favour"),
    ]  # fmt: skip
    total = [_("Together"), "", statement.we_owe, "", statement.they_owe, statement.balance]
    body = [
        [row.other, row.our_points_there, row.we_owe, row.their_points_here, row.they_owe, row.balance]
        for row in statement.rows
    ]
    with paper.table(
        col_widths=WIDTHS,
        text_align=("LEFT", *["RIGHT"] * 5),
        headings_style=FontFace(emphasis="BOLD", color=INK),
        cell_fill_color=STRIPE,
        cell_fill_mode=TableCellFillMode.ROWS,
        borders_layout="SINGLE_TOP_LINE",
        line_height=6,
        padding=1,
    ) as table:
        for cells in (head, *body, total):
            row = table.row()
            for cell in cells:
                row.cell(cell)
