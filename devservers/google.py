"""Google's log-in as a strict stand-in: `python -m devservers.google`, then open the log-in page.

It refuses what Google refuses: an unknown client or a wrong secret, an address to return to that is not registered, a
code that is used, old, of another client or without its PKCE verifier. Its answers are signed (RS256).

Source: RFC 6749, 4.1; RFC 7636; OpenID Connect Core 1.0, 3.1.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CODE_SECONDS = 600
TOKEN_SECONDS = 3600
SCOPES = {"openid", "email", "profile"}
PROMPTS = {"none", "consent", "select_account"}
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
KEY_ID = "stand-in"


@dataclass(frozen=True, slots=True)
class Person:
    """A Google account. `hd` is the domain of a company whose mailboxes Google runs."""

    sub: str
    email: str
    name: str = ""
    email_verified: bool = True
    hd: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """A registered web application."""

    id: str
    secret: str
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code stands for."""

    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str
    scopes: frozenset[str]
    person: Person
    made_at: float
    is_used: bool = False


class Refused(Exception):
    """An answer that is no success: Google's error code, and its HTTP status."""

    def __init__(self, code: str, status: int = 400, *, to: str = "") -> None:
        super().__init__(code)
        self.code, self.status, self.to = code, status, to


@dataclass
class Google:
    """The state of the stand-in. `clock` is for tests of old codes; `spoil` changes claims before they are signed."""

    client: Client
    people: list[Person]
    clock: Callable[[], float] = time.time
    spoil: Callable[[dict[str, Any]], dict[str, Any]] = dict
    origin: str = ""
    grants: dict[str, Grant] = field(default_factory=dict)
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    signing_key: rsa.RSAPrivateKey | None = None  # another one than the published: a forged answer

    def ask(self, query: dict[str, str]) -> Grant:
        """The checked question of an application, for nobody yet. Raises Refused."""
        if query.get("client_id") != self.client.id:
            raise Refused("invalid_client", 401)
        if query.get("redirect_uri") not in self.client.redirect_uris:
            raise Refused("redirect_uri_mismatch")
        back, state = query["redirect_uri"], query.get("state", "")

        def refuse(code: str) -> Refused:
            return Refused(code, 302, to=f"{back}?{urlencode({'error': code, 'state': state})}")

        scopes = frozenset(query.get("scope", "").split())
        if query.get("response_type") != "code":
            raise refuse("unsupported_response_type")
        if not scopes or not scopes <= SCOPES:
            raise refuse("invalid_scope")
        if query.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(query.get("code_challenge", "")):
            raise refuse("invalid_request")
        if not set(query.get("prompt", "").split()) <= PROMPTS:
            raise refuse("invalid_request")
        nobody = Person(sub="", email="")
        return Grant(
            self.client.id, back, query["code_challenge"], query.get("nonce", ""), scopes, nobody, self.clock()
        )

    def allow(self, query: dict[str, str], person: Person) -> str:
        """Where the person's browser goes after "Yes"."""
        code = f"4/{secrets.token_urlsafe(32)}"
        self.grants[code] = replace(self.ask(query), person=person)
        return f"{query['redirect_uri']}?{urlencode({'state': query.get('state', ''), 'code': code})}"

    def exchange(self, form: dict[str, str]) -> dict[str, Any]:
        """The answer of the token endpoint. Raises Refused."""
        if form.get("client_id") != self.client.id:
            raise Refused("invalid_client", 401)
        if not secrets.compare_digest(form.get("client_secret", "").encode(), self.client.secret.encode()):
            raise Refused("invalid_client", 401)
        if form.get("grant_type") != "authorization_code":
            raise Refused("unsupported_grant_type")
        code = form.get("code", "")
        grant = self.grants.get(code)
        if grant is None or grant.is_used or self.clock() - grant.made_at > CODE_SECONDS:
            raise Refused("invalid_grant")
        self.grants[code] = replace(grant, is_used=True)
        if form.get("redirect_uri") != grant.redirect_uri:
            raise Refused("redirect_uri_mismatch")
        verifier = form.get("code_verifier", "")
        if not VERIFIER.fullmatch(verifier) or _base64(hashlib.sha256(verifier.encode()).digest()) != grant.challenge:
            raise Refused("invalid_grant")
        token = f"ya29.{secrets.token_urlsafe(32)}"
        return {
            "access_token": token,
            "expires_in": TOKEN_SECONDS,
            "scope": " ".join(sorted(grant.scopes)),
            "token_type": "Bearer",
            "id_token": self.id_token(grant, token),
        }

    def id_token(self, grant: Grant, access_token: str) -> str:
        person, now = grant.person, int(self.clock())
        claims: dict[str, Any] = {
            "iss": self.origin,
            "azp": grant.client_id,
            "aud": grant.client_id,
            "sub": person.sub,
            "at_hash": _base64(hashlib.sha256(access_token.encode()).digest()[:16]),
            "iat": now,
            "exp": now + TOKEN_SECONDS,
        }
        if grant.nonce:
            claims["nonce"] = grant.nonce
        if "email" in grant.scopes:
            claims |= {"email": person.email, "email_verified": person.email_verified}
        if "profile" in grant.scopes:
            claims["name"] = person.name
        if person.hd:
            claims["hd"] = person.hd
        return jwt.encode(self.spoil(claims), self.signing_key or self.key, "RS256", headers={"kid": KEY_ID})

    def keys(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": KEY_ID, "alg": "RS256", "use": "sig"}]}


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _single(query: str) -> dict[str, str]:
    """The parameters; one that is there twice is Google's `invalid_request`."""
    found = parse_qs(query, keep_blank_values=True)
    if any(len(values) > 1 for values in found.values()):
        raise Refused("invalid_request")
    return {name: values[0] for name, values in found.items()}


class _Handler(BaseHTTPRequestHandler):
    google: Google

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/oauth2/v3/certs":
            self._json(200, self.google.keys())
        elif url.path == "/o/oauth2/v2/auth":
            self._authorize(url.query)
        elif url.path == "/token":
            self._json(405, {"error": "method_not_allowed"})
        else:
            self._json(404, {"error": "not_found"})

    def do_POST(self) -> None:
        if urlsplit(self.path).path != "/token":
            self._json(404, {"error": "not_found"})
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        try:
            if self.headers.get_content_type() != "application/x-www-form-urlencoded":
                raise Refused("invalid_request")
            self._json(200, self.google.exchange(_single(body)))
        except Refused as refused:
            self._json(refused.status, {"error": refused.code, "error_description": "Refused by the stand-in."})

    def _authorize(self, query: str) -> None:
        """The page on which a person chooses an account; `as` (an e-mail) or `denied` is the choice."""
        try:
            asked = _single(query)
            chosen, denied = asked.pop("as", ""), asked.pop("denied", "")
            self.google.ask(asked)
            if denied:
                back = {"error": "access_denied", "state": asked.get("state", "")}
                raise Refused("access_denied", 302, to=f"{asked['redirect_uri']}?{urlencode(back)}")
        except Refused as refused:
            if refused.to:
                self._send(302, b"", location=refused.to)
            else:
                self._send(refused.status, f"<h1>Error {refused.status}: {refused.code}</h1>".encode())
            return
        person = next((one for one in self.google.people if one.email == chosen), None)
        if person is not None:
            self._send(302, b"", location=self.google.allow(asked, person))
            return
        links = [
            f'<li><a href="?{escape(urlencode({**asked, "as": one.email}))}">{escape(one.name)} {escape(one.email)}</a>'
            for one in self.google.people
        ]
        no = f'<li><a href="?{escape(urlencode({**asked, "denied": "1"}))}">Cancel</a>'
        page = f"<!doctype html><title>Stand-in</title><h1>Choose an account</h1><ul>{''.join(links)}{no}</ul>"
        self._send(200, page.encode())

    def _json(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, json.dumps(body).encode(), kind="application/json; charset=utf-8")

    def _send(self, status: int, body: bytes, *, kind: str = "text/html; charset=utf-8", location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the address of a request holds codes."""


@contextmanager
def serve(google: Google, port: int = 0) -> Iterator[Google]:
    """Answer on a port of this machine (0: any free one) until the block ends; `google.origin` says where."""
    handler = type("Handler", (_Handler,), {"google": google})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    google.origin = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield google
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devservers.google", description=__doc__)
    parser.add_argument("--port", type=int, default=9301)
    parser.add_argument("--public-url", default="http://localhost:8000", help="the public host of Regulars")
    options = parser.parse_args()
    client = Client("stand-in", "stand-in-secret", (f"{options.public_url}/accounts/google/login/callback/",))
    people = [
        Person("1001", "new.person@gmail.com", "New Person"),
        Person("1002", "owner@example.com", "Maya Okafor", hd="example.com"),
        Person("1003", "elsewhere@example.org", "Read Once"),
        Person("1004", "unproven@example.org", "Never Read", email_verified=False),
    ]
    with serve(Google(client, people), options.port) as google:
        print("Start Regulars with:")  # noqa: T201
        for name, value in (("CLIENT_ID", client.id), ("CLIENT_SECRET", client.secret), ("ORIGIN", google.origin)):
            print(f"  GOOGLE_OAUTH_{name}={value}")  # noqa: T201
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("Ended.")  # noqa: T201


if __name__ == "__main__":
    main()
