"""The programme's account with a provider of texts: opened for sending, and for the calls that it makes.

What is encrypted names its programme, so that a row copied into another programme's schema opens nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.fernet import InvalidToken

from core.codes import digest
from core.hosts import public_url
from core.secrets import decrypt, encrypt
from core.tenancy import active_schema
from messaging.models import SmsConnection
from messaging.providers.contract import Account, Provider


class SettingsUnreadable(Exception):
    """The key that encrypted them is gone, or they are another programme's."""


@dataclass(frozen=True, slots=True)
class Opened:
    """`webhook_code` is in the path of the webhooks of providers that do not sign."""

    settings: Mapping[str, str]
    webhook_code: str


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Where the provider calls us; empty where it never does."""

    inbound: str = ""
    status: str = ""


def seal(settings: Mapping[str, str], *, webhook_code: str) -> str:
    """Settings and code as one encrypted text of the active programme."""
    content = {"programme": active_schema(), "settings": dict(settings), "webhook_code": webhook_code}
    return encrypt(json.dumps(content))


def unseal(connection: SmsConnection) -> Opened:
    """What was sealed. Raises SettingsUnreadable."""
    try:
        content = json.loads(decrypt(connection.sealed))
    except InvalidToken as error:
        raise SettingsUnreadable("no key fits") from error
    if content["programme"] != active_schema():
        raise SettingsUnreadable("sealed for another programme")
    return Opened(content["settings"], content["webhook_code"])


def account_of(connection: SmsConnection, *, message_code: str = "") -> Account:
    """The account as its provider needs it, with the address for reports on one message. Raises SettingsUnreadable."""
    opened = unseal(connection)
    address = webhooks_of(connection.provider, opened.webhook_code).status
    return Account(connection.sender, opened.settings, f"{address}?message={message_code}")


def webhooks_of(provider: str, webhook_code: str) -> Webhooks:
    """The addresses on the public host; a provider without a code has one address for all programmes."""
    start = f"/sms/{provider}/{webhook_code}" if webhook_code else "/sms"
    return Webhooks(public_url(f"{start}/inbound"), public_url(f"{start}/status"))


def route_of(provider: Provider, account: Account, webhook_code: str) -> str:
    """What leads a provider's call to this programme (`programs.ProviderRoute`)."""
    return provider.route(account) if provider.is_signed else route_of_code(webhook_code)


def route_of_code(webhook_code: str) -> str:
    return digest(webhook_code).hex()
