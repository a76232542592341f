"""A deployment whose texts go nowhere is told so."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from messaging.channels import PROVIDERS


@register(Tags.compatibility)
def channels_are_known(**_: Any) -> list[CheckMessage]:
    names = {"SMS_CHANNEL": settings.SMS_CHANNEL, "EMAIL_CHANNEL": settings.EMAIL_CHANNEL}
    return [
        Error(f"{setting} is {name!r}.", hint=f"Choose one of {', '.join(sorted(PROVIDERS))}.", id="messaging.E001")
        for setting, name in names.items()
        if name not in PROVIDERS
    ]


@register(Tags.security, deploy=True)
def texts_reach_people(**_: Any) -> list[CheckMessage]:
    if settings.SMS_CHANNEL != "console" or settings.DEVELOPMENT:
        return []
    return [
        Warning(
            "Texts of programmes that have chosen no provider are written to a file and reach nobody.",
            hint="Choose one on the page Settings, Texts of each programme: without it nobody can sign in by code.",
            id="messaging.W001",
        )
    ]
