"""Changing what a programme is called, how it looks and counts, and which web pages may call its API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import DomainError
from programs import media
from programs.actions.due_work import ensure_due
from programs.middleware import forget_programmes
from programs.models import Programme
from workspace.actions import audit
from workspace.currency import is_currency_fixed
from workspace.jobs import ZONED_WORK

CHANGEABLE = ("name", "currency", "country", "time_zone", "language", "colour", "cors_origins")


class CurrencyFrozen(DomainError):
    code = "currency_frozen"
    message = _("The currency cannot change after the first sale: every amount so far is in it.")


def change_programme(*, programme: Programme, changes: Mapping[str, object], actor: Actor, now: datetime) -> Programme:
    """Write what differs among CHANGEABLE, with old and new in the audit log.

    A new time zone makes the work that counts by days due. Raises CurrencyFrozen after the first sale,
    PermissionRefused for people limited to one business.
    """
    actor.check_sees_all()
    with transaction.atomic():
        stored = Programme.objects.select_for_update().get(pk=programme.pk)
        different = {key: changes[key] for key in CHANGEABLE if key in changes and changes[key] != getattr(stored, key)}
        if not different:
            return stored
        if "currency" in different and is_currency_fixed():
            raise CurrencyFrozen(field="currency")
        noted = {key: [getattr(stored, key), value] for key, value in different.items()}
        for key, value in different.items():
            setattr(stored, key, value)
        stored.save(update_fields=list(different))
        for kind in ZONED_WORK if "time_zone" in different else ():
            ensure_due(kind=kind, by=now)
        audit.record(actor, "workspace.programme.changed", subject=f"programme:{stored.slug}", data=noted)
        transaction.on_commit(forget_programmes)
    return stored


def change_logo(*, programme: Programme, data: bytes | None, actor: Actor) -> Programme:
    """Store a new logo, or take the logo away (None). Raises what `media.check_image` refuses."""
    actor.check_sees_all()
    image = media.check_image(data) if data is not None else None
    with transaction.atomic():
        stored = Programme.objects.select_for_update().get(pk=programme.pk)
        old = stored.logo
        stored.logo = media.store_image(image) if image else ""
        if stored.logo == old:
            return stored
        stored.save(update_fields=["logo"])
        audit.record(actor, "workspace.logo.changed", subject=f"programme:{stored.slug}", data={"logo": stored.logo})
        transaction.on_commit(forget_programmes)
    return stored
