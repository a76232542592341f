"""Secrets of endpoints, and the three headers that prove where a message comes from.

Source: Standard Webhooks specification, "Signature scheme": HMAC-SHA-256 over id, timestamp and the raw body.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime

from standardwebhooks import Webhook

from core.secrets import decrypt, encrypt
from core.tenancy import active_schema
from messaging.models_webhooks import WebhookDelivery, WebhookEndpoint

PREFIX = "whsec_"
SECRET_BYTES = 32  # the specification asks for 24 to 64
USER_AGENT = "Regulars-Webhooks/1"


class ForeignSecret(RuntimeError):
    """A secret that was made for another programme or endpoint: somebody moved rows."""


def new_secret() -> str:
    """A fresh secret as people paste it into their systems."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def seal(secret: str, endpoint_code: str) -> str:
    """The secret as it is stored: encrypted, and good for this programme's endpoint only."""
    return encrypt(json.dumps([active_schema(), endpoint_code, secret]))


def unseal(sealed: str, endpoint_code: str) -> str:
    """The secret that was stored. Raises ForeignSecret, and InvalidToken when no key of the deployment fits."""
    schema, code, secret = json.loads(decrypt(sealed))
    if (schema, code) != (active_schema(), endpoint_code):
        raise ForeignSecret(endpoint_code)
    return str(secret)


def live_secrets(endpoint: WebhookEndpoint, *, now: datetime) -> list[str]:
    """What signs now: the current secret and, for a day after it was replaced, the one before."""
    sealed = [endpoint.secret]
    if endpoint.previous_secret and endpoint.previous_until is not None and now < endpoint.previous_until:
        sealed.append(endpoint.previous_secret)
    return [unseal(one, endpoint.code) for one in sealed]


def signed_headers(delivery: WebhookDelivery, *, body: bytes, keys: list[str], now: datetime) -> Mapping[str, str]:
    """The headers of one try. `keys` are all that sign: a receiver needs to know any one of them."""
    message_id, text, at = delivery.message_id, body.decode(), now.astimezone(UTC)
    signatures = [Webhook(key).sign(message_id, at, text) for key in keys]
    return {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
