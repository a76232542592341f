"""Files of imports that name somebody who has been erased."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, cast

import phonenumbers
from django.core.files.storage import default_storage

from customers.models import ImportRun

if TYPE_CHECKING:
    from customers.actions.privacy import Traces


def delete_files_that_name(traces: Traces) -> int:
    """Delete every file of an import, and of rows that it refused, in which the person is named; returns how many.

    Reads the files that are kept, line by line. A file that waits for its import goes with its run; what was imported
    from one that is over stays, and so does the run with its counts.
    """
    deleted = 0
    for run in ImportRun.objects.order_by("pk"):
        if run.error_path and _names(run.error_path, "utf-8-sig", traces):
            default_storage.delete(run.error_path)
            ImportRun.objects.filter(pk=run.pk).update(error_path="")
            deleted += 1
        if default_storage.exists(run.path) and _names(run.path, run.encoding, traces):
            default_storage.delete(run.path)
            deleted += 1
            if run.job_id is None:
                run.delete()
    return deleted


def _names(path: str, encoding: str, traces: Traces) -> bool:
    if not default_storage.exists(path):
        return False
    numbers = [digits for phone in traces.phones if (digits := national_digits(phone))]
    words = [word.lower() for word in (*traces.emails, traces.name, *traces.external_ids) if word]
    return any(_is_in(line, numbers, words) for line in _lines(path, encoding))


def _is_in(line: str, numbers: list[str], words: list[str]) -> bool:
    lowered = line.lower()
    if any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", lowered) for word in words if word in lowered):
        return True
    if not numbers:
        return False
    cells = re.split(r"[,;\t|]", line)  # digits of two cells are no number
    return any(number in re.sub(r"\D", "", cell) for cell in cells for number in numbers)


def national_digits(phone: str) -> str:
    """The digits that every spelling of a number has: those behind its dial code."""
    return phonenumbers.national_significant_number(phonenumbers.parse(phone, None))


def _lines(path: str, encoding: str) -> Iterator[str]:
    with default_storage.open(path, "rb") as file:
        yield from io.TextIOWrapper(cast(BinaryIO, file.file), encoding=encoding, errors="replace")
