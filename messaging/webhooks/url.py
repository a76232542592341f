"""Reading the address of an endpoint as a person typed it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from core.addresses import is_public
from messaging.models_webhooks import MAX_URL
from messaging.webhooks.errors import WebhookAddressRefused

# What RFC 3986 lets stand in a URL. Everything else (spaces, backslashes, other alphabets) some programs read
# differently from others, and what is judged must be what is called.
_URL = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")  # a name, a number, or an IPv6 address without its brackets
PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect and what to ask for. `target` is path and query as the first line of a request has them."""

    is_https: bool
    host: str
    port: int
    target: str


def read_url(url: str) -> Target:
    """The parts of an address. Raises WebhookAddressRefused for one that is none, or that is never called.

    Names are not resolved here: what they stand for is judged at each call.
    """
    if len(url) > MAX_URL or not _URL.fullmatch(url):
        raise WebhookAddressRefused(_("This is not a web address. Copy it from your system."), field="url")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise WebhookAddressRefused(_("This is not a web address. Copy it from your system."), field="url") from None
    scheme = parts.scheme.lower()
    if scheme != "https" and not (scheme == "http" and settings.WEBHOOKS_TO_THIS_MACHINE):
        raise WebhookAddressRefused(_("The address must begin with https://."), field="url")
    if not _HOST.fullmatch(host) or port == 0:
        raise WebhookAddressRefused(_("This is not a web address. Copy it from your system."), field="url")
    if "@" in parts.netloc:
        raise WebhookAddressRefused(
            _("Leave out the name and password: the signature proves who calls."),
            field="url",
        )
    if parts.fragment:
        raise WebhookAddressRefused(_("Leave out the part from # on: it is never sent."), field="url")
    _refuse_inner_number(host)
    path = parts.path or "/"
    return Target(scheme == "https", host, port or PORTS[scheme], f"{path}?{parts.query}" if parts.query else path)


def _refuse_inner_number(host: str) -> None:
    """Say at once what every call would find out: this number is not on the internet."""
    try:
        address = ip_address(host)
    except ValueError:
        return
    if not is_public(address) and not (settings.WEBHOOKS_TO_THIS_MACHINE and address.is_loopback):
        raise WebhookAddressRefused(_("This address is not on the internet, so it cannot be called."), field="url")
