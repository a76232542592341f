"""The forms of the log-in library in our words: label above, hint below, no placeholder that plays the label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from django import forms
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from core.requests import client_ip
from programs.actions import platform_audit
from programs.actions.second_factor import spend_code
from programs.adapter import MfaAdapter
from programs.models import User

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NEW_PASSWORD = _("At least 10 characters. A few words that belong together only for you work well.")

# Field → (label, hint). An empty hint takes the library's away.
WORDS: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    "name": (_("Your name"), ""),
    "email": (_("E-mail"), ""),
    "login": (_("E-mail"), ""),
    "password": (_("Password"), ""),
    "oldpassword": (_("Password you use now"), ""),
    "password1": (_("New password"), NEW_PASSWORD),
    "password2": (_("New password, again"), ""),
    "code": (_("Code"), ""),
}
CODE_ATTRS = {"autocomplete": "one-time-code", "autocapitalize": "off", "spellcheck": "false"}


class InOurWords(forms.Form):
    words: dict[str, tuple[StrOrPromise, StrOrPromise]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            label, hint = {**WORDS, **self.words}.get(name, (field.label or "", field.help_text))
            field.label, field.help_text = label, hint
            if name == "code":
                field.widget.attrs.update(CODE_ATTRS)


class SignupForm(InOurWords, account.SignupForm):
    account_already_exists: bool  # the library's
    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}))
    words = {"password1": (_("Password"), NEW_PASSWORD)}
    field_order = ["name", "email", "password1"]

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Two at once: the slower one is answered like anybody whose address has an account already.

        A password is hashed in every case, so that time does not tell who has one.
        """
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        try:
            with transaction.atomic():
                saved: tuple[User | None, HttpResponse | None] = super().try_save(request)  # type: ignore[misc]
        except IntegrityError:
            self.account_already_exists = True
            saved = super().try_save(request)  # type: ignore[misc]
        return saved

    def custom_signup(self, request: HttpRequest, user: User) -> None:
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
        platform_audit.record(
            "programs.person.signed_up", person=user, data={"email": user.email}, ip=client_ip(request) or None
        )


class LoginForm(InOurWords, account.LoginForm):
    pass


class ResetPasswordForm(InOurWords, account.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(InOurWords, account.ResetPasswordKeyForm):
    pass


class ChangePasswordForm(InOurWords, account.ChangePasswordForm):
    pass


class SetPasswordForm(InOurWords, account.SetPasswordForm):
    pass


class AddEmailForm(InOurWords, account.AddEmailForm):
    words = {"email": (_("New e-mail"), _("We send a code there. Until you enter it, nothing changes."))}


class ReauthenticateForm(InOurWords, account.ReauthenticateForm):
    pass


class ConfirmEmailCodeForm(InOurWords, account.ConfirmEmailVerificationCodeForm):
    pass


class ConfirmResetCodeForm(InOurWords, account.ConfirmPasswordResetCodeForm):
    pass


class CodeOnce(forms.Form):
    """A right code of the app that was used before is wrong. Recovery codes are struck off in their own row."""

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        used: Authenticator = self.authenticator  # type: ignore[attr-defined]
        if used.type == Authenticator.Type.TOTP and not spend_code(user_id=used.user_id, code=code):
            raise MfaAdapter().validation_error("incorrect_code")  # type: ignore[attr-defined]
        return code


class MfaAuthenticateForm(CodeOnce, InOurWords, mfa.AuthenticateForm):
    words = {"code": (_("Code"), _("Six digits from your authenticator app, or one of your recovery codes."))}


class MfaReauthenticateForm(CodeOnce, InOurWords, mfa.ReauthenticateForm):
    words = MfaAuthenticateForm.words


class ActivateTotpForm(InOurWords, totp.ActivateTOTPForm):
    words = {"code": (_("Code"), _("The six digits that the app shows now."))}
