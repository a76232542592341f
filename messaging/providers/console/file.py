"""The file of sent messages of a programme, on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from django.conf import settings

from core.tenancy import active_schema


def append(line: Mapping[str, str]) -> None:
    """One write of one JSON line: lines of several workers do not mix. Only the owner of the server may read it."""
    settings.CONSOLE_MESSAGES_DIR.mkdir(parents=True, exist_ok=True)
    handle = os.open(_path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, (json.dumps(line, ensure_ascii=False) + "\n").encode())
    finally:
        os.close(handle)


def forget(recipients: Collection[str]) -> None:
    """Drop the lines of messages to these people from the file of the active programme."""
    path = _path()
    if not path.exists():
        return
    kept = [line for line in path.read_text().splitlines() if json.loads(line)["to"] not in recipients]
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text("".join(f"{line}\n" for line in kept))
    fresh.replace(path)


def _path() -> Path:
    folder: Path = settings.CONSOLE_MESSAGES_DIR
    return folder / f"{active_schema()}.jsonl"
