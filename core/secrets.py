"""Encryption at rest for secrets that must be read again: authenticator apps, provider tokens.

The keys are ENCRYPTION_KEYS: the first encrypts, all decrypt, so a key is rotated by putting a new one in front.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


@cache
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in keys])


def encrypt(text: str) -> str:
    """`text` as an authenticated token that differs each time."""
    return _cipher(tuple(settings.ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """What `encrypt` was given. Raises cryptography.fernet.InvalidToken when no key fits."""
    return _cipher(tuple(settings.ENCRYPTION_KEYS)).decrypt(token.encode()).decode()
