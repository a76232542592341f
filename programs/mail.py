"""E-mails in one design. A template extends `email_base` and is rendered three times: subject, text, page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest
from django.template.loader import render_to_string

from core.hosts import public_url

SUBJECT, TEXT, PAGE = "emails/_subject.txt", "emails/_text.txt", "emails/_page.html"


def compose(
    template: str, *, to: str, context: Mapping[str, Any], request: HttpRequest | None = None
) -> EmailMultiAlternatives:
    """The message; `code` and `button_url` of the context are shown large. The caller sends it, after the commit."""

    def render(base: str, **more: Any) -> str:
        return render_to_string(template, {"home_url": public_url("/"), **context, **more, "email_base": base}, request)

    subject = " ".join(render(SUBJECT).split())
    message = EmailMultiAlternatives(subject, render(TEXT).strip() + "\n", settings.DEFAULT_FROM_EMAIL, [to])
    message.attach_alternative(render(PAGE, subject=subject), "text/html")
    return message
