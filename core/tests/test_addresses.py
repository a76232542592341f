"""No webhook reaches anything but the public internet, however its address is written."""

import socket
from ipaddress import ip_address

import pytest

from core.addresses import AddressForbidden, NoSuchHost, is_public, resolve
from messaging.tests.webhook_receiver import listening
from messaging.webhooks.errors import WebhookAddressRefused
from messaging.webhooks.transport import post
from messaging.webhooks.url import read_url

INNER = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.8", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.1", "198.18.0.1", "203.0.113.9",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:93.184.215.14", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001::1",
    "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1",
]  # fmt: skip
OUTER = ["93.184.215.14", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]
# Spellings of 127.0.0.1 and its neighbours that the system reads as numbers.
SPELLINGS = ["2130706433", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "127.1", "017700000001", "localhost", "::1"]


@pytest.mark.parametrize("address", INNER)
def test_inner_addresses_are_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", OUTER)
def test_addresses_of_the_internet_are(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize("host", [*INNER[:12], *SPELLINGS, "169.254.169.254", "2852039166", "0251.0376.0251.0376"])
def test_numbers_in_any_spelling_are_judged(host):
    with pytest.raises(AddressForbidden):
        resolve(host, 443, allow_loopback=False)


def answers(*addresses):
    """A name server: what the system's resolver would say of every name."""
    ask = socket.getaddrinfo
    asked = []

    def getaddrinfo(host, port, *args, **kwargs):
        if not str(host).endswith(".example"):
            return ask(host, port, *args, **kwargs)
        asked.append(host)
        found = addresses[min(len(asked), len(addresses)) - 1]
        return [info for address in found for info in ask(address, port, type=socket.SOCK_STREAM)]

    getaddrinfo.asked = asked
    return getaddrinfo


@pytest.mark.parametrize("address", INNER)
def test_names_that_stand_for_inner_addresses_are_refused(monkeypatch, settings, address):
    settings.WEBHOOKS_TO_THIS_MACHINE = False
    monkeypatch.setattr(socket, "getaddrinfo", answers([address]))
    outcome = post("https://hooks.example/", body=b"{}", headers={})
    assert (outcome.fault, outcome.status) == ("forbidden", None)


def test_a_name_with_one_foot_inside_is_refused(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", answers(["93.184.215.14", "10.0.0.1"]))
    with pytest.raises(AddressForbidden):
        resolve("hooks.example", 443, allow_loopback=False)


def test_a_name_that_changes_between_look_and_call_is_asked_once(monkeypatch, settings):
    """The answer that was judged is the one that is connected to; the second one would lead inside."""
    settings.WEBHOOKS_TO_THIS_MACHINE = True
    with listening() as receiver:
        receiver.secret = "whsec_" + "A" * 32
        name_server = answers(["127.0.0.1"], ["10.0.0.1"])
        monkeypatch.setattr(socket, "getaddrinfo", name_server)
        port = receiver.url.split(":")[2].split("/")[0]
        outcome = post(f"http://hooks.example:{port}/", body=b"{}", headers={})
    assert outcome.status == 401  # it arrived, unsigned
    assert name_server.asked == ["hooks.example"]
    assert receiver.received[0][1]["host"] == f"hooks.example:{port}"


def test_development_lets_this_machine_pass_and_nothing_else_inside():
    assert resolve("127.0.0.1", 80, allow_loopback=True) == ["127.0.0.1"]
    for host in ("10.0.0.1", "169.254.169.254", "0.0.0.0", "::ffff:127.0.0.1"):
        with pytest.raises(AddressForbidden):
            resolve(host, 80, allow_loopback=True)


def test_a_name_that_stands_for_nothing(monkeypatch):
    def nothing(*args, **kwargs):
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    with pytest.raises(NoSuchHost):
        resolve("nothing.example", 443, allow_loopback=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/", "ftp://shop.example/", "//shop.example/", "shop.example", "https://", "https:///x",
        "https://user:secret@shop.example/", "https://shop.example@10.0.0.1/", "https://shop.example/#part",
        "https://shop.example/a b", "https://shop.example\\@10.0.0.1/", "https://shop.example:0/",
        "https://shop.example:99999/", "https://[::1", "https://shop.example/\r\nHost: x", "https://bücher.example/",
        "https://%31%32%37.0.0.1/", "https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest/",
        "https://10.1.2.3:8443/x", "https://[::ffff:10.0.0.1]/", "https://shop.example/" + "x" * 500, "",
    ],
)  # fmt: skip
def test_addresses_that_are_refused_when_they_are_typed(settings, url):
    settings.WEBHOOKS_TO_THIS_MACHINE = False
    with pytest.raises(WebhookAddressRefused):
        read_url(url)


def test_the_parts_of_an_address(settings):
    settings.WEBHOOKS_TO_THIS_MACHINE = False
    target = read_url("https://Hooks.Shop.example:8443/in/regulars?shop=1&x=%20")
    assert (target.host, target.port, target.target) == ("hooks.shop.example", 8443, "/in/regulars?shop=1&x=%20")
    assert read_url("https://shop.example").target == "/"
    assert read_url("https://shop.example?a=1").target == "/?a=1"
    settings.WEBHOOKS_TO_THIS_MACHINE = True
    assert read_url("http://127.0.0.1:9000/x").is_https is False
