"""By what a person can log in, so that the last way is never taken away."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from programs import google
from programs.models import User


class LastWayIn(DomainError):
    code = "last_way_in"
    message = _("You have no other way to log in. Set a password first, then take this one away.")


def passkeys_of(user: User) -> list[Authenticator]:
    """The person's passkeys, oldest first."""
    return list(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).order_by("pk"))


def has_google(user: User) -> bool:
    """Whether Google opens the account: not while the operator has switched it off."""
    return google.is_on() and SocialAccount.objects.filter(user=user, provider=google.GOOGLE).exists()


def is_last_passkey_the_only_way(user: User) -> bool:
    """Whether taking away a passkey would leave nothing to log in with."""
    return len(passkeys_of(user)) == 1 and not user.has_usable_password() and not has_google(user)


def is_google_the_only_way(user: User) -> bool:
    """Whether disconnecting Google would leave nothing to log in with."""
    only_one = SocialAccount.objects.filter(user=user).count() == 1
    return only_one and not user.has_usable_password() and not passkeys_of(user)
