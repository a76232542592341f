"""Who may enter: the membership of a request's person, and what a view asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from core.actor import Actor
from core.permissions import OPEN, SIGNED_IN
from core.requests import client_ip
from programs.models import Membership

# Views of libraries carry no decorator of ours: each has a row here, by its dotted name.
LIBRARY_ACCESS: dict[str, str] = {
    # The entrance: nobody is signed in yet, or only half, and the library keeps the stages.
    "allauth.account.views.LoginView": OPEN,
    "allauth.account.views.LogoutView": OPEN,
    "allauth.account.views.SignupView": OPEN,
    "allauth.account.views.AccountInactiveView": OPEN,
    "allauth.account.views.email_verification_sent": OPEN,
    "allauth.account.views.ConfirmLoginCodeView": OPEN,
    "allauth.account.views.PasswordResetView": OPEN,
    "allauth.account.views.ConfirmPasswordResetCodeView": OPEN,
    "allauth.account.views.CompletePasswordResetView": OPEN,
    "allauth.account.views.PasswordResetFromKeyDoneView": OPEN,
    "allauth.mfa.base.views.AuthenticateView": OPEN,
    # A person's own log-in and security.
    "allauth.account.views.ReauthenticateView": SIGNED_IN,
    "allauth.account.views.EmailView": SIGNED_IN,
    "allauth.account.views.PasswordChangeView": SIGNED_IN,
    "allauth.account.views.PasswordSetView": SIGNED_IN,
    "allauth.mfa.base.views.IndexView": SIGNED_IN,
    "allauth.mfa.base.views.ReauthenticateView": SIGNED_IN,
    "allauth.mfa.totp.views.ActivateTOTPView": SIGNED_IN,
    "allauth.mfa.totp.views.DeactivateTOTPView": SIGNED_IN,
    "allauth.mfa.recovery_codes.views.ViewRecoveryCodesView": SIGNED_IN,
    "allauth.mfa.recovery_codes.views.GenerateRecoveryCodesView": SIGNED_IN,
    "allauth.mfa.recovery_codes.views.DownloadRecoveryCodesView": SIGNED_IN,
    "unfold.sites.UnfoldAdminSite.search": OPEN,  # wrapped in admin_view: the site's has_permission() decides
}


def access_of(view: Callable[..., Any]) -> object:
    """The `access` that a view declares; None (refused) when it declares nothing and has no row for libraries."""
    declared = getattr(view, "access", None) or getattr(getattr(view, "view_class", None), "access", None)
    declared = declared or getattr(getattr(view, "cls", None), "access", None)
    if declared is not None:
        return declared
    if hasattr(view, "admin_site") or hasattr(view, "model_admin"):
        return OPEN  # the admin site's own has_permission() decides, and its log-in page must be reachable
    return LIBRARY_ACCESS.get(dotted_name(view))


def dotted_name(view: Callable[..., Any]) -> str:
    """Where a view is defined: its class behind `as_view()`, or the function itself."""
    target = getattr(view, "view_class", None) or getattr(view, "cls", None) or view
    return f"{view.__module__}.{target.__qualname__}"


def membership_of(request: HttpRequest) -> Membership | None:
    """The live membership of the request's person in the request's programme: one query per request at most."""
    if "_membership" not in request.__dict__:
        request.__dict__["_membership"] = _load(request)
    found: Membership | None = request.__dict__["_membership"]
    return found


def _load(request: HttpRequest) -> Membership | None:
    programme = getattr(request, "programme", None)
    if programme is None or not request.user.is_authenticated:
        return None
    membership = Membership.objects.live().filter(user_id=request.user.pk, programme_id=programme.pk).first()
    if membership is not None:
        membership.user, membership.programme = request.user, programme
    return membership


def actor_of(request: HttpRequest, membership: Membership) -> Actor:
    """The person of a request as the actor of what follows."""
    return Actor(
        kind="user",
        id=str(membership.user_id),
        label=str(request.user),
        business_id=membership.business_id,
        user_id=membership.user_id,
        ip=client_ip(request) or None,
    )
