"""Endpoints of outbound webhooks: made, changed, paused, deleted. A secret is returned once, when it is made."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import SYSTEM, Actor
from core.errors import NotFound, PermissionRefused
from core.permissions import Role
from core.tenancy import active_programme
from customers.events import EVENT_TYPES
from messaging.models_webhooks import WebhookDelivery, WebhookEndpoint
from messaging.webhooks.errors import TooManyEndpoints, UnknownEventType
from messaging.webhooks.rules import OLD_SECRET_LIVES
from messaging.webhooks.signing import new_secret, seal
from messaging.webhooks.url import read_url
from programs.actions.due_work import ensure_due
from programs.models import Membership
from workspace.actions import audit
from workspace.actions.jobs import start_job
from workspace.models import Business

MAX_ENDPOINTS = 20
WEBHOOKS = "messaging.webhooks"  # the due work that looks after what workers left behind
OFF_MAIL = "messaging.webhook_off_mail"


@dataclass(frozen=True, slots=True)
class IssuedSecret:
    """`secret` as the receiver needs it. This is the only time it is shown."""

    endpoint: WebhookEndpoint
    secret: str


class EndpointChanges(TypedDict, total=False):
    """What is not named stays as it is. No `event_types`: every event, also of kinds that come later."""

    url: str
    description: str
    event_types: Collection[str]
    business: Business | None


def create_endpoint(
    *,
    url: str,
    description: str,
    event_types: Collection[str],
    business: Business | None,
    actor: Actor,
    now: datetime,
) -> IssuedSecret:
    """An endpoint that gets what happens from now on: all of it, or only what happens in one `business`.

    Raises WebhookAddressRefused, UnknownEventType, TooManyEndpoints, and PermissionRefused when an actor reaches
    beyond the one business it is limited to. The address is not called.
    """
    read_url(url)
    _check_reach(actor, business)
    secret = new_secret()
    with transaction.atomic():
        if WebhookEndpoint.objects.kept().count() >= MAX_ENDPOINTS:
            raise TooManyEndpoints
        endpoint = WebhookEndpoint(
            url=url,
            description=description.strip(),
            event_types=_known(event_types),
            business=business,
            created_at=now,
            created_by=actor.label[:160],
        )
        endpoint.secret = seal(secret, endpoint.code)
        endpoint.save(force_insert=True)
        _record(actor, "created", endpoint, {"host": endpoint.host})
    return IssuedSecret(endpoint, secret)


def change_endpoint(*, endpoint: WebhookEndpoint, changes: EndpointChanges, actor: Actor) -> WebhookEndpoint:
    """Change where, what and of which business. What is on its way already goes to the new address.

    Raises what `create_endpoint` raises, and NotFound for one that was deleted. Asking for what is so writes nothing.
    """
    with transaction.atomic():
        locked = _lock(endpoint)
        changed: list[str] = []
        if "url" in changes and changes["url"] != locked.url:
            read_url(changes["url"])
            locked.url = changes["url"]
            changed.append("url")
        if "description" in changes and changes["description"].strip() != locked.description:
            locked.description = changes["description"].strip()
            changed.append("description")
        if "event_types" in changes and _known(changes["event_types"]) != locked.event_types:
            locked.event_types = _known(changes["event_types"])
            changed.append("event_types")
        if "business" in changes and changes["business"] != locked.business:
            _check_reach(actor, changes["business"])
            locked.business = changes["business"]
            changed.append("business")
        if changed:
            locked.save(update_fields=changed)
            _record(actor, "changed", locked, {"fields": changed, "host": locked.host})
    return locked


def rotate_secret(*, endpoint: WebhookEndpoint, actor: Actor, now: datetime) -> IssuedSecret:
    """A new secret. The one before signs beside it for a day, so that the receiver can change over without a gap.

    A second new one within that day ends the oldest at once. Raises NotFound.
    """
    secret = new_secret()
    with transaction.atomic():
        locked = _lock(endpoint)
        locked.previous_secret, locked.previous_until = locked.secret, now + OLD_SECRET_LIVES
        locked.secret = seal(secret, locked.code)
        locked.save(update_fields=["secret", "previous_secret", "previous_until"])
        _record(actor, "secret_rotated", locked, {})
    return IssuedSecret(locked, secret)


def pause_endpoint(*, endpoint: WebhookEndpoint, actor: Actor, now: datetime) -> None:
    """Send nothing there until it is resumed. What happens meanwhile is kept as missed and can be sent later."""
    with transaction.atomic():
        locked = _lock(endpoint)
        if locked.is_active:
            _switch_off(locked, WebhookEndpoint.Off.PAUSED, now)
            _record(actor, "paused", locked, {})


def resume_endpoint(*, endpoint: WebhookEndpoint, actor: Actor) -> None:
    """Send what happens from now on. What was missed is sent only when somebody asks for it."""
    with transaction.atomic():
        locked = _lock(endpoint)
        if not locked.is_active:
            locked.is_active, locked.off_because, locked.off_at = True, "", None
            locked.failing_since = locked.rest_until = None
            locked.save(update_fields=["is_active", "off_because", "off_at", "failing_since", "rest_until"])
            _record(actor, "resumed", locked, {})


def delete_endpoint(*, endpoint: WebhookEndpoint, actor: Actor, now: datetime) -> None:
    """Send nothing there any more and forget its secrets; its deliveries go in the background. Safe to repeat."""
    with transaction.atomic():
        locked = WebhookEndpoint.objects.kept().select_for_update().filter(pk=endpoint.pk).first()
        if locked is None:
            return
        locked.deleted_at, locked.secret, locked.previous_secret = now, "", ""
        locked.save(update_fields=["deleted_at", "secret", "previous_secret"])
        ensure_due(kind=WEBHOOKS, by=now)
        _record(actor, "deleted", locked, {"host": locked.host})


def give_up(endpoint: WebhookEndpoint, because: WebhookEndpoint.Off, *, now: datetime) -> None:
    """Switch a locked endpoint off because of how it answers, and have every owner told by e-mail.

    In the caller's transaction.
    """
    _switch_off(endpoint, because, now)
    _record(SYSTEM, "switched_off", endpoint, {"off_because": because.value})
    owners = Membership.objects.live().filter(programme=active_programme(), role=Role.OWNER)
    for owner in owners:
        start_job(
            kind=OFF_MAIL,
            key=f"{endpoint.code}:{now.timestamp():.0f}:{owner.code}",
            params={"endpoint": endpoint.code, "owner": owner.code},
            actor=SYSTEM,
            now=now,
        )


def _switch_off(endpoint: WebhookEndpoint, because: WebhookEndpoint.Off, now: datetime) -> None:
    endpoint.is_active, endpoint.off_because, endpoint.off_at = False, because, now
    endpoint.save(update_fields=["is_active", "off_because", "off_at"])
    waiting = endpoint.deliveries.filter(state=WebhookDelivery.State.WAITING)
    waiting.update(state=WebhookDelivery.State.MISSED, finished_at=now)


def _lock(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    locked = WebhookEndpoint.objects.kept().select_for_update().filter(pk=endpoint.pk).first()
    if locked is None:
        raise NotFound
    return locked


def _known(event_types: Collection[str]) -> list[str]:
    for name in event_types:
        if name not in EVENT_TYPES:
            raise UnknownEventType(field="event_types", event_type=name)
    return sorted(set(event_types))


def _check_reach(actor: Actor, business: Business | None) -> None:
    if actor.business_id is not None and (business is None or business.pk != actor.business_id):
        raise PermissionRefused(_("Your own access is limited to one business, so the webhook must be, too."))


def _record(actor: Actor, act: str, endpoint: WebhookEndpoint, data: dict[str, object]) -> None:
    """Never the address itself: people put tokens into it."""
    audit.record(
        actor,
        f"messaging.webhook.{act}",
        subject=f"webhook:{endpoint.code}",
        business_id=endpoint.business_id,
        data=data,
    )
