"""A real granian and a real job cluster on a database of their own."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Server:
    port: int
    database_url: str
    media: Path
    sessions: dict[str, str] = field(default_factory=dict)  # session cookies by e-mail

    def url(self, path: str = "/", programme: str = "harbour") -> str:
        host = f"{programme}.localhost" if programme else "localhost"
        return f"http://{host}:{self.port}{path}"


def free_port() -> int:
    """A port to listen on a little later. Below those that Linux gives to clients: none can take it in between."""
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@contextmanager
def serve(database_url: str, port: int, log: Path, settings: str = "e2e.settings") -> Iterator[Server]:
    """Serve until the block ends; Chromium resolves `*.localhost` by itself."""
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": settings,
        "PUBLIC_PORT": str(port),
        "MEDIA_ROOT": str(log.parent / "media"),
        "WORKERS": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    granian = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--blocking-threads", "2", "--no-ws", "config.wsgi:application",
    ]  # fmt: skip
    cluster = [sys.executable, "manage.py", "qcluster"]
    with log.open("wb") as output:
        processes = [
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True)
            for command in (granian, cluster)
        ]
        try:
            _wait_until_it_answers(port, processes[0], log)
            yield Server(port, database_url, log.parent / "media")
        finally:  # at once: nothing of it is kept
            for process in processes:
                os.killpg(process.pid, signal.SIGKILL)
            for process in processes:
                process.wait()


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/p/sign-in/", headers={"Host": "harbour.localhost"})
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(request, timeout=5):
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"the server does not answer: {log.read_text()[-3000:]}")
