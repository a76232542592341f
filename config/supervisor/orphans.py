"""Processes that a killed supervisor left behind. Each child carries a mark in its environment to be found by."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

MARK = "REGULARS_SUPERVISED"  # its value is the var directory: two installations never touch each other
PATIENCE_SECONDS = 5.0


def sweep(var_dir: Path) -> int:
    """End what an earlier supervisor of `var_dir` started, gently and then by force. Returns how many there were.

    Call it with the supervisor's lock held. Linux only: elsewhere it finds nothing.
    """
    found = _marked(var_dir)
    for pid in found:
        _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := _marked(var_dir)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in left:
        _signal(pid, signal.SIGKILL)
    return len(found)


def _marked(var_dir: Path) -> list[int]:
    mark = f"{MARK}={var_dir}".encode()
    pids: list[int] = []
    if not Path("/proc").is_dir():
        return pids
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            if mark in (process / "environ").read_bytes().split(b"\0") and not _is_zombie(process):
                pids.append(int(process.name))
        except OSError:
            continue  # it ended, or belongs to somebody else
    return pids


def _is_zombie(process: Path) -> bool:
    return (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z"


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
