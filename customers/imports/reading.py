"""Reading a CSV or Excel file of any size as a stream, and refusing what is none, with the reason in plain words."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from django.utils.translation import gettext_lazy as _

from customers.imports import spreadsheets
from customers.imports.problems import UnreadableFile
from customers.models import ImportRun

DELIMITERS = ",;\t|"
# The first three are told apart by the bytes; the others only a person can choose.
ENCODINGS = (
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254",
    "iso8859-15", "mac-roman", "cp437", "cp850", "shift-jis", "gb18030",
)  # fmt: skip
SAMPLE_BYTES = 64 * 1024
BLOCK_BYTES = 1024 * 1024
MAX_COLUMNS = 200
MAX_CELL = 100_000  # characters; above it a quotation mark was opened and never closed
MAX_LINE = 2_000_000  # characters; a longer one is no row of a table, and would be held in memory whole
PREVIEW_ROWS = 5

ZIP = b"PK\x03\x04"
# What people upload instead of a table, by its first bytes.
_BINARY = (
    (b"\xd0\xcf\x11\xe0", spreadsheets.OLD_EXCEL),
    (b"%PDF", _("This is a PDF. Export the data as CSV and upload that.")),
    (b"\x1f\x8b", _("This file is compressed. Unpack it and upload the CSV inside.")),
    (b"\x89PNG", _("This is a picture, not a CSV file.")),
    (b"\xff\xd8\xff", _("This is a picture, not a CSV file.")),
    (b"SQLite format 3", _("This is a database file. Export the table as CSV and upload that.")),
)
# An address or a phone number: the names of columns are missing, and the first person would be lost.
_OF_A_PERSON = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|[+(]?\d(?:[ ()/.-]{0,2}\d){8,14}")
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|table|head|body|style|meta|\?xml)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows are read: a sheet of an Excel file, or the text of a CSV file. Empty: found by looking."""

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""


AS_FOUND = Layout()


