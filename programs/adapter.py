"""What the log-in library is told about this product."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.secrets import decrypt, encrypt
from programs import rules
from programs.actions.account_mail import queue_letter
from programs.mail import compose
from programs.models import User


class AccountAdapter(DefaultAccountAdapter):
    # The library's words, in ours.
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("This e-mail and password do not belong together."),
        "enter_current_password": _("Enter the password that you use now."),
        "incorrect_password": _("This is not your password."),
        "incorrect_code": _("This code is not right, or it is too old."),
        "too_many_login_attempts": _("Too many tries. Wait five minutes, then try again."),
        "same_as_current": _("This is the one you have already."),
        "rate_limited": _("Too many requests. Wait a moment, then try again."),
    }

    def is_safe_url(self, url: str | None) -> bool:
        """Only paths of this host: no other host is ever the target of a log-in."""
        return bool(url) and rules.safe_path(str(url)) == url

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("mfa_index")

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("programs:start")

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return reverse("programs:start")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """By a worker, and without the library's look at the request: a notice may be written after it has ended."""
        button_url = context.get("password_reset_url") or context.get("signup_url") or ""
        words = {**context, "email": email, "button_url": button_url}
        queue_letter(compose(f"{template_prefix}.html", to=email, context=words))


class MfaAdapter(DefaultMFAAdapter):
    """Secrets of authenticator apps rest encrypted: a copy of the database is no second factor.

    Passkeys belong to the public host, where people log in, and to nothing else.
    """

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey %(number)s") % {"number": number}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": settings.PUBLIC_HOST, "name": settings.MFA_TOTP_ISSUER}
