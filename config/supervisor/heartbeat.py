"""Signs of life of the job cluster, as files in `var/run`: who has a task in hand, and when one last began or ended.

django-q2 keeps this in its own process and in the cache, which here is one per process.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from django_q.signals import post_execute_in_worker, pre_execute

HEARTBEAT = "heartbeat"


def connect(run_dir: Path) -> None:
    """Called in every Django process that a supervisor started; only the cluster's workers ever write."""

    def begin(sender: object, **kwargs: object) -> None:
        (run_dir / f"busy-{os.getpid()}").touch()
        (run_dir / HEARTBEAT).touch()

    def end(sender: object, **kwargs: object) -> None:
        (run_dir / f"busy-{os.getpid()}").unlink(missing_ok=True)
        (run_dir / HEARTBEAT).touch()

    pre_execute.connect(begin, weak=False, dispatch_uid="regulars.heartbeat")
    post_execute_in_worker.connect(end, weak=False, dispatch_uid="regulars.heartbeat")


def reset(run_dir: Path) -> None:
    """A cluster is about to start: it gets its full time before anybody calls it silent."""
    run_dir.mkdir(parents=True, exist_ok=True)
    for busy in run_dir.glob("busy-*"):
        busy.unlink(missing_ok=True)
    (run_dir / HEARTBEAT).touch()


def silent_seconds(run_dir: Path) -> float:
    """Seconds since a worker last began or ended a task."""
    try:
        return time.time() - (run_dir / HEARTBEAT).stat().st_mtime
    except FileNotFoundError:
        return 0.0


def busy_workers(run_dir: Path) -> int:
    """Workers with a task in hand. A file whose process is gone belongs to one that was killed."""
    count = 0
    for busy in run_dir.glob("busy-*"):
        try:
            os.kill(int(busy.name.removeprefix("busy-")), 0)
        except ProcessLookupError:
            busy.unlink(missing_ok=True)
        else:
            count += 1
    return count
