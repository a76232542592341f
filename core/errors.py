"""The one family of refusals. Actions raise them, views do not catch them, the boundary renders them.

HTML requests get an alert (`core.middleware.DomainErrorMiddleware`), API requests an RFC 9457 problem
(`core.problems`).
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A rule refused. `code` is stable and documented, `message` is for people, `data` is JSON-safe."""

    code = "refused"
    status = 409
    message: str | Promise = ""

    def __init__(self, message: str | Promise = "", **data: object) -> None:
        self.message = message or self.message
        self.data: Mapping[str, object] = data
        super().__init__(str(self.message))


class NotFound(DomainError):
    """Not there, or not yours: the caller cannot tell which."""

    code = "not_found"
    status = 404


class PermissionRefused(DomainError):
    """The caller's role or scope lacks a permission."""

    code = "permission_denied"
    status = 403


class BodyTooLarge(DomainError):
    code = "too_large"
    status = 413
    message = _("This is too large to send. Send it in parts.")


class TooManyFields(DomainError):
    code = "too_many_fields"
    status = 413
    message = _("This form holds more than can be sent at once. Take something out of it.")


class InvalidInput(DomainError):
    """Input that no form or serializer could judge alone. `field` names where to show it."""

    code = "invalid"
    status = 422

    def __init__(self, message: str | Promise = "", *, field: str = "", **data: object) -> None:
        super().__init__(message, **data)
        self.field = field


class RetryableError(Exception):
    """Something outside failed in a way that may pass: the job tries again."""


class PermanentError(Exception):
    """Something outside refused for good: trying again cannot help."""
