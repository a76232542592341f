"""A sheet of paper for statements: its fonts and colours, lines of text, a striped table."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import TableCellFillMode
from fpdf.fonts import FontFace

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells each letter that it puts into the file

FONTS = Path(__file__).parent / "fonts"
FAMILY = "DejaVu"  # has the letters of most languages; the standard fonts of PDF know Western Europe's
INK, GREY, STRIPE = (17, 24, 39), (90, 98, 112), (244, 245, 247)


def new_paper(title: str) -> FPDF:
    """A4, with its first page begun."""
    paper = FPDF(format="A4")
    paper.set_title(title)
    paper.set_margin(18)
    paper.add_font(FAMILY, "", FONTS / "DejaVuSans.ttf")
    paper.add_font(FAMILY, "B", FONTS / "DejaVuSans-Bold.ttf")
    paper.add_page()
    return paper


def write_line(paper: FPDF, text: str, size: int, colour: tuple[int, int, int], *, style: str = "") -> None:
    paper.set_font(FAMILY, style, size)
    paper.set_text_color(*colour)
    paper.multi_cell(0, size * 0.5 + 1.5, text, new_x="LMARGIN", new_y="NEXT")


def write_table(
    paper: FPDF, rows: Iterable[Sequence[str]], *, widths: Sequence[int], texts: int, size: int, line_height: int
) -> None:
    """The first row is the head. `texts` columns stand left, the others are figures and stand right."""
    paper.set_font(FAMILY, "", size)
    paper.set_text_color(*INK)
    with paper.table(
        col_widths=tuple(widths),
        text_align=(*["LEFT"] * texts, *["RIGHT"] * (len(widths) - texts)),
        headings_style=FontFace(emphasis="BOLD", color=INK),
        cell_fill_color=STRIPE,
        cell_fill_mode=TableCellFillMode.ROWS,
        borders_layout="SINGLE_TOP_LINE",
        line_height=line_height,
        padding=1,
    ) as table:
        for cells in rows:
            row = table.row()
            for cell in cells:
                row.cell(cell)
