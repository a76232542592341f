"""A deployment whose texts go where nobody reads them is told so; what each programme has chosen, its page says."""

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
def twilio_is_twilio(**_: Any) -> list[CheckMessage]:
    if not settings.TWILIO_ORIGIN or settings.DEVELOPMENT:
        return []
    return [
        Warning(
            "Texts and tokens of Twilio accounts go to TWILIO_ORIGIN, a stand-in for development.",
            hint="Take TWILIO_ORIGIN away.",
            id="messaging.W002",
        )
    ]
