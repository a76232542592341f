"""A bigint and numbers for each row, between the database and arrays: no row becomes an object.

Only jobs import this, for it needs numpy. Source of the format: PostgreSQL's documentation, COPY, "Binary Format".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from django.db import connection
from django.db.backends.utils import CursorWrapper
from numpy.typing import NDArray

SIGNATURE = b"PGCOPY\n\xff\r\n\0"
HEADER = SIGNATURE + bytes(8)  # no flags, no extension
TRAILER = struct.pack(">h", -1)
Floats = NDArray[np.float64]
Ids = NDArray[np.int64]


def read_numbers(
    cursor: CursorWrapper, query: str, values: Mapping[str, Any], *, columns: int
) -> tuple[Ids, list[Floats]]:
    """The rows of a query that gives one bigint and `columns` float8, none of them NULL."""
    sent = bytearray()  # not a list of rows, which would be millions of objects
    with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)", dict(values)) as copy:
        for part in copy:
            sent += part
    if not sent.startswith(SIGNATURE) or not sent.endswith(TRAILER):
        raise ValueError("this is no binary COPY")
    row = _row(columns)
    count = (len(sent) - len(HEADER) - len(TRAILER)) // row.itemsize
    rows = np.frombuffer(sent, dtype=row, offset=len(HEADER), count=count)
    # A row that were longer or shorter would show in the number of fields of the next.
    assert (rows["fields"] == columns + 1).all()
    return rows["id"].astype(np.int64), [rows[f"value{place}"].astype(np.float64) for place in range(columns)]


def write_numbers(cursor: CursorWrapper, table: str, names: Sequence[str], ids: Ids, columns: Sequence[Floats]) -> None:
    """Rows into a table of ours: `names` are the bigint's and those of `columns`, which are float8."""
    rows = np.empty(len(ids), dtype=_row(len(columns)))
    rows["fields"], rows["id_bytes"], rows["id"] = len(columns) + 1, 8, ids
    for place, column in enumerate(columns):
        rows[f"bytes{place}"], rows[f"value{place}"] = 8, column
    with cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(HEADER + rows.tobytes() + TRAILER)


@contextmanager
def staged(table: str, columns: Mapping[str, Floats], *, customers: Ids) -> Iterator[CursorWrapper]:
    """A temporary table with `customer_id` and these columns as float8, filled and analysed; gone afterwards."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
        kinds = ", ".join(f"{name} float8" for name in columns)
        cursor.execute(f"CREATE TEMPORARY TABLE {table} (customer_id bigint, {kinds})")
        try:
            write_numbers(cursor, table, ("customer_id", *columns), customers, list(columns.values()))
            cursor.execute(f"ANALYZE {table}")
            yield cursor
        finally:
            if not connection.needs_rollback:
                cursor.execute(f"DROP TABLE IF EXISTS {table}")


def _row(columns: int) -> np.dtype[Any]:
    numbers = [part for place in range(columns) for part in ((f"bytes{place}", ">i4"), (f"value{place}", ">f8"))]
    return np.dtype([("fields", ">i2"), ("id_bytes", ">i4"), ("id", ">i8"), *numbers])
