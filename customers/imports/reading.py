"""Reading a CSV file of any size as a stream, and refusing what is none, with the reason in plain words."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput

DELIMITERS = ",;\t|"
SAMPLE_BYTES = 64 * 1024
BLOCK_BYTES = 1024 * 1024
MAX_COLUMNS = 200
MAX_CELL = 100_000  # characters; above it a quotation mark was opened and never closed
PREVIEW_ROWS = 5

# What people upload instead of CSV, by its first bytes.
_BINARY = (
    (b"PK\x03\x04", _("This is a spreadsheet or a ZIP file. Save the sheet as CSV and upload that.")),
    (b"\xd0\xcf\x11\xe0", _("This is an old Excel file. Save the sheet as CSV and upload that.")),
    (b"%PDF", _("This is a PDF. Export the data as CSV and upload that.")),
    (b"\x1f\x8b", _("This file is compressed. Unpack it and upload the CSV inside.")),
    (b"\x89PNG", _("This is a picture, not a CSV file.")),
    (b"\xff\xd8\xff", _("This is a picture, not a CSV file.")),
    (b"SQLite format 3", _("This is a database file. Export the table as CSV and upload that.")),
)


class UnreadableFile(InvalidInput):
    """The upload is no CSV file that can be imported; the message says what it is and what to do."""

    code = "unreadable_file"

    def __init__(self, message: object) -> None:
        super().__init__(str(message), field="file")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one pass over a file found. `rows` leaves out the header and empty lines."""

    encoding: str
    delimiter: str
    header: Sequence[str]
    preview: Sequence[Sequence[str]]
    rows: int
    digest: str
    size: int


def inspect(file: BinaryIO) -> Inspection:
    """Read the whole file once (about 1.5 s for a million rows) and say what it is.

    Raises UnreadableFile: empty, binary, not text, without header or rows, a quotation mark never closed, or cut off
    in the middle of a row. Memory does not grow with the file.
    """
    digest, size, encoding = _judge_bytes(file)
    file.seek(0)
    sample = codecs.getincrementaldecoder(encoding)(errors="ignore").decode(file.read(SAMPLE_BYTES))
    delimiter = _delimiter(sample)
    header: list[str] = []
    preview: list[list[str]] = []
    last: list[str] = []
    rows = 0
    try:
        for _line, record in records(file, encoding=encoding, delimiter=delimiter):
            if record is None:
                rows += 1
                last = []
                continue
            if not header:
                header = _checked_header(record)
                continue
            rows += 1
            last = record
            if len(preview) < PREVIEW_ROWS:
                preview.append(record)
    except UnicodeDecodeError as error:
        raise UnreadableFile(_("The text of this file cannot be read. Save it as CSV UTF-8.")) from error
    if not header:
        raise UnreadableFile(_("The file is empty."))
    if rows == 0:
        raise UnreadableFile(_("The file has a header and no rows."))
    if last and len(last) < len(header) and not _ends_with_newline(file, encoding):
        raise UnreadableFile(_("The file ends in the middle of a row: it was not copied whole. Export it again."))
    return Inspection(encoding, delimiter, header, preview, rows, digest, size)


def records(file: BinaryIO, *, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """(line, cells) of each record, the header included and empty lines left out; None where quotes do not match.

    `line` is where the record begins; the first line is 1. Raises UnreadableFile when a quotation mark is never closed.
    """
    file.seek(0)
    wrapper = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        csv.field_size_limit(MAX_CELL)
        reader = csv.reader(wrapper, delimiter=delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "unexpected end of data" in str(error) or "field limit" in str(error):
                    message = _("A quotation mark in line %(line)d is never closed: the file was cut off or edited.")
                    raise UnreadableFile(message % {"line": line}) from error
                yield line, None
                continue
            if record:
                yield line, record
    finally:
        wrapper.detach()


def _judge_bytes(file: BinaryIO) -> tuple[str, int, str]:
    """SHA-256, size and encoding; refuses binary files."""
    file.seek(0)
    start = file.read(16)
    if not start:
        raise UnreadableFile(_("The file is empty."))
    for magic, message in _BINARY:
        if start.startswith(magic):
            raise UnreadableFile(message)
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if wide else "utf-8")()
    is_unicode = True
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
        size += len(block)
        text = ""
        if is_unicode:
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError:
                is_unicode = False
        if "\0" in text if wide else b"\0" in block:
            raise UnreadableFile(_("This is not a text file. Export the data as CSV and upload that."))
    if is_unicode:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            message = _("The file ends in the middle of a letter: it was not copied whole. Export it again.")
            raise UnreadableFile(message) from error
    if wide:
        return digest.hexdigest(), size, "utf-16"
    if start.startswith(codecs.BOM_UTF8):
        return digest.hexdigest(), size, "utf-8-sig"
    # What Excel writes on Windows in western Europe; it has a letter for nearly every byte.
    return digest.hexdigest(), size, "utf-8" if is_unicode else "cp1252"


def _delimiter(sample: str) -> str:
    """The separator that the first lines agree on most. Quoted text does not count."""
    counts = {}
    for delimiter in DELIMITERS:
        widths = []
        try:
            for record in csv.reader(io.StringIO(sample[: sample.rfind("\n") + 1] or sample), delimiter=delimiter):
                widths.append(len(record))
                if len(widths) >= 50:
                    break
        except csv.Error:
            pass
        wide = [width for width in widths if width > 1]
        counts[delimiter] = (widths[0] if widths else 0) > 1 and wide.count(widths[0]) * widths[0]
    best = max(counts, key=lambda delimiter: counts[delimiter])
    return best if counts[best] else ","


def _checked_header(record: list[str]) -> list[str]:
    header = [name.strip() for name in record]
    if not any(header):
        raise UnreadableFile(_("The first line has no names of columns."))
    if len(header) > MAX_COLUMNS:
        raise UnreadableFile(_("The file has more columns than can be read."))
    named = [name.casefold() for name in header if name]
    if len(set(named)) < len(named):
        raise UnreadableFile(_("Two columns of the file have the same name."))
    if all(name.replace(".", "").replace("-", "").isdigit() for name in named):
        raise UnreadableFile(_("The first line looks like data. It must hold the names of the columns."))
    return header


def _ends_with_newline(file: BinaryIO, encoding: str) -> bool:
    file.seek(-2, io.SEEK_END) if file.seek(0, io.SEEK_END) > 1 else file.seek(0)
    end = file.read(2)
    return (b"\n" in end or b"\r" in end) if encoding == "utf-16" else end[-1:] in (b"\n", b"\r")
