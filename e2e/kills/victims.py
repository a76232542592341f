"""Who is killed, found by descent from the supervisor."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

from e2e.kills.rig import Rig

KINDS = ("web worker", "web leader", "job process", "job leader", "database backend", "database", "supervisor")


def kill(kind: str, rig: Rig, chance: random.Random) -> int | None:
    """SIGKILL a process of that kind; None when there was none at this moment."""
    pids = find(kind, rig)
    if not pids:
        return None
    pid = chance.choice(pids)
    os.kill(pid, signal.SIGKILL)
    if kind == "supervisor":
        assert rig.supervisor is not None
        rig.supervisor.wait(timeout=10)
    return pid


def find(kind: str, rig: Rig) -> list[int]:
    assert rig.supervisor is not None
    parents, commands = _processes()
    leader = "granian" if kind.startswith("web") else "qcluster"
    leaders = [pid for pid, parent in parents.items() if parent == rig.supervisor.pid and leader in commands[pid]]
    match kind:
        case "supervisor":
            return [rig.supervisor.pid]
        case "database" | "database backend":
            postmaster = int((rig.var / "postgres" / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
            backends = [
                pid for pid, parent in parents.items() if parent == postmaster and "regulars_app" in commands[pid]
            ]
            return [postmaster] if kind == "database" else backends
        case "web leader" | "job leader":
            return leaders
        case _:
            return [
                pid for pid in parents if _descends(pid, leaders, parents) and "resource_tracker" not in commands[pid]
            ]


def _descends(pid: int, ancestors: list[int], parents: dict[int, int]) -> bool:
    while (pid := parents.get(pid, 0)) > 1:
        if pid in ancestors:
            return True
    return False


def _processes() -> tuple[dict[int, int], dict[int, str]]:
    parents, commands = {}, {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                if fields[0] != "Z":
                    command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    parents[int(process.name)], commands[int(process.name)] = int(fields[1]), command
            except OSError:
                continue
    return parents, commands
