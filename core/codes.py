"""Random codes for everything that leaves the database: ids in URLs, references on receipts, tokens."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from django.conf import settings

# No 0/O, 1/I/L: 31 letters that nobody confuses when reading aloud. Twelve of them are 59 bits.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def random_code(length: int = 12) -> str:
    """A fresh unguessable code of `length` letters of ALPHABET."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def public_code() -> str:
    """The default of a model's `code`: 12 letters, lower case so that it reads well in a URL."""
    return random_code().lower()


def typed_code(text: str) -> str:
    """What a parameter of a link names: as long as a code at most, and nothing that PostgreSQL refuses."""
    return text[:16].replace("\x00", "")


def digest(token: str) -> bytes:
    """SHA-256 of a token with at least 128 bits of randomness. No slow hash needed: it cannot be guessed."""
    return hashlib.sha256(token.encode()).digest()


def keyed_digest(purpose: str, *parts: str) -> bytes:
    """HMAC-SHA-256 of short secrets such as one-time codes, bound to `purpose` and to every part (schema included)."""
    message = "\x1f".join(parts).encode()
    return hmac.digest(f"{purpose}:{settings.SECRET_KEY}".encode(), message, "sha256")
