"""Files of imports that name somebody who has been erased."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, cast

import phonenumbers
from django.core.files.storage import default_storage

from customers.imports import spreadsheets
from customers.imports.reading import Layout, layout_of
from customers.models import ImportRun

CHUNK = 1_000_000  # characters
CHUNK_ROWS = 10_000  # of a sheet
BETWEEN = r"[ .()/\u00a0-]{0,3}"  # what people write between the digits of a number; never the border of a cell

if TYPE_CHECKING:
    from customers.actions.privacy import Traces


def delete_files_that_name(traces: Traces) -> int:
    """Delete every file of an import, and of rows that it refused, in which the person is named; returns how many.

    Reads the files that are kept, line by line. A file that waits for its import goes with its run; what was imported
    from one that is over stays, and so does the run with its counts.
    """
    deleted = 0
    for run in ImportRun.objects.order_by("pk"):
        if run.error_path and _names(run.error_path, Layout("utf-8-sig"), traces):
            default_storage.delete(run.error_path)
            ImportRun.objects.filter(pk=run.pk).update(error_path="")
            deleted += 1
        if run.path and default_storage.exists(run.path) and _names(run.path, layout_of(run), traces):
            default_storage.delete(run.path)
            deleted += 1
            if run.job_id is None:
                run.delete()
    return deleted


def _names(path: str, layout: Layout, traces: Traces) -> bool:
    if not default_storage.exists(path):
        return False
    with default_storage.open(path, "rb") as file:
        return any(names_person(text, traces) for text in _texts(cast(BinaryIO, file.file), layout))


def _texts(file: BinaryIO, layout: Layout) -> Iterator[str]:
    """The file's words, about a megabyte at a time: a million rows take seconds. Of a workbook, all its sheets."""
    if not layout.sheet:
        text = io.TextIOWrapper(file, encoding=layout.encoding, errors="replace")
        yield from ("".join(lines) for lines in iter(lambda: text.readlines(CHUNK), []))
        return
    for sheet in spreadsheets.sheet_names(file):
        rows = spreadsheets.records(file, sheet)
        while block := list(islice(rows, CHUNK_ROWS)):
            yield "\n".join("\t".join(cells or []) for _number, cells in block)


def names_person(text: str, traces: Traces) -> bool:
    """Whether lines of a file hold one of the person's words, or their number in any spelling inside one cell."""
    lowered = text.lower()
    words = [word.lower() for word in (*traces.emails, traces.name, *traces.external_ids) if word]
    # The plain search first: it is fifty times as fast, and mostly the answer.
    if any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", lowered) for word in words if word in lowered):
        return True
    return any(re.search(BETWEEN.join(national_digits(phone)), lowered) for phone in traces.phones)


def national_digits(phone: str) -> str:
    """The digits that every spelling of a number has: those behind its dial code."""
    return phonenumbers.national_significant_number(phonenumbers.parse(phone, None))
