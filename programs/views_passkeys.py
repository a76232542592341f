"""Passkeys: the library's views with our forms, our pages, and the last way in kept.

All of them are on the public host: a passkey is bound to its name.
"""

from __future__ import annotations

from typing import Any

from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url, passthrough_next_redirect_url
from allauth.mfa.webauthn import views as webauthn
from allauth.mfa.webauthn.internal import auth, flows
from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from core.permissions import OPEN, SIGNED_IN
from core.requests import PublicRequest
from programs.ways_in import LastWayIn, is_last_passkey_the_only_way


class PasskeyList(webauthn.ListWebAuthnView):  # type: ignore[misc]
    access = SIGNED_IN

    def get_queryset(self) -> Any:
        return super().get_queryset().order_by("pk")


class AddPasskey(webauthn.AddWebAuthnView):  # type: ignore[misc]
    access = SIGNED_IN
    request: PublicRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["js_data"] = {"creation_options": auth.begin_registration(self.request.user, passwordless=True)}
        return context

    def get_success_url(self) -> str:
        return reverse("mfa_view_recovery_codes" if self.did_generate_recovery_codes else "mfa_list_webauthn")


class RenamePasskey(webauthn.EditWebAuthnView):  # type: ignore[misc]
    access = SIGNED_IN


class RemovePasskey(webauthn.RemoveWebAuthnView):  # type: ignore[misc]
    access = SIGNED_IN
    request: PublicRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return {**context, "is_last_way_in": is_last_passkey_the_only_way(self.request.user)}

    def form_valid(self, form: Form) -> HttpResponse:
        if is_last_passkey_the_only_way(self.request.user):
            raise LastWayIn
        answer: HttpResponse = super().form_valid(form)
        return answer


class LoginPasskey(webauthn.LoginWebAuthnView):  # type: ignore[misc]
    """GET with `Accept: application/json` gives the question that a browser signs, POST takes the answer."""

    access = OPEN
    request: HttpRequest

    def form_valid(self, form: Form) -> HttpResponse:
        passkey = form.cleaned_data["credential"]
        login = Login(user=passkey.user, redirect_url=get_next_redirect_url(self.request))
        answer: HttpResponse = flows.perform_passwordless_login(self.request, passkey, login)
        return answer

    def form_invalid(self, form: Form) -> HttpResponse:
        for error in form.errors.get("credential", []):
            messages.error(self.request, str(error))
        return HttpResponseRedirect(passthrough_next_redirect_url(self.request, reverse("account_login"), "next"))


class ReauthenticatePasskey(webauthn.ReauthenticateWebAuthnView):  # type: ignore[misc]
    access = SIGNED_IN

    def form_invalid(self, form: Form) -> HttpResponse:
        answer: HttpResponse = self.render_to_response(self.get_context_data(form=form))
        return answer
