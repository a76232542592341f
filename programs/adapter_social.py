"""What becomes of somebody who comes from Google: their account, a new one, or a proof that an account is theirs."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from core.requests import client_ip
from programs import google
from programs.actions import platform_audit
from programs.models import User

TO_JOIN = "google_to_join"  # in the session: who came from Google and has to prove that the account is theirs
TO_JOIN_SECONDS = 900


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultSocialAccountAdapter.error_messages,
        "connected_other": _("This Google account opens another account here."),
    }

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Google as the settings name it. What the library would read from a table counts for nothing."""
        if not google.is_on() or provider not in (None, google.GOOGLE):
            return []
        app = SocialApp(
            provider=google.GOOGLE,
            name="Google",
            client_id=settings.GOOGLE_OAUTH_CLIENT_ID,
            secret=settings.GOOGLE_OAUTH_CLIENT_SECRET,
        )
        return [app] if client_id in (None, app.client_id) else []

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Who comes with a proven address that has an account logs in there once; then the two belong together."""
        sociallogin.token = None  # nothing is asked of Google again, so nothing to ask with is kept
        if sociallogin.is_existing or sociallogin.state.get("process") == AuthProcess.CONNECT:
            return
        proven = [address.email for address in sociallogin.email_addresses if address.verified]
        if not any(filter_users_by_email(email) for email in proven):
            return
        request.session[TO_JOIN] = {"login": sociallogin.serialize(), "email": proven[0], "at": time.time()}
        next_url = sociallogin.state.get("next")
        query = f"?{urlencode({'next': next_url})}" if next_url else ""
        raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login") + query))

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        user.name = " ".join(str(data.get("name", "")).split())[:120]
        return user

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: object = None) -> User:
        """A new person, without a password. Two at once: the slower one starts again, and finds the account."""
        try:
            with transaction.atomic():
                user: User = super().save_user(request, sociallogin, form)
                data = {"email": user.email, "by": google.GOOGLE}
                platform_audit.record(
                    "programs.person.signed_up", person=user, data=data, ip=client_ip(request) or None
                )
        except IntegrityError as error:
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login"))) from error
        return user


def join_after_log_in(sender: object, request: HttpRequest, user: User, **_told: object) -> None:
    """Connect the Google account that waits in the session, if who has just logged in reads mail at its address."""
    waiting = request.session.pop(TO_JOIN, None)
    if waiting is None or time.time() - waiting["at"] > TO_JOIN_SECONDS:
        return
    if not EmailAddress.objects.filter(user=user, email__iexact=waiting["email"], verified=True).exists():
        return
    login = SocialLogin.deserialize(waiting["login"])
    taken = SocialAccount.objects.filter(provider=login.account.provider, uid=login.account.uid)
    if google.is_on() and not taken.exists():
        login.connect(request, user)
