"""The SDK's way over the network: to the stand-in where the deployment has one, silently, and never twice."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import ConnectTimeout, SSLError
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

TWILIO = "https://api.twilio.com"
TIMEOUT_SECONDS = 15.0


class Transport(TwilioHttpClient):  # type: ignore[misc]  # the library is untyped
    """Requests are not repeated by themselves: the library's adapter is left at no retries."""

    def __init__(self) -> None:
        super().__init__(timeout=TIMEOUT_SECONDS)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        if settings.TWILIO_ORIGIN and url.startswith(TWILIO):
            url = settings.TWILIO_ORIGIN + url.removeprefix(TWILIO)
        return super().request(method, url, *args, **kwargs)

    def log_request(self, kwargs: Any) -> None:
        """Silent: the address of a request names the account."""

    def log_response(self, status_code: int, response: Any) -> None:
        """Silent, too."""


def has_sent_nothing(error: Exception) -> bool:
    """Whether the request certainly did not leave: there was no connection, or none that could be trusted."""
    if isinstance(error, ConnectTimeout):
        return True
    cause = error.args[0] if isinstance(error, NoConnection) and error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else None
    if isinstance(error, SSLError):
        return "CERTIFICATE_VERIFY_FAILED" in str(reason)
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)
