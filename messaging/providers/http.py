"""One HTTP call to a provider: it is known whether anything was sent, and no address inside our network is reached.

Redirects are not followed. The name is resolved once, and what was checked is what is connected to.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from core.addresses import AddressForbidden, NoSuchHost, resolve
from core.errors import PermanentError, RetryableError
from messaging.providers.contract import Unclear

CONNECT_SECONDS = 5
READ_SECONDS = 20
MOST_BYTES = 64 * 1024  # of an answer; more says nothing about one text


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str

    def json(self) -> Any:
        """The answer as JSON, or None when it is something else."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None


def call(url: str, *, method: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
    """Send one request and return the answer, whatever its status.

    Raises RetryableError when nothing was sent (no connection, no such host), PermanentError for an address that may
    not be called, Unclear when the request was sent and no answer came.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.DEVELOPMENT):
        raise PermanentError("the address must begin with https://")
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    usual_port = 443 if is_tls else 80
    connection = HTTPConnection(host, parts.port or usual_port)
    connection.default_port = usual_port  # which the Host header leaves out
    connection.sock = _connect(host, connection.port, is_tls=is_tls)
    try:
        connection.request(
            method, f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}", body, dict(headers)
        )
        response = connection.getresponse()
        return Answer(response.status, response.read(MOST_BYTES).decode(errors="replace"))
    except (OSError, HTTPException) as error:
        raise Unclear("no answer") from error
    finally:
        connection.close()


def _connect(host: str, port: int, *, is_tls: bool) -> socket.socket:
    """A connection over which nothing of the request has gone yet."""
    trouble: OSError | None = None
    for address in _allowed_addresses(host, port):
        try:
            plain = socket.create_connection((address, port), CONNECT_SECONDS)
        except OSError as error:
            trouble = error
            continue
        try:
            ready = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if is_tls else plain
        except OSError as error:
            plain.close()
            raise RetryableError("no trusted connection") from error
        ready.settimeout(READ_SECONDS)
        return ready
    raise RetryableError("no connection") from trouble


def _allowed_addresses(host: str, port: int) -> Sequence[str]:
    try:
        return resolve(host, port, allow_loopback=settings.DEVELOPMENT)
    except NoSuchHost as error:
        raise RetryableError("no such host") from error
    except AddressForbidden as error:
        raise PermanentError("the address is inside a private network") from error
