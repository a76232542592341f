"""Which addresses of the network a URL that people typed may reach: only what is on the public internet.

A programme's people choose where webhooks and gateways of texts are, and we call them from inside the deployment's
network. So a name is resolved once, every address that it stands for is judged, and the connection goes to the judged
address, not to the name.

Source: IANA, IPv4 and IPv6 Special-Purpose Address Registries; OWASP, Server-Side Request Forgery Prevention.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

# By hand, because what Python calls global differs between its versions and leaves multicast in.
NOT_PUBLIC_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carriers' NAT; metadata of one cloud at 100.100.100.200
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # one cloud's own services behind a public address
        "169.254.0.0/16",  # link-local; metadata of most clouds at 169.254.169.254
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# All of IPv6 that is given out is in here: what maps, embeds or translates IPv4 is not, nor is anything local.
PUBLIC_IPV6 = IPv6Network("2000::/3")
NOT_PUBLIC_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments; Teredo, which embeds IPv4
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which embeds IPv4
        "3fff::/20",  # documentation
    )
)


class NoSuchHost(Exception):
    """The name stands for nothing."""


class AddressForbidden(Exception):
    """At least one of the addresses that the name stands for is not on the public internet."""


def is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_IPV4)
    return address in PUBLIC_IPV6 and not any(address in network for network in NOT_PUBLIC_IPV6)


def resolve(host: str, port: int, *, allow_loopback: bool) -> Sequence[str]:
    """The addresses of `host`, asked for once, in the order of the resolver. Connect to these and to nothing else.

    Numbers in any spelling (decimal, octal, hexadecimal, shortened) are read as the system reads them. Raises
    NoSuchHost, and AddressForbidden when one of them is not public: a name with one foot inside is no accident.
    `allow_loopback` (development, tests) lets this machine itself pass, and no other inner address.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NoSuchHost(host) from error
    addresses = [ip_address(str(sockaddr[0]).partition("%")[0]) for *_rest, sockaddr in found]
    if not addresses:
        raise NoSuchHost(host)
    for address in addresses:
        if not is_public(address) and not (allow_loopback and address.is_loopback):
            raise AddressForbidden(host)
    return list(dict.fromkeys(map(str, addresses)))
