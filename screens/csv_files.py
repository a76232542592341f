"""Small CSV files for people: figures of a report, lines of a statement."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from django.http import HttpResponse

from core.spreadsheets import harmless

Cell = str | int | float | Decimal | date | None


def csv_file(name: str, head: Sequence[object], rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    """A download of few rows, as spreadsheets open it."""
    response = HttpResponse(csv_text(head, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def csv_text(head: Sequence[object], rows: Iterable[Sequence[Cell]]) -> str:
    """With a mark for UTF-8, numbers plain, days as ISO dates."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([str(title) for title in head])
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return "\ufeff" + written.getvalue()


def _cell(cell: Cell) -> str:
    """Numbers plain; a text that a spreadsheet would take for a formula is quoted. Source: OWASP, CSV injection."""
    if cell is None:
        return ""
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, str):
        return harmless(cell)
    return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)
