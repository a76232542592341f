"""One POST to an address that somebody else chose: judged, bounded in time and size, never redirected.

`http.client` follows no redirects, uses no proxy and keeps nothing, which is what is wanted here; the connection goes
to the addresses that `addresses.resolve` has judged, so a name cannot change between the look and the call.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Timer
from time import monotonic

from django.conf import settings

from core.addresses import AddressForbidden, NoSuchHost, resolve
from messaging.models_webhooks import WebhookAttempt
from messaging.webhooks.errors import WebhookAddressRefused
from messaging.webhooks.rules import GONE, TIMEOUT_SECONDS, is_taken
from messaging.webhooks.url import Target, read_url

Fault = WebhookAttempt.Fault
ANSWER_BYTES = 2000
ANSWER_CHARACTERS = 500  # of them are kept
REDIRECTS = range(300, 400)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: `fault` is empty when the receiver took it; `status` None when nobody answered.

    `retry_after` is the header of that name as it came, or "".
    """

    status: int | None
    fault: str
    answer: str
    milliseconds: int
    retry_after: str = ""


def post(url: str, *, body: bytes, headers: Mapping[str, str], timeout: float = TIMEOUT_SECONDS) -> Outcome:
    """Send `body` once. Never raises for what the other side does; over after `timeout` seconds, whatever it does.

    Only the look-up of the name is outside that time: the system's resolver has limits of its own.
    """
    started = monotonic()

    def outcome(fault: str, status: int | None = None, answer: str = "", retry_after: str = "") -> Outcome:
        return Outcome(status, fault, answer, round((monotonic() - started) * 1000), retry_after)

    try:
        target = read_url(url)
        addresses = resolve(target.host, target.port, allow_loopback=settings.WEBHOOKS_TO_THIS_MACHINE)
    except (AddressForbidden, WebhookAddressRefused):
        return outcome(Fault.FORBIDDEN)
    except NoSuchHost:
        return outcome(Fault.NO_HOST)
    connection = _Connection(target, addresses, timeout)
    watch = Timer(timeout, connection.cut)
    watch.start()
    try:
        connection.request("POST", target.target, body=body, headers=dict(headers))
        response = connection.getresponse()
        if connection.was_cut:  # the library takes half of the headers for all of them
            return outcome(Fault.TIMEOUT)
        status, answer = response.status, _text(response.read(ANSWER_BYTES))
        retry_after = response.headers.get("retry-after", "")
    except (http.client.HTTPException, OSError, ValueError) as error:  # a cut socket raises any of them
        return outcome(_fault_in(error, connection))
    finally:
        watch.cancel()
        connection.close()
    return outcome(_fault_of(status), status, answer, retry_after)


def _fault_of(status: int) -> str:
    if is_taken(status):
        return ""
    if status == GONE:
        return Fault.GONE
    return Fault.REDIRECT if status in REDIRECTS else Fault.STATUS


def _fault_in(error: Exception, connection: _Connection) -> str:
    if connection.was_cut or isinstance(error, TimeoutError):
        return Fault.TIMEOUT
    if isinstance(error, ssl.SSLCertVerificationError):
        return Fault.CERTIFICATE
    if isinstance(error, http.client.HTTPException) and not isinstance(error, ConnectionError):
        return Fault.NOT_HTTP
    return Fault.CONNECTION


def _text(body: bytes) -> str:
    """The beginning of an answer as PostgreSQL and a page can show it."""
    text = body.decode(errors="replace")
    return "".join(one if one.isprintable() or one == "\n" else " " for one in text)[:ANSWER_CHARACTERS].strip()


class _Connection(http.client.HTTPConnection):
    """To the first of the judged addresses that answers; with TLS it proves the name, not the number."""

    def __init__(self, target: Target, addresses: Sequence[str], timeout: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout)
        self.default_port = 443 if target.is_https else 80  # or the Host header names the usual port
        self.target, self.addresses, self.ends = target, addresses, monotonic() + timeout
        self.was_cut = False

    def connect(self) -> None:
        self.sock = self._open()
        if self.target.is_https:
            context = ssl.create_default_context()
            # Without a handshake at first, so that `cut` can reach the socket during it.
            self.sock = context.wrap_socket(self.sock, server_hostname=self.target.host, do_handshake_on_connect=False)
            self.sock.do_handshake()

    def _open(self) -> socket.socket:
        failed: OSError = OSError("no address")
        for address in self.addresses:
            left = self.ends - monotonic()
            if left <= 0:
                raise TimeoutError
            try:
                return socket.create_connection((address, self.target.port), timeout=left)
            except OSError as error:
                failed = error
        raise failed

    def cut(self) -> None:
        """End the call from another thread: each read has a limit of its own, a slow drip has none."""
        self.was_cut = True
        sock = self.sock
        if sock is not None:
            with suppress(OSError):
                # The plain socket's own: that of TLS would change state that the other thread is using.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
