"""`manage.py up`: starts everything in order, keeps it alive, stops what it started."""

from __future__ import annotations

import fcntl
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TextIO, TypeVar

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError, Error, connection
from django.utils import timezone

from config.database import BASE_DIR, VAR_DIR, embedded
from config.embedded_postgres import EmbeddedPostgres, PostgresNotStarted
from config.supervisor import heartbeat, orphans, port, preparation, watchdog
from config.supervisor.child import Child, trim_log
from config.supervisor.commands import web_command, worker_command
from config.supervisor.console import phase, say
from config.supervisor.welcome import welcome
from core.hosts import DEFAULT_PORTS
from workspace.actions.schedule import ensure_tick, plan_regular_work

T = TypeVar("T")

RUN_DIR = VAR_DIR / "run"
LOG_DIR = VAR_DIR / "log"
LOOK_SECONDS = 0.25
POSTGRES_LOOK_SECONDS = 2.0
WATCHDOG_LOOK_SECONDS = 5.0
LOG_LOOK_SECONDS = 10.0
STOP_PATIENCE_SECONDS = 12.0
FIRST_ANSWER_SECONDS = 60


class AlreadyRunning(Exception):
    """Another supervisor of this installation holds the lock; carries what it wrote there."""


class Supervisor:
    """One run of the product on this machine."""

    def __init__(self, *, port: int, host: str, with_demo: bool) -> None:
        self.port = port
        self.host = host
        self.public_port = int(os.environ.get("PUBLIC_PORT") or port)  # a proxy before us has another one
        self.with_demo = with_demo
        self.postgres: EmbeddedPostgres | None = embedded()
        self.is_stopping = False
        self.has_tasks_to_release = False
        # The pages of sent texts and e-mails show codes: they open by themselves only where nobody else can connect.
        is_laptop = settings.PUBLIC_HOST == "localhost" and host in {"127.0.0.1", "::1", "localhost"}
        self._is_development = settings.DEVELOPMENT or (is_laptop and not os.environ.get("DEVELOPMENT"))
        self.environment = {
            **os.environ,
            orphans.MARK: str(VAR_DIR),
            "PUBLIC_PORT": str(self.public_port),
            "DEVELOPMENT": str(self._is_development),
            "PYTHONUNBUFFERED": "1",
        }
        self.web = self._child("web", web_command(port=port, host=host))
        self.worker = self._child("worker", worker_command())

    def run(self) -> None:
        """Start, serve until SIGINT or SIGTERM, stop. Raises AlreadyRunning or CommandError."""
        with self._only_one() as lock:
            self._claim_port()
            signal.signal(signal.SIGINT, self._ask_to_stop)
            signal.signal(signal.SIGTERM, self._ask_to_stop)
            try:
                started = time.monotonic()
                self._prepare()
                if self.is_stopping:
                    return
                self._write_lock(lock)
                self._start_children()
                self._announce(time.monotonic() - started)
                self._watch()
            except (preparation.PreparationFailed, PostgresNotStarted, DatabaseError) as error:
                if not self.is_stopping:
                    raise CommandError(str(error)) from error
            finally:
                self._stop()

    # -- start ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def _only_one(self) -> Iterator[TextIO]:
        RUN_DIR.mkdir(parents=True, exist_ok=True)
        with (RUN_DIR / "up.lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise AlreadyRunning(lock.read().strip()) from None
            lock.truncate(0)
            yield lock

    def _write_lock(self, lock: TextIO) -> None:
        lock.write(f"{self._url()} (process {os.getpid()})")
        lock.flush()

    def _claim_port(self) -> None:
        left = orphans.sweep(VAR_DIR)
        if left:
            say(f"  Ended {left} processes that an earlier run had left behind.")
        if not port.becomes_free(self.host, self.port):
            raise CommandError(
                f"Port {self.port} is used by another program. Choose another one: make serve PORT={self.port + 1}"
            )

    def _prepare(self) -> None:
        steps = preparation.Steps(self.environment, LOG_DIR / "start.log", lambda: self.is_stopping)
        if self.postgres is not None:
            with phase("PostgreSQL") as remarks:
                self._start_postgres(remarks)
        if self.is_stopping:
            return
        with phase("Database schema") as remarks:
            if preparation.is_migrated():
                remarks.append("up to date")
            else:
                connection.close()
                steps.run("migrate", "--verbosity", "1", DATABASE_ROLE="owner")
                remarks.append("migrated")
        with phase("Static files") as remarks:
            is_new = preparation.collect_static(steps)
            remarks.append("collected" if is_new else "unchanged")
        if self.with_demo and not self.is_stopping:
            self._load_demo(steps)
        ensure_tick()
        plan_regular_work(now=timezone.now())

    def _start_postgres(self, remarks: list[str]) -> None:
        assert self.postgres is not None
        outcome = self.postgres.start()
        remarks.append({"adopted": "was running", "restarted": "started", "created": "created"}[outcome])
        if outcome != "adopted":
            # Remembered in a file: the run after a kill -9 still knows that stopping it is its business.
            (RUN_DIR / "postgres-is-ours").touch()

    def _load_demo(self, steps: preparation.Steps) -> None:
        stamp = VAR_DIR / "demo-loaded"
        if not stamp.exists():
            say("  Demo data")
        with phase("Demo data") as remarks:
            is_new = preparation.load_demo(steps, stamp=stamp)
            remarks.append("loaded" if is_new else "loaded before")

    def _start_children(self) -> None:
        with phase("Web server"):
            self.web.start()
            heartbeat.reset(RUN_DIR)
            watchdog.release_tasks()
            self.worker.start()
            self._await_first_answer()

    def _await_first_answer(self) -> None:
        deadline = time.monotonic() + FIRST_ANSWER_SECONDS
        while not self.is_stopping:
            try:
                urllib.request.urlopen(f"http://{self._probe_host()}:{self.port}/health/live", timeout=10).close()
                return
            except urllib.error.HTTPError:
                return  # it answers
            except OSError:
                if not self.web.is_running or time.monotonic() > deadline:
                    raise preparation.PreparationFailed(
                        f"The web server did not start. Its output is in {self.web.log}."
                    ) from None
                time.sleep(0.1)

    def _announce(self, seconds: float) -> None:
        if self.is_stopping:
            return
        say(f"\n  Ready in {seconds:.1f} s.\n")
        for line in welcome(base=self._url, with_demo=self.with_demo, is_development=self._is_development):
            say(f"  {line}")
        say(f"\n  Logs are in {_relative(LOG_DIR)}. Ctrl-C stops everything.")

    # -- run -----------------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        next_postgres_look = next_watchdog_look = next_log_look = time.monotonic()
        while not self.is_stopping:
            now = time.monotonic()
            if self.postgres is not None and now >= next_postgres_look:
                self._tend_postgres()
                next_postgres_look = now + POSTGRES_LOOK_SECONDS
            if now >= next_watchdog_look:
                self._look_at_the_queue()
                next_watchdog_look = now + WATCHDOG_LOOK_SECONDS
            if now >= next_log_look:
                self._trim_logs()
                next_log_look = now + LOG_LOOK_SECONDS
            self._tend(self.web)
            self._tend(self.worker)
            time.sleep(LOOK_SECONDS)

    def _tend(self, child: Child) -> None:
        if self.is_stopping:
            return
        was_running = child.is_running
        pause = child.tend()
        if child is self.worker and child.is_running and not was_running:
            heartbeat.reset(RUN_DIR)  # its time to come up counts from now
        if pause is None:
            return
        again = f"starting it again in {pause:g} s"
        say(f"  {child.name} ended (code {child.last_code}); {again}. See {_relative(child.log)}.")
        if child is self.worker:
            self.has_tasks_to_release = True

    def _tend_postgres(self) -> None:
        assert self.postgres is not None
        if self.postgres.is_ready() or self.is_stopping:
            return
        say("  PostgreSQL does not answer; starting it again.")
        started = time.monotonic()
        try:
            self._start_postgres([])
        except PostgresNotStarted as error:
            say(f"  {error}")
        else:
            say(f"  PostgreSQL is back after {time.monotonic() - started:.1f} s.")

    def _trim_logs(self) -> None:
        for log in (self.web.log, self.worker.log, *([self.postgres.log] if self.postgres else [])):
            trim_log(log)

    def _look_at_the_queue(self) -> None:
        if self.has_tasks_to_release and self._quietly(watchdog.release_tasks) is not None:
            self.has_tasks_to_release = False
        if not self.worker.is_running:
            return
        reason = self._quietly(lambda: watchdog.reason_to_restart(RUN_DIR, now=timezone.now()))
        if reason:
            say(f"  The job cluster hangs ({reason}); starting it again.")
            self.worker.kill()

    @staticmethod
    def _quietly(ask: Callable[[], T]) -> T | None:
        """The database may be down at this moment; the next look asks again."""
        try:
            return ask()
        except Error:
            connection.close()
            return None

    # -- stop ----------------------------------------------------------------------------------------------------------

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        if not self.is_stopping:
            say("\n  Stopping …")
        self.is_stopping = True

    def _stop(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C is harmless
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for child in (self.web, self.worker):
            child.ask_to_stop()
        for child in (self.web, self.worker):
            child.stop(patience_seconds=STOP_PATIENCE_SECONDS)
        connection.close()
        ours = RUN_DIR / "postgres-is-ours"
        if self.postgres is not None and ours.exists():
            self.postgres.stop()
            ours.unlink()
        say("  Stopped.")

    # -- names ---------------------------------------------------------------------------------------------------------

    def _child(self, name: str, command: list[str]) -> Child:
        return Child(name, command, LOG_DIR / f"{name}.log", self.environment, BASE_DIR)

    def _probe_host(self) -> str:
        if ":" in self.host:
            return "[::1]" if self.host == "::" else f"[{self.host}]"
        return "127.0.0.1" if self.host == "0.0.0.0" else self.host  # noqa: S104

    def _url(self, subdomain: str = "") -> str:
        host = f"{subdomain}.{settings.PUBLIC_HOST}" if subdomain else settings.PUBLIC_HOST
        is_default = self.public_port == DEFAULT_PORTS[settings.PUBLIC_SCHEME]
        return f"{settings.PUBLIC_SCHEME}://{host}" + ("" if is_default else f":{self.public_port}")


def _relative(path: Path) -> str:
    return str(path.relative_to(BASE_DIR)) if path.is_relative_to(BASE_DIR) else str(path)
