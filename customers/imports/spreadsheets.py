"""Reading a sheet of an Excel file (.xlsx) as a stream of texts: the same records that a CSV file gives.

Read with the XML parser of the standard library: the cells' own text is kept (a phone number stays a number, not
4.9E+12), errors and formulas without a result are told apart from empty cells, and memory does not grow with the file.
Nothing of the file is ever evaluated. Source: ECMA-376 part 1, 18.3 (sheets), 18.4 (strings), 18.8 (styles).
"""

from __future__ import annotations

import lzma
import mmap
import posixpath
import re
import tempfile
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import IO, Any, BinaryIO
from xml.parsers import expat

from django.utils.translation import gettext_lazy as _

from customers.imports.problems import NO_RESULT, UnreadableFile

MAX_UNPACKED = 2 * 1024**3  # a sheet as full as Excel allows, eight columns wide, is a quarter of it
MAX_RATIO = 400  # real sheets pack ten to sixty times; a bomb a thousand times
SMALL = 8 * 1024**2  # of which no ratio is asked
MAX_PARTS = 2_000
MAX_SHEETS = 200
MAX_SHEET_NAME = 100  # as ImportRun keeps it; Excel allows 31
MAX_COLUMN = 16_384  # as Excel has them
MAX_STRING = 100_000  # characters; Excel's own limit is 32,767
BLOCK = 256 * 1024
REMEMBERED = 50_000  # distinct numbers and strings kept; more of them are read again

OLD_EXCEL = _("This is an old Excel file (.xls) or one with a password. Save it as .xlsx without a password.")
BROKEN = _("This Excel file is broken. Open it in a spreadsheet, save it again and upload that.")
TOO_LARGE = _("This Excel file is too large when it is unpacked. Save the sheet as CSV and upload that.")
# What the library of the archive and the parser raise; a part packed with bzip2 or LZMA is nothing that Excel writes.
_BROKEN_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, NotImplementedError, RuntimeError,
    ValueError, expat.ExpatError,
)  # fmt: skip
BUILT_IN_DATES = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_DATE_LETTERS = re.compile(r"[dmyhs]", re.IGNORECASE)
_PLAIN_INTEGER = re.compile(r"-?\d{1,15}", re.ASCII)
_LETTERS = re.compile(r"[A-Z]{1,3}")


@dataclass(frozen=True, slots=True)
class Book:
    """What is in an Excel file: its visible sheets by name, in order, with the parts that they are read from."""

    sheets: dict[str, str]
    strings: str
    styles: str
    epoch: datetime


@contextmanager
def opened(file: BinaryIO) -> Iterator[tuple[zipfile.ZipFile, Book]]:
    """The file's parts and what they are. Raises UnreadableFile for what is no Excel workbook, or a dangerous one."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as parts:
            _refuse_bombs(parts)
            yield parts, _book(parts)
    except _BROKEN_ERRORS as error:
        raise UnreadableFile(BROKEN) from error


def records(file: BinaryIO, sheet: str) -> Iterator[tuple[int, list[str] | None]]:
    """(row number, texts) of each row that is not empty, as wide as the first one at least. About 40,000 rows/s."""
    with opened(file) as (parts, book):
        if sheet not in book.sheets:
            raise UnreadableFile(_("The sheet is not in the file."))
        with _strings(parts, book.strings) as strings:
            reader = _SheetReader(strings, _date_styles(parts, book.styles), book.epoch)
            with parts.open(book.sheets[sheet]) as part:
                width = 0
                for number, row in reader.rows(part):
                    if not any(row):
                        continue
                    width = width or len(row)
                    yield number, row + [""] * (width - len(row))


def count_rows(parts: zipfile.ZipFile, part: str) -> int:
    """How many rows a sheet says it has, those that are empty included; counted in its bytes, which is fast."""
    found, tail = 0, b""
    with parts.open(part) as stream:
        while block := stream.read(BLOCK):
            text = tail + block
            tail = text[-4:]
            found += text.count(b"<row ") + text.count(b"<row>")
    return found


def _refuse_bombs(parts: zipfile.ZipFile) -> None:
    """By the sizes that the file declares; reading a part stops at its declared size."""
    infos = parts.infolist()
    unpacked = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if len(infos) > MAX_PARTS or unpacked > MAX_UNPACKED or (unpacked > SMALL and unpacked > packed * MAX_RATIO):
        raise UnreadableFile(TOO_LARGE)


def _book(parts: zipfile.ZipFile) -> Book:
    names = set(parts.namelist())
    if "mimetype" in names or "content.xml" in names:
        raise UnreadableFile(_("This is an OpenDocument file (.ods). Save it as .xlsx or CSV and upload that."))
    if "xl/workbook.bin" in names:
        raise UnreadableFile(_("This is a binary Excel file (.xlsb). Save it as .xlsx and upload that."))
    if "xl/workbook.xml" not in names:
        raise UnreadableFile(_("This is a ZIP file without a spreadsheet. Unpack it and upload the file inside."))
    targets = _targets(parts) if "xl/_rels/workbook.xml.rels" in names else {}
    sheets: dict[str, str] = {}
    is_1904 = False
    for name, attributes in _elements(parts, "xl/workbook.xml"):
        if name == "workbookPr":
            is_1904 = attributes.get("date1904") in ("1", "true")
        elif name == "sheet" and attributes.get("state", "visible") == "visible" and len(sheets) < MAX_SHEETS:
            relation = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
            if targets.get(relation) in names:
                sheets[_sheet_name(attributes, len(sheets) + 1)] = targets[relation]
    if not sheets:
        raise UnreadableFile(_("The Excel file has no sheet with cells."))
    # Day 60 is 29 February 1900, which never was: from day 61 on the count is that from 30 December 1899.
    epoch = datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 (a wall clock)
    strings, styles = (
        name if name in names else "" for name in (_part("sharedStrings.xml", targets), _part("styles.xml", targets))
    )
    return Book(sheets, strings, styles, epoch)


def _sheet_name(attributes: dict[str, str], place: int) -> str:
    """As it stands on its tab. Programs that are not Excel leave it empty, or write more than fits."""
    return attributes.get("name", "").strip()[:MAX_SHEET_NAME] or f"Sheet{place}"


def _targets(parts: zipfile.ZipFile) -> dict[str, str]:
    found = {}
    for name, attributes in _elements(parts, "xl/_rels/workbook.xml.rels"):
        if name == "Relationship":
            target = attributes.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            found[attributes.get("Id", "")] = path
    return found


def _part(name: str, targets: dict[str, str]) -> str:
    return next((path for path in targets.values() if path.endswith(name)), f"xl/{name}")


def _elements(parts: zipfile.ZipFile, part: str) -> list[tuple[str, dict[str, str]]]:
    """The elements of a small part without their namespaces, each followed by its end: "/name"."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = _parser()
    parser.StartElementHandler = lambda name, attributes: found.append((name.rpartition(":")[2], attributes))
    parser.EndElementHandler = lambda name: found.append((f"/{name.rpartition(':')[2]}", {}))
    with parts.open(part) as stream:
        _feed(parser, stream, lambda: None)
    return found


