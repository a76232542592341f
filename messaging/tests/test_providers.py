"""Each provider against a server that answers as its documentation says: taken, refused, later, or nobody knows."""

import json
import re
import socket
import ssl
import threading
from collections import deque
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.errors import InvalidInput, PermanentError, RetryableError
from devservers.twilio import Switches, Twilio, serve
from messaging.channels import Outgoing
from messaging.providers import all_providers, http
from messaging.providers.africas_talking.provider import AfricasTalking
from messaging.providers.contract import Account, Delivery, OptedOut, Unclear
from messaging.providers.http_gateway.provider import HttpGateway
from messaging.providers.twilio.provider import can_be_called

NUMBER = "+447700900142"
TEXT = Outgoing("m0", "sms", "service", NUMBER, "", 'Grüße & "points" {from} 5 €', "en")


class Gateway:
    """A web server that keeps what it gets and answers with what it was given, in order."""

    def __init__(self):
        self.got, self.answers, self.origin = [], deque(), ""

    def answer(self, status, body=""):
        self.answers.append((status, body if isinstance(body, str) else json.dumps(body)))

    @contextmanager
    def open(self, certificate=None):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
                outer.got.append((self.command, self.path, dict(self.headers), body))
                status, text = outer.answers.popleft()
                if not status:  # took it and hangs up
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_POST = do_GET = do_PUT = handle_one

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{server.server_port}"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            server.handle_error = lambda *_args: None  # of a client that hangs up in the handshake
            self.origin = f"https://localhost:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield self
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def gateway():
    with Gateway().open() as gateway:
        yield gateway


@pytest.fixture
def twilio(settings):
    with serve(Twilio()) as twilio:
        settings.TWILIO_ORIGIN = twilio.origin
        yield twilio


