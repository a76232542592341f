"""A deployment whose namer of archetypes cannot be asked is told so."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from intelligence.namers import configured_namer


@register(Tags.compatibility)
def namer_is_there(**_: Any) -> list[CheckMessage]:
    try:
        configured_namer()
    except ImproperlyConfigured as error:
        hint = "The built-in rules are intelligence.namers.RulesNamer; docs/how-to/archetypes.md shows another namer."
        return [Error(str(error), hint=hint, id="intelligence.E001")]
    return []
