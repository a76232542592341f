"""What people change about their own log-in, as the log-in library tells it, in the platform's audit log."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.account.signals import (
    email_changed,
    email_confirmed,
    password_changed,
    password_reset,
    password_set,
    user_logged_in,
)
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.signals import social_account_added, social_account_removed
from django.contrib.auth.signals import user_login_failed
from django.dispatch import Signal
from django.http import HttpRequest

from core.requests import client_ip
from programs.actions import platform_audit
from programs.models import User

WATCHED: dict[str, Signal] = {
    "programs.password.changed": password_changed,
    "programs.password.reset": password_reset,
    "programs.password.set": password_set,
    "programs.email.changed": email_changed,
    "programs.authenticator.added": authenticator_added,
    "programs.authenticator.removed": authenticator_removed,
    "programs.authenticator.reset": authenticator_reset,
}


def connect() -> None:
    for action, signal in WATCHED.items():
        signal.connect(_writer(action), weak=False, dispatch_uid=action)
    user_logged_in.connect(logged_in, dispatch_uid="programs.person.logged_in")
    user_login_failed.connect(password_refused, dispatch_uid="programs.person.password_refused")
    authentication_failed.connect(second_factor_refused, dispatch_uid="programs.person.second_factor_refused")
    email_confirmed.connect(email_proved, dispatch_uid="programs.email.confirmed")
    social_account_added.connect(google_connected, dispatch_uid="programs.google.connected")
    social_account_removed.connect(google_disconnected, dispatch_uid="programs.google.disconnected")


def logged_in(sender: object, request: HttpRequest, user: User, **_told: object) -> None:
    """With which proofs: a password, a passkey, Google, a second factor; not with which codes."""
    proofs = [str(one.get("type") or one["method"]) for one in get_authentication_records(request, user)]
    platform_audit.record("programs.person.logged_in", person=user, data={"by": proofs}, ip=client_ip(request) or None)


def password_refused(
    sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **_told: object
) -> None:
    person = User.objects.filter(email__iexact=credentials.get("email", "")).first()
    platform_audit.record_refused_log_in(
        person=person, by="password", ip=client_ip(request) or None if request else None
    )


def second_factor_refused(sender: object, request: HttpRequest, user: User, **_told: object) -> None:
    platform_audit.record_refused_log_in(person=user, by="mfa", ip=client_ip(request) or None)


def email_proved(sender: object, request: HttpRequest, email_address: EmailAddress, **_told: object) -> None:
    data = {"email": email_address.email}
    platform_audit.record(
        "programs.email.confirmed", person=email_address.user, data=data, ip=client_ip(request) or None
    )


def google_connected(sender: object, request: HttpRequest, sociallogin: SocialLogin, **_told: object) -> None:
    _record_google("programs.google.connected", request, sociallogin.account)


def google_disconnected(sender: object, request: HttpRequest, socialaccount: SocialAccount, **_told: object) -> None:
    _record_google("programs.google.disconnected", request, socialaccount)


def _record_google(action: str, request: HttpRequest, account: SocialAccount) -> None:
    data = {"email": account.extra_data["email"]}
    platform_audit.record(action, person=account.user, data=data, ip=client_ip(request) or None)


def _writer(action: str) -> Any:
    def write(sender: object, request: HttpRequest, user: User, **told: Any) -> None:
        platform_audit.record(action, person=user, data=_facts(told), ip=client_ip(request) or None)

    return write


def _facts(told: dict[str, Any]) -> dict[str, object]:
    """The addresses of a changed e-mail, kind and name of an authenticator; nothing else that the library tells."""
    facts: dict[str, object] = {}
    if "authenticator" in told:
        facts["type"] = told["authenticator"].type
        if told["authenticator"].type == Authenticator.Type.WEBAUTHN:
            facts["name"] = told["authenticator"].data["name"]
    if "to_email_address" in told:
        before = told["from_email_address"]
        facts["email"] = [before.email if before else None, told["to_email_address"].email]
    return facts
