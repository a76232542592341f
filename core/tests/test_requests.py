"""Where a request comes from: the address that audit entries keep, and what limits count as one."""

import pytest

from core.requests import client_ip, client_network, network_of


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_the_address_is_one_that_the_database_keeps(rf, remote, expected):
    assert client_ip(rf.get("/", REMOTE_ADDR=remote)) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("6.6.6.6, 192.0.2.7", "192.0.2.7"),  # the first entry is the client's own claim
        ("192.0.2.7:5123", "192.0.2.7"),
        ("[2001:db8::1]:5123", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("unknown", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_a_trusted_proxy_names_the_address(rf, settings, header, expected):
    request = rf.get("/", headers={"x-forwarded-for": header})
    assert client_ip(request) == "127.0.0.1"
    settings.TRUST_PROXY_HEADERS = True
    assert client_ip(request) == expected


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("", "unknown"),
        ("somewhere", "unknown"),
    ],
)
def test_one_line_is_one_address(address, network):
    assert network_of(address) == network


def test_a_limit_counts_the_line(rf):
    assert client_network(rf.get("/", REMOTE_ADDR="2001:db8::9:9")) == "2001:db8::"
