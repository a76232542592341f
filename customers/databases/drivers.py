"""Three kinds of databases, each opened read-only in one snapshot, its rows as a stream: memory stays flat."""

from __future__ import annotations

import re
import socket
import sqlite3
import ssl
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, ClassVar
from urllib.parse import quote

import psycopg
import pymysql
from django.conf import settings
from django.utils.translation import gettext as _
from psycopg.types.string import TextLoader
from pymysql.constants import FIELD_TYPE
from pymysql.converters import decoders

from core.addresses import AddressForbidden, NoSuchHost, resolve
from customers.databases.address import Address
from customers.databases.errors import SourceProblem

CONNECT_SECONDS = 10
SILENT_SECONDS = 600  # a server that says nothing for so long is gone
FETCH_ROWS = 2_000
MESSAGE_CHARACTERS = 300
DATABASE_ERRORS = (psycopg.Error, pymysql.MySQLError, sqlite3.Error)
Row = tuple[Any, ...]
# Times come as text: zero dates, years before Christ and "infinity" are a row's problem, not the end of the reading.
_TIMES_OF_POSTGRESQL = ("date", "timestamp", "timestamptz", "time", "timetz", "interval")
_TIMES_OF_MYSQL = (FIELD_TYPE.DATE, FIELD_TYPE.DATETIME, FIELD_TYPE.TIME, FIELD_TYPE.NEWDATE)


class Source(ABC):
    """An open database. Parameters of statements are `mark`; what people wrote goes through `escaped` first."""

    mark: ClassVar[str] = "%s"
    name_quote: ClassVar[str] = '"'

    @abstractmethod
    def __init__(self, address: Address, hosts: Sequence[str], seconds: int) -> None: ...

    def quoted(self, name: str) -> str:
        return self.name_quote + name.replace(self.name_quote, self.name_quote * 2) + self.name_quote

    def escaped(self, sql: str) -> str:
        return sql.replace("%", "%%")

    def parameter(self, value: object) -> object:
        return value

    def columns(self, base: str) -> list[str]:
        """The names of the columns of a table or query. One statement that reads no row."""
        return self._described(f"SELECT * FROM {base} AS source_rows WHERE 1 = 0")

    def rows(self, sql: str, parameters: Sequence[object]) -> Iterator[Row]:
        """The rows of one statement as they arrive."""
        with self._streamed(sql, parameters) as cursor:
            while block := cursor.fetchmany(FETCH_ROWS):
                yield from block

    @abstractmethod
    def _described(self, sql: str) -> list[str]: ...

    @abstractmethod
    def _streamed(self, sql: str, parameters: Sequence[object]) -> Any: ...

    @abstractmethod
    def close(self) -> None: ...


class PostgresSource(Source):
    def __init__(self, address: Address, hosts: Sequence[str], seconds: int) -> None:
        judged = {"host": ",".join([address.host] * len(hosts)), "hostaddr": ",".join(hosts)} if hosts else {}
        self.connection = psycopg.connect(
            **{"host": address.host, **judged},  # type: ignore[arg-type]
            port=address.port,
            user=address.user or None,
            password=address.password or None,
            dbname=address.database,
            sslmode=address.tls,
            connect_timeout=CONNECT_SECONDS,
            client_encoding="utf8",
            application_name="regulars",
            options=f"-c default_transaction_read_only=on -c timezone=UTC -c datestyle=ISO "
            f"-c statement_timeout={seconds * 1000}",
        )
        self.connection.read_only = True
        self.connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        for name in _TIMES_OF_POSTGRESQL:
            self.connection.adapters.register_loader(name, TextLoader)

    def _described(self, sql: str) -> list[str]:
        return [column.name for column in self.connection.execute(sql, ()).description or ()]

    @contextmanager
    def _streamed(self, sql: str, parameters: Sequence[object]) -> Iterator[Any]:
        with self.connection.cursor(name="regulars") as cursor:
            yield cursor.execute(sql, tuple(parameters))

    def close(self) -> None:
        self.connection.close()