def layout_of(run: ImportRun) -> Layout:
    return Layout(run.encoding, run.delimiter, run.sheet)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one pass over a file found. `rows` leaves out the header and empty lines."""

    layout: Layout
    sheets: Sequence[str]
    header: Sequence[str]
    preview: Sequence[Sequence[str]]
    rows: int
    digest: str
    size: int


def inspect(file: BinaryIO, wanted: Layout = AS_FOUND) -> Inspection:
    """Read the whole file once (about 1.5 s for a million rows) and say what it is.

    `wanted` is what a person chose of the layout. Raises UnreadableFile: empty, binary, not text, without header or
    rows, a quotation mark never closed, or cut off in the middle of a row. Memory does not grow with the file.
    """
    file.seek(0)
    if file.read(len(ZIP)) == ZIP:
        return _inspect_workbook(file, wanted.sheet)
    return _inspect_text(file, wanted)


def _inspect_text(file: BinaryIO, wanted: Layout) -> Inspection:
    digest, size, encoding = _judge_bytes(file, wanted.encoding)
    file.seek(0)
    sample = codecs.getincrementaldecoder(encoding)(errors="ignore").decode(file.read(SAMPLE_BYTES))
    layout = Layout(encoding, wanted.delimiter or _delimiter(sample))
    header: list[str] = []
    preview: list[list[str]] = []
    last: list[str] = []
    rows = 0
    try:
        for _line, record in records(file, layout):
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
    return Inspection(layout, [], header, preview, rows, digest, size)


def _inspect_workbook(file: BinaryIO, wanted: str) -> Inspection:
    """The sheet that was chosen, otherwise the first one that has a header and rows."""
    digest, size = _digest(file)
    with spreadsheets.opened(file) as (parts, book):
        names = list(book.sheets)
        candidates = [wanted] if wanted in book.sheets else names
        counts = {name: spreadsheets.count_rows(parts, book.sheets[name]) for name in candidates}
    chosen = next((name for name in candidates if counts[name] > 1), candidates[0])
    layout = Layout(delimiter=",", sheet=chosen)
    first = [record for _line, record in islice(records(file, layout), PREVIEW_ROWS + 1) if record is not None]
    if not first:
        raise UnreadableFile(_("The sheet is empty."))
    header = _checked_header(first[0])
    if len(first) == 1:
        raise UnreadableFile(_("The file has a header and no rows."))
    return Inspection(layout, names, header, first[1:], counts[chosen] - 1, digest, size)


def records(file: BinaryIO, layout: Layout) -> Iterator[tuple[int, list[str] | None]]:
    """(line, cells) of each record, the header included and empty lines left out; None where quotes do not match.

    `line` is where the record begins; the first line is 1. Raises UnreadableFile when a quotation mark is never closed.
    """
    return spreadsheets.records(file, layout.sheet) if layout.sheet else _text_records(file, layout)


def _text_records(file: BinaryIO, layout: Layout) -> Iterator[tuple[int, list[str] | None]]:
    file.seek(0)
    wrapper = io.TextIOWrapper(file, encoding=layout.encoding, newline="")
    try:
        csv.field_size_limit(MAX_CELL)
        reader = csv.reader(_bounded_lines(wrapper), delimiter=layout.delimiter, strict=True)
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


def _bounded_lines(text: io.TextIOWrapper) -> Iterator[str]:
    readline = text.readline
    while line := readline(MAX_LINE):
        if len(line) == MAX_LINE:
            raise UnreadableFile(_("A line of the file is too long for a row of a table."))
        yield line


def _digest(file: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size


def _judge_bytes(file: BinaryIO, wanted: str) -> tuple[str, int, str]:
    """SHA-256, size and encoding (the one wanted, if any); refuses binary files."""
    file.seek(0)
    start = file.read(4096)
    if not start:
        raise UnreadableFile(_("The file is empty."))
    for magic, message in _BINARY:
        if start.startswith(magic):
            raise UnreadableFile(message)
    if _MARKUP.match(start.removeprefix(codecs.BOM_UTF8)):
        raise UnreadableFile(_("This is a web page or XML, whatever its name says. Save the table as .xlsx or CSV."))
    wide = wanted if wanted.startswith("utf-16") else _wide_encoding(start)
    decoder = codecs.getincrementaldecoder(wide or "utf-8")()
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
    if is_unicode and not wanted:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            message = _("The file ends in the middle of a letter: it was not copied whole. Export it again.")
            raise UnreadableFile(message) from error
    if wanted or wide:
        return digest.hexdigest(), size, wanted or wide
    if start.startswith(codecs.BOM_UTF8):
        return digest.hexdigest(), size, "utf-8-sig"
    # What Excel writes on Windows in western Europe; it has a letter for nearly every byte.
    return digest.hexdigest(), size, "utf-8" if is_unicode else "cp1252"


def _wide_encoding(start: bytes) -> str:
    """UTF-16 by its byte order mark or, as some databases write it, without: each second byte of plain text is zero."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = start[::2], start[1::2]
    if len(start) >= 8 and odd.count(0) > 0.7 * len(odd) and not even.count(0):
        return "utf-16-le"
    if len(start) >= 8 and even.count(0) > 0.7 * len(even) and not odd.count(0):
        return "utf-16-be"
    return ""


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
    if all(name.replace(".", "").replace("-", "").isdigit() for name in named) or any(
        map(_OF_A_PERSON.fullmatch, named)
    ):
        raise UnreadableFile(_("The first line looks like data. It must hold the names of the columns."))
    return header


def _ends_with_newline(file: BinaryIO, encoding: str) -> bool:
    file.seek(-2, io.SEEK_END) if file.seek(0, io.SEEK_END) > 1 else file.seek(0)
    end = file.read(2)
    return (b"\n" in end or b"\r" in end) if encoding.startswith("utf-16") else end[-1:] in (b"\n", b"\r")
