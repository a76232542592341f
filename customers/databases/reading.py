"""The rows of a section as a file of the import core, written as they arrive: memory does not grow with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO
from zoneinfo import ZoneInfo

from customers.databases.cells import Cell, cell_of
from customers.databases.drivers import FETCH_ROWS, Source
from customers.databases.mapping import Section, SourceMapping
from customers.databases.marks import Mark, capped, higher, mark_of
from customers.databases.selects import Marks, missing_columns, select_of
from customers.imports.values import CellProblem, order_status


@dataclass(frozen=True, slots=True)
class Read:
    """What came: our fields in the order of the file's columns, its rows, and the marks for the next reading."""

    fields: Sequence[str]
    rows: int
    marks: dict[str, Mark]


def read_section(
    mapping: SourceMapping,
    name: str,
    source: Source,
    target: IO[bytes],
    *,
    marks: Marks,
    zone: ZoneInfo,
    now: datetime,
    report: Callable[[int], None],
) -> Read:
    """Write what changed since `marks` into `target`, with a header. `zone` is of times without one."""
    select = select_of(mapping, name, source, marks)
    text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(select.fields)
    cells, width = _cells(mapping.sections[name], mapping, select.fields, zone), len(select.fields)
    found: dict[str, Mark | None] = {cursor: marks.get(cursor) for cursor in select.cursors}
    count = 0
    for count, row in enumerate(source.rows(select.sql, select.parameters), start=1):
        writer.writerow([cell(value) for cell, value in zip(cells, row, strict=False)])
        for at, cursor in enumerate(select.cursors, start=width):
            found[cursor] = higher(found[cursor], mark_of(row[at]))
        if count % FETCH_ROWS == 0:
            report(count)
    text.detach()
    told = {cursor: capped(mark, now=now, zone=zone) for cursor, mark in found.items() if mark is not None}
    return Read(select.fields, count, told)


def _cells(section: Section, mapping: SourceMapping, fields: Sequence[str], zone: ZoneInfo) -> list[Cell]:
    statuses: Mapping[str, str] = section.statuses
    if section.name == "lines" and mapping.lines_join_orders:
        statuses = mapping.sections["orders"].statuses
    cells = [cell_of(name, zone=zone, statuses=statuses, is_given_back=section.name == "refunds") for name in fields]
    if "refunds" in mapping.sections and "status" in fields:  # told twice it would be given back twice
        at = fields.index("status")
        cells[at] = _never_refunded(cells[at])
    return cells


def _never_refunded(cell: Cell) -> Cell:
    def text(value: object) -> str:
        told = cell(value)
        try:
            return "paid" if order_status(told) == "refunded" else told
        except CellProblem:
            return told

    return text


@dataclass(frozen=True, slots=True)
class SectionCheck:
    """What a look at a section found: names of columns, and the first rows as the import would read them."""

    section: Section
    found: Sequence[str]
    missing: Sequence[str]
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def check_section(mapping: SourceMapping, name: str, source: Source, *, zone: ZoneInfo, limit: int) -> SectionCheck:
    """Look at the columns and read the first rows; nothing is written."""
    section = mapping.sections[name]
    found, missing = missing_columns(section, source)
    if missing:
        return SectionCheck(section, found, missing, [], [])
    select = select_of(mapping, name, source, {}, limit=limit)
    cells = _cells(section, mapping, select.fields, zone)
    rows = source.rows(select.sql, select.parameters)
    texts = [[cell(value) for cell, value in zip(cells, row, strict=False)] for row in rows]
    return SectionCheck(section, found, missing, select.fields, texts)
