"""Files of imports that name somebody who has been erased."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, BinaryIO, cast

import phonenumbers
from django.core.files.storage import default_storage

from customers.models import ImportRun

CHUNK = 1_000_000  # characters
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
    with default_storage.open(path, "rb") as file:
        text = io.TextIOWrapper(cast(BinaryIO, file.file), encoding=encoding, errors="replace")
        # Whole lines, a megabyte at a time: a million rows take seconds.
        return any(names_person("".join(lines), traces) for lines in iter(lambda: text.readlines(CHUNK), []))


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
