"""One SELECT for each section of a mapping.

Of an order all lines are read or none: the import core takes lines that are missing for deleted. So for lines the
orders that changed are found first, by their own cursor or by that of a line, and joined with all their lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from customers.databases.drivers import Source
from customers.databases.errors import MappingProblem
from customers.databases.mapping import Section, SourceMapping
from customers.databases.marks import Mark, beginning
from customers.databases.statements import PLAIN_NAME

OWN, ORDER = "own", "order"  # whose cursor a mark is of
Marks = Mapping[str, Mark]


@dataclass(frozen=True, slots=True)
class Select:
    """`fields` are our fields in the order of the columns; behind them stand the cursors, named by `cursors`."""

    sql: str
    parameters: Sequence[object]
    fields: Sequence[str]
    cursors: Sequence[str]


def select_of(mapping: SourceMapping, name: str, source: Source, marks: Marks, *, limit: int | None = None) -> Select:
    """What reads a section: everything without `marks`, otherwise what changed since. Raises MappingProblem."""
    section = mapping.sections[name]
    if name == "lines" and mapping.lines_join_orders:
        select = _lines_with_orders(section, mapping.sections["orders"], source, marks)
    elif name == "lines" and marks:
        select = _whole_orders(section, source, marks)
    else:
        select = _rows_since(section, source, marks)
    if limit is None:
        return select
    unordered = select.sql.rpartition(" ORDER BY ")[0] or select.sql  # the first that come: a look must not sort all
    return Select(f"{unordered} LIMIT {limit:d}", select.parameters, select.fields, select.cursors)


def _rows_since(section: Section, source: Source, marks: Marks) -> Select:
    condition, parameters = _since("source_cursor", section, source, marks.get(OWN))
    order = [*(["source_cursor"] if section.cursor else []), *(["source_key"] if section.key else [])]
    if section.name == "lines":
        order = ["our_order_reference", "source_key"]
    cursors = [OWN] if section.cursor else []
    sql = (
        f"SELECT {_columns('r', section.columns)}{', r.source_cursor' if cursors else ''} "
        f"FROM ({_rows(section, source)}) AS r{f' WHERE {condition}' if condition else ''}"
    )
    if order:
        sql += f" ORDER BY {', '.join(f'r.{name}' for name in order)}"
    return Select(sql, parameters, list(section.columns), cursors)


def _whole_orders(section: Section, source: Source, marks: Marks) -> Select:
    """All lines of the orders of which a line changed."""
    rows = _rows(section, source)
    condition, parameters = _since("c.source_cursor", section, source, marks.get(OWN))
    if not condition:
        return _rows_since(section, source, {})
    sql = (
        f"SELECT {_columns('r', section.columns)}, r.source_cursor FROM ({rows}) AS r "
        f"JOIN (SELECT DISTINCT c.our_order_reference AS changed_key FROM ({rows}) AS c WHERE {condition}) AS changed "
        "ON changed.changed_key = r.our_order_reference ORDER BY r.our_order_reference, r.source_key"
    )
    return Select(sql, parameters, list(section.columns), [OWN])


def _lines_with_orders(lines: Section, orders: Section, source: Source, marks: Marks) -> Select:
    of_lines, of_orders = _rows(lines, source), _rows(orders, source)
    changed, parameters = "", list[object]()
    condition, values = _since("o.source_cursor", orders, source, marks.get(ORDER))
    if condition:
        changed = f"SELECT o.source_key AS changed_key FROM ({of_orders}) AS o WHERE {condition}"
        parameters += values
        condition, values = _since("l.source_cursor", lines, source, marks.get(OWN))
        if condition:
            changed += f" UNION SELECT l.source_order AS changed_key FROM ({of_lines}) AS l WHERE {condition}"
            parameters += values
        elif lines.cursor:
            changed = ""
            parameters = []
    cursors = [name for name, section in ((ORDER, orders), (OWN, lines)) if section.cursor]
    taken = {ORDER: "o.source_cursor AS order_cursor", OWN: "l.source_cursor AS own_cursor"}
    names = [_columns("o", orders.columns), _columns("l", lines.columns)]
    sql = (
        f"SELECT {', '.join([*names, *(taken[name] for name in cursors)])} "
        f"FROM ({of_lines}) AS l JOIN ({of_orders}) AS o ON o.source_key = l.source_order"
        + (f" JOIN ({changed}) AS changed ON changed.changed_key = o.source_key" if changed else "")
        + " ORDER BY o.source_key, l.source_key"
    )
    return Select(sql, parameters, [*orders.columns, *lines.columns], cursors)


def _columns(alias: str, columns: Mapping[str, str]) -> str:
    return ", ".join(f"{alias}.our_{name}" for name in columns)


def _since(name: str, section: Section, source: Source, mark: Mark | None) -> tuple[str, list[object]]:
    """A condition for what changed since the mark. Rows without a value of the cursor are read each time."""
    if not section.cursor or mark is None:
        return "", []
    start = source.parameter(beginning(mark, section.overlap))
    return f"({name} >= {source.mark} OR {name} IS NULL)", [start]


def _rows(section: Section, source: Source) -> str:
    """The section's rows with our names, its key, cursor and order."""
    base = base_of(section, source)
    known = {name.lower(): name for name in source.columns(base)}
    wanted = {f"our_{name}": text for name, text in section.columns.items()}
    extras = {"source_key": section.key, "source_cursor": section.cursor, "source_order": section.order}
    wanted |= {name: text for name, text in extras.items() if text}
    columns = ", ".join(f"{_resolved(text, known, section, source)} AS {name}" for name, text in wanted.items())
    where = f" WHERE ({source.escaped(section.where)})" if section.where else ""
    return f"SELECT {columns} FROM {base} AS source_rows{where}"


def base_of(section: Section, source: Source) -> str:
    if section.query:
        return f"({source.escaped(section.query)})"
    return ".".join(map(source.quoted, section.table.split(".")))


def _resolved(text: str, known: Mapping[str, str], section: Section, source: Source) -> str:
    """A column, in the spelling of the database, or an expression as it stands."""
    if text.lower() in known:
        return f"source_rows.{source.escaped(source.quoted(known[text.lower()]))}"
    if PLAIN_NAME.fullmatch(text) and text.upper() not in ("NULL", "TRUE", "FALSE"):
        message = _("[%(section)s] There is no column “%(column)s”. There are: %(names)s.")
        names = ", ".join(known.values())[:600]
        raise MappingProblem(message % {"section": section.name, "column": text, "names": names})
    return f"({source.escaped(text)})"


def missing_columns(section: Section, source: Source) -> tuple[list[str], list[str]]:
    """Names that the mapping uses as columns: those that are there, and those that are not."""
    known = {name.lower() for name in source.columns(base_of(section, source))}
    used = [*section.columns.values(), section.key, section.cursor, section.order]
    names = list(dict.fromkeys(text for text in used if re.fullmatch(PLAIN_NAME, text)))
    return [name for name in names if name.lower() in known], [name for name in names if name.lower() not in known]
