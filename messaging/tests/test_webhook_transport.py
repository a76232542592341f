"""What the other side may do, and what we make of it: one word for each, and never an exception."""

import datetime
import socket
import ssl
import threading
from contextlib import contextmanager
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from messaging.tests.webhook_receiver import listening
from messaging.webhooks.transport import post


@pytest.fixture(autouse=True)
def _to_this_machine(settings):
    settings.WEBHOOKS_TO_THIS_MACHINE = True


@contextmanager
def talking(*said, keeps_open=False, context=None):
    """A server that says these bytes to whoever connects, one piece after the other."""
    server = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve():
        peer, _address = server.accept()
        try:
            if context is not None:
                peer = context.wrap_socket(peer, server_side=True)
            for piece in said:
                peer.sendall(piece)
                over.wait(0.05)
            if keeps_open:
                over.wait(10)
        except OSError:
            pass
        finally:
            peer.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        over.set()
        thread.join()
        server.close()


def call(port, *, scheme="http", timeout=5.0):
    return post(
        f"{scheme}://127.0.0.1:{port}/x", body=b"{}", headers={"content-type": "application/json"}, timeout=timeout
    )


@pytest.mark.parametrize(
    ("status", "fault"),
    [(200, ""), (202, ""), (301, "redirect"), (400, "status"), (404, "status"), (410, "gone"), (500, "status")],
)
def test_what_a_status_means(status, fault):
    with talking(f"HTTP/1.1 {status} X\r\ncontent-length: 5\r\n\r\nhello".encode()) as port:
        outcome = call(port)
    assert (outcome.status, outcome.fault, outcome.answer) == (status, fault, "hello")


def test_redirects_are_not_followed():
    with listening() as elsewhere:
        elsewhere.secret = "whsec_" + "A" * 32
        with talking(f"HTTP/1.1 307 X\r\nlocation: {elsewhere.url}\r\ncontent-length: 0\r\n\r\n".encode()) as port:
            assert call(port).fault == "redirect"
        assert elsewhere.received == []


def test_silence_is_a_timeout():
    with talking(keeps_open=True) as port:
        assert call(port, timeout=0.3).fault == "timeout"


def test_a_slow_drip_is_a_timeout():
    """Each piece comes soon enough to keep a socket's own limit from ending it."""
    with talking(b"HTTP/1.1 200 OK\r\n", *[b"x-a: 1\r\n"] * 100, keeps_open=True) as port:
        assert call(port, timeout=0.5).fault == "timeout"


def test_a_long_answer_is_cut():
    with talking(b"HTTP/1.1 500 X\r\n\r\n" + b"a\x00" * 50_000) as port:
        outcome = call(port)
    assert outcome.fault == "status"
    assert len(outcome.answer) <= 500
    assert "\x00" not in outcome.answer


def test_what_is_not_http():
    with talking(b"220 mail.example ESMTP\r\n") as port:
        assert call(port).fault == "not_http"


def test_nobody_there_and_nobody_left():
    with talking() as port:  # closes at once
        assert call(port).fault == "connection"
    assert call(port).fault == "connection"


def test_plain_http_where_tls_is_expected():
    with talking(b"HTTP/1.1 200 OK\r\n\r\n") as port:
        assert call(port, scheme="https").fault == "connection"


def test_silence_in_the_middle_of_the_handshake_is_a_timeout():
    with talking(keeps_open=True) as port:
        assert call(port, scheme="https", timeout=0.3).fault == "timeout"


@pytest.fixture
def certified(tmp_path):
    """certified(name) → the context of a server that has a certificate for it, and the file that vouches for that."""

    def make(name):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .sign(key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (tmp_path / "key").write_bytes(private)
        (tmp_path / "certificate").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
        return context, str(tmp_path / "certificate")

    return make


YES = b"HTTP/1.1 204 OK\r\ncontent-length: 0\r\n\r\n"


def test_a_certificate_that_nobody_vouches_for(certified):
    context, _file = certified(x509.IPAddress(ip_address("127.0.0.1")))
    with talking(YES, context=context) as port:
        assert call(port, scheme="https").fault == "certificate"


def test_a_certificate_for_this_name_and_for_another(certified, monkeypatch):
    """It proves the name that was typed, although the connection goes to a number."""
    for name, fault in ((x509.IPAddress(ip_address("127.0.0.1")), ""), (x509.DNSName("other.example"), "certificate")):
        context, vouched = certified(name)
        monkeypatch.setenv("SSL_CERT_FILE", vouched)
        with talking(YES, context=context) as port:
            assert call(port, scheme="https").fault == fault
