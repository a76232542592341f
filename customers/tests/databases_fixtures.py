"""A shop's database in each of the three kinds, made for a test and filled by it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pymysql
import pytest

from config.database import embedded

READER, PASSWORD = "reader", "s3cret:/@word"
KINDS = ("postgresql", "mysql", "sqlite")
# `make databases` demands all three; without it a machine that has no such server leaves MySQL out.
DEMANDED = os.environ.get("DATABASES") == "all"

TABLES = """
CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(200), name VARCHAR(200), updated_at TIMESTAMP NULL);
CREATE TABLE sales (id INTEGER PRIMARY KEY, number VARCHAR(40), user_id INTEGER, state VARCHAR(20),
    total DECIMAL(20,6), placed TIMESTAMP NULL, updated_at TIMESTAMP NULL);
CREATE TABLE items (id INTEGER PRIMARY KEY, sale_id INTEGER, code VARCHAR(40), name VARCHAR(2000), qty INTEGER,
    price DECIMAL(20,6), updated_at TIMESTAMP NULL);
CREATE TABLE returned (id INTEGER PRIMARY KEY, sale_number VARCHAR(40), amount DECIMAL(20,6), at TIMESTAMP NULL)
"""
FILLED = """
INSERT INTO users VALUES (7, 'Ana@Example.com', 'Ana', '2026-03-01 10:00:00'), (8, NULL, 'Ben', NULL);
INSERT INTO sales VALUES (1, 'A-1', 7, 'settled', 12.500000, '2026-03-01 10:00:00', '2026-03-01 10:00:00'),
    (2, 'A-2', 8, 'pending', 4, '2026-03-02 10:00:00', '2026-03-02 10:00:00'),
    (3, 'test-3', 8, 'settled', 4, '2026-03-02 10:00:00', '2026-03-02 10:00:00'),
    (4, 'A-4', NULL, 'paid', 3.3333333, '2026-03-03 10:00:00', '2026-03-03 10:00:00');
INSERT INTO items VALUES (11, 1, 'MUG', 'Mug', 2, 5, '2026-03-01 10:00:00'),
    (12, 1, 'TEA', '100% tea', 1, 2.5, '2026-03-01 10:00:00'), (13, 2, 'MUG', 'Mug', 1, 4, '2026-03-02 10:00:00'),
    (14, 4, 'TEA', '100% tea', 1, 3.3333333, '2026-03-03 10:00:00');
INSERT INTO returned VALUES (21, 'A-1', 2.5, '2026-03-05 10:00:00')
"""
MAPPING = """
[source]
name = "shop"
time_zone = "UTC"

[customers]
table = "users"
key = "id"
cursor = "updated_at"
columns = { customer_external_id = "id", email = "lower(email)", first_name = "name" }

[orders]
table = "sales"
key = "id"
cursor = "updated_at"
where = "number NOT LIKE 'test%'"
columns = { order_reference = "number", placed_at = "placed", order_total = "total", customer_external_id = "user_id", status = "state" }

[orders.statuses]
settled = "paid"

[lines]
table = "items"
key = "id"
order = "sale_id"
cursor = "updated_at"
columns = { sku = "code", title = "name", quantity = "qty", unit_price = "price" }