def nobody_listens():
    """An origin at which nothing answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_every_folder_is_a_provider_that_says_what_it_needs():
    found = all_providers()
    assert set(found) >= {"console", "twilio", "http_gateway", "africas_talking"}
    for name, provider in found.items():
        assert provider.name == name
        assert str(provider.label)
        names = [field.name for field in provider.fields]
        assert len(names) == len(set(names))
        assert not {"provider", "sender", "is_active"} & set(names)


@pytest.mark.parametrize("name", sorted(all_providers()))
def test_every_provider_keeps_the_contract(name):
    """What each can be asked without its server. How it sends is tested below, against one that answers for it."""
    provider = all_providers()[name]
    assert provider.sender.name == "sender"
    for field in (*provider.fields, provider.sender):
        assert str(field.label)
        assert field.kind != "choice" or field.initial in {value for value, _words in field.choices}
        assert not field.pattern or re.compile(field.pattern)
        assert not (field.kind == "secret" and field.initial)
    if not provider.has_webhooks:
        return
    # A call that says nothing that it knows is no text and no report, and it never raises.
    for form in ({}, {"id": ""}, {"MessageSid": "SM1"}, {"x": "\x00"}):
        delivery = Delivery("https://regulars.example/sms", form, {})
        usual = Account("", {field.name: field.initial for field in provider.fields} | {"auth_token": "1" * 32})
        assert provider.read_inbound(delivery, usual) is None
        assert provider.read_report(delivery, usual) is None
        assert not provider.is_signed or not provider.is_genuine(delivery, usual)
        assert provider.is_signed or provider.route(usual) == ""


# -- Twilio, through its own library ----------------------------------------------------------------------------------


def by_twilio(twilio, *, number=NUMBER, body="Hello", sender="", token="", status_url=""):
    settings = {"account_sid": twilio.account_sid, "auth_token": token or twilio.auth_token}
    account = Account(sender or twilio.numbers[0], settings, status_url)
    return all_providers()["twilio"].send(Outgoing("m0", "sms", "service", number, "", body, "en"), account)


def test_twilio_takes_a_text(twilio):
    sid = by_twilio(twilio, body="Grüße 5 €", status_url="https://regulars.example/sms/status?message=m0")
    (text,) = twilio.texts
    assert (text.sid, text.sender, text.to, text.body) == (sid, twilio.numbers[0], NUMBER, "Grüße 5 €")
    assert text.status_callback == "https://regulars.example/sms/status?message=m0"


def test_twilio_sends_from_a_messaging_service_and_a_name(twilio):
    twilio.services = ("MG" + "a" * 32,)
    by_twilio(twilio, sender=twilio.services[0])
    by_twilio(twilio, sender="Harbour")
    assert [text.sender for text in twilio.texts] == [twilio.numbers[0], "Harbour"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"number": "+1"}, 21211),
        ({"number": Twilio().numbers[0]}, 21266),
        ({"sender": "+447700900999"}, 21659),
        ({"sender": "!"}, 21606),
        ({"body": "x" * 1601}, 21617),
    ],
)
def test_what_twilio_refuses_for_good(twilio, change, code):
    with pytest.raises(PermanentError, match=rf"Twilio {code}: .*"):
        by_twilio(twilio, **change)
    assert twilio.texts == []


def test_twilio_refuses_a_wrong_token_until_it_is_right(twilio):
    with pytest.raises(RetryableError, match="20003"):
        by_twilio(twilio, token="2" * 32)


def test_twilio_says_later(twilio):
    twilio.switches.too_many = 1
    with pytest.raises(RetryableError, match="20429"):
        by_twilio(twilio)
    assert twilio.texts == []


def test_who_stopped_at_twilio_is_told_apart(twilio):
    twilio.receive(NUMBER, "stop")
    with pytest.raises(OptedOut):
        by_twilio(twilio)


def test_nobody_knows_after_an_error_of_twilios(twilio):
    twilio.switches = Switches(fail=1)
    with pytest.raises(Unclear):
        by_twilio(twilio)


def test_nobody_knows_when_twilio_hangs_up(twilio):
    twilio.switches = Switches(drop=True)
    with pytest.raises(Unclear):
        by_twilio(twilio)
    assert len(twilio.texts) == 1


def test_without_a_connection_twilio_has_nothing(settings):
    settings.TWILIO_ORIGIN = nobody_listens()
    with pytest.raises(RetryableError):
        by_twilio(Twilio())


def test_an_answer_that_comes_too_late_is_unknown(twilio, monkeypatch):
    from messaging.providers.twilio import transport

    monkeypatch.setattr(transport, "TIMEOUT_SECONDS", 0.2)
    twilio.switches = Switches(delay=1)
    with pytest.raises(Unclear):
        by_twilio(twilio)


def test_nothing_of_a_text_is_logged_by_the_library(twilio, caplog):
    caplog.set_level("INFO")
    by_twilio(twilio)
    logged = " ".join(str(record.__dict__) for record in caplog.records)
    assert twilio.account_sid not in logged
    assert "7700900142" not in logged


@pytest.mark.parametrize(
    ("url", "stand_in", "expected"),
    [
        ("https://regulars.example/sms/status", "", True),
        ("http://localhost:8000/sms/status", "", False),
        ("http://harbour.localhost/sms/status", "", False),
        ("http://localhost:8000/sms/status", "http://127.0.0.1:9302", True),
        ("", "", False),
    ],
)
def test_twilio_is_asked_for_reports_where_it_can_call(settings, url, stand_in, expected):
    settings.TWILIO_ORIGIN = stand_in
    assert can_be_called(url) is expected


def test_a_signature_is_twilios_own():
    """The example on Twilio's page "Webhooks security"."""
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    url, right = "https://example.com/myapp.php?foo=1&bar=2", "L/OH5YylLD5NRKLltdqwSvS0BnU="
    account = Account("", {"account_sid": "AC", "auth_token": "12345"})
    provider = all_providers()["twilio"]
    assert Twilio(auth_token="12345").sign(url, form) == right
    assert provider.is_genuine(Delivery(url, form, {}, right), account)
    assert not provider.is_genuine(Delivery(url, {**form, "Digits": "1235"}, {}, right), account)
    assert not provider.is_genuine(Delivery(url, form, {}, ""), account)


@pytest.mark.parametrize(
    ("signed", "called", "is_genuine"),
    [
        ("https://regulars.example/sms", "https://regulars.example/sms", True),
        ("https://regulars.example:443/sms", "https://regulars.example/sms", True),
        ("https://regulars.example/sms", "https://regulars.example:8443/sms", True),
        ("http://regulars.example:8000/sms", "http://regulars.example:8000/sms", True),
        ("https://regulars.example:8443/sms", "https://regulars.example/sms", False),
        ("http://regulars.example/sms", "https://regulars.example/sms", False),
        ("https://elsewhere.example/sms", "https://regulars.example/sms", False),
    ],
)
def test_a_port_that_twilio_leaves_out_or_writes_is_no_forgery(signed, called, is_genuine):
    stand_in, form = Twilio(), {"MessageSid": "SM1", "Body": "Hello"}
    account = Account("", {"account_sid": stand_in.account_sid, "auth_token": stand_in.auth_token})
    delivery = Delivery(called, form, {}, stand_in.sign(signed, form))
    assert all_providers()["twilio"].is_genuine(delivery, account) is is_genuine


# -- Africa's Talking -------------------------------------------------------------------------------------------------

AFRICAN = Account("Harbour", {"username": "harbour", "api_key": "key-1"})


def recipient(code, **more):
    one = {"statusCode": code, "number": NUMBER, "status": "x", "cost": "KES 0.8", "messageId": "ATXid_1", **more}
    return {"SMSMessageData": {"Message": "Sent to 1/1 Total Cost: KES 0.8000", "Recipients": [one]}}


