"""The file as typed rows in `ImportRow`, by COPY, in blocks: memory does not grow with the file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from operator import getitem, itemgetter

from django.db import connection, transaction

from core.errors import InvalidInput
from customers.attributes import coerce, definitions
from customers.imports.fields import BY_NAME, IDENTIFIERS, Reading, converter, required_of
from customers.imports.options import ImportOptions
from customers.imports.values import NULL, CellProblem, Cells, Convert, escape
from customers.models import AttributeDefinition, ImportPerson, ImportRow, ImportRun

CHUNK_ROWS = 25_000  # a kill loses at most this much work
BLOCK_ROWS = 25_000  # one COPY and one commit
PIECE_ROWS = 250
SALE, REFUND = "s", "r"

ATTRIBUTE = "attribute:"  # begins the name of a field of the programme's own in a mapping

Record = tuple[int, list[str] | None]


@dataclass(frozen=True, slots=True)
class Staged:
    rows: int
    chunks: int


def clear(import_id: int) -> None:
    """Take the import's rows away. A million take about a second."""
    ImportRow.objects.filter(import_id=import_id)._raw_delete("default")
    ImportPerson.objects.filter(import_id=import_id)._raw_delete("default")


def stage(
    *,
    run: ImportRun,
    records: Iterable[Record],
    reading: Reading,
    options: ImportOptions,
    report: Callable[[int], None],
) -> Staged:
    """Copy every record after the header to `ImportRow`; rows with a problem carry its code and nothing else of use.

    About 3 µs a row. Starts from nothing: what an earlier try left goes first. Commits block by block.
    """
    clear(run.pk)
    typed = TypedRows(run, reading, options)
    columns = ", ".join(typed.columns)
    lines = typed.lines(records)
    table, sent = ImportRow._meta.db_table, 0
    while sent == typed.rows:  # the last block was full
        with (
            transaction.atomic(),
            connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
        ):
            # Sent as they are made: the server takes them in while the next ones are judged.
            for _piece in range(BLOCK_ROWS // PIECE_ROWS):
                copy.write("".join(islice(lines, PIECE_ROWS)))
        sent += BLOCK_ROWS
        report(typed.rows)
    with connection.cursor() as cursor:  # without it the planner takes the rows for a handful
        cursor.execute(f"ANALYZE {ImportRow._meta.db_table}")
    return Staged(typed.rows, typed.chunk + 1)


def attribute_of(definition: AttributeDefinition) -> Convert:
    """A cell as one member of a JSON object, in COPY's text format."""

    def convert(text: str) -> str:
        try:
            value = coerce(definition, text)
        except InvalidInput as error:
            raise CellProblem("attribute") from error
        return escape(f"{json.dumps(definition.key)}: {json.dumps(value)}")

    return convert


class TypedRows:
    """Turns records into lines of COPY's text format. `rows` counts them, `chunk` is the number of the last chunk."""

    def __init__(self, run: ImportRun, reading: Reading, options: ImportOptions) -> None:
        self.run, self.options = run, options
        self.rows = self.chunk = 0
        self.noted: list[str] = []
        mapping: Mapping[str, int] = run.mapping
        self.names = [name for name in mapping if name in BY_NAME]
        self.own = [
            (mapping[ATTRIBUTE + found.key], Cells(attribute_of(found), self.noted))
            for found in definitions()
            if ATTRIBUTE + found.key in mapping
        ]
        columns = [*self.names, "attributes"] if self.own else self.names
        self.columns = ["import_id", "line", "chunk", "problem", "document", "person_key", *columns]
        required = {field.name for field in required_of(run.kind)}
        self.cells = [
            Cells(converter(BY_NAME[name], reading), self.noted, required=name in required) for name in self.names
        ]
        self.positions = [mapping[name] for name in self.names]
        self.identifiers = [(self.names.index(name), key) for name, key in IDENTIFIERS if name in self.names]

    def lines(self, records: Iterable[Record]) -> Iterator[str]:
        """One line for each record. The first record is the header."""
        # A loop of a microsecond or two: what can be done in C is.
        cells, noted, identifiers, positions = self.cells, self.noted, self.identifiers, self.positions
        pick = itemgetter(*positions) if len(positions) > 1 else lambda record: (record[positions[0]],)
        import_id, width = str(self.run.pk), len(self.run.header)
        own = self.own
        nothing = "\t".join([NULL] * (len(cells) + bool(own)))
        reference_at = self.names.index("order_reference") if "order_reference" in self.names else None
        judge = self._judge()
        chunk_rows, reference = 0, None
        iterator = _completed(records, self.run.mapping, width) if self.options.repeats else iter(records)
        next(iterator, None)
        for line, record in iterator:
            self.rows += 1
            if record is None or len(record) < width or any(map(str.strip, record[width:])):
                problem = "quotes" if record is None else "columns"
                yield f"{import_id}\t{line}\t{self.chunk}\t{problem}\t{NULL}\t{NULL}\t{nothing}\n"
                continue
            values = list(map(getitem, cells, pick(record)))
            key = NULL
            for at, letter in identifiers:
                if values[at] != NULL:
                    key = f"{letter}:{values[at]}"
                    break
            if own:
                told = [values_of[record[at]] for at, values_of in own]
                values.append("{" + ",".join(filter(NULL.__ne__, told)) + "}" if any(map(NULL.__ne__, told)) else NULL)
            document, problem = judge(values, key)
            if noted:
                if document is not None or problem:
                    problem = noted[0]
                noted.clear()
            # An order stays in one chunk as long as its rows are neighbours; checks.gather() sees to the others.
            if reference_at is None or values[reference_at] != reference:
                if chunk_rows >= CHUNK_ROWS:
                    self.chunk += 1
                    chunk_rows = 0
                if reference_at is not None:
                    reference = values[reference_at]
            chunk_rows += 1
            yield (
                f"{import_id}\t{line}\t{self.chunk}\t{problem or NULL}\t{document or NULL}\t{key}\t"
                + "\t".join(values)
                + "\n"
            )

    def _judge(self) -> Callable[[list[str], str], tuple[str | None, str]]:
        """A function that says what document a row belongs to ("" for neither sale nor refund, None for "not ours to
        judge": its problems do not count), and which problem concerns several of its cells."""
        kind, options = self.run.kind, self.options
        if kind == ImportRun.Kind.CUSTOMERS:
            return lambda values, key: ("", "nobody" if key == NULL else "")
        if kind == ImportRun.Kind.PRODUCTS:
            sku_at = self.names.index("sku")
            # A row without a stock code is a picture or a variant's heading.
            return lambda values, key: (None if self.options.repeats and values[sku_at] == NULL else SALE, "")
        if kind == ImportRun.Kind.STOCK:
            quantity_at = self.names.index("quantity")
            return lambda values, key: (SALE, "negative" if values[quantity_at][0] == "-" else "")
        reference_at = self.names.index("order_reference")
        refund_prefix, ignored_prefix = options.refund_prefix, options.ignored_prefix
        if kind == ImportRun.Kind.ORDERS:
            amount_at = price_at = self.names.index("order_total")
        else:
            amount_at, price_at = self.names.index("quantity"), self.names.index("unit_price")
        status_at = self.names.index("status") if "status" in self.names else None

        def judge(values: list[str], key: str) -> tuple[str | None, str]:
            reference, amount = values[reference_at], values[amount_at]
            if ignored_prefix and reference.startswith(ignored_prefix):
                return None, ""
            if status_at is not None and values[status_at] == "unpaid":
                return "", ""
            if amount == "0" or values[price_at] == "0":
                return "", ""  # nothing was paid
            if amount[0] == "-":
                return REFUND, ""
            if refund_prefix and reference.startswith(refund_prefix):
                return REFUND, "refund_sign"
            return SALE, ""

        return judge


# What each row of an order or product says for itself; the rest may stand in the first one only.
OF_A_ROW = frozenset(["sku", "quantity", "unit_price", "line_discount", "cost", "barcode"])


def _completed(records: Iterable[Record], mapping: Mapping[str, int], width: int) -> Iterator[Record]:
    """Rows of one order (or product) after its first say what that one said, where they are empty; a line without a
    stock code is known by its title."""
    reference, sku, title = mapping.get("order_reference"), mapping.get("sku"), mapping.get("title")
    kept = OF_A_ROW if reference is None else OF_A_ROW | {"title"}
    repeated = {column for name, column in mapping.items() if name not in kept}
    begins_with = title if reference is None else reference
    first: list[str] = []
    iterator = iter(records)
    yield from islice(iterator, 1)
    for line, record in iterator:
        if record is None or len(record) < width or begins_with is None:
            first = []
            yield line, record
            continue
        told = record[begins_with].strip()
        if first and (not told if reference is None else record[reference] == first[reference]):
            record = [cell or (first[at] if at in repeated else "") for at, cell in enumerate(record)]  # noqa: PLW2901
        else:
            first = record
        if reference is not None and sku is not None and title is not None and not record[sku].strip():
            record = [*record]  # noqa: PLW2901
            record[sku] = " ".join(record[title].split())[:64]
        yield line, record
