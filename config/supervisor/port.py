"""The port that the web server is to have."""

from __future__ import annotations

import socket
import time

# A killed process loses its environment, by which the sweep finds it, a moment before its sockets are closed.
PATIENCE_SECONDS = 3.0


def becomes_free(host: str, port: int, *, patience: float = PATIENCE_SECONDS) -> bool:
    """Whether `port` can be taken now or within `patience` seconds."""
    deadline = time.monotonic() + patience
    while not _is_free(host, port):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.1)
    return True


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
