"""E-mails that a development machine wrote to files instead of sending them."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings

FILE_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
_END = b"-" * 79  # the line that the file backend writes after each message


@dataclass(frozen=True, slots=True)
class SentMail:
    to: str
    subject: str
    text: str
    sent_at: datetime


def is_kept() -> bool:
    """Whether e-mails go to files here, and not to a mail server."""
    backend: str = settings.EMAIL_BACKEND
    return backend == FILE_BACKEND


def newest(limit: int) -> list[SentMail]:
    """The last e-mails of this installation, newest first."""
    if not is_kept():
        return []
    files = sorted(Path(settings.EMAIL_FILE_PATH).glob("*.log"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    return [mail for file in files[:limit] for mail in reversed(_read(file))][:limit]


def _read(file: Path) -> list[SentMail]:
    mails = []
    for part in file.read_bytes().split(_END + b"\n"):
        message = email.message_from_bytes(part.lstrip(), policy=email.policy.default)
        if "Date" not in message:  # what follows the last end, or is being written
            continue
        sent_at = parsedate_to_datetime(message["Date"])
        mails.append(SentMail(str(message["To"]), str(message["Subject"]), _text(message), sent_at))
    return mails


def _text(message: EmailMessage) -> str:
    body = message.get_body(preferencelist=("plain",))
    return str(body.get_content()).strip() if body is not None else ""
