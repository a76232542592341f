"""The command lines of the product's processes: the same for `manage.py up`, Procfile, systemd, Docker, benchmarks."""

from __future__ import annotations

import sys

from config.database import BASE_DIR

WEB_WORKERS = 2
# A request that waits (a provider, a long export) must not block its whole process.
WEB_THREADS = 4
BACKLOG = 1024


def web_command(
    *,
    port: int,
    host: str = "127.0.0.1",
    workers: int = WEB_WORKERS,
    threads: int = WEB_THREADS,
    application: str = "config.wsgi:application",
) -> list[str]:
    """Granian serving WSGI. ASGI with synchronous Django measured 5 to 8 times slower."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws"),
        *("--host", host, "--port", str(port), "--backlog", str(BACKLOG)),
        *("--workers", str(workers), "--blocking-threads", str(threads)),
        # A worker that dies is replaced; one that does not stop in time is killed.
        *("--respawn-failed-workers", "--workers-kill-timeout", "15"),
        application,
    ]


def worker_command() -> list[str]:
    """The job cluster."""
    return manage_command("qcluster")


def manage_command(*arguments: str) -> list[str]:
    return [sys.executable, str(BASE_DIR / "manage.py"), *arguments]
