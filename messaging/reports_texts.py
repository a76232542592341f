"""What the settings say about texts: the providers, the chosen one, its webhooks and the last test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from messaging.connection import SettingsUnreadable, Webhooks, unseal, webhooks_of
from messaging.models import OutboundMessage, SmsConnection
from messaging.providers import all_providers
from messaging.providers.contract import Provider, Words
from messaging.reports_messages import why_unconfirmed


@dataclass(frozen=True, slots=True)
class Choice:
    name: str
    label: Words
    help: Words
    is_current: bool  # texts go through it, or would if it were switched on
    is_open: bool  # its form is on the page


@dataclass(frozen=True, slots=True)
class LastTest:
    """`state` is one of OutboundMessage.State; `is_open` while its end is not known."""

    state: str
    label: str
    error: Words
    at: datetime
    is_open: bool


UNDECIDED = frozenset({OutboundMessage.State.QUEUED, OutboundMessage.State.CLAIMED})


def current_connection() -> SmsConnection | None:
    """The programme's account with a provider, with its last test. One query."""
    return SmsConnection.objects.select_related("last_test").first()


def reach_nobody(connection: SmsConnection | None) -> bool:
    """Whether texts of this programme are written to a file of the server, outside development."""
    is_on = connection is not None and connection.is_active
    return not is_on and settings.SMS_CHANNEL == "console" and not settings.DEVELOPMENT


def offered_providers() -> list[Provider]:
    """What programmes may choose here."""
    return [one for one in all_providers().values() if settings.DEVELOPMENT or not one.is_for_development]


def choices(connection: SmsConnection | None, shown: Provider | None) -> Sequence[Choice]:
    current = connection.provider if connection else ""
    return [
        Choice(one.name, one.label, one.help, is_current=one.name == current, is_open=one is shown)
        for one in offered_providers()
    ]


def webhooks(connection: SmsConnection) -> Webhooks | None:
    """What the provider must be told to call; None where it calls nobody or the settings cannot be read."""
    provider = all_providers().get(connection.provider)
    if provider is None or not provider.has_webhooks:
        return None
    try:
        return webhooks_of(provider.name, unseal(connection).webhook_code)
    except SettingsUnreadable:
        return None


def last_test(connection: SmsConnection) -> LastTest | None:
    message = connection.last_test
    if message is None:
        return None
    return LastTest(
        state=message.state,
        label=message.get_state_display(),
        error=why_unconfirmed(message) if message.state == OutboundMessage.State.UNCONFIRMED else message.error,
        at=message.finished_at or message.created_at,
        is_open=message.state in UNDECIDED,
    )
