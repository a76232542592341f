"""URLs of the public host: sign-up, log-in, programmes of a person, platform admin, health."""

from __future__ import annotations

from django.urls import include, path

from core import health
from programs.admin_sites import platform_site

urlpatterns = [
    # Answered here whatever the host name: a probe knows only an address.
    path("health", health.ready, name="health"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("admin/", platform_site.urls),
    path("api/", include("config.urls_api")),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.base.urls")),
    path("accounts/2fa/totp/", include("allauth.mfa.totp.urls")),
    path("accounts/2fa/recovery-codes/", include("allauth.mfa.recovery_codes.urls")),
    path("accounts/2fa/passkeys/", include("programs.urls_passkeys")),
    path("accounts/google/", include("programs.urls_google")),
    path("sms/", include("messaging.urls_public")),
    path("join/", include("screens.urls_join")),
    path("", include("programs.urls_public")),
    path("", include("workspace.urls_public")),
    path("", include("screens.urls_onboarding")),
]

handler400 = "core.error_views.bad_request"
handler403 = "core.error_views.permission_denied"
handler404 = "core.error_views.not_found"
handler500 = "core.error_views.server_error"
