"""A programme whose texts go through the stand-in for Twilio."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import schema_context

from devservers.twilio import Twilio, serve
from messaging.actions.texts import choose_provider
from messaging.models import SmsConnection


@pytest.fixture
def twilio(settings):
    """The stand-in, whose calls arrive at the public host of this test."""

    def post(url, form, signature):
        parts = urlsplit(url)
        with schema_context("public"):
            answer = Client(headers={"host": "localhost"}).post(
                f"{parts.path}?{parts.query}".rstrip("?"), form, headers={"X-Twilio-Signature": signature}
            )
        return answer.status_code

    with serve(Twilio(inbound_url="http://localhost:8000/sms/inbound", post=post)) as twilio:
        settings.TWILIO_ORIGIN = twilio.origin
        yield twilio


@pytest.fixture
def connect(actor):
    """connect(twilio) → the active programme's connection."""

    def make(twilio: Twilio, *, sender: str = "", actor=actor) -> SmsConnection:
        return choose_provider(
            provider="twilio",
            sender=sender or twilio.numbers[0],
            settings={"account_sid": twilio.account_sid, "auth_token": twilio.auth_token},
            is_active=True,
            actor=actor,
            now=timezone.now(),
        )

    return make
