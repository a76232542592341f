"""API clients and their keys. A secret is returned once, by the act that makes it, and never stored."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.api import NotAuthenticated
from core.codes import digest, random_code
from core.errors import DomainError, InvalidInput, PermissionRefused
from core.permissions import SCOPE_PRESETS, Perm
from workspace.actions import audit
from workspace.models import ApiClient, ApiKey, Business
from workspace.rules import KEY_PATTERN

KEY_PREFIX = "rg_live_"
PREFIX_LENGTH = 10
SECRET_BYTES = 32  # 43 characters of URL-safe base64
MAX_OVERLAP_HOURS = 24 * 7
MAX_CLIENTS = 200


class UnknownScope(InvalidInput):
    code = "unknown_scope"
    message = _("There is no such permission.")


class ClientRevoked(DomainError):
    code = "client_revoked"
    message = _("This client was revoked. Create a new one.")


class TooManyClients(DomainError):
    code = "too_many_clients"
    message = _("This programme has as many API clients as it may have. Revoke one first.")


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """`secret` is the whole key as the caller sends it. This is the only time it exists."""

    client: ApiClient
    key: ApiKey
    secret: str


def expand_scopes(words: Collection[str]) -> list[str]:
    """Presets (read, write, admin) and single permissions as a sorted list of permissions.

    Raises UnknownScope for any other word, InvalidInput for none.
    """
    known = {perm.value for perm in Perm}
    scopes: set[str] = set()
    for word in words:
        if word in SCOPE_PRESETS:
            scopes |= {perm.value for perm in SCOPE_PRESETS[word]}
        elif word in known:
            scopes.add(word)
        else:
            raise UnknownScope(field="scopes", scope=word)
    if not scopes:
        raise InvalidInput(_("Choose at least one permission."), field="scopes")
    return sorted(scopes)


def create_client(
    *,
    name: str,
    scopes: Collection[str],
    business: Business | None,
    actor: Actor,
    now: datetime,
    may_grant: Collection[Perm] | None = None,
    expires_at: datetime | None = None,
    secret: str | None = None,
) -> IssuedKey:
    """A client with its first key. `scopes` are presets or permissions; `business` limits it to one shop.

    Raises UnknownScope, InvalidInput (no scope, an expiry in the past), TooManyClients, and PermissionRefused when an
    actor gives more than `may_grant` (None: everything) or reaches beyond the one business it is limited to.
    """
    granted = expand_scopes(scopes)
    _check_grant(granted, may_grant)
    if actor.business_id is not None and (business is None or business.pk != actor.business_id):
        raise PermissionRefused(_("Your own access is limited to one business, so the key must be, too."))
    _check_expiry(expires_at, now)
    with transaction.atomic():
        if ApiClient.objects.filter(is_active=True).count() >= MAX_CLIENTS:
            raise TooManyClients()
        client = ApiClient.objects.create(
            name=name, business=business, scopes=granted, created_at=now, created_by=actor.label[:160]
        )
        issued = _issue(client, now=now, expires_at=expires_at, secret=secret)
        audit.record(
            actor,
            "workspace.api_client.created",
            subject=f"api_client:{client.code}",
            business_id=business.pk if business else None,
            data={"name": name, "scopes": granted, "prefix": issued.key.prefix},
        )
    return issued


def rotate_key(
    *,
    client: ApiClient,
    actor: Actor,
    now: datetime,
    may_grant: Collection[Perm] | None = None,
    overlap_hours: int = 24,
    expires_at: datetime | None = None,
) -> IssuedKey:
    """A new key of the client; its live keys end `overlap_hours` from now (0: at once), never later than they would.

    Raises ClientRevoked, InvalidInput for an overlap outside 0 to 168 hours, and PermissionRefused when the client may
    do more than `may_grant` (None: everything): who rotates a key holds it.
    """
    if not 0 <= overlap_hours <= MAX_OVERLAP_HOURS:
        raise InvalidInput(_("The old key can live 0 to 168 hours longer."), field="overlap_hours")
    _check_expiry(expires_at, now)
    with transaction.atomic():
        locked = ApiClient.objects.select_for_update().get(pk=client.pk)
        if not locked.is_active:
            raise ClientRevoked()
        _check_grant(locked.scopes, may_grant)
        end = now + timedelta(hours=overlap_hours)
        live = locked.keys.live_at(now)
        live.filter(expires_at__gt=end).update(expires_at=end)
        live.filter(expires_at__isnull=True).update(expires_at=end)
        issued = _issue(locked, now=now, expires_at=expires_at)
        audit.record(
            actor,
            "workspace.api_key.rotated",
            subject=f"api_client:{client.code}",
            business_id=locked.business_id,
            data={"prefix": issued.key.prefix, "overlap_hours": overlap_hours},
        )
    return issued


def revoke_client(*, client: ApiClient, actor: Actor, now: datetime) -> None:
    """End a client and all its keys at once. Safe to repeat; the second call writes nothing."""
    with transaction.atomic():
        if not ApiClient.objects.filter(pk=client.pk, is_active=True).update(is_active=False):
            return
        client.keys.filter(revoked_at__isnull=True).update(revoked_at=now)
        client.is_active = False
        audit.record(
            actor,
            "workspace.api_client.revoked",
            subject=f"api_client:{client.code}",
            business_id=client.business_id,
            data={"name": client.name},
        )


def revoke_key(*, key: ApiKey, actor: Actor, now: datetime) -> None:
    """End one key at once; the client's other keys live on. Safe to repeat."""
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now):
            audit.record(
                actor,
                "workspace.api_key.revoked",
                subject=f"api_client:{key.client.code}",
                business_id=key.client.business_id,
                data={"prefix": key.prefix},
            )