def test_africas_talking_takes_a_text(gateway):
    gateway.answer(201, recipient(101))
    assert AfricasTalking(gateway.origin).send(TEXT, AFRICAN) == "ATXid_1"
    method, path, headers, body = gateway.got[0]
    assert (method, path, headers["apiKey"]) == ("POST", "/version1/messaging", "key-1")
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(body) == {"username": ["harbour"], "to": [NUMBER], "message": [TEXT.body], "from": ["Harbour"]}


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (201, recipient(402), PermanentError),
        (201, recipient(403), PermanentError),
        (201, recipient(405), RetryableError),
        (201, recipient(406), OptedOut),
        (201, recipient(500), Unclear),
        (201, recipient(401), Unclear),
        (201, {"SMSMessageData": {"Message": "InvalidSenderId", "Recipients": []}}, PermanentError),
        (201, "<html>", Unclear),
        (401, "The supplied authentication is invalid", RetryableError),
        (400, "", PermanentError),
        (503, "", Unclear),
        (0, "", Unclear),
    ],
)
def test_what_africas_talking_answers(gateway, status, answer, expected):
    gateway.answer(status, answer)
    with pytest.raises(expected) as raised:
        AfricasTalking(gateway.origin).send(TEXT, AFRICAN)
    assert type(raised.value) is expected


def test_africas_talking_reports_and_brings_texts():
    provider = AfricasTalking()
    form = {"id": "ATXid_1", "status": "Failed", "failureReason": "UserInBlacklist", "phoneNumber": NUMBER}
    report = provider.read_report(Delivery("", form, {}), AFRICAN)
    assert (report.provider_id, report.state, report.is_opt_out) == ("ATXid_1", "undelivered", True)
    assert provider.read_report(Delivery("", {"id": "1", "status": "Success"}, {}), AFRICAN).state == "delivered"
    assert provider.read_report(Delivery("", {"id": "1", "status": "Submitted"}, {}), AFRICAN).state == "sent"
    assert provider.read_report(Delivery("", {"id": "1", "status": "?"}, {}), AFRICAN) is None
    text = provider.read_inbound(
        Delivery("", {"id": "9", "from": NUMBER, "to": "1234", "text": "Hi", "linkId": "x"}, {}), AFRICAN
    )
    assert (text.provider_id, text.sender, text.recipient, text.body) == ("9", NUMBER, "1234", "Hi")
    assert provider.read_inbound(Delivery("", {"text": "Hi"}, {}), AFRICAN) is None


# -- another gateway --------------------------------------------------------------------------------------------------


def gateway_account(gateway, **changes):
    usual = {field.name: field.initial for field in HttpGateway.fields}
    return Account("Harbour", {**usual, "url": f"{gateway.origin}/send?app=1", "secret": "Bearer s3", **changes})


def test_a_json_gateway_gets_its_template_filled_in(gateway):
    gateway.answer(202, {"messages": [{"id": 77, "state": "OK"}]})
    body = '{"to": ["{to_digits}"], "text": "{text}", "meta": {"ref": "r-{reference}", "max": 3}, "from": "{from}"}'
    account = gateway_account(
        gateway, body=body, id_path="messages.0.id", taken_path="messages.0.state", taken_value="ok"
    )
    HttpGateway().check(account)
    assert HttpGateway().send(TEXT, account) == "77"
    method, path, headers, sent = gateway.got[0]
    assert (method, path, headers["Authorization"]) == ("POST", "/send?app=1", "Bearer s3")
    assert json.loads(sent) == {
        "to": ["447700900142"],
        "text": TEXT.body,
        "meta": {"ref": "r-m0", "max": 3},
        "from": "Harbour",
    }


def test_a_form_gateway_and_one_that_is_asked_by_get(gateway):
    gateway.answer(200)
    gateway.answer(200)
    template = {"body_format": "form", "body": "to={to}&msg={text}&type=1"}
    expected = {"to": [NUMBER], "msg": [TEXT.body], "type": ["1"]}
    assert HttpGateway().send(TEXT, gateway_account(gateway, **template)) == ""
    assert HttpGateway().send(TEXT, gateway_account(gateway, **template, method="GET")) == ""
    assert parse_qs(gateway.got[0][3]) == expected
    assert parse_qs(gateway.got[1][1].partition("?")[2]) == {"app": ["1"], **expected}
    assert gateway.got[1][3] == ""


