"""What archetypes are called."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from core.presentation import format_money
from core.tenancy import active_programme
from customers.models import Archetype
from intelligence.engine.archetypes import Archetypes
from intelligence.engine.naming import Named, name_archetypes, name_groups
from intelligence.engine.profiles import Profile


def name_found(found: Archetypes, own: Sequence[Profile], ids: Sequence[int | None]) -> Sequence[Named]:
    money = partial(format_money, currency=active_programme().currency)

    if found.rules is not None:
        return name_groups(found.rules.groups, own, money=money)
    known = {one.pk: one for one in Archetype.objects.filter(pk__in=[one for one in ids if one])}
    previous = [
        Named(known[one].found_name, known[one].description, tuple(known[one].leading)) if one in known else None
        for one in ids
    ]
    taken = {one.own_name.casefold() for one in known.values() if one.own_name}
    return name_archetypes(own, previous=previous, taken=taken, money=money)
