"""Twilio's messages as a strict stand-in: `python -m devservers.twilio`, then choose Twilio under Settings, Texts.

It refuses what Twilio refuses: wrong credentials (20003), no number (21211), a sender that is none of the account's
(21606, 21659) or the recipient (21266), a text that is too long (21617) and people who stopped (21610). It signs its
calls as Twilio does, also with another port, and can be made to fail (429, 500), to be slow, to hang up after it has
taken a text, and to say everything twice.

Source: Twilio's pages "Message resource", "Outbound message status in status callbacks", "Webhooks security", "Error
and warning dictionary" and "Opt-out keywords".
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

NUMBER = re.compile(r"\+[1-9]\d{7,14}")
NAME = re.compile(r"(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9 ]{1,11}")
LONGEST = 1600
STOPS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
STARTS = frozenset({"START", "YES", "UNSTOP"})
STOPPED = "You have successfully been unsubscribed. You will not receive any more messages from this number."
MESSAGES = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-f]{32})/Messages\.json")

Post = Callable[[str, Mapping[str, str], str], int]


class Refused(Exception):
    """An answer that is no success: Twilio's error code, its words, and its HTTP status."""

    def __init__(self, code: int, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.code, self.status = code, status


@dataclass(slots=True)
class Text:
    """A message that was taken."""

    sid: str
    sender: str
    to: str
    body: str
    status_callback: str
    status: str = "queued"
    service: str = ""
    validity: int = 36_000  # seconds that it may wait


@dataclass
class Switches:
    """What goes wrong, for tests and for trying things out."""

    fail: int = 0  # so many of the next requests are answered with 500 and not taken
    too_many: int = 0  # so many are answered with 429
    delay: float = 0.0  # seconds before an answer
    drop: bool = False  # takes the text, then hangs up without an answer
    repeat: int = 1  # how often each call at a webhook is made
    backwards: bool = False  # says how a text ended before it says that it was sent
    outcome: str = "delivered"  # or "undelivered"
    error: str = ""  # the ErrorCode of what was not delivered
    signed_port: Literal["", "left out", "added"] = ""  # what is signed may differ from what is called in its port


def post(url: str, form: Mapping[str, str], signature: str) -> int:
    """Call a webhook; the status of its answer, 0 for none."""
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    request = Request(url, urlencode(form).encode(), headers)  # noqa: S310 - an address that the caller gave
    try:
        with urlopen(request, timeout=15) as answer:  # noqa: S310
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except URLError:
        return 0


@dataclass
class Twilio:
    """The state of the stand-in. `post` calls webhooks; tests give their own."""

    account_sid: str = "AC" + "0" * 32
    auth_token: str = "1" * 32
    numbers: tuple[str, ...] = ("+447700900100",)
    services: tuple[str, ...] = ()  # MG…; they send from the first number
    inbound_url: str = ""
    post: Post = post
    switches: Switches = field(default_factory=Switches)
    origin: str = ""
    texts: list[Text] = field(default_factory=list)
    stopped: set[tuple[str, str]] = field(default_factory=set)  # (our number, their number)
    answered: list[int] = field(default_factory=list)  # what the webhooks answered
    waiting: list[Text] = field(default_factory=list)  # taken, and not yet reported on

    def create(self, form: Mapping[str, str]) -> Text:
        """Take a message. Raises Refused."""
        to, body = form.get("To", ""), form.get("Body", "")
        sender = self._sender(form)
        if not to:
            raise Refused(21604, "A 'To' phone number is required.")
        if not NUMBER.fullmatch(to):
            raise Refused(21211, f"Invalid 'To' Phone Number: {to[:5]}XXXX")
        if to == sender:
            raise Refused(21266, "'To' and 'From' number cannot be the same")
        if not body:
            raise Refused(21602, "Message body is required.")
        if len(body) > LONGEST:
            raise Refused(21617, "The concatenated message body exceeds the 1600 character limit")
        validity = form.get("ValidityPeriod", "36000")
        if not validity.isdecimal() or not 1 <= int(validity) <= 36_000:
            raise Refused(21624, f"The ValidityPeriod {validity} is invalid.")
        callback = form.get("StatusCallback", "")
        if callback and not urlsplit(callback).hostname:
            raise Refused(21609, f"The 'StatusCallback' URL {callback} is not a valid URL.")
        if (sender, to) in self.stopped:
            raise Refused(21610, "Attempt to send to unsubscribed recipient")
        service = form.get("MessagingServiceSid", "")
        text = Text(f"SM{secrets.token_hex(16)}", sender, to, body, callback, service=service, validity=int(validity))
        self.texts.append(text)
        self.waiting.append(text)
        return text

    def _sender(self, form: Mapping[str, str]) -> str:
        service, sender = form.get("MessagingServiceSid", ""), form.get("From", "")
        if service:
            if service not in self.services:
                raise Refused(21705, "The Messaging Service Sid is invalid.")
            return self.numbers[0]
        if not sender:
            raise Refused(21603, "A 'From' phone number is required.")
        if NUMBER.fullmatch(sender):
            if sender not in self.numbers:
                raise Refused(21659, f"'From' {sender} is not a Twilio phone number or Short Code country mismatch")
        elif not NAME.fullmatch(sender):
            raise Refused(21606, f"The 'From' phone number {sender} is not a valid, SMS-capable phone number.")
        return sender

    def resource(self, text: Text) -> dict[str, Any]:
        """The message as the API shows it."""
        path = f"/2010-04-01/Accounts/{self.account_sid}/Messages/{text.sid}"
        return {
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": text.body,
            "date_created": formatdate(usegmt=False),
            "date_sent": None,
            "date_updated": formatdate(usegmt=False),
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": text.sender,
            "messaging_service_sid": text.service or None,
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": None,
            "sid": text.sid,
            "status": text.status,
            "subresource_uris": {"media": f"{path}/Media.json"},
            "to": text.to,
            "uri": f"{path}.json",
        }

    def report_all(self) -> None:
        """Say of every text that waits: sent, then how it ended. Texts of dropped answers are reported on, too."""
        while self.waiting:
            text = self.waiting.pop(0)
            told = ("sent", self.switches.outcome)
            for status in reversed(told) if self.switches.backwards else told:
                self.report(text, status)

    def report(self, text: Text, status: str) -> None:
        """Call the text's own webhook."""
        text.status = status
        if not text.status_callback:
            return
        form = {
            "MessageSid": text.sid,
            "SmsSid": text.sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "To": text.to,
            "From": text.sender,
            "AccountSid": self.account_sid,
            "ApiVersion": "2010-04-01",
        }
        if text.service:
            form["MessagingServiceSid"] = text.service
        if status in ("undelivered", "failed") and self.switches.error:
            form["ErrorCode"] = self.switches.error
        self._call(text.status_callback, form)

    def receive(self, sender: str, body: str, *, to: str = "") -> str:
        """A person texts one of the account's numbers; returns the sid. STOP and START are heard here first."""
        to, sid = to or self.numbers[0], f"SM{secrets.token_hex(16)}"
        word = body.strip().upper()
        if word in STOPS:
            self.stopped.add((to, sender))
            self.texts.append(Text(f"SM{secrets.token_hex(16)}", to, sender, STOPPED, "", "delivered"))
        elif word in STARTS:
            self.stopped.discard((to, sender))
        form = {
            "MessageSid": sid,
            "SmsSid": sid,
            "SmsMessageSid": sid,
            "AccountSid": self.account_sid,
            "From": sender,
            "To": to,
            "Body": body,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
        }
        if self.services:
            form["MessagingServiceSid"] = self.services[0]
        if self.inbound_url:
            self._call(self.inbound_url, form)
        return sid

    def _call(self, url: str, form: Mapping[str, str]) -> None:
        signature = self.sign(self._signed(url), form)
        for _time in range(self.switches.repeat):
            self.answered.append(self.post(url, form, signature))

    def _signed(self, url: str) -> str:
        """The address as it is signed: Twilio leaves the port of an https address out at times, or writes 443."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not self.switches.signed_port:
            return url
        host = f"{parts.hostname}:{parts.port or 443}" if self.switches.signed_port == "added" else parts.hostname
        return parts._replace(netloc=host or "").geturl()

    def sign(self, url: str, form: Mapping[str, str]) -> str:
        """X-Twilio-Signature: the URL and every field with its value, in the order of the fields."""
        text = url + "".join(name + form[name] for name in sorted(form))
        return base64.b64encode(hmac.digest(self.auth_token.encode(), text.encode(), hashlib.sha1)).decode()


class _Handler(BaseHTTPRequestHandler):
    twilio: Twilio

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        form = self._form()
        if path == "/receive":  # the page's own form: a person answers
            self.twilio.receive(form.get("from", ""), form.get("body", ""))
            self._send(303, b"", {"Location": "/"})
            return
        switches = self.twilio.switches
        time.sleep(switches.delay)
        try:
            found = MESSAGES.fullmatch(path)
            if found is None:
                raise Refused(20404, f"The requested resource {path} was not found", 404)
            self._check(found[1])
            if switches.fail > 0:
                switches.fail -= 1
                raise Refused(20500, "Internal Server Error", 500)
            if switches.too_many > 0:
                switches.too_many -= 1
                raise Refused(20429, "Too Many Requests", 429)
            text = self.twilio.create(form)
        except Refused as refused:
            more = f"https://www.twilio.com/docs/errors/{refused.code}"
            body = {"code": refused.code, "message": str(refused), "more_info": more, "status": refused.status}
            self._json(refused.status, body)
            return
        if switches.drop:
            self.close_connection = True
            return
        self._json(201, self.twilio.resource(text))

    def do_GET(self) -> None:
        """What was sent, and a form to answer."""
        if urlsplit(self.path).path != "/":
            self._send(404, b"")
            return
        rows = "".join(
            f"<li>{escape(text.to)}: {escape(text.body)} <small>{escape(text.status)}</small>"
            for text in reversed(self.twilio.texts)
        )
        form = '<form method="post" action="/receive"><input name="from" placeholder="+447700900142">'
        form += '<input name="body" placeholder="STOP"><button>Text us</button></form>'
        self._send(200, f"<!doctype html><title>Stand-in</title><h1>Texts</h1>{form}<ul>{rows}</ul>".encode())

    def _check(self, account_sid: str) -> None:
        """The credentials, as HTTP Basic."""
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        expected = base64.b64encode(f"{self.twilio.account_sid}:{self.twilio.auth_token}".encode()).decode()
        if account_sid != self.twilio.account_sid or not hmac.compare_digest(given.encode(), expected.encode()):
            raise Refused(20003, "Authenticate", 401)

    def _form(self) -> dict[str, str]:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        return {name: values[-1] for name, values in parse_qs(body, keep_blank_values=True).items()}

    def _json(self, status: int, body: Mapping[str, Any]) -> None:
        self._send(status, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "text/html; charset=utf-8", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        with suppress(BrokenPipeError):  # who asked has gone
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: requests hold numbers."""


@contextmanager
def serve(twilio: Twilio, port: int = 0) -> Iterator[Twilio]:
    """Answer on a port of this machine (0: any free one) until the block ends; `twilio.origin` says where."""
    handler = type("Handler", (_Handler,), {"twilio": twilio})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    twilio.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield twilio
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devservers.twilio", description=__doc__)
    parser.add_argument("--port", type=int, default=9302)
    parser.add_argument("--public-url", default="http://localhost:8000", help="the public host of Regulars")
    parser.add_argument("--fail", type=int, default=0, help="answer so many requests with 500")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before an answer")
    parser.add_argument("--drop", action="store_true", help="take texts and hang up without an answer")
    parser.add_argument("--repeat", type=int, default=1, help="make each call so often")
    parser.add_argument("--too-many", type=int, default=0, help="answer so many requests with 429")
    parser.add_argument("--backwards", action="store_true", help="report how a text ended before it was sent")
    parser.add_argument("--outcome", choices=("delivered", "undelivered"), default="delivered")
    options = parser.parse_args()
    switches = Switches(
        fail=options.fail,
        too_many=options.too_many,
        backwards=options.backwards,
        delay=options.delay,
        drop=options.drop,
        repeat=options.repeat,
        outcome=options.outcome,
        error="" if options.outcome == "delivered" else "30003",
    )
    twilio = Twilio(inbound_url=f"{options.public_url}/sms/inbound", switches=switches)
    with serve(twilio, options.port):
        print(f"Start Regulars with TWILIO_ORIGIN={twilio.origin}, then under Settings, Texts:")  # noqa: T201
        for name in ("account_sid", "auth_token"):
            print(f"  {name}: {getattr(twilio, name)}")  # noqa: T201
        print(f"  sender: {twilio.numbers[0]}\nTexts, and a form to answer: {twilio.origin}/")  # noqa: T201
        try:
            while True:
                time.sleep(1)
                twilio.report_all()
        except KeyboardInterrupt:
            print("Ended.")  # noqa: T201


if __name__ == "__main__":
    main()
