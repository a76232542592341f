"""The channel of a laptop: appends to a file per programme; `/dev/messages/` shows the same in the browser."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection

from django.conf import settings
from django.utils import timezone

from core.tenancy import active_schema
from messaging.channels import Outgoing


def forget(recipients: Collection[str]) -> None:
    """Drop the lines of messages to these people from the file of the active programme."""
    path = settings.CONSOLE_MESSAGES_DIR / f"{active_schema()}.jsonl"
    if not path.exists():
        return
    kept = [line for line in path.read_text().splitlines() if json.loads(line)["to"] not in recipients]
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text("".join(f"{line}\n" for line in kept))
    fresh.replace(path)


class Console:
    name = "console"

    def send(self, message: Outgoing) -> str:
        """Append one JSON line. Outside development the digits of a one-time code are not written."""
        hide = message.purpose == "one_time_code" and not settings.DEVELOPMENT
        body = re.sub(r"\d", "•", message.body) if hide else message.body
        line = {
            "at": timezone.now().isoformat(timespec="seconds"),
            "code": message.code,
            "channel": message.channel,
            "to": message.recipient,
            "subject": message.subject,
            "body": body,
        }
        folder = settings.CONSOLE_MESSAGES_DIR
        folder.mkdir(parents=True, exist_ok=True)
        # One write of one line: lines of several workers do not mix. Only the owner of the server may read it.
        handle = os.open(folder / f"{active_schema()}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, (json.dumps(line, ensure_ascii=False) + "\n").encode())
        finally:
            os.close(handle)
        return message.code