def _parser() -> Any:
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_declaration: object) -> None:
        raise UnreadableFile(BROKEN)  # an Excel file declares no document type, entities are an attack

    parser.StartDoctypeDeclHandler = refuse
    return parser


def _feed(parser: Any, stream: IO[bytes], between: Callable[[], None]) -> None:
    while block := stream.read(BLOCK):
        parser.Parse(block, False)
        between()
    parser.Parse(b"", True)
    between()


def _date_styles(parts: zipfile.ZipFile, part: str) -> frozenset[str]:
    """The numbers of the cell styles that show a date or a time."""
    if not part:
        return frozenset()
    formats: dict[str, str] = {}
    found: list[str] = []
    is_inside, number = False, 0
    for name, attributes in _elements(parts, part):
        if name == "numFmt":
            formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name in ("cellXfs", "/cellXfs"):
            is_inside = name == "cellXfs"
        elif name == "xf" and is_inside:
            if _is_date(attributes.get("numFmtId", "0"), formats):
                found.append(str(number))
            number += 1
    return frozenset(found)


def _is_date(number: str, formats: dict[str, str]) -> bool:
    if number in formats:
        shown = _QUOTED.sub("", formats[number].partition(";")[0])
        return bool(_DATE_LETTERS.search(shown)) and "general" not in shown.lower()
    return number.isdecimal() and int(number) in BUILT_IN_DATES


@dataclass(slots=True)
class _Strings:
    """The texts that cells share, in a file beside: a million of them take 8 MB of memory."""

    ends: array[int] = field(default_factory=lambda: array("Q", [0]))
    data: Any = b""
    remembered: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, index: str) -> str:
        found = self.remembered.get(index)
        if found is None:
            at = int(index)
            if not 0 <= at < len(self.ends) - 1:
                raise UnreadableFile(BROKEN)
            found = str(self.data[self.ends[at] : self.ends[at + 1]], "utf-8")
            if len(self.remembered) >= REMEMBERED:
                self.remembered.clear()
            self.remembered[index] = found
        return found


@contextmanager
def _strings(parts: zipfile.ZipFile, part: str) -> Iterator[_Strings]:
    strings = _Strings()
    if not part:
        yield strings
        return
    with tempfile.TemporaryFile() as file:
        with parts.open(part) as stream:
            _copy_strings(stream, file, strings.ends)
        file.flush()
        if not strings.ends[-1]:
            yield strings
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            strings.data = data
            yield strings


def _copy_strings(stream: IO[bytes], file: IO[bytes], ends: array[int]) -> None:
    """Each `si` is one text: its runs joined, without the reading aids of Japanese (`rPh`)."""
    texts: list[str] = []
    is_text = is_aid = False

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal is_text, is_aid
        local = name.rpartition(":")[2]
        if local == "rPh":
            is_aid = True
        elif local == "t":
            is_text = not is_aid

    def end(name: str) -> None:
        nonlocal is_text, is_aid
        local = name.rpartition(":")[2]
        if local == "t":
            is_text = False
        elif local == "rPh":
            is_aid = False
        elif local == "si":
            written = _checked_text("".join(texts)).encode("utf-8", "replace")
            file.write(written)
            ends.append(ends[-1] + len(written))
            texts.clear()

    parser = _parser()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = lambda text: texts.append(text) if is_text else None
    _feed(parser, stream, lambda: None)