@pytest.mark.parametrize(
    ("status", "answer", "changes", "expected"),
    [
        (400, "", {}, PermanentError),
        (302, "", {}, PermanentError),
        (401, "", {}, RetryableError),
        (429, "", {}, RetryableError),
        (500, "", {}, Unclear),
        (0, "", {}, Unclear),
        (200, {"ok": "no"}, {"taken_path": "ok", "taken_value": "yes"}, PermanentError),
        (200, "fine", {"taken_path": "ok", "taken_value": "yes"}, Unclear),
        (201, "", {"taken_statuses": "200"}, Unclear),
    ],
)
def test_what_a_gateway_answers(gateway, status, answer, changes, expected):
    gateway.answer(status, answer)
    with pytest.raises(expected) as raised:
        HttpGateway().send(TEXT, gateway_account(gateway, **changes))
    assert type(raised.value) is expected


def test_without_a_connection_a_gateway_has_nothing(gateway):
    account = gateway_account(gateway, url=nobody_listens())
    with pytest.raises(RetryableError):
        HttpGateway().send(TEXT, account)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "https:///send"}, "url"),
        ({"url": "https://me:secret@example.com/"}, "url"),
        ({"url": "https://example.com:99999/"}, "url"),
        ({"url": "https://example.com/a b"}, "url"),
        ({"body": "{to} {text}"}, "body"),
        ({"body": '{"to": "{to}"}'}, "body"),
        ({"body": '{"to": "{to}", "text": "{text}", "x": "{password}"}'}, "body"),
        ({"method": "GET", "body": '{"to": ["{to}"], "text": "{text}"}'}, "body"),
        ({"taken_path": "ok"}, "taken_value"),
        ({"header": ""}, "header"),
        ({"secret": "a\r\nHost: b"}, "secret"),
    ],
)
def test_a_gateway_that_cannot_work_is_refused_before_it_is_stored(gateway, changes, field):
    with pytest.raises(InvalidInput) as raised:
        HttpGateway().check(gateway_account(gateway, **changes))
    assert raised.value.field == field


def test_in_production_a_gateway_is_called_by_https_only(gateway, settings):
    settings.DEVELOPMENT = False
    with pytest.raises(InvalidInput):
        HttpGateway().check(gateway_account(gateway))
    with pytest.raises(PermanentError):
        HttpGateway().send(TEXT, gateway_account(gateway))
    assert gateway.got == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "10.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]"],
)
def test_no_gateway_is_inside_our_own_network(settings, host):
    settings.DEVELOPMENT = False
    with pytest.raises(PermanentError, match="private network"):
        http.call(f"https://{host}/", method="POST", headers={}, body=b"")


@pytest.fixture
def certificate(tmp_path):
    """The file of a key and a certificate for localhost that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
    signed = made.add_extension(names, critical=False).sign(key, hashes.SHA256())
    own = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path / "both.pem"
    path.write_bytes(own + signed.public_bytes(serialization.Encoding.PEM))
    return path


def test_a_certificate_that_nobody_vouches_for_gets_nothing(certificate, monkeypatch):
    with Gateway().open(certificate) as gateway:
        with pytest.raises(RetryableError, match="no trusted connection"):
            HttpGateway().send(TEXT, gateway_account(gateway))
        assert gateway.got == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        gateway.answer(200)
        assert HttpGateway().send(TEXT, gateway_account(gateway)) == ""
        other = gateway.origin.replace("localhost", "127.0.0.1")  # not the name in the certificate
        with pytest.raises(RetryableError):
            HttpGateway().send(TEXT, gateway_account(gateway, url=other))
    assert [path for _method, path, _headers, _body in gateway.got] == ["/send?app=1"]


def test_a_token_of_twilios_is_not_given_to_whom_nobody_vouches_for(certificate, settings):
    with Gateway().open(certificate) as gateway:
        settings.TWILIO_ORIGIN = gateway.origin
        with pytest.raises(RetryableError):
            by_twilio(Twilio())
        assert gateway.got == []


def test_a_gateway_reports_and_brings_texts(gateway):
    account = gateway_account(gateway, inbound_from="message.sender", report_reference="ref")
    provider = HttpGateway()
    text = provider.read_inbound(Delivery("", {"id": "9", "message.sender": NUMBER, "text": "Hi"}, {}), account)
    assert (text.provider_id, text.sender, text.recipient, text.body) == ("9", NUMBER, "Harbour", "Hi")
    report = provider.read_report(Delivery("", {"ref": "m0", "status": "DELIVERED"}, {}), account)
    assert (report.reference, report.provider_id, report.state) == ("m0", "", "delivered")
    report = provider.read_report(Delivery("", {"id": "9", "status": "expired"}, {"message": "m1"}), account)
    assert (report.reference, report.provider_id, report.state) == ("m1", "9", "undelivered")
    assert provider.read_report(Delivery("", {"id": "9", "status": "buffered"}, {}), account).state == "sent"
    assert provider.read_report(Delivery("", {"id": "9"}, {}), account) is None
