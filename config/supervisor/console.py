"""What `manage.py up` says: each phase with its time, then where to go."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@contextmanager
def phase(title: str) -> Iterator[list[str]]:
    """Prints `title` at once and its time at the end; append to the list that it gives to add a remark."""
    remarks: list[str] = []
    started = time.monotonic()
    if sys.stdout.isatty():
        sys.stdout.write(f"  {title} …")
        sys.stdout.flush()
    try:
        yield remarks
    except BaseException:
        if sys.stdout.isatty():
            say(" failed")
        raise
    line = f"  {title:<24}{time.monotonic() - started:6.1f} s"
    line += f"   {', '.join(remarks)}" if remarks else ""
    say(f"\r\033[K{line}" if sys.stdout.isatty() else line)
