"""How a message leaves: through the programme's own provider of texts, else as the settings of the deployment say.

A channel's `send` returns the provider's id of the message. It raises RetryableError when the message has certainly
*not* been taken (no connection, "try later"), PermanentError when it never will be (no such number), and anything
else when it cannot know: such a message is not sent again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a channel gets. `code` is our reference, for providers that de-duplicate by one; `language` the body's.

    After `seconds_left` the message is pointless: a provider that can, gives it up then.
    """

    code: str
    channel: str
    purpose: str
    recipient: str
    subject: str
    body: str
    language: str
    seconds_left: int | None = None


class Channel(Protocol):
    @property
    def name(self) -> str: ...

    def send(self, message: Outgoing) -> str: ...


# What SMS_CHANNEL and EMAIL_CHANNEL may name. A provider of texts that programmes choose is in `messaging.providers`.
PROVIDERS = {
    "console": "messaging.providers.console.provider.Console",
    "email": "messaging.channels.email.Email",
}


def channel_for(kind: str) -> Channel:
    """The channel that the settings choose for "sms" or "email"."""
    name = {"sms": settings.SMS_CHANNEL, "email": settings.EMAIL_CHANNEL}[kind]
    channel: Channel = import_string(PROVIDERS[name])()
    return channel
