"""Tills: a browser that takes sales at one business, and owns the keys of those sales."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import transaction

from core.actor import Actor
from core.codes import digest
from core.errors import NotFound
from core.tenancy import active_schema
from programs import api_limits
from workspace.actions import audit
from workspace.models import Business, TillDevice

SEEN_EVERY = timedelta(minutes=10)
MAX_MOVES = 50  # a browser that was so many tills holds no sale of the first one


def register_till(
    *, business: Business, name: str, actor: Actor, now: datetime, moved_from: TillDevice | None = None
) -> tuple[TillDevice, str]:
    """A till at `business` and the token that its browser keeps; only the token's digest is stored.

    `moved_from` is the till that this browser was before: the sales it still keeps are posted as that one's. Raises
    NotFound for a business that is closed or that the actor may not see, TooManyRequests: each new till has new limits
    of its own, so one person makes few of them.
    """
    if not Business.objects.active().visible_to(actor).filter(pk=business.pk).exists():
        raise NotFound
    api_limits.count(api_limits.TILL_REGISTER, f"{active_schema()}:{actor.reference}")
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        device = TillDevice.objects.create(
            business=business, name=name, token_digest=digest(token), created_at=now, moved_from=moved_from
        )
        audit.record(
            actor,
            "workspace.till.registered",
            subject=f"till:{device.code}",
            business_id=business.pk,
            data={"name": name},
        )
    return device, token


def recognise_till(*, token: str, actor: Actor, now: datetime) -> TillDevice | None:
    """The till of a browser's token, if it stands in a business that the actor may see. One query."""
    devices = TillDevice.objects.select_related("business").filter(is_active=True, business__is_active=True)
    device = devices.filter(token_digest=digest(token)).first()
    if device is None or actor.business_id not in (None, device.business_id):
        return None
    if device.last_seen_at is None or device.last_seen_at < now - SEEN_EVERY:
        TillDevice.objects.filter(pk=device.pk).update(last_seen_at=now)
    return device


def till_of_token(token: str) -> TillDevice | None:
    """The till whose token a browser holds, whoever asks and wherever it stands. One query."""
    return TillDevice.objects.filter(token_digest=digest(token)).first() if token else None


def tills_of_browser(till: TillDevice) -> dict[str, TillDevice]:
    """By code: the till and those that its browser was before. One query each, a handful at most."""
    known = {till.code: till}
    before = till.moved_from_id
    while before is not None and len(known) < MAX_MOVES:
        earlier = TillDevice.objects.select_related("business").get(pk=before)
        known[earlier.code] = earlier
        before = earlier.moved_from_id
    return known
