"""E-mail through Django's configured backend."""

from __future__ import annotations

import smtplib

from django.core.mail import EmailMessage, get_connection

from core.errors import PermanentError, RetryableError
from messaging.channels import Outgoing

TIMEOUT_SECONDS = 30


class Email:
    name = "email"

    def send(self, message: Outgoing) -> str:
        backend = get_connection()
        if hasattr(backend, "timeout"):
            backend.timeout = TIMEOUT_SECONDS
        try:
            backend.open()
        except (OSError, smtplib.SMTPException) as error:
            raise RetryableError("mail server not reachable") from error  # nothing has been handed over yet
        mail = EmailMessage(
            message.subject, message.body, to=[message.recipient], headers={"X-Message-Code": message.code}
        )
        try:
            backend.send_messages([mail])
        except smtplib.SMTPRecipientsRefused as error:
            raise PermanentError("the mail server refused the address") from error
        finally:
            backend.close()
        return message.code