def _checked_text(text: str) -> str:
    if len(text) > MAX_STRING:
        raise UnreadableFile(_("A cell of the Excel file holds too much text."))
    return text


class _Names(dict[str, str]):
    """Names of elements without their prefix."""

    def __missing__(self, name: str) -> str:
        self[name] = local = name.rpartition(":")[2]
        return local


class _SheetReader:
    """Rows of a sheet as texts, by the parser's callbacks."""

    def __init__(self, strings: _Strings, date_styles: frozenset[str], epoch: datetime) -> None:
        self.strings, self.date_styles, self.epoch = strings, date_styles, epoch
        self.columns: dict[str, int] = {}
        self.numbers: dict[str, str] = {}

    def rows(self, part: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
        ready: list[tuple[int, list[str]]] = []
        parser = self._parser(ready)
        while block := part.read(BLOCK):
            parser.Parse(block, False)
            yield from ready
            ready.clear()
        parser.Parse(b"", True)
        yield from ready

    def _parser(self, ready: list[tuple[int, list[str]]]) -> Any:
        # Closures, because these run a dozen times for each cell.
        names, column_of, text_of = _Names(), self._column, self._text
        row: list[str] = []
        value: list[str] = []
        number, column = 0, -1
        kind, style = "n", "0"
        is_value = is_formula = False

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal number, column, kind, style, is_value, is_formula, row
            local = names[name]
            if local == "v" or local == "t":  # noqa: PLR1714 (twice as fast as "in")
                is_value = True
            elif local == "c":
                kind, style = attributes.get("t", "n"), attributes.get("s", "0")
                reference = attributes.get("r")
                column = column_of(reference) if reference else column + 1
                is_formula = False
                value.clear()
            elif local == "f":
                is_formula = True
            elif local == "row":
                given = attributes.get("r", "")
                number = int(given) if given.isdecimal() else number + 1
                row, column = [], -1

        def end(name: str) -> None:
            nonlocal is_value
            local = names[name]
            if local == "v" or local == "t":  # noqa: PLR1714
                is_value = False
            elif local == "c":
                if len(row) < column:
                    if column >= MAX_COLUMN:
                        raise UnreadableFile(BROKEN)
                    row.extend([""] * (column - len(row)))
                row[column:] = (text_of("".join(value), kind, style, is_formula=is_formula),)
            elif local == "row":
                ready.append((number, row))

        def characters(text: str) -> None:
            if is_value:
                value.append(text)

        parser = _parser()
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, characters
        return parser

    def _text(self, value: str, kind: str, style: str, *, is_formula: bool) -> str:
        """What a cell says. `kind`: n number, s shared text, b yes or no; others hold their text."""
        if not value:
            return NO_RESULT if is_formula and kind != "str" else ""
        if kind == "s":
            return self.strings[value]
        if kind == "n":
            key = f"{style}:{value}" if style in self.date_styles else value
            found = self.numbers.get(key)
            if found is None:
                found = number_text(value) if key is value else self._moment(value)
                if len(self.numbers) >= REMEMBERED:
                    self.numbers.clear()
                self.numbers[key] = found
            return found
        if kind == "b":
            return "true" if value == "1" else "false"
        return _checked_text(value)  # text beside the cell or of a formula, a date in ISO form, an error: #REF!

    def _moment(self, value: str) -> str:
        try:
            return moment_text(float(value), self.epoch)
        except (ValueError, OverflowError):
            return value  # refused as a date, where one is wanted

    def _column(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        number = self.columns.get(letters)
        if number is None:
            if not _LETTERS.fullmatch(letters):
                raise UnreadableFile(BROKEN)
            number = 0
            for letter in letters:
                number = number * 26 + ord(letter) - 64
            self.columns[letters] = number
        return number - 1


def number_text(value: str) -> str:
    """A stored number as Excel shows it without a format: 15 digits at most, never an exponent, no ".0" behind."""
    if _PLAIN_INTEGER.fullmatch(value):
        return value
    try:
        number = Decimal(f"{float(value):.15g}")
    except (ValueError, ArithmeticError):
        return value
    if not number.is_finite() or abs(number.adjusted()) > 40:
        return value
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def moment_text(serial: float, epoch: datetime) -> str:
    """A day count as ISO text: a date, a date with its time, or a time of day. Rounded to the second."""
    if not 0 <= serial < 2_958_466:  # the year 10000
        raise ValueError(serial)
    moment = epoch + timedelta(seconds=round(serial * 86_400))
    if serial < 1:
        return moment.time().isoformat()
    return moment.date().isoformat() if moment.time() == datetime.min.time() else moment.isoformat()


def sheet_names(file: BinaryIO) -> Sequence[str]:
    with opened(file) as (_parts, book):
        return list(book.sheets)
