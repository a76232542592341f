"""E-mails in one design. A template extends `email_base` and is rendered three times: subject, text, page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from core.hosts import public_url

SUBJECT, TEXT, PAGE = "emails/_subject.txt", "emails/_text.txt", "emails/_page.html"


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail with all its words, as text and as a page (HTML)."""

    to: str
    subject: str
    text: str
    page: str

    def send(self) -> None:
        """Hand it to the mail server, which may take EMAIL_TIMEOUT seconds or raise: a worker calls this."""
        message = EmailMultiAlternatives(self.subject, self.text, settings.DEFAULT_FROM_EMAIL, [self.to])
        message.attach_alternative(self.page, "text/html")
        message.send()


def compose(template: str, *, to: str, context: Mapping[str, Any]) -> Letter:
    """The letter of a template in the active language; `code` and `button_url` of the context are shown large."""

    def render(base: str, **more: Any) -> str:
        return render_to_string(template, {"home_url": public_url("/"), **context, **more, "email_base": base})

    subject = " ".join(render(SUBJECT).split())
    return Letter(to, subject, render(TEXT).strip() + "\n", render(PAGE, subject=subject))
