"""People: making one outside the sign-up form, and what a person may change about themselves."""

from __future__ import annotations

from collections.abc import Mapping

from allauth.account.models import EmailAddress
from django.db import transaction

from programs.actions import platform_audit
from programs.models import User

CHANGEABLE = ("name", "language", "theme", "notifications")


def create_person(
    *, email: str, password: str | None, name: str = "", is_verified: bool = False, ip: str | None = None
) -> User:
    """A person whose e-mail address counts as checked or not; an unchecked one is asked for a code at log-in.

    For the API's registration, the demo and commands. The caller has checked the password and that the address is
    new: a taken one raises IntegrityError.
    """
    with transaction.atomic():
        user = User.objects.create_user(email, password, name=name)
        EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=is_verified)
        platform_audit.record("programs.person.signed_up", person=user, data={"email": user.email}, ip=ip)
    return user


def change_person(*, user: User, changes: Mapping[str, object], ip: str | None = None) -> None:
    """Write what differs among CHANGEABLE, and note old and new in the platform's audit log."""
    different = {
        key: [getattr(user, key), changes[key]]
        for key in CHANGEABLE
        if key in changes and getattr(user, key) != changes[key]
    }
    if not different:
        return
    for key, (_before, after) in different.items():
        setattr(user, key, after)
    with transaction.atomic():
        user.save(update_fields=list(different))
        platform_audit.record("programs.person.changed", person=user, data=different, ip=ip)


def has_verified(*, user: User, email: str) -> bool:
    """Whether the person has proved that they read mail sent to `email`."""
    return bool(EmailAddress.objects.filter(user=user, email__iexact=email, verified=True).exists())
