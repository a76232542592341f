"""Keeping the archetypes themselves: which there are, what they are called, and their figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import InvalidInput, NotFound
from customers.models import Archetype
from customers.texts import clean_line
from workspace.actions import audit

Level = Archetype.Level
NAME_LENGTH = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a run says about one archetype. `id` None: it is a new one. `tier` is a place in the tiers, from 1.

    `came_from` is the archetype in which most of the people of a new one were.
    """

    id: int | None
    came_from: int | None
    tier: int
    name: str
    description: str
    traits: Sequence[tuple[str, float]]
    leading: Sequence[str]
    named_by: str
    typical: Mapping[str, float] = field(default_factory=dict)


def save_archetypes(kinds: Sequence[Kind], *, tiers: Mapping[int, str], now: datetime) -> list[Archetype]:
    """Make these, in this order, the archetypes that there are, under tiers with these names by their place.

    In the caller's transaction.
    """
    known = {one.pk: one for one in Archetype.objects.select_for_update().order_by("pk")}
    Archetype.objects.filter(is_current=True).update(is_current=False)
    by_place = {one.place: one for one in known.values() if one.level == Level.TIER}
    for place, name in tiers.items():
        tier = by_place.setdefault(place, Archetype(level=Level.TIER, place=place, found_at=now))
        tier.found_name, tier.is_current = name, True
        tier.save()
    saved = []
    for place, kind in enumerate(kinds, 1):
        one = known[kind.id] if kind.id is not None else _new_kind(kind, now)
        one.place, one.tier, one.is_current = place, by_place[kind.tier], True
        one.found_name, one.description, one.named_by = kind.name, kind.description, kind.named_by
        one.traits, one.leading, one.typical = list(kind.traits), list(kind.leading), dict(kind.typical)
        one.save()
        saved.append(one)
    return saved


def _new_kind(kind: Kind, now: datetime) -> Archetype:
    return Archetype(level=Level.KIND, came_from_id=kind.came_from, found_at=now)


def save_figures(figures: Mapping[int, Mapping[str, Any]]) -> None:
    """Of each current archetype and tier by its id: customers, spent, value_12, churn, value_at_risk."""
    nothing: Mapping[str, Any] = {"customers": 0, "spent": 0, "value_12": None, "churn": None, "value_at_risk": None}
    with transaction.atomic():
        rows = list(Archetype.objects.select_for_update().filter(is_current=True).order_by("pk"))
        for row in rows:
            for name, value in (figures.get(row.pk) or nothing).items():
                setattr(row, name, value)
        Archetype.objects.bulk_update(rows, list(nothing))


def rename_archetype(*, code: str, name: str, actor: Actor) -> Archetype:
    """Call an archetype what staff call it; "" gives it back the name by rules.

    Raises NotFound, also for a value tier, InvalidInput for a name that another one has, and PermissionRefused for
    people of one business.
    """
    actor.check_sees_all()
    name = clean_line(name, NAME_LENGTH, field="name")
    with transaction.atomic():
        current = {
            one.code: one for one in Archetype.objects.select_for_update().filter(is_current=True).order_by("pk")
        }
        if code not in current or current[code].level != Level.KIND:
            raise NotFound
        archetype = current.pop(code)
        if (name or archetype.found_name).casefold() in {one.name.casefold() for one in current.values()}:
            raise InvalidInput(_("Another archetype has this name."), field="name")
        before = archetype.name
        archetype.own_name = "" if name == archetype.found_name else name
        archetype.save(update_fields=["own_name"])
        if archetype.name != before:
            data = {"changes": {"name": {"before": before, "after": archetype.name}}}
            audit.record(actor, "customers.archetype.renamed", subject=f"archetype:{code}", data=data)
    return archetype
