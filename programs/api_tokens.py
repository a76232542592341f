"""JSON Web Tokens of people: what is in them and when they are refused.

A token names its programme (`schema`) and its log-in (`sid`, an ApiSession), and carries a mark of the password.
It is only a pointer: `workspace.api_auth` asks the database on each request, so that revoking the session, removing
the membership or changing the password ends it at once.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken
from rest_framework_simplejwt.state import token_backend

from core.api import NotAuthenticated

ACCESS, REFRESH = "access", "refresh"
MAX_TOKEN_LENGTH = 2048


class InvalidToken(NotAuthenticated):
    code = "invalid_token"
    message = _("This token is not valid.")


class TokenExpired(NotAuthenticated):
    code = "token_expired"
    message = _("This token has expired. Refresh it or log in again.")


class ForeignToken(NotAuthenticated):
    code = "foreign_token"
    message = _("This token belongs to another programme.")


class SessionRevoked(NotAuthenticated):
    code = "session_revoked"
    message = _("This log-in was ended. Log in again.")


@dataclass(frozen=True, slots=True)
class Claims:
    """`password_mark` changes with the password; `jti` tells one refresh token from the one that replaced it."""

    user_id: int
    schema: str
    session_id: uuid.UUID
    jti: str
    password_mark: str


def password_mark(encoded_password: str) -> str:
    """A short digest that changes whenever the stored password does."""
    return salted_hmac("regulars.api.password", encoded_password, algorithm="sha256").hexdigest()[:20]


def encode(kind: str, claims: Claims, *, now: datetime) -> str:
    """A signed token of `kind`, valid from `now` for the life of its kind."""
    life: timedelta = settings.SIMPLE_JWT[f"{kind.upper()}_TOKEN_LIFETIME"]
    payload: dict[str, Any] = {
        "token_type": kind,
        "sub": str(claims.user_id),
        "schema": claims.schema,
        "sid": claims.session_id.hex,
        "jti": claims.jti,
        "pwd": claims.password_mark,
        "iat": int(now.timestamp()),
        "exp": int((now + life).timestamp()),
    }
    return token_backend.encode(payload)


def decode(kind: str, token: str, *, schema: str | None) -> Claims:
    """The claims of a genuine, unexpired token of `kind` for `schema` (None: of any programme).

    Raises InvalidToken, TokenExpired, ForeignToken. No query.
    """
    if len(token) > MAX_TOKEN_LENGTH:
        raise InvalidToken()
    try:
        payload = token_backend.decode(token, verify=True)  # type: ignore[arg-type]
    except TokenBackendExpiredToken as error:
        raise TokenExpired() from error
    except TokenBackendError as error:
        raise InvalidToken() from error
    try:
        if payload["token_type"] != kind:
            raise InvalidToken()
        claims = Claims(
            user_id=int(payload["sub"]),
            schema=str(payload["schema"]),
            session_id=uuid.UUID(payload["sid"]),
            jti=str(payload["jti"]),
            password_mark=str(payload["pwd"]),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise InvalidToken() from error
    if schema is not None and claims.schema != schema:
        raise ForeignToken()
    return claims