class MySqlSource(Source):
    name_quote = "`"

    def __init__(self, address: Address, hosts: Sequence[str], seconds: int) -> None:
        self.connection = pymysql.connect(
            **({"unix_socket": address.host} if address.host.startswith("/") else {"host": address.host}),
            port=address.port,
            user=address.user,
            password=address.password,
            database=address.database,
            charset="utf8mb4",
            connect_timeout=CONNECT_SECONDS,
            read_timeout=seconds or SILENT_SECONDS,
            conv=_conversions(),
            cursorclass=pymysql.cursors.SSCursor,
            defer_connect=True,
            **_tls(address),
        )
        self.connection.connect(_open_socket(hosts, address.port) if hosts else None)
        # TIMESTAMP comes in UTC then; DATETIME has no zone of its own.
        for statement in (
            "SET SESSION sql_mode = '', time_zone = '+00:00'",
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "SET SESSION TRANSACTION READ ONLY",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        ):
            with self.connection.cursor() as cursor:
                cursor.execute(statement)

    def parameter(self, value: object) -> object:
        """MariaDB reads no zone in a time; ours is UTC."""
        return value.removesuffix("+00:00") if isinstance(value, str) else value

    def _described(self, sql: str) -> list[str]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, ())
            return [column[0] for column in cursor.description]

    @contextmanager
    def _streamed(self, sql: str, parameters: Sequence[object]) -> Iterator[Any]:
        cursor = self.connection.cursor()
        try:
            cursor.execute(sql, tuple(parameters))
            yield cursor
        except BaseException:
            self.connection._force_close()  # closing the cursor would read the rest of the rows
            raise
        cursor.close()

    def close(self) -> None:
        with suppress(pymysql.Error):  # it was cut
            self.connection.close()


class SqliteSource(Source):
    mark = "?"

    def __init__(self, address: Address, hosts: Sequence[str], seconds: int) -> None:
        uri = f"file:{quote(address.database)}?mode=ro"
        self.connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=CONNECT_SECONDS)
        self.connection.text_factory = lambda raw: raw.decode(errors="replace")
        self.connection.execute("PRAGMA query_only = ON")
        self.connection.execute("BEGIN")

    def escaped(self, sql: str) -> str:
        return sql

    def _described(self, sql: str) -> list[str]:
        return [column[0] for column in self.connection.execute(sql).description]

    @contextmanager
    def _streamed(self, sql: str, parameters: Sequence[object]) -> Iterator[Any]:
        cursor = self.connection.execute(sql, tuple(parameters))
        try:
            yield cursor
        finally:
            cursor.close()

    def close(self) -> None:
        self.connection.close()


SOURCES: dict[str, type[Source]] = {"postgresql": PostgresSource, "mysql": MySqlSource, "sqlite": SqliteSource}


@contextmanager
def opened(address: Address, *, seconds: int = 0) -> Iterator[Source]:
    """The database, read-only; a statement may take `seconds`, 0 for any time.

    Raises SourceProblem with the database's own words, without the password.
    """
    try:
        source = SOURCES[address.kind](address, _judged_hosts(address), seconds)
    except (*DATABASE_ERRORS, OSError, RuntimeError) as error:
        raise _problem(error, address) from None
    try:
        yield source
    except DATABASE_ERRORS as error:
        raise _problem(error, address) from None
    finally:
        source.close()


def _judged_hosts(address: Address) -> Sequence[str]:
    """What the host's name stands for, where a person typed it; empty where it need not be judged."""
    if not address.is_judged:
        return []
    try:
        return resolve(address.host, address.port, allow_loopback=settings.WEBHOOKS_TO_THIS_MACHINE)
    except AddressForbidden:
        message = _("This address is not on the internet. Databases inside are read by the command import_database.")
        raise SourceProblem(message) from None
    except NoSuchHost:
        raise SourceProblem(_("There is no server of this name.")) from None


def _problem(error: Exception, address: Address) -> SourceProblem:
    told = str(error.args[-1]) if isinstance(error, pymysql.MySQLError) and error.args else str(error)
    line = next((line for line in told.splitlines() if line.strip()), type(error).__name__)
    if address.password:
        line = line.replace(address.password, "•••")
    return SourceProblem(_("%(address)s: %(error)s") % {"address": address.shown, "error": line[:MESSAGE_CHARACTERS]})


def _conversions() -> dict[Any, Any]:
    """Times as text; TIMESTAMP with its zone, which is ours by now."""
    found = {key: convert for key, convert in decoders.items() if key not in _TIMES_OF_MYSQL}
    found[FIELD_TYPE.TIMESTAMP] = lambda text: text if re.match("0000-00-00", text) else f"{text}+00:00"
    return {**pymysql.converters.encoders, **found}


def _tls(address: Address) -> dict[str, object]:
    if address.tls == "disable":
        return {"ssl_disabled": True}
    if address.tls == "prefer":
        return {}
    context = ssl.create_default_context()
    if address.tls == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return {"ssl": context}


def _open_socket(hosts: Sequence[str], port: int) -> socket.socket:
    failed: OSError = OSError("no address")
    for host in hosts:
        try:
            found = socket.create_connection((host, port), timeout=CONNECT_SECONDS)
        except OSError as error:
            failed = error
        else:
            return found
    raise failed
