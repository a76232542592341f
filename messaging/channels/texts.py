"""Texts through the provider that the programme has chosen."""

from __future__ import annotations

from core.errors import RetryableError
from messaging.channels import Channel, Outgoing, channel_for
from messaging.connection import SettingsUnreadable, account_of
from messaging.models import SmsConnection
from messaging.providers import all_providers


class ConnectedTexts:
    """The programme's account with a provider, as a channel."""

    def __init__(self, connection: SmsConnection) -> None:
        self.connection = connection

    @property
    def name(self) -> str:
        return self.connection.provider

    def send(self, message: Outgoing) -> str:
        provider = all_providers().get(self.name)
        if provider is None:
            raise RetryableError("this version of the product does not know the provider")
        try:
            account = account_of(self.connection, message_code=message.code)
        except SettingsUnreadable as error:
            raise RetryableError("the settings of texts cannot be read") from error
        return provider.send(message, account)


def own_channel_for(kind: str) -> Channel:
    """The programme's own channel for "sms" or "email", else the deployment's. One query for a text."""
    connection = SmsConnection.objects.filter(is_active=True).first() if kind == "sms" else None
    return ConnectedTexts(connection) if connection else channel_for(kind)
