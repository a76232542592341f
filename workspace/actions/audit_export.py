"""The audit log as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import fields
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from core.actor import Actor
from core.keyset import Order, keyset_page
from core.spreadsheets import harmless
from workspace.actions import audit
from workspace.audit_registry import Reader
from workspace.models import AuditEntry
from workspace.reports_audit import AuditFilters, Detail, find_entries, lines_of

NEWEST = Order(["at", "id"])
ROWS_AT_ONCE = 500
MOST_ROWS = 100_000  # a spreadsheet opens that many


class _Line:
    """What csv.writer writes to: keeps the last line."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def note_export(*, filters: AuditFilters, actor: Actor) -> None:
    """Reading all of it at once is an act of consequence too."""
    asked = {one.name: str(getattr(filters, one.name)) for one in fields(filters) if getattr(filters, one.name)}
    audit.record(actor, "workspace.audit.exported", data=asked)


def csv_lines(*, filters: AuditFilters, reader: Reader, zone: ZoneInfo) -> Iterator[str]:
    """The file line by line, newest first, at most MOST_ROWS; times are the programme's. Pages by key, so that nothing
    is held in memory and no cursor stays open."""
    line = _Line()
    writer = csv.writer(line)

    def written(row: list[str]) -> str:
        writer.writerow([_harmless(cell) for cell in row])
        return line.text

    head = [_("When"), _("Who"), _("What"), _("Act"), _("To what"), _("Business"), _("Details"), _("From")]
    yield "\ufeff" + written(head)
    cursor, rows = "", 0
    while rows < MOST_ROWS:
        page = keyset_page(find_entries(filters, reader), NEWEST, descending=True, cursor=cursor, size=ROWS_AT_ONCE)
        yield from (written(row) for row in _rows(list(page.rows), reader, zone))
        rows += len(page.rows)
        cursor = page.next_cursor
        if not cursor:
            return


def _rows(entries: list[AuditEntry], reader: Reader, zone: ZoneInfo) -> Iterator[list[str]]:
    for entry, line in zip(entries, lines_of(entries, reader), strict=True):
        moment = entry.at.astimezone(zone).isoformat(timespec="seconds")
        details = "; ".join(_plain(detail) for detail in line.details)
        subject = line.subject
        yield [moment, entry.actor_label, line.plain, entry.action, subject, line.business, details, line.ip]


def _plain(detail: Detail) -> str:
    return (
        f"{detail.label}: {detail.text}"
        if detail.before is None
        else f"{detail.label}: {detail.before} → {detail.text}"
    )


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula. Source: OWASP, CSV injection."""
    return harmless(cell)