[refunds]
table = "returned"
key = "id"
columns = { reference = "id", refund_of = "sale_number", refunded_at = "at", total = "amount" }
"""  # noqa: E501


@dataclass
class Shop:
    """`url` is of an account that the server lets read only, except for SQLite, where there are none."""

    kind: str
    url: str
    connection: Any = field(repr=False)

    def run(self, script: str) -> None:
        for statement in filter(str.strip, script.split(";\n")):
            self.connection.cursor().execute(statement)
        if self.kind == "sqlite":
            self.connection.commit()

    def count(self, table: str) -> int:
        cursor = self.connection.cursor()
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


@contextlib.contextmanager
def _postgresql(_folder: Path) -> Iterator[Shop]:
    server = embedded()
    assert server is not None
    name = f"shop_{os.getpid()}_{secrets.token_hex(3)}"
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            with psycopg.connect(server.url("postgres", name), autocommit=True) as connection:
                folder = connection.info.host
                url = f"postgresql://postgres@/{name}?host={quote(folder, safe='')}"
                yield Shop("postgresql", url, connection)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def _sqlite(folder: Path) -> Iterator[Shop]:
    path = folder / f"shop-{secrets.token_hex(3)}.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        yield Shop("sqlite", f"sqlite:///{path}", connection)


@contextlib.contextmanager
def _mysql(port: int) -> Iterator[Shop]:
    name = f"shop_{secrets.token_hex(3)}"
    with contextlib.closing(_as_root(port)) as connection:
        connection.cursor().execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        connection.select_db(name)
        url = f"mysql://{READER}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/{name}"
        yield Shop("mysql", url, connection)
        connection.cursor().execute(f"DROP DATABASE {name}")


def _as_root(port: int) -> Any:
    return pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True, charset="utf8mb4")


@pytest.fixture(scope="session")
def mysql_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    if _mariadb() is None:
        assert not DEMANDED, "no MariaDB server is installed"
        pytest.skip("no MariaDB server is installed")
    with mysql_server(tmp_path_factory.mktemp("mariadb")) as port:
        yield port


def _mariadb() -> tuple[str, str] | None:
    """The server and what makes its folder."""
    binary = shutil.which("mariadbd") or shutil.which("mysqld") or shutil.which("mariadbd", path="/usr/sbin")
    install = shutil.which("mariadb-install-db")
    return (binary, install) if binary and install else None


@contextlib.contextmanager
def mysql_server(folder: Path) -> Iterator[int]:
    """A MariaDB or MySQL server of its own, in a folder and on a port of its own, with an account that may write."""
    found = _mariadb()
    assert found is not None, "no MariaDB server is installed"
    binary, install = found
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = ["--no-defaults", f"--datadir={folder}/data", *(["--user=root"] if os.getuid() == 0 else [])]
    subprocess.run(
        [install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True,
        capture_output=True,
    )
    small = ["--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve"]
    server = subprocess.Popen(
        [binary, *common, *small, f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/s"],
        stdout=subprocess.DEVNULL,
        stderr=(folder / "log").open("w"),
    )
    try:
        _make_reader(port, server)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)


def _make_reader(port: int, server: subprocess.Popen[bytes]) -> None:
    for _attempt in range(200):
        assert server.poll() is None, "the MariaDB server ended"
        try:
            connection = _as_root(port)
            break
        except pymysql.OperationalError:
            time.sleep(0.1)
    else:
        raise AssertionError("the MariaDB server does not answer")
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(f"CREATE USER {READER}@'127.0.0.1' IDENTIFIED BY %s", [PASSWORD])
        # It may write: that nothing is written is ours to see to.
        cursor.execute(f"GRANT ALL ON *.* TO {READER}@'127.0.0.1'")


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest, tmp_path: Path, programme: object) -> Iterator[Shop]:
    """An empty shop of each kind."""
    port = request.getfixturevalue("mysql_port") if request.param == "mysql" else 0
    with empty_shop(request.param, tmp_path, port) as found:
        yield found


@contextlib.contextmanager
def empty_shop(kind: str, folder: Path, port: int = 0) -> Iterator[Shop]:
    """`port` is of a `mysql_server`."""
    opened = _mysql(port) if kind == "mysql" else {"postgresql": _postgresql, "sqlite": _sqlite}[kind](folder)
    with opened as found:
        found.run(TABLES)
        yield found


@pytest.fixture
def mysql_shop(mysql_port: int, programme: object) -> Iterator[Shop]:
    """An empty database of the MariaDB server, which pages may name, since it listens on the network."""
    with _mysql(mysql_port) as found:
        yield found
