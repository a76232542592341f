"""The key by which a repeated request is recognised, in the ledger and in `workspace.IdempotencyRecord` alike."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput

MAX_KEY_LENGTH = 255


class IdempotencyKeyReused(InvalidInput):
    code = "idempotency_key_reused"
    message = _("This key was used for something else. Use a new key for a new act.")


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """`owner` is an API client, a till device or a person (`kind:code`), so that a replay survives a rotated key.

    `endpoint` names the act (`points.add`), not the URL: an item that a till sends alone and later again in a batch
    is the same item. `key` is the caller's, or empty where the order reference serves. `digest` is SHA-256 of the
    request's meaning (`digest_of`): the same key with another digest is refused.
    """

    owner: str
    endpoint: str
    key: str
    digest: bytes


def digest_of(*parts: object) -> bytes:
    """SHA-256 over JSON-like values in their order. Decimals are given as text by the caller, normalised."""
    return hashlib.sha256(msgspec.json.encode(parts)).digest()
