"""URLs of the public host: sign-up, log-in, programmes of a person, platform admin, health."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("", include("programs.urls_public")),
]
