"""Opening and changing the shops of a programme."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import DomainError, InvalidInput, PermissionRefused
from workspace.actions import audit
from workspace.models import Business

CHANGEABLE = ("name", "contact_person", "email", "category", "address", "is_active")


class NameTaken(InvalidInput):
    code = "business_name_taken"
    message = _("Another business of this programme has this name.")


class LastBusiness(InvalidInput):
    code = "last_business"
    message = _("A programme keeps at least one open business.")


class BusinessLeft(DomainError):
    code = "business_left"
    message = _("This business has left the programme. Let it join again under another name.")


def open_business(
    *,
    name: str,
    actor: Actor,
    now: datetime,
    category: str = Business.Category.OTHER,
    contact_person: str = "",
    email: str = "",
    address: str = "",
) -> Business:
    """A new business of the active programme.

    Raises NameTaken, and PermissionRefused for people and keys that are limited to one business.
    """
    if actor.business_id is not None:
        raise PermissionRefused(_("Only somebody who sees all businesses can open another one."))
    with transaction.atomic():
        _lock_names()
        _check_name(name, None)
        business = Business.objects.create(
            name=name,
            category=category,
            contact_person=contact_person,
            email=email,
            address=address,
            created_at=now,
        )
        audit.record(
            actor,
            "workspace.business.opened",
            subject=f"business:{business.code}",
            business_id=business.pk,
            data={"name": name},
        )
    return business


def change_business(*, business: Business, changes: Mapping[str, object], actor: Actor) -> Business:
    """Write the values of `changes` that differ (keys of CHANGEABLE) and note old and new in the audit log.

    Raises NameTaken, LastBusiness when it would close the only open one, and BusinessLeft when it would open one that
    left. Nothing changed: nothing is written.
    """
    with transaction.atomic():
        _lock_names()
        stored = Business.objects.visible_to(actor).select_for_update().get(pk=business.pk)
        different = {key: changes[key] for key in CHANGEABLE if key in changes and changes[key] != getattr(stored, key)}
        if not different:
            return stored
        if stored.left_on is not None and different.get("is_active"):
            raise BusinessLeft()
        if "name" in different:
            _check_name(str(different["name"]), stored.pk)
        if different.get("is_active") is False and not Business.objects.active().exclude(pk=stored.pk).exists():
            raise LastBusiness(field="is_active")
        noted = {key: [getattr(stored, key), value] for key, value in different.items()}
        for key, value in different.items():
            setattr(stored, key, value)
        stored.save(update_fields=list(different))
        audit.record(
            actor,
            "workspace.business.changed",
            subject=f"business:{stored.code}",
            business_id=stored.pk,
            data=noted,
        )
    return stored


def _lock_names() -> None:
    """Two people who open or close shops at once take turns; a programme has few, so all rows are locked."""
    list(Business.objects.select_for_update().order_by("pk").values_list("pk", flat=True))


def _check_name(name: str, own_pk: int | None) -> None:
    others = Business.objects.filter(name__iexact=name)
    if own_pk is not None:
        others = others.exclude(pk=own_pk)
    if others.exists():
        raise NameTaken(field="name")