def ensure_named_key(*, name: str, secret: str, scopes: Collection[str], actor: Actor, now: datetime) -> ApiClient:
    """The client whose key is `secret`, as a deployment gives it in its environment. Safe to repeat at every start.

    Raises InvalidInput when `secret` has not the form of a key (make one with `manage.py create_api_key --offline`),
    ClientRevoked when it works no more: revoking holds against the environment, too.
    """
    prefix = split_secret(secret)
    existing = ApiKey.objects.filter(prefix=prefix).select_related("client").first()
    if existing is None:
        try:
            return create_client(name=name, scopes=scopes, business=None, actor=actor, now=now, secret=secret).client
        except IntegrityError:  # another machine of the deployment, started at the same time, was faster
            existing = ApiKey.objects.select_related("client").get(prefix=prefix)
    if bytes(existing.digest) != digest(secret):
        raise NotAuthenticated(_("Another key has this prefix already."))
    if not ApiKey.objects.live_at(now).filter(pk=existing.pk).exists():
        raise ClientRevoked(_("This key was revoked or has ended. Make a new one."))
    return existing.client


def new_secret() -> str:
    """A fresh key: 49 bits of prefix to find it by, 256 bits that prove it."""
    return f"{KEY_PREFIX}{random_code(PREFIX_LENGTH).lower()}_{secrets.token_urlsafe(SECRET_BYTES)}"


def split_secret(secret: str) -> str:
    """The prefix of a key. Raises InvalidInput when it has not the form of one."""
    match = KEY_PATTERN.fullmatch(secret)
    if match is None:
        raise InvalidInput(_("This is not a key of the form rg_live_<prefix>_<secret>."), field="secret")
    return match.group(1)


def _issue(client: ApiClient, *, now: datetime, expires_at: datetime | None, secret: str | None = None) -> IssuedKey:
    secret = secret or new_secret()
    key = ApiKey.objects.create(
        client=client, prefix=split_secret(secret), digest=digest(secret), created_at=now, expires_at=expires_at
    )
    return IssuedKey(client, key, secret)


def _check_grant(scopes: Collection[str], may_grant: Collection[Perm] | None) -> None:
    beyond = [] if may_grant is None else sorted(set(scopes) - {perm.value for perm in may_grant})
    if beyond:
        raise PermissionRefused(_("A key cannot give more than its maker has."), scopes=beyond)


def _check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise InvalidInput(_("The expiry must be in the future."), field="expires_at")
