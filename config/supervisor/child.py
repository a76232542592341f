"""One process that must run: started, watched, started again with a growing pause, stopped with all it started."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

PR_SET_PDEATHSIG = 1
LOG_MAX_BYTES = 10_000_000
# After this long without dying a child counts as healthy, and its next death is answered at once.
HEALTHY_SECONDS = 30
PAUSES_SECONDS = (0.2, 1, 2, 5, 10, 30)


def die_with(parent: int) -> None:
    """Runs in the new process: SIGTERM when `parent` ends, even by kill -9 (Linux only)."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    except AttributeError:
        return
    if os.getppid() != parent:  # it died between the fork and the line above
        os._exit(1)


def signal_group(leader: int, number: signal.Signals) -> None:
    """Signal a process and all it started. Workers whose leader died keep the port or a job."""
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return
    except PermissionError:  # macOS says this of a group of zombies
        return


def trim_log(log: Path) -> None:
    """Put what a log has grown to aside, once, and let it begin anew under the process that appends to it."""
    if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
        shutil.copyfile(log, log.with_suffix(".old.log"))
        os.truncate(log, 0)


@dataclass(slots=True)
class Child:
    """A process in a group of its own, so that one signal reaches everything it started."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    cwd: Path
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    started_at: float = 0.0
    start_again_at: float = 0.0
    last_code: int | None = field(default=None)

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.cwd,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509 (the supervisor has one thread)
            )
        self.started_at = time.monotonic()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def tend(self) -> float | None:
        """Start it again when it is dead and its pause is over.

        Returns the pause in seconds when a death was just noticed, None otherwise.
        """
        if self.is_running:
            return None
        if self.process is not None:
            self.last_code = self.process.returncode
            signal_group(self.process.pid, signal.SIGKILL)
            is_fresh_trouble = time.monotonic() - self.started_at < HEALTHY_SECONDS
            self.deaths = self.deaths + 1 if is_fresh_trouble else 1
            pause = PAUSES_SECONDS[min(self.deaths, len(PAUSES_SECONDS)) - 1]
            self.start_again_at = time.monotonic() + pause
            self.process = None
            return pause
        if time.monotonic() >= self.start_again_at:
            self.start()
        return None

    def ask_to_stop(self) -> None:
        if self.process is not None and self.is_running:
            self.process.terminate()

    def stop(self, *, patience_seconds: float) -> None:
        """Wait for a child that was asked to stop; after the patience, kill it and everything it started."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout=patience_seconds)
        except subprocess.TimeoutExpired:
            signal_group(self.process.pid, signal.SIGKILL)
            self.process.wait()
        signal_group(self.process.pid, signal.SIGKILL)
        self.process = None

    def kill(self) -> None:
        """End it at once; `tend` starts it again."""
        if self.process is not None:
            signal_group(self.process.pid, signal.SIGKILL)
            self.process.wait()
