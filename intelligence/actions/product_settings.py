"""Whether customers see suggested products on their points page."""

from __future__ import annotations

from django.db import transaction

from core.actor import Actor
from intelligence.models import IntelligenceSettings
from loyalty.values import changes_between
from workspace.actions import audit


def show_products(*, is_shown: bool, actor: Actor) -> None:
    """From now on. Safe to repeat; raises PermissionRefused for people limited to one business."""
    actor.check_sees_all()
    with transaction.atomic():
        IntelligenceSettings.objects.get_or_create()
        settings = IntelligenceSettings.objects.select_for_update().get()
        if settings.shows_products == is_shown:
            return
        changes = changes_between({"shows_products": settings.shows_products}, {"shows_products": is_shown})
        settings.shows_products = is_shown
        settings.save(update_fields=["shows_products"])
        audit.record(actor, "intelligence.settings.changed", data={"changes": changes})


def products_are_shown() -> bool:
    """One query."""
    shown = IntelligenceSettings.objects.values_list("shows_products", flat=True).first()
    return shown is not False
