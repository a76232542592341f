"""Log-in with Google: OpenID Connect with PKCE, state and nonce, by the log-in library's OAuth client.

Stricter than the library's own provider: the signature is always checked, the nonce is bound to the PKCE verifier, the
request chooses no scope, and an address counts as proven only where Google runs the mailbox. No token is kept.

Source: OpenID Connect Core 1.0, 3.1.3.7 and 15.5.2; "Using OpenID Connect" of Google's developer pages, on `hd`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from allauth.account.models import EmailAddress
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess, ProviderAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from core.hosts import public_url

GOOGLE = "google"
SCOPES = ["openid", "email", "profile"]
MAILBOXES = ("gmail.com", "googlemail.com")
LEEWAY_SECONDS = 60  # between our clock and Google's


@dataclass(frozen=True, slots=True)
class Endpoints:
    authorize: str
    token: str
    keys: str
    issuers: tuple[str, ...]


GOOGLES = Endpoints(
    authorize="https://accounts.google.com/o/oauth2/v2/auth",
    token="https://oauth2.googleapis.com/token",  # noqa: S106 (an address)
    keys="https://www.googleapis.com/oauth2/v3/certs",
    issuers=("https://accounts.google.com", "accounts.google.com"),
)


def endpoints() -> Endpoints:
    """Google's, or those of the stand-in that GOOGLE_OAUTH_ORIGIN names (devservers/google.py)."""
    origin: str = settings.GOOGLE_OAUTH_ORIGIN
    if not origin:
        return GOOGLES
    return Endpoints(f"{origin}/o/oauth2/v2/auth", f"{origin}/token", f"{origin}/oauth2/v3/certs", (origin,))


def is_on() -> bool:
    """Whether the operator has registered this deployment with Google."""
    return bool(settings.GOOGLE_OAUTH_CLIENT_ID and settings.GOOGLE_OAUTH_CLIENT_SECRET)


def nonce_of(verifier: str) -> str:
    """What Google must repeat in its answer: nobody who has not seen this browser's PKCE verifier can make it up."""
    seen = hashlib.sha256(f"nonce\x1f{verifier}".encode()).digest()
    return base64.urlsafe_b64encode(seen).decode().rstrip("=")


def is_proven(claims: Mapping[str, Any]) -> bool:
    """Whether the person reads this address today, by Google's word: only for mailboxes that Google itself runs.

    Of an address elsewhere Google knows that it was read once, which may be years ago: we send our own code there.
    """
    domain = str(claims.get("email", "")).rpartition("@")[2].lower()
    return claims.get("email_verified") is True and (domain in MAILBOXES or bool(claims.get("hd")))


class GoogleAdapter(OAuth2Adapter):  # type: ignore[misc]
    provider_id = GOOGLE

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.authorize_url, self.access_token_url = endpoints().authorize, endpoints().token
        self.nonce = ""

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return public_url(reverse("google_callback"))

    def get_access_token_data(
        self, request: HttpRequest, app: SocialApp, client: OAuth2Client, pkce_code_verifier: str | None = None
    ) -> dict[str, Any]:
        if not pkce_code_verifier:
            raise OAuth2Error("no PKCE verifier")
        self.nonce = nonce_of(pkce_code_verifier)
        answer: dict[str, Any] = super().get_access_token_data(request, app, client, pkce_code_verifier)
        return answer

    def complete_login(self, request: HttpRequest, app: SocialApp, token: object, **kwargs: Any) -> SocialLogin:
        claims = self.claims_of(str(kwargs["response"].get("id_token", "")), audience=app.client_id)
        return self.get_provider().sociallogin_from_response(request, claims)

    def claims_of(self, id_token: str, *, audience: str) -> dict[str, Any]:
        """What Google says of the person. Raises OAuth2Error for an answer that is not Google's, ours and fresh."""
        try:
            algorithm, key = jwtkit.fetch_key(id_token, endpoints().keys, jwtkit.lookup_kid_jwk)
            if algorithm != "RS256":
                raise OAuth2Error("signed by another method")
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key,
                algorithms=["RS256"],
                audience=audience,
                issuer=list(endpoints().issuers),
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, KeyError) as error:
            raise OAuth2Error("not Google's answer") from error
        if not hmac.compare_digest(str(claims.get("nonce", "")), self.nonce):
            raise OAuth2Error("an answer to another question")
        if not claims.get("email"):
            raise OAuth2Error("no e-mail address")
        return claims


class GoogleProvider(OAuth2Provider):  # type: ignore[misc]
    id = GOOGLE
    name = "Google"
    account_class = ProviderAccount
    oauth2_adapter_class = GoogleAdapter

    def get_pkce_params(self) -> dict[str, str]:
        params: dict[str, str] = generate_code_challenge()
        return {**params, "nonce": nonce_of(params["code_verifier"])}

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        return SCOPES

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, str]:
        return {"prompt": "select_account"}

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        asked: dict[str, Any] = super().get_redirect_from_request_kwargs(request)
        is_connecting = asked["process"] == AuthProcess.CONNECT
        return {**asked, "process": AuthProcess.CONNECT if is_connecting else AuthProcess.LOGIN}

    def extract_uid(self, data: Mapping[str, Any]) -> str:
        return str(data["sub"])

    def extract_extra_data(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"email": data["email"]}

    def extract_common_fields(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"email": data["email"], "name": data.get("name", "")}

    def extract_email_addresses(self, data: Mapping[str, Any]) -> list[EmailAddress]:
        return [EmailAddress(email=data["email"], verified=is_proven(data), primary=True)]
