"""The experiment: kill, wait until it works again, and in the end count."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from e2e.kills.rig import rig
from e2e.kills.victims import kill
from e2e.kills.writers import Writers

RECOVERY_SECONDS = 90
JOBS_PER_KILL = 3


def kill_and_count(folder: Path, kinds: Sequence[str], seed: int) -> dict[str, Any]:
    """Kill a process of each of `kinds` in turn under writes and jobs; what the database holds afterwards."""
    chance = random.Random(seed)
    killed: Counter[str] = Counter()
    recovered: dict[str, list[float]] = {}
    with rig(folder) as running:
        prepared = running.inside("prepare")
        writers = Writers(running.port, prepared["secret"], prepared["business"])
        second_start = running.start_again()
        running.inside("start-jobs", JOBS_PER_KILL * len(kinds), 1)
        writers.start()
        try:
            writers.wait_for_news(since=time.monotonic(), seconds=RECOVERY_SECONDS)
            for kind in kinds:
                struck_at = time.monotonic()
                deadline = struck_at + RECOVERY_SECONDS
                while kill(kind, running, chance) is None:  # the one before has not come back yet
                    assert time.monotonic() < deadline, f"there is no {kind} to kill"
                    time.sleep(0.2)
                struck_at = time.monotonic()
                killed[kind] += 1
                if kind == "supervisor":
                    running.start()
                # Two acknowledgements apart: a worker that is about to notice its death must not count as recovery.
                time.sleep(0.2 + chance.random() * 0.5)
                took = writers.wait_for_news(since=struck_at + 0.2, seconds=RECOVERY_SECONDS)
                recovered.setdefault(kind, []).append(round(took, 1))
        finally:
            writers.finish()
        verdict = running.inside("verdict")
        running.stop()
        left = running.processes()
    acknowledged = {entry.key: entry.points for entry in writers.log}
    return {
        **verdict,
        "kills": sum(killed.values()),
        "recovered": recovered,
        "acknowledged": len(acknowledged),
        "acknowledged_points": sum(acknowledged.values()),
        "repeated": sum(entry.tries > 1 for entry in writers.log),
        "second_start": second_start,
        "left_processes": left,
    }
