"""`manage.py up` in a directory of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e.server import free_port

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 300


@dataclass
class Rig:
    var: Path
    port: int
    supervisor: subprocess.Popen[bytes] | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        hidden = ("DATABASE", "REGULARS", "DJANGO", "PYTEST")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        self.environment |= {
            "REGULARS_VAR_DIR": str(self.var),
            "DJANGO_SETTINGS_MODULE": "e2e.kills.settings",
            "LOG_LEVEL": "WARNING",
        }

    @property
    def console(self) -> Path:
        return self.var / "console.log"

    def start(self) -> None:
        """Start the supervisor and wait until it says that everything is ready."""
        said = self.console.read_text() if self.console.exists() else ""
        with self.console.open("ab") as output:
            self.supervisor = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(self.port)],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_SECONDS
        while "Ready in" not in self.console.read_text()[len(said) :]:
            assert self.supervisor.poll() is None, self.console.read_text()[-3000:]
            assert time.monotonic() < deadline, self.console.read_text()[-3000:]
            time.sleep(0.1)

    def start_again(self) -> str:
        """What a second `manage.py up` says while the first one runs."""
        command = [sys.executable, "manage.py", "up", "--port", str(self.port)]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=True)
        return done.stdout

    def stop(self) -> None:
        """Ctrl-C, twice: the second must do no harm."""
        if self.supervisor is None or self.supervisor.poll() is not None:
            return
        self.supervisor.send_signal(signal.SIGINT)
        time.sleep(0.3)
        self.supervisor.send_signal(signal.SIGINT)
        assert self.supervisor.wait(timeout=40) == 0, self.console.read_text()[-3000:]

    def inside(self, *arguments: object) -> Any:
        """The answer of `e2e.kills.inside`."""
        done = subprocess.run(
            [sys.executable, "-m", "e2e.kills.inside", *map(str, arguments)],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    def processes(self) -> list[int]:
        """Every process that belongs to this rig, the database's included."""
        found = []
        for process in Path("/proc").iterdir():
            if not process.name.isdigit() or int(process.name) == os.getpid():
                continue
            try:
                is_server = (process / "cwd").readlink() == (self.var / "postgres" / "data").resolve()
                is_child = f"REGULARS_SUPERVISED={self.var}".encode() in (process / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if is_server or is_child:
                found.append(int(process.name))
        return found


@contextmanager
def rig(folder: Path, port: int = 0) -> Iterator[Rig]:
    running = Rig(folder, port or free_port())
    folder.mkdir(parents=True, exist_ok=True)
    try:
        running.start()
        yield running
    finally:
        if running.supervisor is not None and running.supervisor.poll() is None:
            running.supervisor.terminate()
            running.supervisor.wait(timeout=40)
        for pid in running.processes():
            os.kill(pid, signal.SIGKILL)
