"""Signs of life of the job cluster, as files in `var/run`: who has a task in hand, and when one last began or ended.

django-q2 keeps this in its own process and in the cache, which here is one per process.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from django.conf import settings
from django_q.signals import post_execute_in_worker, pre_execute

HEARTBEAT = "heartbeat"
CLUSTER_START = "cluster-start"


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
    shutil.copystat(run_dir / HEARTBEAT, _touched(run_dir / CLUSTER_START))


def has_worked(run_dir: Path) -> bool:
    """Whether the cluster has begun a task since its start; before that it may still be importing the code."""
    try:
        return (run_dir / HEARTBEAT).stat().st_mtime_ns > (run_dir / CLUSTER_START).stat().st_mtime_ns
    except FileNotFoundError:
        return False


def _touched(path: Path) -> Path:
    path.touch()
    return path


def silent_seconds(run_dir: Path) -> float:
    """Seconds since a worker last began or ended a task."""
    try:
        return time.time() - (run_dir / HEARTBEAT).stat().st_mtime
    except FileNotFoundError:
        return 0.0


def busy_workers(run_dir: Path) -> int:
    """Workers with a task in hand. The file of one that was killed goes, even when its pid has a new owner."""
    longest = settings.JOB_TIMEOUT_SECONDS + 60  # the cluster ends a task that takes longer than its timeout
    count = 0
    for busy in run_dir.glob("busy-*"):
        try:
            os.kill(int(busy.name.removeprefix("busy-")), 0)
            is_working = time.time() - busy.stat().st_mtime < longest
        except OSError:  # nobody has this pid, or a process that is not ours; or the task has just ended
            is_working = False
        if is_working:
            count += 1
        else:
            busy.unlink(missing_ok=True)
    return count
