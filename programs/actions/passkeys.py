"""What a passkey's use leaves behind: the count of its signatures, which tells a copy from the original."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from programs.actions import platform_audit

COUNT = "sign_count"  # in the authenticator's data, beside its name and credential


class PasskeyCopied(DomainError):
    code = "passkey_copied"
    status = 403
    message = _(
        "This passkey may have been copied, so it was not accepted. Log in another way, then remove it under security."
    )


def count_use(*, passkey_id: int, count: int, ip: str | None) -> None:
    """Remember how often the passkey has signed; `count` is what its authenticator says now.

    Many passkeys do not count and always say 0. One that counts must say more than ever before: otherwise two devices
    hold the same key. Raises PasskeyCopied; the refusal is in the platform's audit log.
    Source: Web Authentication Level 3, 6.1.1 and 7.2 step 22.
    """
    with transaction.atomic():
        passkey = Authenticator.objects.select_for_update(of=("self",)).select_related("user").get(pk=passkey_id)
        before = int(passkey.data.get(COUNT, passkey.wrap().authenticator_data.counter))
        is_copy = max(count, before) > 0 and count <= before
        if is_copy:
            data = {"name": passkey.data["name"], "count": [before, count]}
            platform_audit.record("programs.passkey.refused_as_copy", person=passkey.user, data=data, ip=ip)
        else:
            passkey.data[COUNT] = count
            passkey.save(update_fields=["data"])
    if is_copy:
        raise PasskeyCopied


def rename(*, passkey: Authenticator, name: str, ip: str | None) -> None:
    """Give the passkey the name that its person reads in the list."""
    before = passkey.data["name"]
    if name == before:
        return
    with transaction.atomic():
        passkey.data["name"] = name
        passkey.save(update_fields=["data"])
        platform_audit.record("programs.passkey.renamed", person=passkey.user, data={"name": [before, name]}, ip=ip)
