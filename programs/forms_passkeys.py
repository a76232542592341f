"""The forms that a passkey's answer arrives in, stricter than the library's: exact origin, verified person, count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.utils.translation import gettext_lazy as _
from fido2.utils import websafe_decode
from fido2.webauthn import AuthenticatorData

from core.errors import DomainError
from core.hosts import public_url
from core.requests import client_ip
from programs.actions import passkeys
from programs.forms_account import InOurWords

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NAME_MAX_LENGTH = 60
NAME: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    "name": (_("Name"), _("So that you know it in the list, such as Work laptop."))
}
NOT_ACCEPTED = _("This passkey was not accepted. Try again, or log in another way.")
NO_ANSWER = _("The browser sent no passkey. This needs JavaScript.")
# What the library lets through from an answer that no browser would send.
MALFORMED = (TypeError, ValueError, KeyError, AttributeError, IndexError, RecursionError)


class PasskeyAnswer(forms.Form):
    """A credential as JSON, made by a browser on the public host itself.

    A page of a programme's host could ask for the same passkey, because the public host's name is the end of its own;
    the library would take its answer.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["credential"]
        field.error_messages |= {"required": NO_ANSWER, "invalid": NOT_ACCEPTED}

    def check_origin(self, credential: object) -> None:
        """Raise ValidationError unless this is an answer that was asked for on the public host, in no frame."""
        try:
            told = json.loads(websafe_decode(credential["response"]["clientDataJSON"]))  # type: ignore[index]
            is_ours = told["origin"] == public_url("") and not told.get("crossOrigin") and "topOrigin" not in told
        except MALFORMED as error:
            raise forms.ValidationError(NOT_ACCEPTED) from error
        if not is_ours:
            raise forms.ValidationError(NOT_ACCEPTED)


class AddPasskeyForm(PasskeyAnswer, InOurWords, webauthn.AddWebAuthnForm):  # type: ignore[misc]
    name = forms.CharField(max_length=NAME_MAX_LENGTH, required=False)
    passwordless = None  # every passkey opens the account by itself
    words = NAME

    def clean_credential(self) -> object:
        self.check_origin(self.cleaned_data["credential"])
        return self.cleaned_data["credential"]

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["passwordless"] = True  # the library then asks that the person was verified
        try:
            cleaned: dict[str, Any] = super().clean() or {}
        except MALFORMED as error:
            raise forms.ValidationError(NOT_ACCEPTED) from error
        except forms.ValidationError as error:
            raise forms.ValidationError(NOT_ACCEPTED) from error
        return cleaned


class UsePasskey(PasskeyAnswer):
    def clean_credential(self) -> Authenticator:
        credential = self.cleaned_data["credential"]
        self.check_origin(credential)
        try:
            passkey: Authenticator = super().clean_credential()  # type: ignore[misc]
            count = AuthenticatorData(websafe_decode(credential["response"]["authenticatorData"])).counter
        except MALFORMED as error:
            raise forms.ValidationError(NOT_ACCEPTED) from error
        except forms.ValidationError as error:
            if getattr(error, "code", "") == "too_many_login_attempts":
                raise
            raise forms.ValidationError(NOT_ACCEPTED) from error
        try:
            passkeys.count_use(passkey_id=passkey.pk, count=count, ip=client_ip(context.request) or None)
        except DomainError as refused:
            raise forms.ValidationError(str(refused.message)) from refused
        passkey.refresh_from_db()
        return passkey


class LoginPasskeyForm(UsePasskey, webauthn.LoginWebAuthnForm):  # type: ignore[misc]
    pass


class AuthenticatePasskeyForm(UsePasskey, webauthn.AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class ReauthenticatePasskeyForm(UsePasskey, webauthn.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class RenamePasskeyForm(InOurWords, webauthn.EditWebAuthnForm):  # type: ignore[misc]
    name = forms.CharField(max_length=NAME_MAX_LENGTH)
    words = NAME

    def save(self) -> Authenticator:
        passkey: Authenticator = self.instance
        passkeys.rename(passkey=passkey, name=self.cleaned_data["name"], ip=client_ip(context.request) or None)
        return passkey
