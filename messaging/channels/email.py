"""E-mail through Django's configured backend."""

from __future__ import annotations

import smtplib

from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.utils import translation

from core.errors import PermanentError, RetryableError
from core.hosts import public_url
from core.tenancy import active_programme
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
        mail = EmailMultiAlternatives(
            message.subject, message.body, to=[message.recipient], headers={"X-Message-Code": message.code}
        )
        with translation.override(message.language):
            mail.attach_alternative(_page(message), "text/html")
        try:
            backend.send_messages([mail])
        except smtplib.SMTPRecipientsRefused as error:
            raise PermanentError("the mail server refused the address") from error
        finally:
            backend.close()
        return message.code


def _page(message: Outgoing) -> str:
    """The same words in the design of our e-mails: under the subject, and the last paragraph as the small print."""
    *paragraphs, last = message.body.split("\n\n")
    context = {
        "email_base": "emails/_page.html",
        "programme_name": active_programme().name,
        "home_url": public_url("/"),
        "subject": message.subject,
        "paragraphs": paragraphs or [last],
        "small_print": last if paragraphs else "",
    }
    return render_to_string("emails/message.html", context)
